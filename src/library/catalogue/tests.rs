use chrono::TimeDelta;

use super::*;
use crate::model::{
    Airing, Cause, CauseKind, DeadAir, Gap, Lease, Loudness, Measured, Note, NoteKind, Span, Track, Verdict,
};

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn airing(show: &str, start: &str) -> Airing {
    let start = at(start);
    Airing {
        id: AiringId::derive(&ShowId::new(show), start),
        show: ShowId::new(show),
        station: StationId::new("kbs-1fm"),
        on_air: Span::new(start, start + TimeDelta::hours(2)),
        early: TimeDelta::seconds(30),
        late: TimeDelta::milliseconds(60_500),
        timezone: "Asia/Seoul".parse().unwrap(),
    }
}

pub(super) fn partial() -> Outcome {
    Outcome {
        verdict: Verdict::Partial(98.7),
        seconds: 7_196.25,
        file: Some(PathBuf::from("KBS 1FM/명연주 명음반/2026-11-20 1400 명연주 명음반.mp3")),
        bytes: Some(115_140_000),
        gaps: vec![
            Gap {
                start: at("2026-11-20T05:10:00.250Z"),
                length: Duration::from_millis(3_750),
                cause: Cause::new(CauseKind::Refused, "403"),
            },
            Gap {
                start: at("2026-11-20T06:10:00Z"),
                length: Duration::from_secs(40),
                cause: Cause::new(CauseKind::Connection, "끊김"),
            },
        ],
        measured: Measured {
            length: Some(Duration::from_millis(7_240_250)),
            loudness: Some(Loudness { integrated: -16.5, range: 7.25, peak: 0.98 }),
            dead_air: vec![DeadAir { start: at("2026-11-20T05:30:00.500Z"), length: Duration::from_millis(31_500) }],
            peaks: Some(Peaks { per_second: 10.0, levels: vec![0, 128, 255] }),
        },
        notes: vec![Note { kind: NoteKind::DefaultTitle, reason: "왜 \"?\"".to_owned() }],
        tracks: Some(vec![
            track("2026-11-20T04:59:30Z", 300, 0, "Clara Schumann - Romanze"),
            track("2026-11-20T05:04:30.500Z", 330, 300, "조성진 - Ballade"),
        ]),
        at: at("2026-11-20T07:01:02Z"),
    }
}

/// A track of so many seconds on the air that begins at so many seconds of the file.
pub(super) fn track(start: &str, seconds: i64, position: u64, text: &str) -> Track {
    let on_air = Span::new(at(start), at(start) + TimeDelta::seconds(seconds));
    let length = Duration::from_millis(seconds.unsigned_abs() * 1_000 - 250);
    Track { on_air, at: Duration::from_secs(position), length, text: text.to_owned() }
}

async fn catalogue(folder: &tempfile::TempDir) -> Catalogue {
    Catalogue::open(folder.path().join("state/catalogue.sqlite")).await.unwrap()
}

#[tokio::test]
async fn an_airing_is_claimed_exactly_once_even_after_a_restart_or_its_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let airing = airing("명연주", "2026-11-20T05:00:00Z");
    let now = at("2026-11-20T04:59:30Z");

    let first = catalogue(&folder).await;
    let second = catalogue(&folder).await;
    let (a, b) = tokio::join!(first.claim(&airing, "명연주", now), second.claim(&airing, "명연주", now));
    assert!(a.unwrap() ^ b.unwrap(), "exactly one of two processes gets it");

    first.finish(&airing.id, &partial()).await.unwrap();
    drop((first, second));
    let again = catalogue(&folder).await;
    assert!(!again.claim(&airing, "명연주", now).await.unwrap());
    again.mark_deleted(&airing.id, now).await.unwrap();
    assert!(!again.claim(&airing, "명연주", now).await.unwrap(), "a deleted recording is not recorded again");
}

#[tokio::test]
async fn airings_that_begin_in_one_second_are_claimed_in_one_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(&folder).await;
    let now = at("2026-11-20T04:59:30Z");
    let lease = Lease { owner: "here".to_owned(), until: now + TimeDelta::seconds(120) };
    let airings: Vec<_> = (0..100).map(|n| (airing(&format!("s{n}"), "2026-11-20T05:00:00Z"), n.to_string())).collect();
    assert!(catalogue.claim(&airings[7].0, "7", now).await.unwrap());
    let changes = Changes::default();
    let catalogue = catalogue.with_changes(changes.clone());
    let before = changes.listen(None).known();
    let claimed = catalogue.claim_all(airings, lease, now).await.unwrap();
    assert!(claimed.iter().enumerate().all(|(n, claimed)| *claimed == (n != 7)), "{claimed:?}");
    let after = changes.listen(None).known();
    assert_eq!(before.map(|count| count + 1)[1], after[1], "one transaction is one change");
    assert_eq!(catalogue.unfinished().await.unwrap().len(), 100);
}

#[tokio::test]
async fn an_airing_that_a_clock_ahead_of_time_made_missed_can_be_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(&folder).await;
    let airing = airing("뉴스", "2026-11-20T05:00:00Z");
    let failed = |kind: CauseKind| Outcome {
        verdict: Verdict::Failed,
        file: None,
        gaps: vec![Gap { cause: Cause::new(kind, "why"), ..partial().gaps[0].clone() }],
        ..partial()
    };
    let (on, over) = (at("2026-11-20T05:30:00Z"), airing.cut().end);
    assert!(catalogue.claim(&airing, "뉴스", over).await.unwrap());
    catalogue.finish(&airing.id, &failed(CauseKind::NotRunning)).await.unwrap();
    assert!(!catalogue.claim(&airing, "뉴스", over).await.unwrap(), "the airing is over");
    assert!(catalogue.claim(&airing, "뉴스", on).await.unwrap());
    assert_eq!(catalogue.get(&airing.id).await.unwrap().unwrap().gaps, []);
    assert!(!catalogue.claim(&airing, "뉴스", on).await.unwrap(), "it is being recorded");
    // An airing that a person stopped before any sound came is not recorded again.
    catalogue.finish(&airing.id, &failed(CauseKind::Stopped)).await.unwrap();
    assert!(!catalogue.claim(&airing, "뉴스", on).await.unwrap());
}

#[tokio::test]
async fn unfinished_airings_are_read_after_a_crash_as_they_were_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let now = at("2026-11-20T04:59:30Z");
    let (done, open, named) = (
        airing("done", "2026-11-20T05:00:00Z"),
        airing("open", "2026-11-20T06:00:00Z"),
        airing("named", "2026-11-20T07:00:00Z"),
    );
    let before = catalogue(&folder).await;
    for airing in [&named, &open, &done] {
        assert!(before.claim(airing, "제목", now).await.unwrap());
    }
    before.finish(&done.id, &partial()).await.unwrap();
    before.prepare(&named.id, &partial()).await.unwrap();
    drop(before);

    let after = catalogue(&folder).await;
    let unfinished = after.unfinished().await.unwrap();
    assert_eq!(unfinished.iter().map(|claimed| &claimed.airing).collect::<Vec<_>>(), [&open, &named]);
    assert_eq!(unfinished[0].title, "제목");
    assert_eq!((unfinished[0].claimed_at, unfinished[0].attempts), (now, 1));
    assert_eq!(unfinished[0].prepared, None);
    let prepared = unfinished[1].prepared.as_ref().unwrap();
    assert_eq!((&prepared.file, &prepared.gaps), (&partial().file, &partial().gaps));
    assert_eq!(prepared.notes, partial().notes);
    let measured = Measured { peaks: None, ..partial().measured };
    assert_eq!(prepared.measured, measured);

    assert_eq!(after.retry(&named.id).await.unwrap(), 2);
    assert_eq!(after.unfinished().await.unwrap()[1].prepared, None, "a new attempt drops the prepared outcome");
    after.finish(&named.id, prepared).await.unwrap();
    assert_eq!(after.peaks(&named.id).await.unwrap(), partial().measured.peaks, "prepare has written the levels");
    assert_eq!(after.unfinished().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_outcome_is_read_with_all_its_gaps_and_cannot_be_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(&folder).await;
    let airing = airing("명연주", "2026-11-20T05:00:00Z");
    assert!(matches!(catalogue.finish(&airing.id, &partial()).await, Err(CatalogueError::NotClaimed { .. })));
    catalogue.claim(&airing, "명연주 명음반", at("2026-11-20T04:59:30.123Z")).await.unwrap();
    // The gaps of the prepared outcome are not added to the final one.
    let mut prepared = partial();
    prepared.gaps.push(prepared.gaps[0].clone());
    catalogue.prepare(&airing.id, &prepared).await.unwrap();
    catalogue.finish(&airing.id, &partial()).await.unwrap();

    let recording = catalogue.get(&airing.id).await.unwrap().unwrap();
    assert_eq!(recording.verdict, Some(Verdict::Partial(98.7)));
    assert_eq!(recording.gaps, partial().gaps);
    assert_eq!((&recording.dead_air, recording.loudness), (&partial().measured.dead_air, partial().measured.loudness));
    assert_eq!(catalogue.peaks(&airing.id).await.unwrap(), partial().measured.peaks);
    assert_eq!(recording.cut, airing.cut());
    assert_eq!(recording.finished_at, Some(partial().at));
    assert_eq!((recording.seconds, &recording.notes), (partial().seconds, &partial().notes));
    assert_eq!((recording.file.clone(), recording.bytes), (partial().file, partial().bytes));

    let failed = Outcome { verdict: Verdict::Failed, seconds: 0.0, file: None, bytes: None, gaps: vec![], ..partial() };
    assert!(matches!(catalogue.finish(&airing.id, &failed).await, Err(CatalogueError::NotClaimed { .. })));
    assert_eq!(catalogue.get(&airing.id).await.unwrap().unwrap(), recording);
}

#[tokio::test]
async fn a_file_belongs_only_to_the_last_recording_that_got_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(&folder).await;
    let airings: Vec<_> = (17..=20).map(|day| airing("명연주", &format!("2026-11-{day}T05:00:00Z"))).collect();
    for airing in &airings {
        catalogue.claim(airing, "명연주", airing.on_air.start).await.unwrap();
    }
    let has = async |airing: &Airing| catalogue.get(&airing.id).await.unwrap().unwrap().file.is_some();
    let [first, second, third, other] = &airings[..] else { unreachable!() };
    catalogue.finish(&first.id, &partial()).await.unwrap();

    // From `prepare` to `finish`, the name belongs to no other row, even if the process dies in between.
    assert!(catalogue.prepare(&second.id, &partial()).await.unwrap());
    assert!(!has(first).await && has(second).await);
    assert_eq!(catalogue.peaks(&first.id).await.unwrap(), None, "the levels go with the file");
    assert!(!catalogue.prepare(&third.id, &partial()).await.unwrap(), "the second airing needs the name");
    assert!(!catalogue.release_name(&third.id, &partial().file.unwrap()).await.unwrap());
    assert_eq!(catalogue.unfinished().await.unwrap()[1].prepared, None, "nothing is written");
    catalogue.finish(&second.id, &partial()).await.unwrap();
    assert_eq!(catalogue.list(&Filter { playable: true, ..Filter::default() }).await.unwrap().len(), 1);
    assert_eq!(catalogue.list(&Filter::default()).await.unwrap().len(), 2, "the first airing stays on the list");

    // A recording that is cut again is replaced only if its row has not changed.
    let before = catalogue.get(&second.id).await.unwrap().unwrap();
    let again = Outcome { file: Some("again.mp3".into()), at: partial().at + TimeDelta::hours(1), ..partial() };
    assert!(catalogue.prepare(&third.id, &partial()).await.unwrap());
    assert!(!has(second).await);
    assert!(!catalogue.replace(&second.id, &before, &again).await.unwrap(), "its file belongs to another row");
    let before = catalogue.get(&second.id).await.unwrap().unwrap();
    assert!(catalogue.replace(&second.id, &before, &again).await.unwrap());
    assert!(has(second).await);
    catalogue.finish(&other.id, &Outcome { file: Some("other.mp3".into()), ..partial() }).await.unwrap();
    assert!(catalogue.release_name(&second.id, Path::new("other.mp3")).await.unwrap());
    assert!(!has(other).await);
}

#[tokio::test]
async fn the_list_begins_with_the_newest_and_hides_unfinished_and_deleted_airings() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = catalogue(&folder).await;
    let now = at("2026-11-20T04:59:30Z");
    let mut ids = Vec::new();
    for (show, start) in [
        ("a", "2026-11-18T05:00:00Z"),
        ("b", "2026-11-19T05:00:00Z"),
        ("a", "2026-11-20T05:00:00Z"),
        ("a", "2026-11-21T05:00:00Z"),
    ] {
        let airing = airing(show, start);
        catalogue.claim(&airing, show, now).await.unwrap();
        ids.push(airing.id);
    }
    for id in &ids[..3] {
        catalogue.finish(id, &partial()).await.unwrap();
    }
    catalogue.mark_deleted(&ids[0], now).await.unwrap();
    let list = async |filter: Filter| {
        let listed = catalogue.list(&filter).await.unwrap();
        listed.into_iter().map(|recording| ids.iter().position(|id| *id == recording.id).unwrap()).collect::<Vec<_>>()
    };

    assert_eq!(list(Filter::default()).await, [2, 1]);
    assert_eq!(list(Filter { limit: Some(1), ..Filter::default() }).await, [2]);
    assert_eq!(list(Filter { show: Some(ShowId::new("a")), ..Filter::default() }).await, [2]);
    assert_eq!(list(Filter { station: Some(StationId::new("other")), ..Filter::default() }).await, [0; 0]);
    assert_eq!(list(Filter { unfinished: true, deleted: true, ..Filter::default() }).await, [3, 2, 1, 0]);
    assert_eq!(catalogue.peaks(&ids[0]).await.unwrap(), None, "the levels go with the file");
    let deleted = catalogue.get(&ids[0]).await.unwrap().unwrap();
    assert_eq!((deleted.file, deleted.deleted_at), (None, Some(now)));
}

#[tokio::test]
async fn a_read_only_catalogue_sees_what_the_service_writes_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/catalogue.sqlite");
    assert!(matches!(Catalogue::open_read_only(&path).await, Err(CatalogueError::Missing { .. })));
    let writer = catalogue(&folder).await;
    let reader = Catalogue::open_read_only(&path).await.unwrap();
    let airing = airing("명연주", "2026-11-20T05:00:00Z");
    writer.claim(&airing, "명연주", at("2026-11-20T04:59:30Z")).await.unwrap();
    writer.finish(&airing.id, &partial()).await.unwrap();
    assert_eq!(reader.list(&Filter::default()).await.unwrap().len(), 1);
    assert!(matches!(reader.retry(&airing.id).await, Err(CatalogueError::Sqlite { .. })));
    drop((writer, reader));
    assert_eq!(Catalogue::open_read_only(&path).await.unwrap().list(&Filter::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_who_may_only_read_can_list_while_the_service_is_stopped() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let writer = catalogue(&folder).await;
    let airing = airing("명연주", "2026-11-20T05:00:00Z");
    writer.claim(&airing, "명연주", at("2026-11-20T04:59:30Z")).await.unwrap();
    drop(writer);
    let state = folder.path().join("state");
    // Root can write all the same; then this checks what the test above checks.
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o555)).unwrap();
    let listed = async {
        let reader = Catalogue::open_read_only(state.join("catalogue.sqlite")).await?;
        reader.list(&Filter { unfinished: true, ..Filter::default() }).await
    };
    let listed = listed.await;
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(listed.unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_or_newer_file_is_not_changed_and_the_message_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue.sqlite");
    std::fs::write(&path, "not a database, but a text that is long enough to look like a header of one").unwrap();
    let error = Catalogue::open(&path).await.unwrap_err();
    assert!(matches!(error, CatalogueError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("move"), "{error}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"not a database"));

    // A real catalogue with an overwritten page.
    std::fs::remove_file(&path).unwrap();
    let catalogue = Catalogue::open(&path).await.unwrap();
    catalogue.claim(&airing("x", "2026-11-20T05:00:00Z"), "x", at("2026-11-20T05:00:00Z")).await.unwrap();
    drop(catalogue);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..8192].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Catalogue::open(&path).await, Err(CatalogueError::Damaged { .. })));
    // The service begins a new one and sets the old one aside.
    let catalogue = Catalogue::open_or_salvage(&path).await.unwrap();
    assert_eq!(catalogue.damage().len(), 1, "{:?}", catalogue.damage());
    assert!(catalogue.claim(&airing("y", "2026-11-20T05:00:00Z"), "y", at("2026-11-20T05:00:00Z")).await.unwrap());
    assert_eq!(Catalogue::list_set_aside(&path), [folder.path().join("catalogue.sqlite.damaged-1")]);
    assert!(Catalogue::open_or_salvage(&path).await.unwrap().damage().is_empty());

    let newer = folder.path().join("newer.sqlite");
    drop(Catalogue::open(&newer).await.unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for error in [Catalogue::open(&newer).await.unwrap_err(), Catalogue::open_read_only(&newer).await.unwrap_err()] {
        assert!(matches!(error, CatalogueError::Newer { found: 99, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_catalogue_of_the_first_release_is_migrated_with_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sqlite");
    let mut old = Connection::open(&path).unwrap();
    schema::MIGRATIONS.to_version(&mut old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO airings VALUES ('a@20261120T0500Z', 'a', 's', 'A', 'Asia/Seoul', '2026-11-20T05:00:00.000Z', \
         '2026-11-20T06:00:00.000Z', '2026-11-20T05:00:00.000Z', '2026-11-20T06:00:00.000Z', 'shelved', 1, \
         '2026-11-20T05:00:00.000Z', '2026-11-20T06:00:00.000Z', 'partial', 99.9, 3596.0, 'a.mp3', 1, NULL);
         INSERT INTO gaps VALUES ('a@20261120T0500Z', 0, '2026-11-20T05:10:00.000Z', 4.0, '404');
         INSERT INTO gaps VALUES ('a@20261120T0500Z', 1, '2026-11-20T05:20:00.000Z', 4.0, 'aircheck was not running');",
    )
    .unwrap();
    drop(old);
    let catalogue = Catalogue::open(&path).await.unwrap();
    let recording = catalogue.list(&Filter::default()).await.unwrap().remove(0);
    assert_eq!((recording.dead_air.len(), recording.loudness), (0, None));
    let causes = [Cause::new(CauseKind::Other, "404"), Cause::new(CauseKind::NotRunning, "aircheck was not running")];
    assert_eq!(recording.gaps.into_iter().map(|gap| gap.cause).collect::<Vec<_>>(), causes);
    assert_eq!(catalogue.peaks(&recording.id).await.unwrap(), None);
}

#[tokio::test]
async fn migration_gives_a_file_that_several_rows_have_to_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sqlite");
    let mut old = Connection::open(&path).unwrap();
    schema::MIGRATIONS.to_version(&mut old, 7).unwrap();
    for (id, file, finished_at, binned) in [
        ("first", Some("News.mp3"), Some("2026-11-18"), None),
        ("cut again", Some("Same.mp3"), Some("2026-11-21"), None),
        ("last", Some("News.mp3"), Some("2026-11-20"), None),
        ("between", Some("News.mp3"), Some("2026-11-19"), None),
        ("in the bin", Some("News.mp3"), Some("2026-11-21"), Some("there")),
        ("older", Some("Same.mp3"), Some("2026-11-20"), None),
        ("failed", None, Some("2026-11-20"), None),
        ("failed too", None, Some("2026-11-21"), None),
    ] {
        let at = finished_at.map(|day| format!("{day}T06:00:00.000Z"));
        old.execute(
            "INSERT INTO airings (id, show, station, title, timezone, on_air_start, on_air_end, cut_start, cut_end, \
             state, claimed_at, finished_at, verdict, file, bytes, binned, binned_at) VALUES (?1, 'a', 's', 'A', 'UTC', \
             ?2, ?2, ?2, ?2, 'shelved', ?2, ?2, 'complete', ?3, iif(?3 IS NULL, NULL, 1), ?4, iif(?4 IS NULL, NULL, ?2))",
            (id, at, file, binned),
        )
        .unwrap();
        old.execute("INSERT INTO peaks VALUES (?1, 1.0, x'00')", [id]).unwrap();
    }
    drop(old);
    let catalogue = Catalogue::open(&path).await.unwrap();
    let listed = catalogue.list(&Filter { playable: true, ..Filter::default() }).await.unwrap();
    let mut left: Vec<_> = listed.iter().map(|recording| recording.id.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["cut again", "last"]);
    assert_eq!(catalogue.list(&Filter::default()).await.unwrap().len(), 7, "no row is lost");
    let binned = catalogue.binned().await.unwrap().remove(0).binned.unwrap();
    assert_eq!(binned.file.as_deref(), Some(Path::new("News.mp3")), "it can still be brought back");
    assert_eq!(catalogue.peaks(&AiringId::new("first")).await.unwrap(), None);
    assert!(catalogue.peaks(&AiringId::new("last")).await.unwrap().is_some());
}

#[test]
fn a_commit_waits_until_the_disk_has_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open_writing(&folder.path().join("catalogue.sqlite")).unwrap();
    // In WAL mode, only FULL (2) waits for the disk at every commit: <https://sqlite.org/pragma.html#pragma_synchronous>.
    assert_eq!(connection.query_row("PRAGMA synchronous", [], |row| row.get::<_, u32>(0)).unwrap(), 2);
    assert_eq!(connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).unwrap(), "wal");
}
