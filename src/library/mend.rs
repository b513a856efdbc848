//! Mends what the list says about the files in the output folder, if a person asks for it: files that were moved, renamed or
//! retagged are followed, and recordings that the list has lost are put on it, as far as their tags tell. Nothing is deleted,
//! and no file is written. To do it twice changes nothing more.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::catalogue::{Catalogue, Kept, Recording};
use super::moved::{self, Moved};
use super::ours::{self, FileState};
use super::store::Store;
use super::strays::{self, StraysError};
use crate::model::AiringId;

/// What was mended.
#[derive(Debug, Default)]
pub struct Mended {
    /// Recordings whose file was moved or renamed.
    pub moved: Vec<Moved>,
    /// Recordings whose tags were changed, and their files.
    pub retagged: Vec<(AiringId, PathBuf)>,
    /// Recordings that were put on the list.
    pub adopted: Vec<Recording>,
    /// Recordings on the list that had lost the name of their file, and have one again.
    pub returned: Vec<(AiringId, PathBuf)>,
}

/// Mends the list at `now`.
///
/// # Errors
/// The catalogue or the output folder cannot be used.
pub async fn mend(catalogue: &Catalogue, store: &Store, now: DateTime<Utc>) -> Result<Mended, StraysError> {
    let mut mended = Mended::default();
    for moved in moved::find(catalogue, store, None).await? {
        if catalogue.follow(&moved.id, Some(&moved.from), &moved.to, moved.bytes).await? {
            mended.moved.push(moved);
        }
    }
    mended.retagged = retagged(catalogue, store).await?;
    mended.adopted = strays::adopt(catalogue, store, now).await?;
    mended.returned = returned(catalogue, store).await?;
    Ok(mended)
}

/// Writes down the sizes of files whose tags were changed.
async fn retagged(catalogue: &Catalogue, store: &Store) -> Result<Vec<(AiringId, PathBuf)>, StraysError> {
    let listed = catalogue.kept(|_, _| true).await?;
    let files = listed.iter().filter(|it| it.bytes > 0).filter_map(|it| it.file.clone()).collect();
    let mut retagged = Vec::new();
    let mut by_file: HashMap<PathBuf, Kept> =
        listed.into_iter().filter_map(|it| Some((it.file.clone()?, it))).collect();
    for (file, version) in store.versions(files).await? {
        let Some(Kept { id, bytes, finished_at, .. }) = by_file.remove(&file) else { continue };
        if bytes == version.bytes {
            continue;
        }
        if let FileState::Retagged(new) = ours::state(store, &id, &file, (Some(bytes), finished_at)).await?
            && catalogue.follow(&id, Some(&file), &file, new).await?
        {
            retagged.push((id, file));
        }
    }
    Ok(retagged)
}

/// Gives recordings that have no file by the list the files that have their imprint.
async fn returned(catalogue: &Catalogue, store: &Store) -> Result<Vec<(AiringId, PathBuf)>, StraysError> {
    let known: HashSet<PathBuf> = catalogue.file_names().await?.into_iter().collect();
    let strays: Vec<_> = store.list().await?.into_iter().filter(|file| !known.contains(file)).collect();
    let mut returned = Vec::new();
    for (file, imprinted) in strays::identify(store, strays).await? {
        let Some(imprinted) = imprinted else { continue };
        let id = imprinted.airing.id;
        let lacks_file = |it: &Recording| it.finished_at.is_some() && it.file.is_none() && it.binned.is_none();
        if catalogue.get(&id).await?.is_none_or(|it| !lacks_file(&it)) {
            continue;
        }
        let bytes = store.size(&file).await?;
        if catalogue.follow(&id, None, &file, bytes).await? {
            returned.push((id, file));
        }
    }
    Ok(returned)
}
