//! Strays: recordings in the output folder that the list does not have, as after an older catalogue was put back.
//!
//! They are found by their names and told by their [`imprint`]. Only somebody who asks for it puts them on the list:
//! what is on it goes by `keep`, and the folder may also be another service's, whose recordings are not this one's to
//! delete. What a file is, the catalogue remembers: it is opened again only when its size or the time of its last
//! change is another.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::catalogue::{Catalogue, CatalogueError, Found, Glance, Recording};
use super::imprint;
use super::store::{Store, StoreError, Version};
use crate::base::clock::Clock;
use crate::model::{AiringId, Finished};

/// So many files are opened to tell whether they are recordings, before others may have the disk for [`BREATH`].
const GLANCES: usize = 200;
const BREATH: Duration = Duration::from_secs(1);
/// So many are put on the list in one transaction.
const AT_ONCE: usize = 500;

/// Why they cannot be told.
#[derive(Debug, Error)]
pub enum StraysError {
    /// The list cannot be read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The output folder cannot be looked at.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many recordings of aircheck are in the output folder that the list does not have.
pub async fn count(catalogue: &Catalogue, store: &Store, clock: &dyn Clock) -> Result<usize, StraysError> {
    let Unknown { known, new, .. } = unknown(catalogue, store).await?;
    let mut count = known.iter().filter(|(_, seen)| seen.found == Found::Recording).count();
    for (place, files) in new.chunks(GLANCES).enumerate() {
        if place > 0 {
            clock.sleep(BREATH).await;
        }
        let are_some = store.read_each(names(files), imprint::is_in).await?;
        let glance = |((file, is), is_one): (&(PathBuf, Glance), Option<bool>)| {
            let found = if is_one.unwrap_or_default() { Found::Recording } else { Found::Unlikely };
            (file.clone(), Glance { found, ..*is })
        };
        let seen: Vec<_> = files.iter().zip(are_some).map(glance).collect();
        count += seen.iter().filter(|(_, seen)| seen.found == Found::Recording).count();
        catalogue.remember(seen, Vec::new()).await?;
    }
    Ok(count)
}

/// Puts them on the list at `now`: those whose airing it does not have, or has as failed and without a file. Returns
/// their rows.
pub async fn adopt(catalogue: &Catalogue, store: &Store, now: DateTime<Utc>) -> Result<Vec<Recording>, StraysError> {
    let mut adopted: Vec<AiringId> = Vec::new();
    let Unknown { known, new } = unknown(catalogue, store).await?;
    // A program may have put a picture before what tells it, and so a glance is not enough.
    let may_be = known.into_iter().filter(|(_, seen)| seen.found != Found::Other);
    let files: Vec<_> = may_be.chain(new).collect();
    for files in files.chunks(AT_ONCE) {
        let (mut found, mut seen) = (Vec::new(), Vec::new());
        for ((file, was), recording) in files.iter().zip(store.read_each(names(files), imprint::of).await?) {
            let recording: Option<Finished> = recording.flatten();
            let is = if recording.is_some() { Found::Recording } else { Found::Other };
            seen.push((file.clone(), Glance { found: is, ..*was }));
            found.extend(recording.map(|mut recording| {
                let outcome = &mut recording.outcome;
                (outcome.file, outcome.bytes, outcome.at) = (Some(file.clone()), Some(was.bytes), now);
                recording
            }));
        }
        adopted.extend(catalogue.adopt(found).await?);
        catalogue.remember(seen, Vec::new()).await?;
    }
    let mut rows = Vec::new();
    for id in adopted {
        rows.extend(catalogue.get(&id).await?);
    }
    Ok(rows)
}

/// The MP3s in the output folder that no row has, by their names, each as it is now.
struct Unknown {
    /// They are as they were when they were looked at.
    known: Vec<(PathBuf, Glance)>,
    /// They are new, or have changed.
    new: Vec<(PathBuf, Glance)>,
}

async fn unknown(catalogue: &Catalogue, store: &Store) -> Result<Unknown, StraysError> {
    let mut files = store.list().await?;
    // After the files: a row has the name before its file gets it.
    let listed: HashSet<PathBuf> = catalogue.file_names().await?.into_iter().collect();
    files.retain(|file| !listed.contains(file));
    let mut remembered = catalogue.glances().await?;
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for (file, Version { bytes, modified }) in store.versions(files).await? {
        // What it is has yet to be seen.
        let is = Glance { bytes, modified, found: Found::Unlikely };
        match remembered.remove(&file) {
            Some(was) if (was.bytes, was.modified) == (is.bytes, is.modified) => known.push((file, was)),
            _ => new.push((file, is)),
        }
    }
    catalogue.remember(Vec::new(), remembered.into_keys().collect()).await?;
    Ok(Unknown { known, new })
}

fn names(files: &[(PathBuf, Glance)]) -> Vec<PathBuf> {
    files.iter().map(|(file, _)| file.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::SystemTime;

    use super::*;
    use crate::base::clock::simulated::SimulatedClock;

    /// A file that says it is a recording, or says nothing, of the same size.
    fn write(path: &Path, is_one: bool) {
        let beginning = if is_one { "ID3\0AIRCHECK\0{\"airing\":" } else { "ID3\0--------\0{\"airing\":" };
        fs::write(path, beginning).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_was_looked_at_is_not_opened_again_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let open = async || Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.path().join("out"));
        let file = |name: &str| store.shown(Path::new(name));
        fs::create_dir_all(file("deep")).unwrap();
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let counted = async || clock.pass_until(count(&open().await, &store, clock.as_ref())).await.unwrap();
        for number in 0..GLANCES {
            write(&file(&format!("{number}.mp3")), false);
        }
        write(&file("0.mp3"), true);
        write(&file("deep/one.mp3"), true);
        assert_eq!(counted().await, 2);
        // Of the same size and time: only who opened it would know.
        write(&file("1.mp3"), true);
        write(&file("deep/one.mp3"), false);
        assert_eq!(counted().await, 2);
        let touched = File::options().write(true).open(file("1.mp3")).unwrap();
        touched.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(1)).unwrap();
        assert_eq!(counted().await, 3);
        fs::remove_file(file("0.mp3")).unwrap();
        fs::remove_file(file("deep/one.mp3")).unwrap();
        assert_eq!(counted().await, 1);
        assert_eq!(open().await.glances().await.unwrap().len(), GLANCES - 1, "what is gone is forgotten");

        // Who wants to have them on the list has them read whole, once.
        assert_eq!(adopt(&open().await, &store, DateTime::UNIX_EPOCH).await.unwrap(), []);
        assert!(open().await.glances().await.unwrap().values().all(|seen| seen.found == Found::Other));
        assert_eq!(counted().await, 0);
    }
}
