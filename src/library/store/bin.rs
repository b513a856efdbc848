//! The bin: a hidden folder in the output folder, in which files that a person deleted wait, each under the name of its
//! airing. In the same file system, so that nothing is copied on the way in or out.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use super::error::StoreError;
use super::lane::blocking;
use super::name::{former_hidden_name, hidden_name};
use super::place;
use super::{HIDDEN, Store};
use crate::model::AiringId;

/// The bin in the hidden folder.
const BIN: &str = "bin";

impl Store {
    /// Moves the file of a recording into the bin, with the folders flushed, and removes the folders that are empty
    /// then. False where there is no such file, [`StoreError::Taken`] where another service that shares the folder has
    /// put the file of an airing with the same id there.
    pub async fn bin(&self, id: &AiringId, file: &Path) -> Result<bool, StoreError> {
        let (store, id, file) = (self.clone(), id.clone(), file.to_owned());
        blocking(move || {
            store.mounted()?;
            let binned = store.binned(&id);
            let from = store.at(&file);
            if file.components().any(|part| !matches!(part, Component::Normal(_))) || !from.is_file() {
                return Ok(false);
            }
            if let Some(folder) = binned.parent() {
                place::make_folders(folder)?;
            }
            if let Ok(there) = binned.symlink_metadata() {
                let same = from.metadata().is_ok_and(|here| (here.dev(), here.ino()) == (there.dev(), there.ino()));
                if !same {
                    return Err(StoreError::Taken { path: binned });
                }
                // A second name of the same file would make the rename do nothing.
                place::remove(&binned)?;
            }
            fs::rename(&from, &binned).map_err(|source| match source.kind() {
                io::ErrorKind::CrossesDevices => {
                    StoreError::Elsewhere { path: binned.clone(), temporary: from.clone() }
                }
                _ => StoreError::File { doing: "moved into the bin", path: from.clone(), source },
            })?;
            for folder in [binned.parent(), from.parent()].into_iter().flatten() {
                place::flush(folder)?;
            }
            store.remove_empty(&file);
            Ok(true)
        })
        .await
    }

    /// Gives the file in the bin the name `file` again; [`StoreError::Taken`] where another has it.
    pub async fn unbin(&self, id: &AiringId, file: &Path) -> Result<(), StoreError> {
        let (store, id, target) = (self.clone(), id.clone(), self.at(file));
        blocking(move || {
            store.mounted()?;
            place::place_now(&store.binned(&id), &target)?;
            store.remove_bin();
            Ok(())
        })
        .await
    }

    /// Removes the file in the bin; one that is not there is fine.
    pub async fn remove_binned(&self, id: &AiringId) -> Result<(), StoreError> {
        let (store, id) = (self.clone(), id.clone());
        blocking(move || {
            store.mounted()?;
            place::remove(&store.binned(&id))?;
            store.remove_bin();
            Ok(())
        })
        .await
    }

    /// Whether the file of an airing is in the bin.
    pub async fn is_binned(&self, id: &AiringId) -> Result<bool, StoreError> {
        let (store, id) = (self.clone(), id.clone());
        blocking(move || Ok(store.binned(&id).metadata().is_ok())).await
    }

    /// Where the file of an airing is while it is in the bin. Blocks.
    pub(in crate::library) fn binned(&self, id: &AiringId) -> PathBuf {
        let named = |name: String| self.output.join(HIDDEN).join(BIN).join(format!("{name}.mp3"));
        let path = named(hidden_name(id));
        // One that an earlier release has put there.
        let former = former_hidden_name(id).map(named).filter(|former| former.exists() && !path.exists());
        former.unwrap_or(path)
    }

    fn remove_bin(&self) {
        // Fails where something is in it, and then it should stay.
        let _ = fs::remove_dir(self.output.join(HIDDEN).join(BIN));
        let _ = fs::remove_dir(self.output.join(HIDDEN));
    }
}
