//! The store: the recordings, on the local disk in the output folder. Every file in it is whole, and none is replaced.
//!
//! A recording is written to a hidden temporary file in the same file system, completed there, and then given its name.
//! These are the steps of [`Store::shelve`], each with what a crash after it leaves:
//!
//! 1. The temporary file is flushed to the disk. A crash leaves a hidden file, which the next start removes.
//! 2. Missing folders are created, and their parents flushed. A crash leaves empty folders, too.
//! 3. The file is renamed to the first free name, `name.mp3`, `name (2).mp3`, …, by one call that fails if the name is
//!    taken. A crash leaves the whole recording; a loss of power may undo the rename.
//! 4. The folder is flushed. A crash leaves the recording.
//!
//! On a file system without such a rename (some network and FUSE file systems), step 3 is a hard link and an unlink: a
//! crash in between leaves two names of one file. On a file system without hard links, an empty file reserves the name
//! and is replaced: a crash in between leaves the empty file. [`Store::resume`] repairs both.
//!
//! Only the file system decides whether a name is taken, so names that differ only in case collide if it does not
//! distinguish case.

mod bin;
mod contents;
mod disk;
mod error;
mod lane;
mod mount;
mod name;
mod parts;
mod reading;
mod writability;

use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};

use lane::{blocking, promptly};
use parts::{PART, PartOwner};

pub use contents::{Examined, Present, Version};
pub use disk::{Room, free_space, give_name, room_of, size};
pub use error::{StoreError, is_full};
pub use reading::Reading;
pub use writability::{test_append, test_write};

use crate::model::{AiringId, Codec};

/// The folder of temporary files in the output folder.
const HIDDEN: &str = ".aircheck";
/// How many numbered names are tried before the store reports an error.
const MOST_NAMES: u32 = 9_999;

/// The recordings. Each is named by its path relative to the output folder, as in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    output: PathBuf,
    /// The file that remembers the mount point of the output folder. `None` if nothing is remembered.
    mount_file: Option<PathBuf>,
    owner: PartOwner,
}

impl Store {
    /// Creates the store in the folder `output`, which need not exist yet.
    pub fn new(output: impl Into<PathBuf>) -> Self {
        Self { output: output.into(), mount_file: None, owner: PartOwner::default() }
    }

    /// Returns the store for the service whose state folder is `state`. It writes nothing while the file system of the
    /// output folder is not mounted, and tells its temporary files from those of others. Blocks.
    #[must_use]
    pub fn of_service(self, state: &Path) -> Self {
        Self { mount_file: Some(mount::mount_file(state)), owner: PartOwner::service(state), ..self }
    }

    /// Returns the store for a command that runs beside the service whose state folder is `state`. Blocks.
    #[must_use]
    pub fn of_command(self, state: &Path) -> Self {
        Self { owner: PartOwner::command(state), ..self.of_service(state) }
    }

    /// Fails with [`StoreError::Unmounted`] if the file system of the folder `output` is not mounted any more, by what
    /// the service with the state folder `state` remembers. Changes nothing. Blocks.
    pub fn check_still_mounted(output: &Path, state: &Path) -> Result<(), StoreError> {
        mount::check(output, &mount::mount_file(state))
    }

    /// Fails with [`StoreError::Unmounted`] if the file system of the output folder is not mounted any more. Blocks.
    fn check_mounted(&self) -> Result<(), StoreError> {
        self.mount_file.as_ref().map_or(Ok(()), |mount_file| mount::check_and_remember(&self.output, mount_file))
    }

    /// Returns the path of the recording `file` to show to a person. Nobody reads or writes by this path.
    pub fn shown(&self, file: &Path) -> PathBuf {
        self.path_of(file)
    }

    /// Returns the path by which a decoder reads the recording `file`.
    pub fn sound_of(&self, file: &Path) -> PathBuf {
        self.path_of(file)
    }

    /// Returns the output folder to show to a person.
    pub fn shown_folder(&self) -> &Path {
        &self.output
    }

    fn path_of(&self, file: &Path) -> PathBuf {
        self.output.join(file)
    }

    /// Returns the free space of the output folder, in bytes.
    pub async fn free_space(&self) -> Result<u64, StoreError> {
        disk::free_space(&self.output).await
    }

    /// Returns the path of the temporary file of an airing. Creates its folder, and removes the file of an earlier
    /// attempt.
    pub async fn temporary(&self, id: &AiringId) -> Result<PathBuf, StoreError> {
        let (store, path) = (self.clone(), self.temporary_path(id));
        blocking(move || {
            store.check_mounted()?;
            disk::make_folders(&store.output.join(HIDDEN))?;
            disk::remove(&path)?;
            Ok(path)
        })
        .await
    }

    /// Gives the temporary file the name `name`, made safe, with a number if it is taken. Folders in `name` are
    /// separated by `/`; it has no extension. Returns the file relative to the output folder.
    pub async fn shelve(&self, temporary: &Path, name: &str, codec: Codec) -> Result<PathBuf, StoreError> {
        let (store, temporary, name) = (self.clone(), temporary.to_owned(), name.to_owned());
        blocking(move || {
            store.check_mounted()?;
            let output = &store.output;
            for number in 1..=MOST_NAMES {
                let file = numbered(&name, codec, number);
                match disk::give_name_now(&temporary, &output.join(&file)) {
                    Err(StoreError::Taken { .. }) => {}
                    Err(error) => return Err(error),
                    Ok(()) => return Ok(file),
                }
            }
            Err(StoreError::Taken { path: output.join(numbered(&name, codec, MOST_NAMES)) })
        })
        .await
    }

    /// Gives the temporary file exactly the name `file`, as [`give_name`] does. `file` is relative to the output
    /// folder.
    pub async fn give_name(&self, temporary: &Path, file: &Path) -> Result<(), StoreError> {
        let (store, temporary, target) = (self.clone(), temporary.to_owned(), self.path_of(file));
        blocking(move || {
            store.check_mounted()?;
            disk::give_name_now(&temporary, &target)
        })
        .await
    }

    /// Returns the first free name of those that [`Store::shelve`] tries, from the number `first` on, and its number.
    /// The name is relative to the output folder.
    pub async fn free_name(&self, name: &str, codec: Codec, first: u32) -> Result<(PathBuf, u32), StoreError> {
        let (output, name) = (self.output.clone(), name.to_owned());
        blocking(move || {
            (first.max(1)..=MOST_NAMES)
                .map(|number| (numbered(&name, codec, number), number))
                .find(|(file, _)| output.join(file).symlink_metadata().is_err())
                .ok_or_else(|| StoreError::Taken { path: output.join(numbered(&name, codec, MOST_NAMES)) })
        })
        .await
    }

    /// Returns, after a crash, whether the temporary file of the airing, which had `bytes` bytes, has got the name
    /// `file`. Repairs what an interrupted step 3 has left.
    pub async fn resume(&self, id: &AiringId, file: &Path, bytes: u64) -> Result<bool, StoreError> {
        let (store, temporary, target) = (self.clone(), self.temporary_path(id), self.path_of(file));
        let resume = move || {
            store.check_mounted()?;
            disk::resume(&temporary, &target, bytes)
        };
        // If this takes too long, it can be repeated.
        promptly(&self.output, resume).await
    }

    /// Removes the file of a recording, and the folders that are empty then, but not the output folder. A file that
    /// does not exist is no error.
    pub async fn remove(&self, file: &Path) -> Result<(), StoreError> {
        let (store, file) = (self.clone(), file.to_owned());
        blocking(move || {
            if file.components().any(|part| !matches!(part, Component::Normal(_))) {
                // The store has not named such a file.
                return Ok(());
            }
            store.check_mounted()?;
            disk::remove(&store.output.join(&file))?;
            store.remove_empty(&file);
            Ok(())
        })
        .await
    }

    /// Removes the folders above `file` that are empty, but not the output folder.
    fn remove_empty(&self, file: &Path) {
        for folder in file.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty()) {
            if std::fs::remove_dir(self.output.join(folder)).is_err() {
                break;
            }
        }
    }

    /// Removes the temporary files that a crash has left, and the hidden folder if it is empty then. Called at the
    /// start, after recovery. Others may write into the same folder, so a file that may be in use is removed only if it
    /// has not changed for a day. Returns how many files were removed.
    pub async fn clean(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let (hidden, owner) = (self.output.join(HIDDEN), self.owner.clone());
        blocking(move || {
            let Ok(entries) = std::fs::read_dir(&hidden) else { return Ok(0) };
            let mut removed = 0;
            for entry in entries.flatten().filter(|entry| owner.is_left_over(entry, now)) {
                disk::remove(&entry.path())?;
                removed += 1;
            }
            // A folder that is not empty stays.
            let _ = std::fs::remove_dir(&hidden);
            Ok(removed)
        })
        .await
    }

    fn temporary_path(&self, id: &AiringId) -> PathBuf {
        self.output.join(HIDDEN).join(self.owner.file_name(id))
    }
}

/// Returns the path of a hidden temporary file beside `target`. [`give_name`] gives it the name `target` later.
pub fn temporary_beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{}{PART}", name::shorten(&name, 240)))
}

/// Returns the file for `name` with this number; 1 stands for no number.
fn numbered(name: &str, codec: Codec, number: u32) -> PathBuf {
    let mut file = name::safe_path(name).into_os_string();
    if number > 1 {
        file.push(format!(" ({number})"));
    }
    file.push(".");
    file.push(codec.extension());
    PathBuf::from(file)
}

#[cfg(test)]
mod tests;
