//! Retention: finds the recordings that `keep` does not keep, and deletes them.
//!
//! A recording stays if it is among the newest `last` of its show **or** younger than `days`; what neither rule keeps
//! is deleted, and without rules nothing is. Partial and silent recordings count like any other.
//!
//! A row without a file on the disk (an airing that was missed or failed, a recording whose file was moved away, see
//! [`present`]) cannot be listened to, and so never costs a recording: only rows with a file use up `last`. A row
//! without a file stays by `days`, or while fewer than `last` recordings and fewer than `last` rows without a file are
//! newer. So the list says what is missing between the recordings that stay, and is bounded if a station is dead for
//! good.
//!
//! The file is deleted first, and the row is marked after: a crash in between leaves a row without a file, which a
//! later plan deletes.

use std::cmp::Reverse;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::config::Keep;
use crate::library::archive::ArchiveError;
use crate::library::catalogue::{Catalogue, Recording};
use crate::library::store::Store;
use crate::model::AiringId;

/// Returns which of one show's `recordings` are deleted at `now`, oldest first. Running airings are left alone.
pub(super) fn not_kept(recordings: &[Recording], keep: &Keep, now: DateTime<Utc>) -> Vec<AiringId> {
    if keep.last.is_none() && keep.days.is_none() {
        return Vec::new();
    }
    let mut done: Vec<&Recording> = recordings
        .iter()
        .filter(|recording| recording.finished_at.is_some() && recording.deleted_at.is_none())
        .collect();
    done.sort_by_key(|recording| Reverse((recording.on_air.start, &recording.id)));
    let last = keep.last.unwrap_or(0);
    let young = |recording: &Recording| {
        keep.days.is_some_and(|days| now - recording.on_air.end < TimeDelta::days(i64::from(days)))
    };
    let (mut playable, mut empty) = (0_u32, 0_u32);
    let mut gone = Vec::new();
    for recording in done {
        let among_newest = if recording.file.is_some() { playable < last } else { playable.max(empty) < last };
        if !among_newest && !young(recording) {
            gone.push(recording.id.clone());
        }
        let kind = if recording.file.is_some() { &mut playable } else { &mut empty };
        *kind = kind.saturating_add(1);
    }
    gone.reverse();
    gone
}

/// Returns which `clips` were made longer than `keep` ago at `now`. A clip may be of what was on the air long before.
pub(super) fn old_clips(clips: &[Recording], keep: Duration, now: DateTime<Utc>) -> Vec<AiringId> {
    let before = now - delta(keep);
    let old = |clip: &&Recording| clip.finished_at.is_some_and(|made| made < before);
    let there = |clip: &&Recording| clip.deleted_at.is_none() && clip.binned.is_none();
    clips.iter().filter(old).filter(there).map(|clip| clip.id.clone()).collect()
}

/// Returns `recordings` as the disk has them: `file` is cleared if the file does not exist, and the object store has no
/// copy. `None` if the output folder is away, so that nothing is known.
pub(super) async fn present(
    catalogue: &Catalogue,
    store: &Store,
    mut recordings: Vec<Recording>,
) -> Result<Option<Vec<Recording>>, ArchiveError> {
    let files: Vec<_> = recordings.iter().filter_map(|recording| recording.file.clone()).collect();
    if files.is_empty() {
        return Ok(Some(recordings));
    }
    // Asked before and after: the folder may go away in between.
    if store.is_away().await? {
        return Ok(None);
    }
    let gone = store.gone(files).await?;
    if store.is_away().await? {
        return Ok(None);
    }
    let is_gone = |recording: &&Recording| recording.file.as_ref().is_some_and(|file| gone.contains(file));
    let ids = recordings.iter().filter(is_gone).map(|recording| recording.id.clone()).collect();
    let copied = catalogue.which_are_copied(ids).await?;
    for recording in recordings.iter_mut().filter(|recording| !copied.contains(&recording.id)) {
        recording.file.take_if(|file| gone.contains(file));
    }
    Ok(Some(recordings))
}

/// Deletes the recordings `gone`: removes the file and folders that are empty then, and marks the row. Each row is read
/// first: its file may have been moved away, and another recording may have got the name. A file that does not exist is
/// no error. If a file cannot be deleted, its row stays and the error is returned after the others are done. Returns
/// how many recordings were deleted.
pub(super) async fn apply(
    catalogue: &Catalogue,
    store: &Store,
    gone: &[AiringId],
    now: DateTime<Utc>,
) -> Result<usize, ArchiveError> {
    let mut deleted = 0;
    let mut trouble = Ok(());
    for id in gone {
        let current = catalogue.get(id).await?;
        let Some(current) = current.filter(|current| current.deleted_at.is_none() && current.binned.is_none()) else {
            continue;
        };
        let removed = match &current.file {
            Some(file) => store.remove(file).await,
            None => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!(airing = %id, %error, "a recording that `keep` does not keep could not be deleted");
            trouble = Err(error.into());
            continue;
        }
        catalogue.mark_deleted(id, now).await?;
        deleted += 1;
    }
    trouble.map(|()| deleted)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::library::archive;
    use crate::library::catalogue::Filter;
    use crate::model::{Airing, Codec, Measured, Outcome, ShowId, Span, StationId, Verdict};

    const NOON: &str = "2026-11-20T12:00:00Z";

    /// Returns a recording that ended `age` days before noon.
    fn aged(age: i64) -> Recording {
        let end = NOON.parse::<DateTime<Utc>>().unwrap() - TimeDelta::days(age);
        let on_air = Span::new(end - TimeDelta::hours(1), end);
        Recording {
            id: AiringId::new(format!("aged {age}")),
            show: ShowId::new("show"),
            station: StationId::new("station"),
            title: "show".into(),
            timezone: crate::base::zone::Zone::utc(),
            on_air,
            cut: on_air,
            verdict: Some(if age == 2 { Verdict::Failed } else { Verdict::Complete }),
            file: (age != 2).then(|| format!("{age}.mp3").into()),
            seconds: 3600.0,
            length: None,
            gaps: vec![],
            dead_air: vec![],
            notes: vec![],
            loudness: None,
            bytes: None,
            claimed_at: on_air.start,
            finished_at: Some(end),
            deleted_at: None,
            binned: None,
        }
    }

    fn gone(last: Option<u32>, days: Option<u32>) -> Vec<i64> {
        let mut recordings: Vec<Recording> = [3, 0, 4, 1, 2].map(aged).into();
        recordings.push(Recording { finished_at: None, id: AiringId::new("aged 90"), ..aged(90) });
        recordings.push(Recording { deleted_at: Some(aged(0).on_air.end), id: AiringId::new("aged 91"), ..aged(1) });
        not_kept(&recordings, &Keep { last, days }, NOON.parse().unwrap())
            .iter()
            .map(|id| id.as_str().trim_start_matches("aged ").parse().unwrap())
            .collect()
    }

    #[test]
    fn a_clip_goes_by_when_it_was_made_and_not_by_when_it_was_on_the_air() {
        let now = NOON.parse().unwrap();
        let made = |on_air: i64, made: i64| {
            let id = AiringId::new(format!("made {made} days ago"));
            Recording { id, finished_at: Some(now - TimeDelta::days(made)), ..aged(on_air) }
        };
        let binned = Recording { deleted_at: Some(now), ..made(9, 8) };
        let gone = old_clips(&[made(90, 1), made(9, 7), made(90, 31), binned], Duration::from_hours(30 * 24), now);
        assert_eq!(gone, [AiringId::new("made 31 days ago")]);
        let gone =
            old_clips(&[made(90, 1), Recording { finished_at: None, ..made(9, 7) }], Duration::from_hours(24), now);
        assert_eq!(gone, [], "a day old is not older than a day");
    }

    #[test]
    fn a_recording_goes_when_no_rule_keeps_it() {
        assert_eq!(gone(None, None), [0; 0]);
        assert_eq!(gone(Some(2), None), [4, 3, 2]);
        assert_eq!(gone(Some(9), None), [0; 0]);
        assert_eq!(gone(None, Some(2)), [4, 3, 2], "one that is exactly two days old is not younger");
        assert_eq!(gone(Some(1), Some(3)), [4, 3]);
        assert_eq!(gone(Some(3), Some(1)), [4], "the failed airing takes the place of no recording");
        assert_eq!(gone(Some(4), Some(1)), [0; 0]);
        assert_eq!(gone(None, Some(u32::MAX)), [0; 0]);
    }

    #[tokio::test]
    async fn a_file_that_was_moved_away_costs_no_recording_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let state = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(state.path().join("catalogue.sqlite")).await.unwrap();
        let recordings: Vec<_> = [0, 1, 3, 4, 5].map(aged).into();
        let keep = Keep { last: Some(2), days: None };
        let now = NOON.parse().unwrap();
        assert_eq!(
            present(&catalogue, &store, recordings.clone()).await.unwrap(),
            None,
            "a disk that is not mounted says nothing"
        );
        for age in [3, 4, 5] {
            fs::write(folder.path().join(format!("{age}.mp3")), "sound").unwrap();
        }
        let there = present(&catalogue, &store, recordings.clone()).await.unwrap().unwrap();
        assert_eq!(not_kept(&there, &keep, now), [AiringId::new("aged 5")]);
        let away = Store::new(folder.path().join("away"));
        assert_eq!(present(&catalogue, &away, recordings).await.unwrap(), None);
    }

    #[test]
    fn airings_without_a_file_cost_no_recording_and_go_with_the_recordings_around_them() {
        let failed = |age| Recording { file: None, verdict: Some(Verdict::Failed), ..aged(age) };
        let gone = |recordings: Vec<Recording>, last| {
            not_kept(&recordings, &Keep { last: Some(last), days: None }, NOON.parse().unwrap())
                .iter()
                .map(|id| id.as_str().trim_start_matches("aged ").parse().unwrap())
                .collect::<Vec<i64>>()
        };
        // The machine was off for ten days.
        let off = || (0..10).map(failed).chain((10..17).map(aged)).collect::<Vec<_>>();
        assert_eq!(gone(off(), 7), [9, 8, 7]);
        // The station answers again: the oldest recordings go one by one, and what failed stays between the others.
        let back = |count: i64| (-count..0).map(aged).chain(off()).collect();
        assert_eq!(gone(back(1), 7), [16, 9, 8, 7]);
        assert_eq!(gone(back(7), 7), (0..17).rev().collect::<Vec<_>>());
        // The station never answers.
        assert_eq!(gone((0..10).map(failed).collect(), 7), [9, 8, 7]);
        assert_eq!(gone(vec![aged(0), failed(1)], 1), [1]);
        // A partial or silent recording can be listened to.
        let partial = Recording { verdict: Some(Verdict::Partial(50.0)), ..aged(0) };
        let silent = Recording { verdict: Some(Verdict::Silent), ..aged(1) };
        assert_eq!(gone(vec![partial, silent, aged(3)], 2), [3]);
    }

    #[tokio::test]
    async fn a_deleted_recording_is_out_of_the_store_and_stays_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.path().join("out"));
        let now: DateTime<Utc> = NOON.parse().unwrap();
        let airing = |age: i64| {
            let on_air = aged(age).on_air;
            let show = ShowId::new("show");
            Airing {
                id: AiringId::derive(&show, on_air.start),
                show,
                station: StationId::new("station"),
                on_air,
                early: TimeDelta::zero(),
                late: TimeDelta::zero(),
                timezone: crate::base::zone::Zone::utc(),
            }
        };
        for age in 0..3 {
            let airing = airing(age);
            catalogue.claim(&airing, "show", now).await.unwrap();
            let file = format!("{age}/{age}.mp3");
            let outcome = Outcome {
                verdict: Verdict::Complete,
                seconds: 3600.0,
                file: Some(file.clone().into()),
                bytes: Some(1),
                gaps: vec![],
                measured: Measured::default(),
                notes: vec![],
                tracks: None,
                at: now,
            };
            catalogue.finish(&airing.id, &outcome).await.unwrap();
            // A person has deleted the file of the second.
            if age != 1 {
                fs::create_dir_all(store.shown_folder().join(age.to_string())).unwrap();
                fs::write(store.shown(Path::new(&file)), "x").unwrap();
            }
        }
        let recordings = catalogue.list(&Filter::default()).await.unwrap();
        let gone = not_kept(&recordings, &Keep { last: Some(1), days: None }, now);
        assert_eq!(apply(&catalogue, &store, &gone, now).await.unwrap(), 2);

        assert_eq!(catalogue.list(&Filter::default()).await.unwrap().len(), 1);
        let left: Vec<_> =
            fs::read_dir(store.shown_folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["0"]);
        assert!(!catalogue.claim(&airing(2), "show", now).await.unwrap());
    }

    #[tokio::test]
    async fn a_file_that_has_the_name_of_one_that_was_moved_away_is_not_deleted_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.path().join("out"));
        let now: DateTime<Utc> = NOON.parse().unwrap();
        let file = store.shown(Path::new("News.mp3"));
        let mut planned = Vec::new();
        for age in (0..9).rev() {
            let recording = aged(age);
            let airing = Airing {
                id: recording.id,
                show: recording.show,
                station: recording.station,
                on_air: recording.on_air,
                early: TimeDelta::zero(),
                late: TimeDelta::zero(),
                timezone: crate::base::zone::Zone::utc(),
            };
            catalogue.claim(&airing, "News", airing.on_air.start).await.unwrap();
            let temporary = store.temporary(&airing.id).await.unwrap();
            fs::write(&temporary, format!("of day {age}")).unwrap();
            let outcome = Outcome {
                verdict: Verdict::Complete,
                seconds: 3600.0,
                file: None,
                bytes: None,
                gaps: vec![],
                measured: Measured::default(),
                notes: vec![],
                tracks: None,
                at: airing.on_air.end,
            };
            if age == 0 {
                // Retention looks at the list just before.
                planned = catalogue.list(&Filter::default()).await.unwrap();
            }
            archive::shelve(&catalogue, &store, &airing.id, &temporary, ("News", Codec::Mp3), outcome).await.unwrap();
            assert!(file.exists());
            if age > 0 {
                fs::rename(&file, folder.path().join(format!("{age}.mp3"))).unwrap();
            }
        }
        let gone = not_kept(&planned, &Keep { last: None, days: Some(1) }, now);
        assert_eq!(apply(&catalogue, &store, &gone, now).await.unwrap(), 8);
        assert_eq!(fs::read_to_string(&file).unwrap(), "of day 0");
    }
}
