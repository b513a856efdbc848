//! The store: where the recordings are, on the local disk in the output folder. Every file in it is whole, and none is ever
//! replaced.
//!
//! A recording is written as a hidden temporary file in the same file system, finished there, and then given its name.
//! [`Store::shelve`], in numbered steps, with what a crash after each leaves:
//!
//! 1. the temporary file is flushed to the disk: a hidden file, removed at the next start;
//! 2. missing folders are made, and their parents flushed: empty folders besides;
//! 3. the file is renamed to the first free name, `name.mp3`, `name (2).mp3`, …, by one call that fails where the name
//!    is taken: the recording, whole, under a name that may be lost with the power;
//! 4. the folder is flushed: the recording.
//!
//! Where a file system has no such rename (some network and FUSE ones), step 3 is a hard link and an unlink: a crash
//! between them leaves two names of one file. Where it has no links either, an empty file reserves the name and is
//! replaced: a crash between leaves that empty file. [`Store::resume`] puts both right.
//!
//! Whether a name is taken is always asked of the file system, so names that differ only in case collide exactly where
//! they do.

mod bin;
mod contents;
mod error;
mod lane;
mod mount;
mod name;
mod parts;
mod place;
mod probe;
mod reading;

use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};

use lane::{blocking, promptly};
use parts::{PART, Parts};

pub use contents::{Present, Version};
pub use error::{StoreError, is_full};
pub use place::{free_space, place, size};
pub use probe::{goes_on, probe};
pub use reading::Reading;

use crate::model::{AiringId, Codec};

/// The folder of temporary files in the output folder.
const HIDDEN: &str = ".aircheck";
/// Names tried before the store says that something is wrong.
const MOST_NAMES: u32 = 9_999;

/// Where the recordings are. A recording is named by its path relative to the output folder, as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    output: PathBuf,
    /// The file in which it is remembered on what mount it lies.
    memory: Option<PathBuf>,
    parts: Parts,
}

impl Store {
    /// The store in the folder `output`, which need not exist yet.
    pub fn new(output: impl Into<PathBuf>) -> Self {
        Self { output: output.into(), memory: None, parts: Parts::default() }
    }

    /// As the service uses it whose state is in the folder `state`: nothing is written while what the output folder lay on is
    /// not mounted, and the unfinished files of the service are told from those of others who write into it. Blocks.
    #[must_use]
    pub fn of_service(self, state: &Path) -> Self {
        Self { memory: Some(mount::memory(state)), parts: Parts::of_service(state), ..self }
    }

    /// As a command uses it beside the service whose state is in `state`. Blocks.
    #[must_use]
    pub fn of_command(self, state: &Path) -> Self {
        Self { parts: Parts::of_command(state), ..self.of_service(state) }
    }

    /// [`StoreError::Unmounted`] where what the folder `output` lay on is not mounted any more, as the service knows whose state
    /// is in the folder `state`. Changes nothing. Blocks.
    pub fn still_mounted(output: &Path, state: &Path) -> Result<(), StoreError> {
        mount::still_mounted(output, &mount::memory(state))
    }

    /// [`StoreError::Unmounted`] where what it lay on is not mounted any more. Blocks.
    fn mounted(&self) -> Result<(), StoreError> {
        self.memory.as_ref().map_or(Ok(()), |memory| mount::check(&self.output, memory))
    }

    /// Where the recording `file` is, for a person to be told: nothing is read or written by that path.
    pub fn shown(&self, file: &Path) -> PathBuf {
        self.at(file)
    }

    /// Where the recordings are, for a person to be told, as when nothing can be written there.
    pub fn shown_folder(&self) -> &Path {
        &self.output
    }

    /// The file of a recording on the disk.
    fn at(&self, file: &Path) -> PathBuf {
        self.output.join(file)
    }

    /// The bytes that are free for recordings.
    pub async fn room(&self) -> Result<u64, StoreError> {
        place::free_space(&self.output).await
    }

    /// Where the temporary file of an airing goes: the folder is made, and what an earlier attempt left is removed.
    pub async fn temporary(&self, id: &AiringId) -> Result<PathBuf, StoreError> {
        let (store, path) = (self.clone(), self.temporary_path(id));
        blocking(move || {
            store.mounted()?;
            place::make_folders(&store.output.join(HIDDEN))?;
            place::remove(&path)?;
            Ok(path)
        })
        .await
    }

    /// Gives the temporary file `name`, made safe and numbered where it is taken. Folders in it are separated by `/`;
    /// it has no extension. Returns the file relative to the output folder.
    pub async fn shelve(&self, temporary: &Path, name: &str, codec: Codec) -> Result<PathBuf, StoreError> {
        let (store, temporary, name) = (self.clone(), temporary.to_owned(), name.to_owned());
        blocking(move || {
            store.mounted()?;
            let output = &store.output;
            for number in 1..=MOST_NAMES {
                let candidate = candidate(&name, codec, number);
                match place::place_now(&temporary, &output.join(&candidate)) {
                    Err(StoreError::Taken { .. }) => {}
                    Err(error) => return Err(error),
                    Ok(()) => return Ok(candidate),
                }
            }
            Err(StoreError::Taken { path: output.join(candidate(&name, codec, MOST_NAMES)) })
        })
        .await
    }

    /// Gives the temporary file exactly the name `file`, relative to the output folder, as [`place()`] does.
    pub async fn place(&self, temporary: &Path, file: &Path) -> Result<(), StoreError> {
        let (store, temporary, target) = (self.clone(), temporary.to_owned(), self.at(file));
        blocking(move || {
            store.mounted()?;
            place::place_now(&temporary, &target)
        })
        .await
    }

    /// The first of the names that [`Store::shelve`] would try, from number `first` on, that is free now: the file
    /// relative to the output folder, and its number.
    pub async fn free_name(&self, name: &str, codec: Codec, first: u32) -> Result<(PathBuf, u32), StoreError> {
        let (output, name) = (self.output.clone(), name.to_owned());
        blocking(move || {
            (first.max(1)..=MOST_NAMES)
                .map(|number| (candidate(&name, codec, number), number))
                .find(|(file, _)| output.join(file).symlink_metadata().is_err())
                .ok_or_else(|| StoreError::Taken { path: output.join(candidate(&name, codec, MOST_NAMES)) })
        })
        .await
    }

    /// After a crash: whether the temporary file of this airing, `bytes` long, has already got the name `file`. What
    /// an interrupted step 3 left is put right.
    pub async fn resume(&self, id: &AiringId, file: &Path, bytes: u64) -> Result<bool, StoreError> {
        let (store, temporary, target) = (self.clone(), self.temporary_path(id), self.at(file));
        let resume = move || {
            store.mounted()?;
            place::resume(&temporary, &target, bytes)
        };
        // Where that takes too long it may be asked again: twice changes nothing.
        promptly(&self.output, resume).await
    }

    /// Removes the file of a recording, and the folders that are empty then, never the output folder itself. A file
    /// that is not there is fine.
    pub async fn remove(&self, file: &Path) -> Result<(), StoreError> {
        let (store, file) = (self.clone(), file.to_owned());
        blocking(move || {
            if file.components().any(|part| !matches!(part, Component::Normal(_))) {
                // Only what the store has named itself.
                return Ok(());
            }
            store.mounted()?;
            place::remove(&store.output.join(&file))?;
            store.remove_empty(&file);
            Ok(())
        })
        .await
    }

    /// Removes the folders above `file` that are empty, never the output folder itself.
    fn remove_empty(&self, file: &Path) {
        for folder in file.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty()) {
            if std::fs::remove_dir(self.output.join(folder)).is_err() {
                break;
            }
        }
    }

    /// At start, after recovery: removes the temporary files that a crash has left, and the hidden folder if it is
    /// empty then. Others may write into the same folder: what is not known to be nobody's goes only when it has not
    /// changed for a day. Returns how many files went.
    pub async fn clean(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let (hidden, parts) = (self.output.join(HIDDEN), self.parts.clone());
        blocking(move || {
            let Ok(entries) = std::fs::read_dir(&hidden) else { return Ok(0) };
            let mut removed = 0;
            for entry in entries.flatten().filter(|entry| parts.is_left_over(entry, now)) {
                place::remove(&entry.path())?;
                removed += 1;
            }
            // Fails where something else lies in it, and then it should stay.
            let _ = std::fs::remove_dir(&hidden);
            Ok(removed)
        })
        .await
    }

    fn temporary_path(&self, id: &AiringId) -> PathBuf {
        self.output.join(HIDDEN).join(self.parts.name(id))
    }
}

/// A hidden temporary file beside `target`, for a recording that gets exactly the name `target` by [`place()`].
pub fn temporary_beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{}{PART}", name::shorten(&name, 240)))
}

/// The file that gets the name when `number - 1` others have it already.
fn candidate(name: &str, codec: Codec, number: u32) -> PathBuf {
    let mut file = name::relative(name).into_os_string();
    if number > 1 {
        file.push(format!(" ({number})"));
    }
    file.push(".");
    file.push(codec.extension());
    PathBuf::from(file)
}

#[cfg(test)]
mod tests;
