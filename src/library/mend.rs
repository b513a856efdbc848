//! Mends what the list says about the files in the output folder, if a person asks for it: files that were moved, renamed or
//! retagged are followed, and recordings that the list has lost are put on it, as far as their tags tell. Nothing is deleted,
//! and no file is written. To do it twice changes nothing more.

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::catalogue::{Catalogue, Kept, Recording};
use super::moved::{self, Moved};
use super::ours::{self, FileState};
use super::store::{Store, Version};
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
    let lacking = catalogue.kept(|_, _| true).await?.into_iter().filter(|it| it.file.is_none());
    let lacking: HashMap<AiringId, Kept> = lacking.map(|it| (it.id.clone(), it)).collect();
    if lacking.is_empty() {
        return Ok(Vec::new());
    }
    let strays = strays::unlisted(catalogue, store.list().await?).await?;
    let sizes: HashMap<PathBuf, Version> = store.versions(strays.clone()).await?.into_iter().collect();
    let mut found: HashMap<AiringId, Vec<(PathBuf, u64)>> = HashMap::new();
    for (file, imprinted) in strays::identify(store, strays).await? {
        let (Some(imprinted), Some(version)) = (imprinted, sizes.get(&file)) else { continue };
        if lacking.get(&imprinted.airing.id).is_some_and(|it| moved::is_of(&imprinted, it)) {
            found.entry(imprinted.airing.id).or_default().push((file, version.bytes));
        }
    }
    let mut returned = Vec::new();
    for (id, files) in found {
        let listed = lacking.get(&id).map_or(0, |it| it.bytes);
        if let Some((file, bytes)) = moved::one_of(store, files, listed).await
            && catalogue.follow(&id, None, &file, bytes).await?
        {
            returned.push((id, file));
        }
    }
    returned.sort();
    Ok(returned)
}
