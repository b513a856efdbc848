//! Errors of the catalogue. Their messages say what to do.

use std::path::PathBuf;

use thiserror::Error;

use crate::model::AiringId;

/// An error of the catalogue.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The file or its folder cannot be opened or created.
    #[error("the catalogue {} cannot be opened: {reason}; is its folder writable for this user?", path.display())]
    Unopenable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not a database, or is a damaged one.
    #[error(
        "the catalogue {path} is damaged ({reason}). Stop aircheck, move {path} away together with the files beside it \
         whose names begin with {path}- and start again: the recordings stay, only the list of them begins anew",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A later release has written the file.
    #[error(
        "the catalogue {} was written by a newer aircheck (its schema is {found}, this one knows {known}): \
         install that release again, or move the file away to begin a new list",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: i64,
        /// The newest schema that this release knows.
        known: i64,
    },
    /// The file is opened for reading, and the service has not migrated it yet.
    #[error(
        "the catalogue {} is from an older aircheck (its schema is {found}, this one reads {known}): \
         start the service once, it brings the file up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: i64,
        /// The schema that this release reads.
        known: i64,
    },
    /// The file is opened for reading and does not exist.
    #[error("there is no catalogue at {}: nothing has been recorded yet, or `state` points elsewhere", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The airing cannot be finished, because nobody has claimed it or it is finished already.
    #[error("the airing {id} cannot be finished: it is not claimed, or finished already")]
    NotClaimed {
        /// The airing.
        id: AiringId,
    },
    /// A row has a value that no release has written.
    #[error("the catalogue's row of {id} cannot be read: {reason}")]
    Row {
        /// The airing.
        id: String,
        /// What is wrong with the row.
        reason: String,
    },
    /// SQLite could not read or write.
    #[error("the catalogue could not be {doing}: {source}")]
    Sqlite {
        /// `read` or `written`.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The process is stopping; nothing was read or written.
    #[error("the catalogue was neither read nor written, because aircheck is stopping")]
    Stopping,
}

impl CatalogueError {
    /// Returns whether the disk with the catalogue is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Sqlite { source, .. }
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull))
    }
}

/// What SQLite said while a query was run.
pub(super) fn read_error(source: rusqlite::Error) -> CatalogueError {
    CatalogueError::Sqlite { doing: "read", source }
}

/// What SQLite said while something was written.
pub(super) fn write_error(source: rusqlite::Error) -> CatalogueError {
    CatalogueError::Sqlite { doing: "written", source }
}
