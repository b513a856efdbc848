//! Files that a person has moved or renamed within the output folder, perhaps with other tags: the list follows them.
//!
//! One look costs the names in the folder and the names on the list. Only if a file that should be there is gone, and one is
//! there that the list does not have, files are opened: those first that have the size of one that is gone. The [`imprint`]
//! says of which recording a file is; the catalogue remembers that (a glance), so that a file is opened again only if it
//! changes, or its recording is gone. Two files of one recording are copies: if their bytes are the same, either is as good;
//! otherwise a person has to say which counts, and nothing is followed.
//!
//! A file that was moved out of the folder is not ours any more.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use tracing::info;

use super::catalogue::{Catalogue, Found, Glance, Kept};
use super::imprint;
use super::store::{Store, Version};
use super::strays::{self, StraysError};
use crate::base::blocking::blocking;
use crate::base::clock::Clock;
use crate::base::hash::sha256_of_file;
use crate::model::{AiringId, Finished};

/// How many files are opened at once.
const OPENED_AT_ONCE: usize = 200;
/// How many files are opened in one look; the others are in a later one.
const MOST_OPENED: usize = 2_000;
/// The pause after opening files, in which others can use the disk.
const PAUSE: Duration = Duration::from_secs(1);

/// A recording whose file has another name now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The recording.
    pub id: AiringId,
    /// Where the file was, relative to the output folder.
    pub from: PathBuf,
    /// Where it is.
    pub to: PathBuf,
    /// Its size now.
    pub bytes: u64,
}

/// Finds files that were moved within the output folder, and writes down where they are. Returns them.
///
/// # Errors
/// The catalogue or the output folder cannot be read.
pub async fn follow(catalogue: &Catalogue, store: &Store, clock: &dyn Clock) -> Result<Vec<Moved>, StraysError> {
    let mut followed = Vec::new();
    for moved in find(catalogue, store, Some(clock)).await? {
        if catalogue.follow(&moved.id, Some(&moved.from), &moved.to, moved.bytes).await? {
            let (airing, from, to) = (&moved.id, moved.from.display(), moved.to.display());
            info!(%airing, %from, %to, "the file of a recording was moved by hand; the list follows it");
            followed.push(moved);
        }
    }
    Ok(followed)
}

/// Finds files that were moved within the output folder. With a clock it takes its time, remembers what it has opened, and
/// opens only some of many; without one it opens all.
///
/// # Errors
/// The catalogue or the output folder cannot be read.
pub async fn find(catalogue: &Catalogue, store: &Store, clock: Option<&dyn Clock>) -> Result<Vec<Moved>, StraysError> {
    let Some((gone, strays)) = gone_and_strays(catalogue, store).await? else { return Ok(Vec::new()) };
    let sizes: HashSet<u64> = gone.values().map(|recording| recording.bytes).collect();
    let remembered = if clock.is_some() { catalogue.glances().await? } else { HashMap::new() };
    let mut unread = Vec::new();
    let mut found: HashMap<AiringId, Vec<(PathBuf, u64)>> = HashMap::new();
    for (file, version) in store.versions(strays).await? {
        let known = remembered.get(&file).filter(|it| (it.bytes, it.modified) == (version.bytes, version.modified));
        match known {
            Some(Glance { airing: Some(airing), .. }) if !gone.contains_key(airing) => {}
            Some(Glance { found: Found::Other, .. }) => {}
            _ => unread.push((file, version)),
        }
    }
    unread.sort_by_key(|(_, version)| !sizes.contains(&version.bytes));
    if clock.is_some() {
        unread.truncate(MOST_OPENED);
    }
    for (number, files) in unread.chunks(OPENED_AT_ONCE).enumerate() {
        if let Some(clock) = clock.filter(|_| number > 0) {
            clock.sleep(PAUSE).await;
        }
        let names = files.iter().map(|(file, _)| file.clone()).collect();
        let mut glances = Vec::new();
        for ((file, version), imprinted) in files.iter().zip(store.read_each(names, imprint::read).await?) {
            // A file that cannot be opened is not remembered: it is tried again.
            let Some(imprinted) = imprinted else { continue };
            glances.push((file.clone(), glance(*version, imprinted.as_ref())));
            let Some(imprinted) = imprinted else { continue };
            if gone.get(&imprinted.airing.id).is_some_and(|recording| is_of(&imprinted, recording)) {
                found.entry(imprinted.airing.id).or_default().push((file.clone(), version.bytes));
            }
        }
        if clock.is_some() {
            catalogue.remember(glances, Vec::new()).await?;
        }
    }
    let mut moved = Vec::new();
    for (id, files) in found {
        let Some((from, bytes)) = gone.get(&id).and_then(|it| Some((it.file.clone()?, it.bytes))) else { continue };
        if let Some((to, bytes)) = one_of(store, files, bytes).await {
            moved.push(Moved { id, from, to, bytes });
        }
    }
    moved.sort_by(|one, other| one.from.cmp(&other.from));
    Ok(moved)
}

/// Returns the recordings whose file should be in the folder and is not, and the files that no row has. `None` if there is
/// nothing to find: no file is gone, or none is new, or the folder is away.
async fn gone_and_strays(
    catalogue: &Catalogue,
    store: &Store,
) -> Result<Option<(HashMap<AiringId, Kept>, Vec<PathBuf>)>, StraysError> {
    // This fails soon if the disk hangs, and what follows would wait for it.
    if store.is_away().await? {
        return Ok(None);
    }
    let files: HashSet<PathBuf> = store.list().await?.into_iter().collect();
    let listed = catalogue.kept(|_, _| true).await?;
    let is_missing = |it: &Kept| it.bytes > 0 && it.file.as_ref().is_some_and(|file| !files.contains(file));
    let missing: Vec<Kept> = listed.into_iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let strays = strays::unlisted(catalogue, files).await?;
    if strays.is_empty() || store.is_away().await? {
        return Ok(None);
    }
    // What is no plain file is not in the list of files, and may be there all the same.
    let gone = store.gone(missing.iter().filter_map(|it| it.file.clone()).collect()).await?;
    let is_gone = |it: &Kept| it.file.as_ref().is_some_and(|file| gone.contains(file));
    let gone: HashMap<_, _> = missing.into_iter().filter(is_gone).map(|it| (it.id.clone(), it)).collect();
    Ok((!gone.is_empty()).then_some((gone, strays)))
}

fn glance(Version { bytes, modified }: Version, imprinted: Option<&Finished>) -> Glance {
    let (airing, found) = match imprinted {
        Some(imprinted) => (Some(imprinted.airing.id.clone()), Found::Recording),
        None => (None, Found::Other),
    };
    Glance { bytes, modified, found, airing }
}

/// Whether an imprint is of this recording: anybody may write an id into a tag.
pub(super) fn is_of(imprinted: &Finished, recording: &Kept) -> bool {
    let airing = &imprinted.airing;
    let apart = (airing.on_air.start - recording.on_air.start).abs();
    airing.show == recording.show && airing.station == recording.station && apart < TimeDelta::seconds(1)
}

/// Returns which of `files`, all of one recording that had `bytes` bytes, is its file. `None` if nobody can tell.
pub(super) async fn one_of(store: &Store, files: Vec<(PathBuf, u64)>, bytes: u64) -> Option<(PathBuf, u64)> {
    let same: Vec<_> = files.iter().filter(|(_, size)| *size == bytes).cloned().collect();
    let mut candidates = if same.is_empty() { files } else { same };
    candidates.sort();
    let first = candidates.first()?.clone();
    if candidates.len() > 1 {
        let mut sums = HashSet::new();
        for (file, bytes) in &candidates {
            sums.insert(checksum(store, file, *bytes).await?);
        }
        if sums.len() > 1 {
            return None;
        }
    }
    Some(first)
}

/// Returns the checksum of a whole file. `None` if it cannot be read.
async fn checksum(store: &Store, file: &Path, bytes: u64) -> Option<String> {
    let path = store.sound_of(file);
    blocking(move || sha256_of_file(&path, bytes)).await.ok().flatten()
}

#[cfg(test)]
mod tests;
