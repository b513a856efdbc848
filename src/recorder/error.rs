//! Errors of the recorder.

use thiserror::Error;

use crate::encode::EncodeError;
use crate::housekeeping::RoomError;
use crate::library::archive::ArchiveError;
use crate::library::catalogue::CatalogueError;
use crate::library::store::{StoreError, is_full};
use crate::model::{AsCause, CauseKind};
use crate::production::ProductionError;
use crate::production::tags::TagError;
use crate::tape::TapeError;

/// Why an attempt at an airing failed.
#[derive(Debug, Error)]
pub enum RecorderError {
    /// The tape cannot be read or written.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The cut cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The output folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be tagged.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The recording cannot be shelved.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The catalogue cannot be read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// There is too little space to begin.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The attempt panicked: a bug in aircheck.
    #[error("recording it came upon a defect in aircheck; the log has a line that begins with `thread`")]
    Panicked,
    /// The process stops; the airing goes on at the next start.
    #[error("interrupted; goes on at the next start")]
    Stopping,
    /// A person has skipped or removed the airing before it began.
    #[error("taken back, as asked by hand")]
    TakenBack,
}

impl From<ProductionError> for RecorderError {
    fn from(error: ProductionError) -> Self {
        match error {
            ProductionError::Encode(error) => Self::Encode(error),
            ProductionError::Tag(error) => Self::Tag(error),
            ProductionError::Stopping => Self::Stopping,
        }
    }
}

impl RecorderError {
    /// Returns whether the system said that a disk is full or a quota is reached.
    pub(super) fn is_disk_full(&self) -> bool {
        match self {
            Self::Tape(error) => error.is_disk_full(),
            Self::Store(error) | Self::Room(RoomError::Store(error)) | Self::Archive(ArchiveError::Store(error)) => {
                error.is_disk_full()
            }
            Self::Catalogue(error) | Self::Archive(ArchiveError::Catalogue(error)) => error.is_disk_full(),
            Self::Encode(EncodeError::Target { source, .. }) => is_full(source),
            _ => false,
        }
    }
}

impl AsCause for RecorderError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Room(RoomError::NoRoom { .. }) => CauseKind::DiskFull,
            _ if self.is_disk_full() => CauseKind::DiskFull,
            Self::Tape(error) => error.cause_kind(),
            Self::Encode(error) => error.cause_kind(),
            _ => CauseKind::Internal,
        }
    }
}
