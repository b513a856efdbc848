//! Obstacles: what keeps an airing from being finished for now and passes. The disk is full, a folder cannot be written
//! to, or ffmpeg cannot be run.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::library::store::StoreError;
use crate::model::{Cause, CauseKind};

/// The name of the output folder in messages.
const OUTPUT: &str = "output";

/// What keeps an airing from being finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The disk has no free blocks or inodes, or a quota is reached; with the words of the error.
    Full(String),
    /// A folder cannot be written to.
    Folder {
        /// Which folder: `output` or `tape`.
        what: &'static str,
        /// The folder.
        folder: PathBuf,
        /// The words of the error.
        words: String,
    },
    /// ffmpeg cannot be run; with the words of the error.
    Encoder(String),
}

impl Obstacle {
    /// Returns the obstacle as a cause.
    pub(super) fn cause(&self) -> Cause {
        let kind = match self {
            Self::Full(_) => CauseKind::DiskFull,
            Self::Folder { .. } | Self::Encoder(_) => CauseKind::Internal,
        };
        Cause::new(kind, self.to_string())
    }

    /// Returns whether the obstacle may concern the output folder.
    pub(super) fn is_of_output(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Folder { what: OUTPUT, .. })
    }

    /// Returns the obstacle behind an error of the output folder. `None` if the process stops.
    pub(super) fn of_store(error: &StoreError, output: &Path) -> Option<Self> {
        match error {
            StoreError::Stopping => None,
            error if error.is_disk_full() => Some(Self::Full(error.to_string())),
            // The obstacle names the folder already.
            StoreError::File { source, .. } => Some(Self::output(output, source.to_string())),
            error => Some(Self::output(output, error.to_string())),
        }
    }

    pub(super) fn output(output: &Path, words: String) -> Self {
        Self::Folder { what: OUTPUT, folder: output.to_owned(), words }
    }

    /// Returns whether both are the same kind of obstacle, whatever their words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(words) => write!(f, "the disk is full: {words}"),
            Self::Folder { what, folder, words } => {
                write!(f, "the {what} folder {} cannot be written to: {words}", folder.display())
            }
            Self::Encoder(words) => write!(f, "ffmpeg cannot be run: {words}"),
        }
    }
}
