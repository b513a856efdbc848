//! What can go wrong with the catalogue, and what to do then.

use std::path::PathBuf;

use thiserror::Error;

use crate::model::AiringId;

/// What went wrong with the catalogue.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The file or its folder cannot be opened or made.
    #[error("the catalogue {} cannot be opened: {reason}; is its folder writable for this user?", path.display())]
    Unopenable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The bytes are not those of a sound database.
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
    /// A later release has written it.
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
    /// Opened for reading, the file has not been brought up to date by the service.
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
    /// Opened for reading, and there is none.
    #[error("there is no catalogue at {}: nothing has been recorded yet, or `state` points elsewhere", path.display())]
    Missing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// An airing is finished that nobody has claimed, or that is finished already.
    #[error("the airing {id} cannot be finished: it is not claimed, or finished already")]
    NotClaimed {
        /// The airing.
        id: AiringId,
    },
    /// A row holds what no release has written.
    #[error("the catalogue's row of {id} cannot be read: {reason}")]
    Row {
        /// The airing.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// SQLite could not do what it was asked.
    #[error("the catalogue could not be {doing}: {source}")]
    Sqlite {
        /// `read` or `written`.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The process is stopping; nothing was begun.
    #[error("the catalogue was not asked, because aircheck is stopping")]
    Stopping,
}

impl CatalogueError {
    /// Whether the disk is full on which the list lies.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Sqlite { source, .. }
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull))
    }
}
