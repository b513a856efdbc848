//! The contents of the store, as the disk has them, whatever the list says.
//!
//! A method that answers the page waits only for a moment for the disk; one that serves a command or a task waits for
//! as long as it takes. Each fails with [`StoreError::Unmounted`] if the file system of the output folder is not
//! mounted any more.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Store;
use super::disk;
use super::error::StoreError;
use super::lane::{blocking, promptly};
use crate::library::transcript::TranscriptKind;
use crate::model::Codec;

/// How deep folders in folders are listed.
const DEEPEST: usize = 16;

/// A file that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The size now.
    pub bytes: u64,
    /// The kinds of the transcripts beside it.
    pub transcripts: Vec<TranscriptKind>,
}

/// What differs after a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The size.
    pub bytes: u64,
    /// The time of the last change, in nanoseconds since 1970.
    pub modified: i64,
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        Self { bytes: metadata.len(), modified }
    }
}

/// What is at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined<T> {
    /// Nothing.
    Gone,
    /// A link, a folder, or what else is no plain file.
    NoFile,
    /// A file, and what was read of it.
    File(T),
}

impl Store {
    /// Returns which of `files` do not exist. A file that may not be seen counts as existing. Fails with
    /// [`StoreError::Silent`] if the disk does not answer.
    pub async fn gone(&self, files: Vec<PathBuf>) -> Result<HashSet<PathBuf>, StoreError> {
        self.look_promptly(move |store| store.filter_gone(files)).await
    }

    /// Returns which of `files` do not exist, however long that takes. A file that may not be seen counts as existing.
    pub async fn gone_without_timeout(&self, files: Vec<PathBuf>) -> Result<HashSet<PathBuf>, StoreError> {
        self.look(move |store| store.filter_gone(files)).await
    }

    fn filter_gone(&self, files: Vec<PathBuf>) -> HashSet<PathBuf> {
        files.into_iter().filter(|file| matches!(self.path_of(file).try_exists(), Ok(false))).collect()
    }

    /// Returns which of `files` exist, with size and transcripts. Fails with [`StoreError::Silent`] if the disk does
    /// not answer.
    pub async fn present(&self, files: Vec<PathBuf>) -> Result<HashMap<PathBuf, Present>, StoreError> {
        self.look_promptly(move |store| {
            let present = |file: PathBuf| {
                let path = store.path_of(&file);
                let metadata = fs::metadata(&path).ok().filter(Metadata::is_file)?;
                let exists = |kind: &TranscriptKind| transcript(&path, *kind).is_some();
                let transcripts = TranscriptKind::ALL.into_iter().filter(exists).collect();
                Some((file, Present { bytes: metadata.len(), transcripts }))
            };
            files.into_iter().filter_map(present).collect()
        })
        .await
    }

    /// Returns the transcript of the recording `file` of this `kind`, relative to the output folder. `None` if there is
    /// none.
    pub async fn transcript(&self, file: &Path, kind: TranscriptKind) -> Result<Option<PathBuf>, StoreError> {
        let (path, beside) = (self.path_of(file), file.with_extension(kind.extension()));
        blocking(move || Ok(transcript(&path, kind).map(|_| beside))).await
    }

    /// Returns the size of a file in bytes.
    pub async fn size(&self, file: &Path) -> Result<u64, StoreError> {
        disk::size(&self.path_of(file)).await
    }

    /// Returns whether no file has this name.
    pub async fn is_free(&self, file: &Path) -> Result<bool, StoreError> {
        let path = self.path_of(file);
        blocking(move || Ok(path.symlink_metadata().is_err())).await
    }

    /// Returns all files whose names are those of recordings, sorted.
    pub async fn list(&self) -> Result<Vec<PathBuf>, StoreError> {
        self.look(|store| {
            let mut files = Vec::new();
            walk(&store.output, Path::new(""), 0, &mut files);
            files
        })
        .await
    }

    /// Returns which of `files` exist, with their versions.
    pub async fn versions(&self, files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Version)>, StoreError> {
        self.look(move |store| {
            let version = |file: PathBuf| {
                let metadata = store.path_of(&file).metadata().ok()?;
                Some((file, Version::of(&metadata)))
            };
            files.into_iter().filter_map(version).collect()
        })
        .await
    }

    /// Opens each of `files` and returns what `read` returns for it. `None` for a file that cannot be opened.
    pub async fn read_each<T: Send + 'static>(
        &self,
        files: Vec<PathBuf>,
        read: impl Fn(File) -> T + Send + 'static,
    ) -> Result<Vec<Option<T>>, StoreError> {
        self.look(move |store| files.iter().map(|file| File::open(store.path_of(file)).ok().map(&read)).collect()).await
    }

    /// Opens `file` and returns what `read` returns for it and its version. A link or a folder of that name is not opened.
    pub async fn examine<T: Send + 'static>(
        &self,
        file: &Path,
        read: impl FnOnce(File, Version) -> T + Send + 'static,
    ) -> Result<Examined<T>, StoreError> {
        let path = self.path_of(file);
        self.look(move |_| {
            let failed = |source| StoreError::File { doing: "read", path: path.clone(), source };
            match path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Examined::Gone),
                Err(error) => Err(failed(error)),
                Ok(metadata) if !metadata.is_file() => Ok(Examined::NoFile),
                Ok(metadata) => {
                    let opened = File::open(&path).map_err(failed)?;
                    Ok(Examined::File(read(opened, Version::of(&metadata))))
                }
            }
        })
        .await?
    }

    /// Returns whether the output folder does not exist, is empty, or is not mounted. Then nothing is known about the
    /// files in it.
    pub async fn is_away(&self) -> Result<bool, StoreError> {
        let store = self.clone();
        let is_empty = |folder: &Path| fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        promptly(&self.output, move || Ok(store.check_mounted().is_err() || is_empty(&store.output))).await
    }

    /// Runs `look`, which only reads. Fails with [`StoreError::Silent`] if the disk does not answer in time.
    async fn look_promptly<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        promptly(&self.output, self.clone().if_mounted(look)).await
    }

    /// Runs `look`, which only reads, for as long as it takes.
    async fn look<T: Send + 'static>(&self, look: impl FnOnce(&Self) -> T + Send + 'static) -> Result<T, StoreError> {
        blocking(self.clone().if_mounted(look)).await
    }

    fn if_mounted<T>(self, look: impl FnOnce(&Self) -> T) -> impl FnOnce() -> Result<T, StoreError> {
        move || self.check_mounted().map(|()| look(&self))
    }
}

/// Returns the transcript of this `kind` of the recording at `path`. `None` if there is none, or it is older than the
/// recording.
fn transcript(path: &Path, kind: TranscriptKind) -> Option<PathBuf> {
    let beside = path.with_extension(kind.extension());
    let written = modified(&beside)?;
    (written >= modified(path)?).then_some(beside)
}

/// Returns when a file was last changed. `None` if it does not exist or is no file.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok().filter(Metadata::is_file)?.modified().ok()
}

/// Adds the recordings in `folder` to `files`. Leaves out what cannot be read. Does not follow links to folders, which
/// may lead in a circle.
fn walk(output: &Path, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(output.join(folder)) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let path = folder.join(&name);
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_dir() && depth < DEEPEST {
            walk(output, &path, depth + 1, files);
        } else if kind.is_file() && Codec::of_file(&path).is_some() {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_transcript_is_no_older_than_the_recording_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, after: u64| {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(after);
            File::create(folder.path().join(name)).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
        };
        put("뉴스 2026.11.mp3", 100);
        put("뉴스 2026.11.vtt", 100);
        put("뉴스 2026.11.srt", 99);
        put("뉴스 2026.txt", 101);
        fs::create_dir(folder.path().join("뉴스 2026.11.txt")).unwrap();
        let store = Store::new(folder.path());
        let (recording, none) = (PathBuf::from("뉴스 2026.11.mp3"), PathBuf::from("none.mp3"));
        let present = store.present(vec![recording.clone(), none.clone()]).await.unwrap();
        let expected = Present { bytes: 0, transcripts: vec![TranscriptKind::Vtt] };
        assert_eq!(present, HashMap::from([(recording.clone(), expected)]));
        let found = async |file: &Path, kind| store.transcript(file, kind).await.unwrap();
        assert_eq!(found(&recording, TranscriptKind::Vtt).await, Some("뉴스 2026.11.vtt".into()));
        assert_eq!(found(&recording, TranscriptKind::Srt).await, None);
        assert_eq!(found(&none, TranscriptKind::Vtt).await, None);
    }

    #[tokio::test]
    async fn the_store_lists_recordings_by_name_and_opens_them_by_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), name).unwrap();
        };
        for name in ["b/deep/2.mp3", "a.mp3", "a.txt", ".hidden.mp3", ".aircheck/bin/x.mp3"] {
            put(name);
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        let store = Store::new(folder.path());
        let files = store.list().await.unwrap();
        assert_eq!(files, ["a.mp3", "b/deep/2.mp3"].map(PathBuf::from));
        let asked = [files.clone(), vec!["none.mp3".into()]].concat();
        let versions = store.versions(asked.clone()).await.unwrap();
        assert_eq!(versions.iter().map(|(_, version)| version.bytes).collect::<Vec<_>>(), [5, 12]);
        let read = store.read_each(asked, |file| std::io::read_to_string(file).unwrap()).await.unwrap();
        assert_eq!(read, [Some("a.mp3".into()), Some("b/deep/2.mp3".to_owned()), None]);
    }
}
