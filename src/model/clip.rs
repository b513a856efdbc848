//! A clip: pieces of tape, of recordings and of files in the object store, one after another, as a person cut them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{AiringId, EncodingKind, ObjectName, Span, StationId, Stretch};

/// What a person wants to have cut. Positions in the clip count from its beginning, in the sound as it plays: what is
/// missing of a piece is silence of the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Its title, for people.
    pub title: String,
    /// What it is made of, in this order; at least one piece.
    pub pieces: Vec<Piece>,
    /// What nobody is to hear, in order; none begins before the one before it ends.
    pub covers: Vec<Cover>,
    /// How it is encoded. `None` if as the file says.
    pub encoding: Option<EncodingKind>,
}

/// A piece of a clip: longer than nothing, from its start inclusive to its end exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A stretch of a station's tape.
    Tape {
        /// The station.
        station: StationId,
        /// When it was on the air.
        span: Span,
    },
    /// A stretch of a recording.
    Recording {
        /// The recording.
        recording: AiringId,
        /// Where it begins in the file.
        from: Duration,
        /// Where it ends in the file.
        to: Duration,
    },
    /// A stretch of a file in the object store.
    Object {
        /// The file.
        object: ObjectName,
        /// Where it begins there.
        from: Duration,
        /// Where it ends there.
        to: Duration,
    },
}

/// A stretch of a clip that nobody is to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// Where it is in the clip.
    pub stretch: Stretch,
    /// What is heard in its place.
    pub with: Covering,
}

/// What is heard in place of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covering {
    /// A tone.
    Tone,
    /// Silence.
    Silence,
}

impl Piece {
    /// Returns how long it plays.
    pub fn length(&self) -> Duration {
        match self {
            Self::Tape { span, .. } => span.length().to_std().unwrap_or_default(),
            Self::Recording { from, to, .. } | Self::Object { from, to, .. } => to.saturating_sub(*from),
        }
    }
}

impl Clip {
    /// Returns the stretches of tape that it is cut from, each with its station.
    pub fn tapes(&self) -> impl Iterator<Item = (&StationId, &Span)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Tape { station, span } => Some((station, span)),
            Piece::Recording { .. } | Piece::Object { .. } => None,
        })
    }

    /// Returns when all of it is past that is cut from tape. `None` if nothing is.
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        self.tapes().map(|(_, span)| span.end).max()
    }

    /// Returns how long it plays.
    pub fn length(&self) -> Duration {
        self.pieces.iter().map(Piece::length).sum()
    }
}

impl Covering {
    /// Returns the word, as the catalogue and JSON have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tone => "bleep",
            Self::Silence => "mute",
        }
    }
}
