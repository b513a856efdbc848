//! Strays: recordings in the output folder that the list does not have, for example after an older catalogue was
//! restored.
//!
//! They are found by their names and recognised by their [`imprint`]. They come on the list only if a person asks for
//! it: retention deletes recordings that are on the list, and the folder may belong to another service, too. The
//! catalogue remembers what a file is (a glance), so that it is opened again only if its size or the time of its last
//! change differs.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::catalogue::{Catalogue, CatalogueError, Found, Glance, Recording};
use super::imprint;
use super::store::{Store, StoreError, Version};
use crate::base::clock::Clock;
use crate::model::{AiringId, Finished, Note, NoteKind};

/// How many files are opened at once.
const OPENED_AT_ONCE: usize = 200;
/// The pause after opening files, in which others can use the disk.
const PAUSE: Duration = Duration::from_secs(1);
/// How many recordings are put on the list in one transaction.
const ADOPTED_AT_ONCE: usize = 500;

/// Why strays cannot be counted or adopted.
#[derive(Debug, Error)]
pub enum StraysError {
    /// The catalogue fails.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Counts the strays in the output folder.
pub async fn count(catalogue: &Catalogue, store: &Store, clock: &dyn Clock) -> Result<usize, StraysError> {
    let Unknown { known, new, .. } = unknown(catalogue, store).await?;
    let mut count = known.iter().filter(|(_, glance)| glance.found == Found::Recording).count();
    for (number, files) in new.chunks(OPENED_AT_ONCE).enumerate() {
        if number > 0 {
            clock.sleep(PAUSE).await;
        }
        let are_likely = store.read_each(names(files), imprint::is_likely).await?;
        // A file that cannot be opened is not remembered: it is tried again.
        let with_found = |((file, glance), is_likely): (&(PathBuf, Glance), Option<bool>)| {
            let found = if is_likely? { Found::Recording } else { Found::Unlikely };
            Some((file.clone(), Glance { found, ..glance.clone() }))
        };
        let glances: Vec<_> = files.iter().zip(are_likely).filter_map(with_found).collect();
        count += glances.iter().filter(|(_, glance)| glance.found == Found::Recording).count();
        catalogue.remember(glances, Vec::new()).await?;
    }
    Ok(count)
}

/// Puts strays on the list at `now`, unless it has their airing already; a row that failed and has no file is replaced.
/// Returns their rows.
pub async fn adopt(catalogue: &Catalogue, store: &Store, now: DateTime<Utc>) -> Result<Vec<Recording>, StraysError> {
    let mut adopted: Vec<AiringId> = Vec::new();
    let Unknown { known, new } = unknown(catalogue, store).await?;
    let reason = format!("as its tags say; on {}", now.format("%Y-%m-%d"));
    // A tagging program may have put a picture before the imprint, so unlikely files are read, too.
    let candidates = known.into_iter().filter(|(_, glance)| glance.found != Found::Other);
    let files: Vec<_> = candidates.chain(new).collect();
    for files in files.chunks(ADOPTED_AT_ONCE) {
        let (mut recordings, mut glances) = (Vec::new(), Vec::new());
        for ((file, glance), recording) in files.iter().zip(store.read_each(names(files), imprint::read).await?) {
            let Some(recording) = recording else { continue };
            let found = if recording.is_some() { Found::Recording } else { Found::Other };
            let airing = recording.as_ref().map(|recording| recording.airing.id.clone());
            glances.push((file.clone(), Glance { found, airing, ..glance.clone() }));
            recordings.extend(recording.map(|mut recording| {
                let outcome = &mut recording.outcome;
                (outcome.file, outcome.bytes, outcome.at) = (Some(file.clone()), Some(glance.bytes), now);
                outcome.notes.push(Note { kind: NoteKind::Adopted, reason: reason.clone() });
                recording
            }));
        }
        adopted.extend(catalogue.adopt(recordings).await?);
        catalogue.remember(glances, Vec::new()).await?;
    }
    let mut rows = Vec::new();
    for id in adopted {
        rows.extend(catalogue.get(&id).await?);
    }
    Ok(rows)
}

/// Returns which of `files` no row has. They must have been listed before: a row has a name before its file gets it.
///
/// # Errors
/// The catalogue cannot be read.
pub async fn unlisted(
    catalogue: &Catalogue,
    files: impl IntoIterator<Item = PathBuf>,
) -> Result<Vec<PathBuf>, CatalogueError> {
    let listed: HashSet<PathBuf> = catalogue.file_names().await?.into_iter().collect();
    Ok(files.into_iter().filter(|file| !listed.contains(file)).collect())
}

/// Returns of which recordings `files` are, by their imprints; `None` for those that have none. Opens each.
pub async fn identify(store: &Store, files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Option<Finished>)>, StoreError> {
    let mut identified = Vec::with_capacity(files.len());
    for files in files.chunks(OPENED_AT_ONCE) {
        let read = store.read_each(files.to_vec(), imprint::read).await?;
        identified.extend(files.iter().cloned().zip(read.into_iter().map(Option::flatten)));
    }
    Ok(identified)
}

/// The files in the output folder that have names of recordings and that no row has.
struct Unknown {
    /// Those that have not changed since they were opened.
    known: Vec<(PathBuf, Glance)>,
    /// Those that are new or have changed.
    new: Vec<(PathBuf, Glance)>,
}

/// Returns the files that no row has, and drops the glances at files that no longer exist.
async fn unknown(catalogue: &Catalogue, store: &Store) -> Result<Unknown, StraysError> {
    let files = unlisted(catalogue, store.list().await?).await?;
    let mut remembered = catalogue.glances().await?;
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for (file, Version { bytes, modified }) in store.versions(files).await? {
        match remembered.remove(&file) {
            Some(glance) if (glance.bytes, glance.modified) == (bytes, modified) => known.push((file, glance)),
            // The callers open the file and set `found`.
            _ => new.push((file, Glance { bytes, modified, found: Found::Unlikely, airing: None })),
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

    /// Writes a file that begins like one with an imprint, or another file of the same size.
    fn write(path: &Path, has_imprint: bool) {
        let beginning = if has_imprint { "ID3\0AIRCHECK\0{\"airing\":" } else { "ID3\0--------\0{\"airing\":" };
        fs::write(path, beginning).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }

    #[tokio::test]
    async fn a_file_is_not_opened_again_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let open = async || Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.path().join("out"));
        let file = |name: &str| store.shown(Path::new(name));
        fs::create_dir_all(file("deep")).unwrap();
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let counted = async || clock.pass_until(count(&open().await, &store, clock.as_ref())).await.unwrap();
        for number in 0..OPENED_AT_ONCE {
            write(&file(&format!("{number}.mp3")), false);
        }
        write(&file("0.mp3"), true);
        write(&file("deep/one.mp3"), true);
        assert_eq!(counted().await, 2);
        // Size and time stay the same, so only opening the files would show the change.
        write(&file("1.mp3"), true);
        write(&file("deep/one.mp3"), false);
        assert_eq!(counted().await, 2);
        let touched = File::options().write(true).open(file("1.mp3")).unwrap();
        touched.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(1)).unwrap();
        assert_eq!(counted().await, 3);
        fs::remove_file(file("0.mp3")).unwrap();
        fs::remove_file(file("deep/one.mp3")).unwrap();
        assert_eq!(counted().await, 1);
        assert_eq!(
            open().await.glances().await.unwrap().len(),
            OPENED_AT_ONCE - 1,
            "files that are gone are forgotten"
        );

        // Adopting reads whole tags, once.
        assert_eq!(adopt(&open().await, &store, DateTime::UNIX_EPOCH).await.unwrap(), []);
        assert!(open().await.glances().await.unwrap().values().all(|glance| glance.found == Found::Other));
        assert_eq!(counted().await, 0);
    }
}
