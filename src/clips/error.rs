//! Why a clip cannot be made, before anything was done.

use std::fmt;

use thiserror::Error;

use crate::config::MomentError;
use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;
use crate::library::remote::RemoteError;
use crate::tape::TapeError;

/// Why a clip cannot be made. Each message says what to write instead.
#[derive(Debug, Error)]
pub enum ClipError {
    /// A piece cannot be cut.
    Piece {
        /// Which one, from 1; 0 if there is only one.
        number: usize,
        /// What is wrong with it.
        wrong: WrongPiece,
    },
    /// The request makes no sense; the sentence says what to write.
    Wrong(Sentence),
    /// The catalogue cannot be read or written.
    Catalogue(#[from] CatalogueError),
    /// A tape cannot be read.
    Tape(#[from] TapeError),
    /// The object store cannot be asked.
    Remote(#[from] RemoteError),
}

/// What is wrong with a piece.
#[derive(Debug)]
pub enum WrongPiece {
    /// What it is cut from does not exist.
    Unknown(Sentence),
    /// A time cannot be read.
    Moment {
        /// The name of the time: `from` or `to`.
        key: &'static str,
        /// What is wrong with it.
        error: MomentError,
    },
    /// Anything else; the sentence says what to write.
    Wrong(Sentence),
}

impl ClipError {
    /// Returns the message for a person, without paths and secrets.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Piece { number, wrong } => {
                let said = match wrong {
                    WrongPiece::Unknown(said) | WrongPiece::Wrong(said) => said.clone(),
                    WrongPiece::Moment { key, error } => {
                        Sentence::new("problem_clip_moment").with("key", key).with("error", error)
                    }
                };
                // The code stays that of what is wrong: programs look at it.
                if *number == 0 { said } else { said.marked(format_args!("#{number}: ")) }
            }
            Self::Wrong(sentence) => sentence.clone(),
            Self::Catalogue(_) => Sentence::new("problem_catalogue"),
            Self::Tape(_) => Sentence::new("problem_clip_tape"),
            Self::Remote(error) => Sentence::new("problem_clip_store_away").with("reason", error),
        }
    }

    /// Whether what was asked for does not exist.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Piece { wrong: WrongPiece::Unknown(_), .. })
    }

    /// Whether it is no fault of who asks.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Catalogue(_) | Self::Tape(_) | Self::Remote(_))
    }

    /// Whether it is the object store.
    pub fn is_of_store(&self) -> bool {
        matches!(self, Self::Remote(_))
    }
}

impl fmt::Display for ClipError {
    /// Formats the error for the log and the command line: in English, and in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(error) => error.fmt(f),
            Self::Tape(error) => error.fmt(f),
            Self::Remote(error) => error.fmt(f),
            Self::Piece { .. } | Self::Wrong(_) => self.sentence().fmt(f),
        }
    }
}
