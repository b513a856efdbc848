//! What can go wrong with a tape.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::{AsCause, CauseKind};

/// A tape could not be read or written.
#[derive(Debug, Error)]
pub enum TapeError {
    /// The system refused.
    #[error("the tape {path} cannot be {doing}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read`, `written`, …
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A line of its holds says nothing that can be understood.
    #[error(
        "line {line} of {path} is no hold, so nobody knows what is held, and nothing of this tape is deleted: mend the line",
        path = path.display()
    )]
    NoHold {
        /// The file of the holds.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// Sound came before its format was announced.
    #[error("sound for the tape {path} came before its format", path = path.display())]
    NoFormat {
        /// The folder of the tape.
        path: PathBuf,
    },
}

impl TapeError {
    /// Wraps the system's reason for `path`, as a closure for `map_err`.
    pub(super) fn io<'a>(path: &'a Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { path: path.to_owned(), doing, source }
    }

    /// Whether the system refused, which it may not do the next time.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// Whether a file is gone.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the disk is full (or a quota is reached).
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

impl AsCause for TapeError {
    fn cause_kind(&self) -> CauseKind {
        if self.is_disk_full() { CauseKind::DiskFull } else { CauseKind::Internal }
    }
}
