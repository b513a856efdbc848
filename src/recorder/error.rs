//! What can go wrong with an airing.

use std::path::PathBuf;

use thiserror::Error;

use crate::encode::EncodeError;
use crate::library::archive::ArchiveError;
use crate::library::catalogue::CatalogueError;
use crate::library::shelf::{ShelfError, is_full};
use crate::library::tags::TagError;
use crate::model::{AsCause, CauseKind};
use crate::tape::TapeError;

/// What can go wrong with an airing.
#[derive(Debug, Error)]
pub enum RecorderError {
    /// With the tape.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// With the encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// With the files.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// With the tags.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// With the list and the files.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// With the list.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The disk is too full to begin.
    #[error("{} has {free} free, which is less than `min_free` ({wanted}); delete something or lower it", path.display())]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What there is, in words.
        free: String,
        /// What there should be, in words.
        wanted: String,
    },
    /// A defect of ours.
    #[error("recording it came upon a defect in aircheck; the log has a line that begins with `thread`")]
    Panicked,
    /// The process stops; the airing goes on at the next start.
    #[error("interrupted; goes on at the next start")]
    Stopping,
    /// A person has skipped or removed the airing before it began.
    #[error("taken back, as asked by hand")]
    TakenBack,
}

impl RecorderError {
    /// Whether the system said that a disk is full (or a quota is reached).
    pub(super) fn is_disk_full(&self) -> bool {
        match self {
            Self::Tape(error) => error.is_disk_full(),
            Self::Shelf(error) | Self::Archive(ArchiveError::Shelf(error)) => error.is_disk_full(),
            Self::Catalogue(error) | Self::Archive(ArchiveError::Catalogue(error)) => error.is_disk_full(),
            Self::Encode(EncodeError::Target { source, .. }) => is_full(source),
            _ => false,
        }
    }
}

impl AsCause for RecorderError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::NoRoom { .. } => CauseKind::DiskFull,
            _ if self.is_disk_full() => CauseKind::DiskFull,
            Self::Tape(error) => error.cause_kind(),
            Self::Encode(error) => error.cause_kind(),
            _ => CauseKind::Internal,
        }
    }
}
