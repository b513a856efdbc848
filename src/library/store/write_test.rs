//! Whether a folder takes a file: asked by writing one, because neither the free space nor anybody's words tell of
//! quotas, of inodes, of mounts that may only be read, and of those that are gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FallocateFlags, access, fallocate, statvfs};
use rustix::io::Errno;

use super::error::StoreError;
use super::lane::{blocking, promptly};
use super::place;
use super::{HIDDEN, Store};

/// What the file is called; ends as temporary files do, so that what a crash leaves is removed like them.
const NAME: &str = "probe.mp3.part";
/// So much is written at once.
const BLOCK: usize = 64 * 1024;

impl Store {
    /// Writes `bytes` into the output folder, and removes them.
    pub async fn probe(&self, bytes: u64) -> Result<(), StoreError> {
        let store = self.clone();
        blocking(move || {
            store.mounted()?;
            probe_now(&store.output.join(HIDDEN), bytes)
        })
        .await
    }

    /// Whether the output folder seems to take files, without writing one, so that no disk is woken: it is mounted, may be
    /// written to, and has room for names. A quota is not seen in this way.
    pub async fn look(&self) -> Result<(), StoreError> {
        let store = self.clone();
        promptly(&self.output, move || {
            store.mounted()?;
            let existing = store.output.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
            let looked = || {
                access(existing, Access::WRITE_OK | Access::EXEC_OK)?;
                let system = statvfs(existing)?;
                // Some file systems count no names.
                if system.f_files > 0 && system.f_favail == 0 { Err(Errno::NOSPC) } else { Ok(()) }
            };
            looked().map_err(|error: Errno| StoreError::File {
                doing: "written to",
                path: existing.to_owned(),
                source: error.into(),
            })
        })
        .await
    }
}

/// Writes a file of so many `bytes` into `folder`, which is made where it is missing, and removes it.
pub async fn probe(folder: &Path, bytes: u64) -> Result<(), StoreError> {
    let folder = folder.to_owned();
    blocking(move || probe_now(&folder, bytes)).await
}

fn probe_now(folder: &Path, bytes: u64) -> Result<(), StoreError> {
    place::make_folders(folder)?;
    let path = folder.join(NAME);
    let written = write(&path, bytes);
    // What was written takes room. Where it cannot be removed, writing has failed as well.
    let _ = fs::remove_file(&path);
    written.map_err(|source| StoreError::File { doing: "written", path: folder.to_owned(), source })
}

/// Whether `file` takes more where its writer has ended: the reason where it does not.
pub async fn goes_on(file: &Path) -> io::Result<()> {
    let file: PathBuf = file.to_owned();
    let work = move || {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        file.write_all(&vec![0; BLOCK])?;
        file.sync_data()
    };
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn write(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    // Says at once what would be found out only after much writing. Not every file system can.
    if let Err(error) = fallocate(&file, FallocateFlags::empty(), 0, bytes.max(1)) {
        let error = io::Error::from(error);
        if !place::unsupported(&error) && error.kind() != io::ErrorKind::Interrupted {
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
    async fn a_folder_that_takes_a_file_is_left_as_it_was_and_another_says_why() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().join("output"));
        store.probe(100_000).await.unwrap();
        assert_eq!(fs::read_dir(store.output.join(HIDDEN)).unwrap().count(), 0);
        fs::write(root.path().join("file"), "").unwrap();
        assert!(matches!(probe(&root.path().join("file"), 1).await, Err(StoreError::Folder { .. })));
        // More than any disk has.
        let error = probe(root.path(), 1 << 60).await.unwrap_err();
        assert!(!root.path().join(NAME).exists(), "{error}");
    }

    #[tokio::test]
    async fn where_a_file_takes_no_more_the_system_says_why() {
        let error = goes_on(Path::new("/dev/full")).await.unwrap_err();
        assert!(super::super::error::is_full(&error), "{error}");
        let folder = tempfile::tempdir().unwrap();
        goes_on(&folder.path().join("x")).await.unwrap();
        assert_eq!(goes_on(&folder.path().join("none/x")).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
