//! The folder of a grab: what has come of it so far, so that it goes on after whatever ended it.
//!
//! It is like a tape. The bytes of the segments lie in a few files, in the order in which they came; the index, lines of
//! JSON, says which bytes are which segment. Bytes are written before the line that names them, and a line that is torn
//! or names what is not there does not count. So a process that is killed loses the segments that were on their way, and
//! nothing else; and after a power failure what the disk lost is fetched again, because every segment is compared with
//! its hash when the folder is opened.
//!
//! Segments that come while others are written wait, and are then written together, with one write for all their lines:
//! what a segment costs falls as more come at a time.
//!
//! One process uses a folder at a time: it holds a lock on the index.

mod contents;
mod entry;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use self::contents::Contents;
pub(super) use self::entry::failed;
pub use self::entry::{Entry, FolderError, Init, Kept, Kind, Place, SegmentId, file_name, hash};
use crate::base::blocking::Lane;

/// How many threads write at a time, for all grabs together.
const WIDTH: usize = 4;

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// The folder of a grab, open. Clones share it.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    contents: Arc<Mutex<Contents>>,
    /// What has come and is not written yet.
    waiting: Arc<Mutex<Vec<Waiting>>>,
    /// Held by who writes, for all who wait.
    pen: Arc<tokio::sync::Mutex<()>>,
}

/// A segment that is to be written, and who waits for that.
#[derive(Debug)]
struct Waiting {
    kept: Kept,
    written: oneshot::Sender<Result<(), FolderError>>,
}

impl Folder {
    /// Opens the folder at `path` for the grab of `of`, or makes it.
    pub async fn open(path: PathBuf, of: String) -> Result<Self, FolderError> {
        let at = path.clone();
        let contents = LANE.run(move || Contents::open(&at, &of)).await?;
        let contents = Arc::new(Mutex::new(contents));
        Ok(Self { path, contents, waiting: Arc::default(), pen: Arc::default() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a segment. It is there after whatever happens once this has returned.
    pub async fn keep(&self, kept: Kept) -> Result<(), FolderError> {
        let (written, mut done) = oneshot::channel();
        lock(&self.waiting).push(Waiting { kept, written });
        let _pen = tokio::select! {
            biased;
            done = &mut done => return answer(done),
            pen = self.pen.lock() => pen,
        };
        // Whoever had the pen before may have written it.
        if let Ok(done) = done.try_recv() {
            return done;
        }
        let (contents, waiting) = (Arc::clone(&self.contents), Arc::clone(&self.waiting));
        LANE.run(move || write(&contents, &waiting)).await;
        answer(done.await)
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

/// Runs work on the files of a folder on a thread that may block.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    LANE.run(work).await
}

/// Removes the folder of a grab at `path`. One that is not there is no error.
pub async fn remove(path: PathBuf) -> Result<(), FolderError> {
    LANE.run(move || match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("removed", &path)(error)),
        _ => Ok(()),
    })
    .await
}

/// Writes all that waits. Blocks.
fn write(contents: &Mutex<Contents>, waiting: &Mutex<Vec<Waiting>>) {
    let mut contents = lock(contents);
    let all = std::mem::take(&mut *lock(waiting));
    let (kept, written): (Vec<Kept>, Vec<_>) = all.into_iter().map(|one| (one.kept, one.written)).unzip();
    for (result, written) in contents.keep_all(&kept).into_iter().zip(written) {
        // Who stopped waiting has ended.
        let _ = written.send(result);
    }
}

/// What came of a write. Its thread always answers, unless it panicked.
fn answer(done: Result<Result<(), FolderError>, oneshot::error::RecvError>) -> Result<(), FolderError> {
    done.unwrap_or(Err(FolderError::Broken))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
