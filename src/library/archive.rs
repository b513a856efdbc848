//! The archive: puts a recording into store and catalogue together. After a crash, the next start completes that.
//!
//! These are the steps of [`shelve`], each with what a crash after it leaves:
//!
//! 1. A free name is chosen. The catalogue writes the outcome with that name (the claim is *prepared*), and clears the
//!    name from other rows. A crash leaves a temporary file and a claimed airing with an outcome.
//! 2. The store gives the file that name; if another file has got it, step 1 is repeated with the next name. A crash
//!    leaves the recording and a claimed airing with its outcome.
//! 3. The catalogue finishes the airing.
//!
//! [`recover`] does step 3 if step 2 was done; otherwise the airing is cut again from the tape. So no crash loses a
//! recording, and none leaves two of one airing.
//!
//! One file belongs to one row. A name is free if no file has it and no other row needs it. If a row still has a free
//! name, somebody has moved its file away. The name is cleared from that row before the new file gets it, so that
//! nobody deletes or plays the new file by the old row.
//!
//! A loss of power is a crash that also loses what was not flushed. So each step is on the disk before the next begins:
//! the bytes of the file (step 1 in [`store`]), the prepared outcome (SQLite, `synchronous = FULL`), the name (the
//! folder is flushed), and the finished row.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::catalogue::{Catalogue, CatalogueError, ClaimedAiring};
use super::store::{self, Store, StoreError};
use crate::model::{AiringId, Codec, Finished, Outcome};

/// Why a recording cannot be put into the library.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The catalogue fails.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shelves the tagged `temporary` file of a claimed airing under the first free `name`, and finishes the airing with
/// `outcome`, whose `file` and `bytes` are set here. Returns the file relative to the output folder.
pub async fn shelve(
    catalogue: &Catalogue,
    store: &Store,
    id: &AiringId,
    temporary: &Path,
    (name, codec): (&str, Codec),
    mut outcome: Outcome,
) -> Result<PathBuf, ArchiveError> {
    outcome.bytes = Some(store::size(temporary).await?);
    let file = give_free_name((catalogue, store), id, temporary, (name, codec), Before::Prepare(&mut outcome)).await?;
    catalogue.finish(id, &outcome).await?;
    Ok(file)
}

/// Gives the tagged `temporary` file of an airing that is cut again the first free `name`. Does not change the row of the
/// airing. Returns the file relative to the output folder.
pub async fn name_recut(
    catalogue: &Catalogue,
    store: &Store,
    id: &AiringId,
    temporary: &Path,
    (name, codec): (&str, Codec),
) -> Result<PathBuf, ArchiveError> {
    give_free_name((catalogue, store), id, temporary, (name, codec), Before::Release).await
}

/// Shelves the tagged `temporary` file of a clip under the first free `name`, and puts `made` on the list, whose `file` and
/// `bytes` are set here. `pieces` says what the clip is made of. Returns the file relative to the output folder; `None` if
/// the id of the clip is taken.
///
/// The catalogue writes down the name before the file gets it, so that a restart knows the file of a clip that is not on
/// the list yet (see [`Catalogue::clips_to_make`]).
pub async fn shelve_clip(
    catalogue: &Catalogue,
    store: &Store,
    mut made: Finished,
    pieces: String,
    temporary: &Path,
    (name, codec): (&str, Codec),
) -> Result<Option<PathBuf>, ArchiveError> {
    made.outcome.bytes = Some(store::size(temporary).await?);
    let named = give_free_name((catalogue, store), &made.airing.id, temporary, (name, codec), Before::NameClip).await?;
    made.outcome.file = Some(named.clone());
    Ok(catalogue.finish_clip(made, pieces).await?.then_some(named))
}

/// What the catalogue does before a file gets a name.
enum Before<'a> {
    /// It prepares the outcome with that name.
    Prepare(&'a mut Outcome),
    /// It writes the name down at the clip.
    NameClip,
    /// It clears the name from other rows.
    Release,
}

/// Gives the `temporary` file the first free `name`. The catalogue does `before` with it.
async fn give_free_name(
    (catalogue, store): (&Catalogue, &Store),
    id: &AiringId,
    temporary: &Path,
    (name, codec): (&str, Codec),
    mut before: Before<'_>,
) -> Result<PathBuf, ArchiveError> {
    let mut next = 1;
    loop {
        let (file, number) = store.free_name(name, codec, next).await?;
        next = number + 1;
        let is_free = match &mut before {
            Before::Prepare(outcome) => {
                outcome.file = Some(file.clone());
                catalogue.prepare(id, outcome).await?
            }
            Before::NameClip => catalogue.name_clip(id, &file).await?,
            Before::Release => catalogue.release_name(id, &file).await?,
        };
        if !is_free {
            continue;
        }
        match store.give_name(temporary, &file).await {
            // Another file has got the name in between.
            Err(StoreError::Taken { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(file),
        }
    }
}

/// Finishes an airing whose file had got its name when the process died. Returns `false` if the file has no name: then
/// the airing must be cut again from the tape, or finished as failed.
pub async fn recover(
    catalogue: &Catalogue,
    store: &Store,
    claimed: &ClaimedAiring,
    at: DateTime<Utc>,
) -> Result<bool, ArchiveError> {
    let Some(prepared) = &claimed.prepared else { return Ok(false) };
    let (Some(file), Some(bytes)) = (&prepared.file, prepared.bytes) else { return Ok(false) };
    let has_name = store.resume(&claimed.airing.id, file, bytes).await?;
    if has_name {
        catalogue.finish(&claimed.airing.id, &Outcome { at, ..prepared.clone() }).await?;
    }
    Ok(has_name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use chrono::TimeDelta;

    use super::*;
    use crate::library::catalogue::Filter;
    use crate::model::{Airing, Measured, ShowId, Span, StationId, Verdict};

    fn airing() -> Airing {
        let start = "2026-11-20T05:00:00Z".parse().unwrap();
        Airing {
            id: AiringId::derive(&ShowId::new("명연주"), start),
            show: ShowId::new("명연주"),
            station: StationId::new("kbs-1fm"),
            on_air: Span::new(start, start + TimeDelta::hours(2)),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: "Asia/Seoul".parse().unwrap(),
        }
    }

    fn outcome() -> Outcome {
        let at = airing().on_air.end;
        Outcome {
            verdict: Verdict::Complete,
            seconds: 7_200.0,
            file: None,
            bytes: None,
            gaps: vec![],
            measured: Measured::default(),
            notes: vec![],
            tracks: None,
            at,
        }
    }

    /// Returns a catalogue in which an airing is claimed, and a store with its temporary file.
    async fn claimed(folder: &Path) -> (Catalogue, Store, Airing, PathBuf) {
        let catalogue = Catalogue::open(folder.join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.join("out"));
        let airing = airing();
        catalogue.claim(&airing, "명연주", airing.on_air.start).await.unwrap();
        let temporary = store.temporary(&airing.id).await.unwrap();
        fs::write(&temporary, "sound").unwrap();
        (catalogue, store, airing, temporary)
    }

    #[tokio::test]
    async fn a_recording_has_the_same_name_in_the_store_and_on_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        fs::write(store.shown(Path::new("a: name.mp3")), "").unwrap();
        fs::write(store.shown(Path::new("a- name.mp3")), "another's").unwrap();

        let file =
            shelve(&catalogue, &store, &airing.id, &temporary, ("a: name", Codec::Mp3), outcome()).await.unwrap();
        assert_eq!(file, Path::new("a- name (2).mp3"));
        assert_eq!(fs::read_to_string(store.shown(&file)).unwrap(), "sound");
        let listed = catalogue.list(&Filter::default()).await.unwrap();
        assert_eq!((listed[0].file.as_ref(), listed[0].bytes), (Some(&file), Some(5)));
        assert!(catalogue.unfinished().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_name_that_another_airing_needs_is_taken_and_one_of_a_file_moved_away_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        let later = Airing { id: AiringId::new("later"), ..airing.clone() };
        catalogue.claim(&later, "명연주", later.on_air.start).await.unwrap();
        let second = store.temporary(&later.id).await.unwrap();
        fs::write(&second, "other").unwrap();
        let prepared = Outcome { file: Some("News.mp3".into()), bytes: Some(5), ..outcome() };
        catalogue.prepare(&airing.id, &prepared).await.unwrap();

        let file = shelve(&catalogue, &store, &later.id, &second, ("News", Codec::Mp3), outcome()).await.unwrap();
        assert_eq!(file, Path::new("News (2).mp3"));
        let file = shelve(&catalogue, &store, &airing.id, &temporary, ("News", Codec::Mp3), outcome()).await.unwrap();
        assert_eq!(file, Path::new("News.mp3"));
        // The file is moved away, and a recording that is cut again gets its name.
        fs::remove_file(store.shown(Path::new("News.mp3"))).unwrap();
        fs::write(&second, "again").unwrap();
        let file = name_recut(&catalogue, &store, &later.id, &second, ("News", Codec::Mp3)).await.unwrap();
        assert_eq!(file, Path::new("News.mp3"));
        assert_eq!(catalogue.get(&airing.id).await.unwrap().unwrap().file, None);
    }

    #[tokio::test]
    async fn the_outcome_is_prepared_before_the_file_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        // A file has the name of the folder, so the recording cannot get its name.
        fs::write(store.shown(Path::new("x")), "").unwrap();

        let error =
            shelve(&catalogue, &store, &airing.id, &temporary, ("x/y", Codec::Mp3), outcome()).await.unwrap_err();
        assert!(matches!(error, ArchiveError::Store(StoreError::Folder { .. })), "{error}");
        let prepared = catalogue.unfinished().await.unwrap().remove(0).prepared.unwrap();
        assert_eq!((prepared.file, prepared.bytes), (Some("x/y.mp3".into()), Some(5)));
        assert!(temporary.exists(), "the sound can still be shelved elsewhere");
    }

    #[tokio::test]
    async fn a_crash_before_or_after_the_file_gets_its_name_leaves_one_recording() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        let open = async || catalogue.unfinished().await.unwrap().remove(0);
        let restarted = airing.on_air.end + TimeDelta::minutes(1);

        assert!(!recover(&catalogue, &store, &open().await, restarted).await.unwrap(), "nothing was prepared");
        // The process dies after step 1.
        let prepared = Outcome { file: Some("x/y.mp3".into()), bytes: Some(5), ..outcome() };
        catalogue.prepare(&airing.id, &prepared).await.unwrap();
        assert!(!recover(&catalogue, &store, &open().await, restarted).await.unwrap(), "the file has no name yet");
        // The process dies after step 2.
        store::give_name(&temporary, &store.shown(Path::new("x/y.mp3"))).await.unwrap();
        assert!(recover(&catalogue, &store, &open().await, restarted).await.unwrap());
        let recording = catalogue.get(&airing.id).await.unwrap().unwrap();
        assert_eq!((recording.file, recording.finished_at), (Some("x/y.mp3".into()), Some(restarted)));
    }
}
