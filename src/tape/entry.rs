//! One line of a tape: a stretch of sound, or of its absence.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::TapeError;
use crate::model::{Cause, Chunk, Container};

/// The file that holds the sound of some entries, and what it takes to decode them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reel {
    /// The file of stream bytes.
    pub path: PathBuf,
    /// How the sound is packed.
    pub container: Container,
    /// The format in words, as the source told it.
    pub detail: String,
    /// The bytes of the initialisation section, at the beginning of the file; 0 where there is none.
    pub init: u64,
}

impl Reel {
    /// Whether one decoder can go on from `other` to this reel.
    pub fn continues(&self, other: &Self) -> bool {
        self.container == other.container
            && self.detail == other.detail
            // Two initialisation sections of the same length may still differ: a fresh decoder is always right.
            && (self.path == other.path || self.init == 0 && other.init == 0)
    }
}

/// Where the sound of an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// In which file.
    pub reel: Arc<Reel>,
    /// From which byte.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
}

impl Sound {
    /// The bytes. Blocks.
    pub fn read(&self) -> Result<Vec<u8>, TapeError> {
        read_at(&self.reel, self.offset, self.length)
    }
}

impl Reel {
    /// The initialisation section; empty where there is none. Blocks.
    pub fn read_init(&self) -> Result<Vec<u8>, TapeError> {
        read_at(self, 0, self.init)
    }
}

fn read_at(reel: &Reel, offset: u64, length: u64) -> Result<Vec<u8>, TapeError> {
    // The index never names more bytes than the file holds, so that a torn length cannot ask for all memory.
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    File::open(&reel.path)
        .and_then(|file| file.read_exact_at(&mut bytes, offset))
        .map_err(TapeError::io(&reel.path, "read"))?;
    Ok(bytes)
}

/// A stretch of media time on tape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How long it plays.
    pub duration: Duration,
    /// When the station could first be seen to offer it: an upper bound on when it ended.
    pub arrived: DateTime<Utc>,
    /// When its first sample was on the air, by a station's clock that agrees with ours.
    pub programme_time: Option<DateTime<Utc>>,
    /// Whether its media time does not continue the entry before.
    pub discontinuity: bool,
    /// Whether the station put it right behind the entry before in spite of that.
    pub follows: bool,
    /// The number that the station gave it.
    pub sequence: Option<u64>,
    /// The sound, or the cause of its absence.
    pub sound: Result<Sound, Cause>,
}

impl Entry {
    /// What `chunk` makes of its `sound`.
    pub(super) fn of(chunk: &Chunk, sound: Result<Sound, Cause>) -> Self {
        Self {
            duration: chunk.duration,
            arrived: chunk.arrived,
            programme_time: chunk.programme_time,
            discontinuity: chunk.discontinuity,
            follows: chunk.follows,
            sequence: chunk.sequence,
            sound,
        }
    }

    /// As a chunk of these `bytes`.
    pub(super) fn chunk(&self, bytes: Vec<u8>) -> Chunk {
        Chunk {
            bytes: bytes.into(),
            duration: self.duration,
            arrived: self.arrived,
            programme_time: self.programme_time,
            discontinuity: self.discontinuity,
            follows: self.follows,
            sequence: self.sequence,
        }
    }
}
