//! A file that is written from its beginning to its end, with room at its beginning that is filled at last.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::blocking::blocking;
use crate::encode::error::EncodeError;

/// How many bytes are written at a time.
const AT_ONCE: usize = 256 << 10;

/// A file that grows.
#[derive(Debug)]
pub(super) struct Sink {
    path: PathBuf,
    file: Arc<File>,
    /// Where what is pending goes.
    at: u64,
    pending: Vec<u8>,
}

impl Sink {
    /// Makes the file at `path` anew.
    pub(super) async fn create(path: &Path) -> Result<Self, EncodeError> {
        let named = path.to_owned();
        let open = move || File::options().read(true).write(true).create(true).truncate(true).open(named);
        let file = blocking(open).await.map_err(failed(path))?;
        Ok(Self { path: path.to_owned(), file: Arc::new(file), at: 0, pending: Vec::new() })
    }

    /// The position of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.at + self.pending.len() as u64
    }

    /// Writes `bytes` at the end.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= AT_ONCE { self.flush().await } else { Ok(()) }
    }

    /// Writes what is pending.
    pub(super) async fn flush(&mut self) -> Result<(), EncodeError> {
        let bytes = std::mem::take(&mut self.pending);
        let (at, length) = (self.at, bytes.len() as u64);
        self.put(at, bytes).await?;
        self.at += length;
        Ok(())
    }

    /// Writes `bytes` in the place of those at `at`.
    pub(super) async fn put(&self, at: u64, bytes: Vec<u8>) -> Result<(), EncodeError> {
        let file = Arc::clone(&self.file);
        blocking(move || file.write_all_at(&bytes, at)).await.map_err(failed(&self.path))
    }

    /// Returns the error of a file that became too large for what it has to say at its beginning.
    pub(super) fn too_large(&self) -> EncodeError {
        failed(&self.path)(io::Error::other("its sound is longer than it was said to be"))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> EncodeError {
    let path = path.to_owned();
    move |source| EncodeError::Target { path, source }
}
