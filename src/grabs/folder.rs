//! The folder of a grab: what has come of it so far, so that it goes on after whatever ended it.
//!
//! It is like a tape. The bytes of the segments lie in a few files, in the order in which they came; the index, lines of
//! JSON, says which bytes are which segment. Bytes are written before the line that names them, and a line that is torn
//! or names what is not there does not count. So a process that is killed loses the segments that were on their way, and
//! nothing else; and after a power failure what the disk lost is fetched again, because every segment is compared with
//! its hash when the folder is opened.
//!
//! One process uses a folder at a time: it holds a lock on the index.

mod contents;
mod entry;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use self::contents::Contents;
use self::entry::failed;
pub use self::entry::{Entry, FolderError, Init, Kept, Kind, SegmentId, file_name, hash};
use crate::base::blocking::Lane;

/// How many threads write at a time, for all grabs together.
const WIDTH: usize = 4;

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// The folder of a grab, open. Clones share it.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    contents: Arc<Mutex<Contents>>,
}

impl Folder {
    /// Opens the folder at `path` for the grab of `of`, or makes it.
    pub async fn open(path: PathBuf, of: String) -> Result<Self, FolderError> {
        let at = path.clone();
        let contents = LANE.run(move || Contents::open(&at, &of)).await?;
        Ok(Self { path, contents: Arc::new(Mutex::new(contents)) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a segment. It is there after whatever happens once this has returned.
    pub async fn keep(&self, kept: Kept) -> Result<(), FolderError> {
        let contents = Arc::clone(&self.contents);
        LANE.run(move || lock(&contents).keep(&kept)).await
    }

    /// The segment, if it has come.
    pub fn get(&self, id: SegmentId) -> Option<Entry> {
        lock(&self.contents).entries.get(&id).copied()
    }

    /// The initialisation section of this number.
    pub fn init(&self, number: usize) -> Option<Init> {
        lock(&self.contents).inits.get(number).copied()
    }

    /// The segments that have come, in order.
    #[cfg(test)]
    pub fn entries(&self) -> Vec<(SegmentId, Entry)> {
        lock(&self.contents).entries.iter().map(|(id, entry)| (*id, *entry)).collect()
    }

    /// How many segments have come, and how many bytes they have.
    pub fn size(&self) -> (usize, u64) {
        let contents = lock(&self.contents);
        (contents.entries.len(), contents.bytes)
    }
}

/// Removes the folder of a grab at `path`. One that is not there is no error.
pub async fn remove(path: PathBuf) -> Result<(), FolderError> {
    LANE.run(move || match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("removed", &path)(error)),
        _ => Ok(()),
    })
    .await
}

fn lock(contents: &Mutex<Contents>) -> MutexGuard<'_, Contents> {
    contents.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
