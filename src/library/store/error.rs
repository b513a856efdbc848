//! Errors of the store.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An error with a file or folder of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A folder cannot be created.
    #[error("the folder {} cannot be made: {source}; may this user write there?", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system failed to do something with a file.
    #[error("{} cannot be {doing}: {source}", path.display())]
    File {
        /// `saved`, `named`, `removed`, `measured`, `read`, `written`, `written to` or `moved into the bin`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another file has the name.
    #[error("{} exists and is not replaced: choose another name or move it away", path.display())]
    Taken {
        /// The file that has it.
        path: PathBuf,
    },
    /// The target is on another file system than the temporary file.
    #[error(
        "{} is on another file system than {}: `output` and the folders in it must be on one, or a recording could be \
         seen half-written",
        path.display(),
        temporary.display()
    )]
    Elsewhere {
        /// The target.
        path: PathBuf,
        /// The temporary file.
        temporary: PathBuf,
    },
    /// The file system of the output folder is not mounted any more.
    #[error(
        "nothing is mounted at {} any more, where the recordings were: mount it again, or delete {} if they are to go to \
         the disk below from now on",
        mount.display(),
        mount_file.display()
    )]
    Unmounted {
        /// The mount point.
        mount: PathBuf,
        /// The file in which the mount point is remembered.
        mount_file: PathBuf,
    },
    /// The disk or the network share does not answer.
    #[error("{} does not answer; is a disk or a network share away?", path.display())]
    Silent {
        /// The folder.
        path: PathBuf,
    },
    /// The process is stopping; nothing was done.
    #[error("nothing was done with the recordings, because aircheck is stopping")]
    Stopping,
}

impl StoreError {
    /// Returns whether the disk is full, or a quota is reached.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Folder { source, .. } | Self::File { source, .. }
            if is_full(source))
    }
}

/// Returns whether the error means that space is short: no blocks, no inodes, or a quota that is reached.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
