//! What a person asks for: times and positions in their words, ids and names as they were typed.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::{Covering, EncodingKind};

/// A clip that somebody asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClipRequest {
    /// Its title. `None` if it is called by what it is cut from.
    pub title: Option<String>,
    /// Its pieces, in order.
    pub pieces: Vec<AskedPiece>,
    /// What nobody is to hear.
    pub covers: Vec<AskedCover>,
    /// How it is to be encoded. `None` if as the file says.
    pub encoding: Option<EncodingKind>,
}

/// A piece that somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum AskedPiece {
    /// A stretch of a station's tape.
    Tape {
        /// The station's id.
        station: String,
        /// When it begins.
        from: At,
        /// When it ends.
        to: At,
    },
    /// A stretch of a recording.
    Recording {
        /// Its id.
        recording: String,
        /// Where it begins. `None`: where the recording does.
        from: Option<Duration>,
        /// Where it ends. `None`: where the recording does.
        to: Option<Duration>,
    },
    /// A stretch of a file in the object store.
    Object {
        /// Its bucket and its name there, as they were typed.
        object: String,
        /// Where it begins. `None`: where the file does.
        from: Option<Duration>,
        /// Where it ends. `None`: where the file does.
        to: Option<Duration>,
    },
}

/// An instant, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// In words, by the clock of the station.
    Written(String),
    /// That one.
    Instant(DateTime<Utc>),
    /// So long after the beginning of the piece.
    After(Duration),
}

/// A cover that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedCover {
    /// From where to where.
    pub over: Over,
    /// What is heard instead.
    pub with: Covering,
}

/// What a cover lies over. A stretch of what the pieces are cut from is covered in every piece that has some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// A stretch of the clip.
    Clip(Duration, Duration),
    /// A stretch of the recording, or of the file, that the pieces are cut from.
    Recording(Duration, Duration),
    /// A stretch of the tape that the pieces are cut from, in words, by the clock of the station.
    Tape(String, String),
}
