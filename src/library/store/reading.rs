//! An open file: what is read belongs to the same file as its entity tag.

use std::fs;
use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _};

use super::Store;
use super::error::StoreError;
use super::lane::blocking;

/// A file that is open for reading. It stays the same even if another file gets its name.
#[derive(Debug)]
pub struct Reading {
    file: fs::File,
    bytes: u64,
    modified: Option<DateTime<Utc>>,
    etag: String,
}

impl Reading {
    /// Opens the file at `path`, which need not be in a store. `None` if it does not exist or may not be read. Blocks.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        // This comes before opening, because opening a pipe waits for its writer.
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(None),
        }
        let file = match fs::File::open(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
                return Ok(None);
            }
            opened => opened?,
        };
        let metadata = file.metadata()?;
        let (inode, bytes) = (metadata.ino(), metadata.len());
        let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
        let etag = format!("\"{inode:x}-{bytes:x}-{seconds:x}-{nanos:x}\"");
        let modified = u32::try_from(nanos).ok().and_then(|nanos| DateTime::from_timestamp(seconds, nanos));
        Ok(Some(Self { file, bytes, modified, etag }))
    }

    /// Returns the size.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns when the file was last changed. `None` if that is no valid time.
    pub fn modified(&self) -> Option<DateTime<Utc>> {
        self.modified
    }

    /// Returns the strong entity tag (RFC 9110 section 8.8.3), which differs if any byte of the file does.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Returns a reader of `bytes` bytes from the byte `first` on.
    pub async fn part(self, first: u64, bytes: u64) -> io::Result<impl AsyncRead + Send + Unpin + use<>> {
        let mut file = tokio::fs::File::from_std(self.file);
        if first > 0 {
            file.seek(SeekFrom::Start(first)).await?;
        }
        Ok(file.take(bytes))
    }
}

impl Store {
    /// Opens a file. `None` if it does not exist or may not be read.
    pub async fn open(&self, file: &Path) -> Result<Option<Reading>, StoreError> {
        let path = self.path_of(file);
        blocking(move || Reading::open(&path).map_err(|source| StoreError::File { doing: "read", path, source })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_open_file_stays_the_same_if_another_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, store) = (folder.path().join("x.mp3"), Store::new(folder.path()));
        let open = async || store.open(Path::new("x.mp3")).await.unwrap();
        assert!(open().await.is_none());
        fs::write(&path, "old sound").unwrap();
        let old = open().await.unwrap();
        fs::write(folder.path().join("part"), "new").unwrap();
        fs::rename(folder.path().join("part"), &path).unwrap();
        let new = open().await.unwrap();
        assert_ne!(old.etag(), new.etag());
        assert_eq!((old.bytes(), new.bytes()), (9, 3));
        let mut read = String::new();
        old.part(4, 3).await.unwrap().read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "sou");
        assert!(store.open(Path::new("")).await.unwrap().is_none(), "a folder is no file");
    }
}
