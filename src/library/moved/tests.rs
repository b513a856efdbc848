use std::fs;

use chrono::{DateTime, Utc};
use id3::frame::ExtendedText;
use id3::{Tag, TagLike as _, Version as TagVersion};

use super::*;
use crate::base::clock::simulated::SimulatedClock;
use crate::library::catalogue::{Filter, Mark};
use crate::library::mend::mend;
use crate::model::{Airing, Measured, NoteKind, Outcome, ShowId, Span, StationId, Verdict};

/// A library in which files are real enough to have tags.
struct Library {
    folder: tempfile::TempDir,
    catalogue: Catalogue,
    store: Store,
}

impl Library {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let store = Store::new(folder.path().join("out"));
        fs::create_dir_all(store.shown_folder()).unwrap();
        Self { folder, catalogue, store }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.store.shown(Path::new(file))
    }

    /// Writes a file of a recording, with this artist in its tags.
    fn write(&self, file: &str, finished: &Finished, artist: &str) -> u64 {
        let mut tag = Tag::new();
        tag.set_artist(artist);
        tag.add_frame(ExtendedText { description: imprint::FRAME.into(), value: imprint::text(finished) });
        let mut bytes = Vec::new();
        tag.write_to(&mut bytes, TagVersion::Id3v24).unwrap();
        bytes.extend(format!("sound of {}", finished.airing.id).as_bytes());
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), &bytes).unwrap();
        bytes.len() as u64
    }

    /// Adds a recording of this hour with its file `HOUR.mp3` to the list.
    async fn add(&self, hour: u32) -> Finished {
        let mut finished = finished(hour);
        let file = format!("{hour}.mp3");
        let bytes = self.write(&file, &finished, "KBS");
        (finished.outcome.file, finished.outcome.bytes) = (Some(file.into()), Some(bytes));
        let at = finished.airing.on_air.start;
        assert!(self.catalogue.claim(&finished.airing, "News", at).await.unwrap());
        self.catalogue.finish(&finished.airing.id, &finished.outcome).await.unwrap();
        finished
    }

    fn rename(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Follows, and returns the file and the size of each recording on the list, the oldest first.
    async fn followed(&self) -> Vec<(PathBuf, u64)> {
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        clock.pass_until(follow(&self.catalogue, &self.store, clock.as_ref())).await.unwrap();
        self.listed().await
    }

    async fn listed(&self) -> Vec<(PathBuf, u64)> {
        let listed = self.catalogue.list(&Filter::default()).await.unwrap();
        listed.into_iter().rev().map(|it| (it.file.unwrap(), it.bytes.unwrap())).collect()
    }
}

fn finished(hour: u32) -> Finished {
    let start: DateTime<Utc> = format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap();
    let show = ShowId::new("news");
    let airing = Airing {
        id: AiringId::derive(&show, start),
        show,
        station: StationId::new("kbs"),
        on_air: Span::new(start, start + TimeDelta::hours(1)),
        early: TimeDelta::zero(),
        late: TimeDelta::zero(),
        timezone: "Asia/Seoul".parse().unwrap(),
    };
    let outcome = Outcome {
        verdict: Verdict::Partial(98.7),
        seconds: 3_550.5,
        file: None,
        bytes: None,
        gaps: vec![],
        measured: Measured::default(),
        notes: vec![],
        tracks: Some(vec![]),
        at: airing.on_air.end,
    };
    Finished { airing, title: "News".to_owned(), outcome }
}

#[tokio::test]
async fn a_file_that_was_moved_renamed_or_retagged_within_the_folder_is_followed() {
    let library = Library::new().await;
    for hour in 1..=3 {
        library.add(hour).await;
    }
    let before = library.listed().await;
    assert_eq!(library.followed().await, before);
    library.rename("1.mp3", "to keep/뉴스.mp3");
    library.rename("2.mp3", "2 (heard).mp3");
    // Moved, and given other tags.
    let retagged = library.write("deep/er/3.mp3", &finished(3), "Somebody with a much longer name");
    fs::remove_file(library.path("3.mp3")).unwrap();
    // Somebody else's file, of the same size as one that is gone.
    fs::write(library.path("music.mp3"), vec![0; usize::try_from(before[0].1).unwrap()]).unwrap();
    let expected = [("to keep/뉴스.mp3", before[0].1), ("2 (heard).mp3", before[1].1), ("deep/er/3.mp3", retagged)];
    assert_eq!(library.followed().await, expected.map(|(file, bytes)| (PathBuf::from(file), bytes)));
    let remembered = library.catalogue.glances().await.unwrap();
    assert_eq!(remembered.into_keys().collect::<Vec<_>>(), [PathBuf::from("music.mp3")], "those are strays no more");
    assert_eq!(library.followed().await.len(), 3);
}

#[tokio::test]
async fn what_is_not_certain_is_not_followed() {
    let library = Library::new().await;
    for hour in 1..=4 {
        library.add(hour).await;
    }
    let before = library.listed().await;
    // Moved out of the folder; two files that differ; an imprint of another show.
    fs::rename(library.path("1.mp3"), library.folder.path().join("1.mp3")).unwrap();
    library.rename("2.mp3", "a.mp3");
    fs::copy(library.path("a.mp3"), library.path("b.mp3")).unwrap();
    let end = fs::metadata(library.path("b.mp3")).unwrap().len() - 1;
    std::os::unix::fs::FileExt::write_all_at(
        &fs::File::options().write(true).open(library.path("b.mp3")).unwrap(),
        b"!",
        end,
    )
    .unwrap();
    let mut other = finished(3);
    other.airing.show = ShowId::new("other");
    library.write("c.mp3", &other, "KBS");
    fs::remove_file(library.path("3.mp3")).unwrap();
    assert_eq!(library.followed().await, before);
    // Now it is certain.
    fs::copy(library.path("a.mp3"), library.path("b.mp3")).unwrap();
    assert_eq!(library.followed().await[1].0, Path::new("a.mp3"));
}

#[tokio::test]
async fn a_lost_list_is_made_again_from_tags_and_to_do_it_twice_changes_nothing() {
    let library = Library::new().await;
    let known = library.add(1).await;
    library.catalogue.mark(&known.airing.id, Mark::Pinned, Some(DateTime::UNIX_EPOCH)).await.unwrap();
    let bytes = library.write("lost/2.mp3", &finished(2), "KBS");
    fs::write(library.path("music.mp3"), "no tags").unwrap();
    let retagged = library.write("1.mp3", &known, "Somebody with a much longer name");
    let now: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();

    let mended = mend(&library.catalogue, &library.store, now).await.unwrap();
    assert_eq!(mended.retagged, [(known.airing.id.clone(), "1.mp3".into())]);
    let [adopted] = &mended.adopted[..] else { panic!("{mended:?}") };
    let expected = finished(2);
    assert_eq!((adopted.id.clone(), adopted.airing()), (expected.airing.id.clone(), expected.airing.clone()));
    assert_eq!((adopted.verdict, adopted.seconds), (Some(Verdict::Partial(98.7)), 3_550.5));
    assert_eq!(adopted.notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::Adopted]);
    assert_eq!(library.listed().await, [("1.mp3".into(), retagged), ("lost/2.mp3".into(), bytes)]);

    let again = mend(&library.catalogue, &library.store, now).await.unwrap();
    assert!(again.moved.is_empty() && again.retagged.is_empty() && again.adopted.is_empty(), "{again:?}");
    assert_eq!(library.listed().await.len(), 2);
}

#[tokio::test]
async fn a_recording_that_has_lost_the_name_of_its_file_gets_it_back() {
    let library = Library::new().await;
    let (old, new) = (library.add(1).await, library.add(2).await);
    // Its file was moved, and a new recording got the name.
    library.rename("1.mp3", "old.mp3");
    assert!(library.catalogue.release_name(&new.airing.id, Path::new("1.mp3")).await.unwrap());
    let now = new.airing.on_air.end;
    let mended = mend(&library.catalogue, &library.store, now).await.unwrap();
    assert_eq!(mended.returned, [(old.airing.id, "old.mp3".into())]);
    assert_eq!(library.listed().await[0].0, Path::new("old.mp3"));
}

#[tokio::test]
async fn of_several_files_that_differ_a_recording_that_has_lost_its_own_gets_none() {
    let library = Library::new().await;
    let (old, new) = (library.add(1).await, library.add(2).await);
    library.rename("1.mp3", "old.mp3");
    assert!(library.catalogue.release_name(&new.airing.id, Path::new("1.mp3")).await.unwrap());
    library.write("retagged.mp3", &old, "Somebody else");
    // Anybody may write an id into a tag.
    let mut other = finished(1);
    other.airing.show = ShowId::new("other");
    library.write("other.mp3", &other, "KBS");
    let now = new.airing.on_air.end;
    assert_eq!(mend(&library.catalogue, &library.store, now).await.unwrap().returned, []);
    fs::remove_file(library.path("retagged.mp3")).unwrap();
    let mended = mend(&library.catalogue, &library.store, now).await.unwrap();
    assert_eq!(mended.returned, [(old.airing.id, "old.mp3".into())]);
}
