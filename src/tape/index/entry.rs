//! What the lines of an index say: entries, which are stretches of sound or of its absence, and troubles.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::{Cause, Chunk, Container};
use crate::tape::error::TapeError;

/// The file that holds the sound of some entries, and what it takes to decode them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reel {
    /// The file of stream bytes.
    pub path: PathBuf,
    /// How the sound is packed.
    pub container: Container,
    /// The format in words, as the source gave it.
    pub detail: String,
    /// The length of the initialisation section at the beginning of the file in bytes; 0 if there is none.
    pub init: u64,
    /// An initialisation section that is not in the file. `None` on tape.
    pub head: Option<Arc<Vec<u8>>>,
}

impl Reel {
    /// Whether one decoder can go on from `other` to this reel.
    pub fn continues(&self, other: &Self) -> bool {
        self.container == other.container
            && self.detail == other.detail
            // Two initialisation sections of the same length may differ: a fresh decoder is always right.
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
    /// Reads the bytes. Blocks.
    pub fn read(&self) -> Result<Vec<u8>, TapeError> {
        read_at(&self.reel, self.offset, self.length)
    }
}

impl Reel {
    /// Reads the initialisation section; empty if there is none. Blocks.
    pub fn read_init(&self) -> Result<Vec<u8>, TapeError> {
        if let Some(head) = &self.head {
            return Ok(head.to_vec());
        }
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
    /// Whether its media time does not continue that of the entry before.
    pub discontinuity: bool,
    /// Whether the station put it right behind the entry before, discontinuity or not.
    pub follows: bool,
    /// The number that the station gave it (RFC 8216 section 4.3.3.2).
    pub sequence: Option<u64>,
    /// The sound, or the cause of its absence.
    pub sound: Result<Sound, Cause>,
}

impl Entry {
    /// The entry of `chunk`, whose sound is `sound`.
    pub fn of(chunk: &Chunk, sound: Result<Sound, Cause>) -> Self {
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

    /// The entry as a chunk with these `bytes`.
    pub fn chunk(&self, bytes: Vec<u8>) -> Chunk {
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

/// What the station says that it plays, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// When it was on the air if that is known, else when it came.
    pub at: DateTime<Utc>,
    /// Its words, on one line.
    pub text: String,
}

/// A trouble of the capture, with the time at which it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: Cause,
}
