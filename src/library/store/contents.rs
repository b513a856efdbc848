//! What is in the store: asked of the disk, whatever the list says.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Store;
use super::error::StoreError;
use super::lane::{blocking, promptly};
use super::place;
use crate::library::transcript::TranscriptKind;
use crate::model::Codec;

/// Folders in folders are gone into as far as this.
const DEEPEST: usize = 16;

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its size, as it is now.
    pub bytes: u64,
    /// What somebody has put beside it.
    pub transcripts: Vec<TranscriptKind>,
}

/// What tells a file from what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified: i64,
}

impl Store {
    /// Which of `files` are not there. What cannot be seen, for want of a right, may be. Fails where that takes too long, and
    /// where what the store lay on is not mounted any more; so do the other questions of this kind.
    pub async fn gone(&self, files: Vec<PathBuf>) -> Result<HashSet<PathBuf>, StoreError> {
        self.ask(move |store| store.gone_of(files)).await
    }

    /// As [`Store::gone`], for as long as it takes.
    pub async fn find_gone(&self, files: Vec<PathBuf>) -> Result<HashSet<PathBuf>, StoreError> {
        self.search(move |store| store.gone_of(files)).await
    }

    fn gone_of(&self, files: Vec<PathBuf>) -> HashSet<PathBuf> {
        files.into_iter().filter(|file| matches!(self.at(file).try_exists(), Ok(false))).collect()
    }

    /// Those of `files` that are there now.
    pub async fn present(&self, files: Vec<PathBuf>) -> Result<HashMap<PathBuf, Present>, StoreError> {
        self.ask(move |store| {
            let present = |file: PathBuf| {
                let path = store.at(&file);
                let metadata = fs::metadata(&path).ok().filter(Metadata::is_file)?;
                let there = |kind: &TranscriptKind| transcript(&path, *kind).is_some();
                let transcripts = TranscriptKind::ALL.into_iter().filter(there).collect();
                Some((file, Present { bytes: metadata.len(), transcripts }))
            };
            files.into_iter().filter_map(present).collect()
        })
        .await
    }

    /// The transcript of that kind of the recording `file`, as a file of the store, if there is one.
    pub async fn transcript(&self, file: &Path, kind: TranscriptKind) -> Result<Option<PathBuf>, StoreError> {
        let (path, beside) = (self.at(file), file.with_extension(kind.extension()));
        blocking(move || Ok(transcript(&path, kind).map(|_| beside))).await
    }

    /// The size of a file in bytes.
    pub async fn size(&self, file: &Path) -> Result<u64, StoreError> {
        place::size(&self.at(file)).await
    }

    /// Whether no file has this name.
    pub async fn is_free(&self, file: &Path) -> Result<bool, StoreError> {
        let path = self.at(file);
        blocking(move || Ok(path.symlink_metadata().is_err())).await
    }

    /// All files that are recordings by their names, for as long as it takes to find them.
    pub async fn list(&self) -> Result<Vec<PathBuf>, StoreError> {
        self.search(|store| {
            let mut files = Vec::new();
            walk(&store.output, Path::new(""), 0, &mut files);
            files
        })
        .await
    }

    /// Those of `files` that are there, each as it is now, for as long as it takes.
    pub async fn versions(&self, files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Version)>, StoreError> {
        self.search(move |store| {
            let version = |file: PathBuf| {
                let metadata = store.at(&file).metadata().ok()?;
                let modified = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
                Some((file, Version { bytes: metadata.len(), modified }))
            };
            files.into_iter().filter_map(version).collect()
        })
        .await
    }

    /// What `read` finds in each of `files`, for as long as it takes; `None` where one cannot be opened.
    pub async fn read_each<T: Send + 'static>(
        &self,
        files: Vec<PathBuf>,
        read: impl Fn(File) -> T + Send + 'static,
    ) -> Result<Vec<Option<T>>, StoreError> {
        self.search(move |store| files.iter().map(|file| File::open(store.at(file)).ok().map(&read)).collect()).await
    }

    /// Whether the output folder itself is not there, or is empty, or what it lay on is not mounted: then it says nothing of
    /// what became of the files in it.
    pub async fn is_away(&self) -> Result<bool, StoreError> {
        let store = self.clone();
        let is_empty = |folder: &Path| fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        promptly(&self.output, move || Ok(store.mounted().is_err() || is_empty(&store.output))).await
    }

    /// What `look` says, which only reads. [`StoreError::Silent`] where that takes too long, [`StoreError::Unmounted`] where
    /// the output folder is not what it was.
    async fn ask<T: Send + 'static>(&self, look: impl FnOnce(&Self) -> T + Send + 'static) -> Result<T, StoreError> {
        promptly(&self.output, self.clone().looking(look)).await
    }

    /// As [`Store::ask`], for as long as it takes.
    async fn search<T: Send + 'static>(&self, look: impl FnOnce(&Self) -> T + Send + 'static) -> Result<T, StoreError> {
        blocking(self.clone().looking(look)).await
    }

    fn looking<T>(self, look: impl FnOnce(&Self) -> T) -> impl FnOnce() -> Result<T, StoreError> {
        move || self.mounted().map(|()| look(&self))
    }
}

/// The transcript of that kind of the recording at `path`, where there is one that is no older.
fn transcript(path: &Path, kind: TranscriptKind) -> Option<PathBuf> {
    let beside = path.with_extension(kind.extension());
    let written = modified(&beside)?;
    (written >= modified(path)?).then_some(beside)
}

/// When a file was last changed; nothing where it is none.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok().filter(Metadata::is_file)?.modified().ok()
}

/// What cannot be read is left out. Links to folders are not followed: they may lead in a circle.
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
    async fn a_transcript_is_beside_its_recording_and_no_older() {
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
        let there = Present { bytes: 0, transcripts: vec![TranscriptKind::Vtt] };
        assert_eq!(present, HashMap::from([(recording.clone(), there)]));
        let found = async |file: &Path, kind| store.transcript(file, kind).await.unwrap();
        assert_eq!(found(&recording, TranscriptKind::Vtt).await, Some("뉴스 2026.11.vtt".into()));
        assert_eq!(found(&recording, TranscriptKind::Srt).await, None);
        assert_eq!(found(&none, TranscriptKind::Vtt).await, None);
    }

    #[tokio::test]
    async fn what_is_listed_are_recordings_by_the_names_that_the_store_takes() {
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
        let named = [files.clone(), vec!["none.mp3".into()]].concat();
        let sizes: Vec<_> = store.versions(named.clone()).await.unwrap().into_iter().map(|it| it.1.bytes).collect();
        assert_eq!(sizes, [5, 12]);
        let read = store.read_each(named, |file| std::io::read_to_string(file).unwrap()).await.unwrap();
        assert_eq!(read, [Some("a.mp3".into()), Some("b/deep/2.mp3".to_owned()), None]);
    }
}
