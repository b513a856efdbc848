//! What keeps an airing from being finished, is no fault of its own and passes: the disk is full, a folder cannot be written
//! to, ffmpeg cannot be run.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::library::store::StoreError;
use crate::model::{Cause, CauseKind};

/// What a folder is called.
const OUTPUT: &str = "output";

/// What keeps an airing from being finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// There is no room, by blocks, inodes or a quota; in the words of the error.
    Full(String),
    /// A folder cannot be written to.
    Folder {
        /// Which: `output` or `tape`.
        what: &'static str,
        /// The folder.
        folder: PathBuf,
        /// The words of the error.
        words: String,
    },
    /// ffmpeg cannot be run; in the words of the error.
    Encoder(String),
}

impl Obstacle {
    /// What it is as a cause.
    pub(super) fn cause(&self) -> Cause {
        let kind = match self {
            Self::Full(_) => CauseKind::DiskFull,
            Self::Folder { .. } | Self::Encoder(_) => CauseKind::Internal,
        };
        Cause::new(kind, self.to_string())
    }

    /// Whether it may lie with the output folder.
    pub(super) fn is_of_output(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Folder { what: OUTPUT, .. })
    }

    /// What an error of the output folder means. `None` if the process stops.
    pub(super) fn of_store(error: &StoreError, output: &Path) -> Option<Self> {
        match error {
            StoreError::Stopping => None,
            error if error.is_disk_full() => Some(Self::Full(error.to_string())),
            // The folder is named already.
            StoreError::File { source, .. } => Some(Self::output(output, source.to_string())),
            error => Some(Self::output(output, error.to_string())),
        }
    }

    pub(super) fn output(output: &Path, words: String) -> Self {
        Self::Folder { what: OUTPUT, folder: output.to_owned(), words }
    }

    /// Whether it is what `other` is, in whatever words.
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
