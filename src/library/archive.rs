//! Store and catalogue together: a recording is in both or, after a crash, put right at the next start.
//!
//! [`shelve`], in steps, with what a crash after each leaves:
//!
//! 1. a free name is chosen, and the catalogue writes down the outcome under it (*prepared*) and takes the name off
//!    whoever had it: a temporary file, and a claimed airing with an outcome;
//! 2. the store gives the file that name, or step 1 is repeated with the next name: the recording, and a claimed
//!    airing with its outcome;
//! 3. the catalogue finishes the airing: done.
//!
//! [`recover`] looks whether step 2 was reached. If so it does step 3; if not, the airing is cut again from the tape.
//! So a crash leads neither to a lost recording nor to two of one airing.
//!
//! One file belongs to one row. A name is free where no file has it and no other airing is about to give it to one; a
//! row that has it all the same is of a recording whose file somebody has moved away, and loses it before the new file
//! is there, so that whoever deletes or plays by the row never takes the new file for the old one.
//!
//! A loss of power is a crash in which what was not synchronised is gone, so each step is on the disk before the next
//! begins: the file's bytes (step 1 of [`store`]), the prepared outcome (SQLite, `synchronous = FULL`), the name (the
//! folder is flushed), the finished row. The sound itself was on tape before; see the writing of reels for that.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::catalogue::{Catalogue, CatalogueError, ClaimedAiring};
use super::store::{self, Store, StoreError};
use crate::model::{AiringId, Codec, Outcome};

/// What went wrong with a recording on its way to the library.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// With the list.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// With the files.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shelves the finished and tagged `temporary` file of a claimed airing as `name` and finishes the airing with
/// `outcome`, whose `file` and `bytes` are filled in here. Returns the file relative to the output folder.
pub async fn shelve(
    catalogue: &Catalogue,
    store: &Store,
    id: &AiringId,
    temporary: &Path,
    (name, codec): (&str, Codec),
    mut outcome: Outcome,
) -> Result<PathBuf, ArchiveError> {
    outcome.bytes = Some(store::size(temporary).await?);
    let file = first_free((catalogue, store), id, temporary, (name, codec), Some(&mut outcome)).await?;
    catalogue.finish(id, &outcome).await?;
    Ok(file)
}

/// Gives the finished `temporary` file the first free `name` for a row that will have it in place of its own, as when
/// its airing is cut again. Returns the file relative to the output folder.
pub async fn name(
    catalogue: &Catalogue,
    store: &Store,
    id: &AiringId,
    temporary: &Path,
    (name, codec): (&str, Codec),
) -> Result<PathBuf, ArchiveError> {
    first_free((catalogue, store), id, temporary, (name, codec), None).await
}

/// Gives `temporary` the first `name` that is free, of which the list is told before, as that of `outcome` where there
/// is one.
async fn first_free(
    (catalogue, store): (&Catalogue, &Store),
    id: &AiringId,
    temporary: &Path,
    (name, codec): (&str, Codec),
    mut outcome: Option<&mut Outcome>,
) -> Result<PathBuf, ArchiveError> {
    let mut next = 1;
    loop {
        let (file, number) = store.free_name(name, codec, next).await?;
        next = number + 1;
        let told = if let Some(outcome) = &mut outcome {
            outcome.file = Some(file.clone());
            catalogue.prepare(id, outcome).await?
        } else {
            catalogue.release_name(id, &file).await?
        };
        // Another airing is about to give it.
        if !told {
            continue;
        }
        match store.place(temporary, &file).await {
            // Somebody took the name in between.
            Err(StoreError::Taken { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(file),
        }
    }
}

/// Finishes an airing whose file had already got its name when the process died; true when it is done. Otherwise it is
/// to be cut again from the tape, or to be finished as failed.
pub async fn recover(
    catalogue: &Catalogue,
    store: &Store,
    claimed: &ClaimedAiring,
    at: DateTime<Utc>,
) -> Result<bool, ArchiveError> {
    let Some(prepared) = &claimed.prepared else { return Ok(false) };
    let (Some(file), Some(bytes)) = (&prepared.file, prepared.bytes) else { return Ok(false) };
    let named = store.resume(&claimed.airing.id, file, bytes).await?;
    if named {
        catalogue.finish(&claimed.airing.id, &Outcome { at, ..prepared.clone() }).await?;
    }
    Ok(named)
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
            at,
        }
    }

    /// A catalogue in which an airing is claimed, and a store with its temporary file.
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
    async fn a_recording_is_in_the_store_and_in_the_list_under_one_name() {
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
    async fn a_name_that_another_airing_is_about_to_give_is_taken_and_one_of_a_file_moved_away_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        let later = Airing { id: AiringId::new("later"), ..airing.clone() };
        catalogue.claim(&later, "명연주", later.on_air.start).await.unwrap();
        let second = store.temporary(&later.id).await.unwrap();
        fs::write(&second, "other").unwrap();
        let named = Outcome { file: Some("News.mp3".into()), bytes: Some(5), ..outcome() };
        catalogue.prepare(&airing.id, &named).await.unwrap();

        let file = shelve(&catalogue, &store, &later.id, &second, ("News", Codec::Mp3), outcome()).await.unwrap();
        assert_eq!(file, Path::new("News (2).mp3"));
        let file = shelve(&catalogue, &store, &airing.id, &temporary, ("News", Codec::Mp3), outcome()).await.unwrap();
        assert_eq!(file, Path::new("News.mp3"));
        // It is moved away, and a recording that is cut again gets its name.
        fs::remove_file(store.shown(Path::new("News.mp3"))).unwrap();
        fs::write(&second, "again").unwrap();
        assert_eq!(
            name(&catalogue, &store, &later.id, &second, ("News", Codec::Mp3)).await.unwrap(),
            Path::new("News.mp3")
        );
        assert_eq!(catalogue.get(&airing.id).await.unwrap().unwrap().file, None);
    }

    #[tokio::test]
    async fn the_outcome_is_written_down_before_the_file_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        // A file where the folder should be: naming fails.
        fs::write(store.shown(Path::new("x")), "").unwrap();

        let error =
            shelve(&catalogue, &store, &airing.id, &temporary, ("x/y", Codec::Mp3), outcome()).await.unwrap_err();
        assert!(matches!(error, ArchiveError::Store(StoreError::Folder { .. })), "{error}");
        let prepared = catalogue.unfinished().await.unwrap().remove(0).prepared.unwrap();
        assert_eq!((prepared.file, prepared.bytes), (Some("x/y.mp3".into()), Some(5)));
        assert!(temporary.exists(), "the sound is still there to be shelved elsewhere");
    }

    #[tokio::test]
    async fn after_a_crash_before_or_after_naming_there_is_one_recording_and_never_two() {
        let folder = tempfile::tempdir().unwrap();
        let (catalogue, store, airing, temporary) = claimed(folder.path()).await;
        let open = async || catalogue.unfinished().await.unwrap().remove(0);
        let restarted = airing.on_air.end + TimeDelta::minutes(1);

        assert!(!recover(&catalogue, &store, &open().await, restarted).await.unwrap(), "nothing was prepared");
        // Died after step 1.
        let named = Outcome { file: Some("x/y.mp3".into()), bytes: Some(5), ..outcome() };
        catalogue.prepare(&airing.id, &named).await.unwrap();
        assert!(!recover(&catalogue, &store, &open().await, restarted).await.unwrap(), "it has no name yet");
        // Died after step 2.
        store::place(&temporary, &store.shown(Path::new("x/y.mp3"))).await.unwrap();
        assert!(recover(&catalogue, &store, &open().await, restarted).await.unwrap());
        let recording = catalogue.get(&airing.id).await.unwrap().unwrap();
        assert_eq!((recording.file, recording.finished_at), (Some("x/y.mp3".into()), Some(restarted)));
    }
}
