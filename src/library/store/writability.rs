//! Tests whether a folder can be written by writing a file. The free space says nothing about quotas, inodes, read-only
//! mounts, and mounts that are gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FallocateFlags, access, fallocate, statvfs};
use rustix::io::Errno;

use super::disk;
use super::error::StoreError;
use super::lane::{blocking, promptly};
use super::{HIDDEN, Store};
use crate::base::blocking::caught;

/// The name of the file. It ends as those of temporary files do, so that one that a crash leaves is removed, too.
const NAME: &str = "probe.mp3.part";
/// How many bytes are written at once.
const BLOCK: usize = 64 * 1024;

impl Store {
    /// Writes a file of `bytes` bytes into the output folder, and removes it.
    pub async fn test_write(&self, bytes: u64) -> Result<(), StoreError> {
        let store = self.clone();
        blocking(move || {
            store.check_mounted()?;
            test_write_now(&store.output.join(HIDDEN), bytes)
        })
        .await
    }

    /// Checks whether the output folder is mounted, may be written, and has free inodes. Writes nothing, so that no
    /// disk is woken; so this does not find a quota that is reached.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let store = self.clone();
        promptly(&self.output, move || {
            store.check_mounted()?;
            let existing = store.output.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
            let check = || {
                access(existing, Access::WRITE_OK | Access::EXEC_OK)?;
                let system = statvfs(existing)?;
                // Some file systems do not count inodes.
                if system.f_files > 0 && system.f_favail == 0 { Err(Errno::NOSPC) } else { Ok(()) }
            };
            check().map_err(|error: Errno| StoreError::File {
                doing: "written to",
                path: existing.to_owned(),
                source: error.into(),
            })
        })
        .await
    }
}

/// Writes a file of `bytes` bytes into `folder`, and removes it. Creates the folder if it is missing.
pub async fn test_write(folder: &Path, bytes: u64) -> Result<(), StoreError> {
    let folder = folder.to_owned();
    blocking(move || test_write_now(&folder, bytes)).await
}

fn test_write_now(folder: &Path, bytes: u64) -> Result<(), StoreError> {
    disk::make_folders(folder)?;
    let path = folder.join(NAME);
    let written = write(&path, bytes);
    // The file takes up space even if writing failed. If it cannot be removed, writing has failed, too.
    let _ = fs::remove_file(&path);
    written.map_err(|source| StoreError::File { doing: "written", path: folder.to_owned(), source })
}

/// Appends to `file`, whose writer has ended. The error says why that writer could not go on.
pub async fn test_append(file: &Path) -> io::Result<()> {
    let file: PathBuf = file.to_owned();
    let work = move || {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        file.write_all(&vec![0; BLOCK])?;
        file.sync_data()
    };
    caught(work).await.unwrap_or_else(|| Err(io::Error::other("aircheck is stopping")))
}

fn write(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    // This fails at once if there is not enough space. Not every file system supports it.
    if let Err(error) = fallocate(&file, FallocateFlags::empty(), 0, bytes.max(1)) {
        let error = io::Error::from(error);
        if !disk::unsupported(&error) && error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let block = vec![0x55; BLOCK];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(BLOCK as u64);
        file.write_all(&block[..usize::try_from(now).unwrap_or(BLOCK)])?;
        left -= now;
    }
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_test_leaves_no_file_and_its_error_says_why_it_failed() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().join("output"));
        store.test_write(100_000).await.unwrap();
        assert_eq!(fs::read_dir(store.output.join(HIDDEN)).unwrap().count(), 0);
        fs::write(root.path().join("file"), "").unwrap();
        assert!(matches!(test_write(&root.path().join("file"), 1).await, Err(StoreError::Folder { .. })));
        // No disk has so much space.
        let error = test_write(root.path(), 1 << 60).await.unwrap_err();
        assert!(!root.path().join(NAME).exists(), "{error}");
    }

    #[tokio::test]
    async fn an_append_test_says_why_a_file_cannot_be_written() {
        let error = test_append(Path::new("/dev/full")).await.unwrap_err();
        assert!(super::super::error::is_full(&error), "{error}");
        let folder = tempfile::tempdir().unwrap();
        test_append(&folder.path().join("x")).await.unwrap();
        assert_eq!(test_append(&folder.path().join("none/x")).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
