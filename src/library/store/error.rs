//! What can go wrong with the files of the library.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What went wrong with a file or folder.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A folder cannot be made.
    #[error("the folder {} cannot be made: {source}; may this user write there?", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be flushed, renamed, removed or measured.
    #[error("{} cannot be {doing}: {source}", path.display())]
    File {
        /// `saved`, `named`, `removed`, `measured`, `read`, `written`, `written to` or `moved into the bin`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name that was asked for belongs to another file.
    #[error("{} exists and is not replaced: choose another name or move it away", path.display())]
    Taken {
        /// The file that is there.
        path: PathBuf,
    },
    /// The target is on another disk than the temporary file.
    #[error(
        "{} is on another file system than {}: `output` and the folders in it must be on one, or a recording could be \
         seen half-written",
        path.display(),
        temporary.display()
    )]
    Elsewhere {
        /// The name it should have got.
        path: PathBuf,
        /// Where it is now.
        temporary: PathBuf,
    },
    /// What the output folder lay on is not mounted any more.
    #[error(
        "nothing is mounted at {} any more, where the recordings were: mount it again, or delete {} if they are to go to \
         the disk below from now on",
        mount.display(),
        memory.display()
    )]
    Unmounted {
        /// Where it was mounted.
        mount: PathBuf,
        /// The file in which that is remembered.
        memory: PathBuf,
    },
    /// A disk, or a network share, has not answered for too long.
    #[error("{} does not answer; is a disk or a network share away?", path.display())]
    Silent {
        /// The folder.
        path: PathBuf,
    },
    /// The process is stopping; nothing was begun.
    #[error("nothing was shelved, because aircheck is stopping")]
    Stopping,
}

impl StoreError {
    /// Whether the disk is full (or a quota is reached).
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Folder { source, .. } | Self::File { source, .. }
            if is_full(source))
    }
}

/// Whether the system said that there is no room: no blocks, no inodes, or a quota that is reached.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
