//! A file that is read: whole or a part of it, and always of the very file whose tag is told.

use std::fs;
use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _};

use super::Store;
use super::error::StoreError;
use super::lane::blocking;

/// A file that is open for reading. Whatever gets its name meanwhile, it stays the same.
#[derive(Debug)]
pub struct Reading {
    file: fs::File,
    bytes: u64,
    modified: Option<DateTime<Utc>>,
    tag: String,
}

impl Reading {
    /// Opens the file at `path`, which need not be in a store. `None` if there is none that may be read. Blocks.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        // Asked before it is opened: to open a pipe is to wait for whoever writes into it.
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
        let tag = format!("\"{inode:x}-{bytes:x}-{seconds:x}-{nanos:x}\"");
        let modified = u32::try_from(nanos).ok().and_then(|nanos| DateTime::from_timestamp(seconds, nanos));
        Ok(Some(Self { file, bytes, modified, tag }))
    }

    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When it last changed; `None` if that is no time.
    pub fn modified(&self) -> Option<DateTime<Utc>> {
        self.modified
    }

    /// A strong tag (RFC 9110 section 8.8.3): with every byte of the file it is another.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// So many bytes of it, from the byte `first` on.
    pub async fn part(self, first: u64, bytes: u64) -> io::Result<impl AsyncRead + Send + Unpin + use<>> {
        let mut file = tokio::fs::File::from_std(self.file);
        if first > 0 {
            file.seek(SeekFrom::Start(first)).await?;
        }
        Ok(file.take(bytes))
    }
}

impl Store {
    /// Opens a file. `None` if there is none that may be read.
    pub async fn open(&self, file: &Path) -> Result<Option<Reading>, StoreError> {
        let path = self.at(file);
        blocking(move || Reading::of(&path).map_err(|source| StoreError::File { doing: "read", path, source })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_read_is_of_the_file_whose_tag_was_told_though_another_has_its_name_by_now() {
        let folder = tempfile::tempdir().unwrap();
        let (path, store) = (folder.path().join("x.mp3"), Store::new(folder.path()));
        let open = async || store.open(Path::new("x.mp3")).await.unwrap();
        assert!(open().await.is_none());
        fs::write(&path, "old sound").unwrap();
        let old = open().await.unwrap();
        fs::write(folder.path().join("part"), "new").unwrap();
        fs::rename(folder.path().join("part"), &path).unwrap();
        let new = open().await.unwrap();
        assert_ne!(old.tag(), new.tag());
        assert_eq!((old.bytes(), new.bytes()), (9, 3));
        let mut read = String::new();
        old.part(4, 3).await.unwrap().read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "sou");
        assert!(store.open(Path::new("")).await.unwrap().is_none(), "a folder is no file");
    }
}
