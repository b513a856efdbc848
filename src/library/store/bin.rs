//! The folder of the bin: a hidden folder in the output folder. Each file in it is named after its airing. The folder
//! is in the same file system, so that files are renamed and not copied.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use super::disk;
use super::error::StoreError;
use super::lane::blocking;
use super::name::{former_hidden_name, hidden_name};
use super::{HIDDEN, Store};
use crate::model::AiringId;

/// The name of the bin in the hidden folder.
const BIN: &str = "bin";

impl Store {
    /// Moves the file of a recording into the bin, flushes the folders, and removes folders that are empty then.
    /// Returns `false` if the file does not exist. Fails with [`StoreError::Taken`] if another service that shares the
    /// output folder has put the file of an airing with the same id into the bin.
    pub async fn move_into_bin(&self, id: &AiringId, file: &Path) -> Result<bool, StoreError> {
        let (store, id, file) = (self.clone(), id.clone(), file.to_owned());
        blocking(move || {
            store.check_mounted()?;
            let binned = store.binned_path(&id);
            let from = store.path_of(&file);
            if file.components().any(|part| !matches!(part, Component::Normal(_))) || !from.is_file() {
                return Ok(false);
            }
            if let Some(folder) = binned.parent() {
                disk::make_folders(folder)?;
            }
            if let Ok(existing) = binned.symlink_metadata() {
                let inode = (existing.dev(), existing.ino());
                if !from.metadata().is_ok_and(|file| (file.dev(), file.ino()) == inode) {
                    return Err(StoreError::Taken { path: binned });
                }
                // Both names are of one file, and then a rename does nothing.
                disk::remove(&binned)?;
            }
            fs::rename(&from, &binned).map_err(|source| match source.kind() {
                io::ErrorKind::CrossesDevices => {
                    StoreError::Elsewhere { path: binned.clone(), temporary: from.clone() }
                }
                _ => StoreError::File { doing: "moved into the bin", path: from.clone(), source },
            })?;
            for folder in [binned.parent(), from.parent()].into_iter().flatten() {
                disk::flush(folder)?;
            }
            store.remove_empty(&file);
            Ok(true)
        })
        .await
    }

    /// Moves the file of an airing out of the bin and gives it the name `file`. Fails with [`StoreError::Taken`] if
    /// another file has that name.
    pub async fn move_out_of_bin(&self, id: &AiringId, file: &Path) -> Result<(), StoreError> {
        let (store, id, target) = (self.clone(), id.clone(), self.path_of(file));
        blocking(move || {
            store.check_mounted()?;
            disk::give_name_now(&store.binned_path(&id), &target)?;
            store.remove_bin();
            Ok(())
        })
        .await
    }

    /// Removes the file of an airing from the bin. A file that does not exist is no error.
    pub async fn remove_binned(&self, id: &AiringId) -> Result<(), StoreError> {
        let (store, id) = (self.clone(), id.clone());
        blocking(move || {
            store.check_mounted()?;
            disk::remove(&store.binned_path(&id))?;
            store.remove_bin();
            Ok(())
        })
        .await
    }

    /// Returns whether the file of an airing is in the bin.
    pub async fn is_binned(&self, id: &AiringId) -> Result<bool, StoreError> {
        let (store, id) = (self.clone(), id.clone());
        blocking(move || Ok(store.binned_path(&id).metadata().is_ok())).await
    }

    /// Returns the path of the file of an airing while it is in the bin. Blocks.
    pub(in crate::library) fn binned_path(&self, id: &AiringId) -> PathBuf {
        let path_of_name = |name: String| self.output.join(HIDDEN).join(BIN).join(format!("{name}.mp3"));
        let path = path_of_name(hidden_name(id));
        // An earlier release may have named the file otherwise.
        let former = former_hidden_name(id).map(path_of_name).filter(|former| former.exists() && !path.exists());
        former.unwrap_or(path)
    }

    fn remove_bin(&self) {
        // A folder that is not empty stays.
        let _ = fs::remove_dir(self.output.join(HIDDEN).join(BIN));
        let _ = fs::remove_dir(self.output.join(HIDDEN));
    }
}
