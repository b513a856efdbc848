//! `aircheck recover`: a second chance for what is on tape.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::machine::{Daemon, SetClock, by_show, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};

const LIMIT: Duration = Duration::from_secs(120);
const NOTHING: &str = "nothing: no tape holds more of an airing than its recording does\n";

/// Changes the list to what it says after a failure.
fn spoil(aircheck: &Aircheck, change: &str) {
    let list = rusqlite::Connection::open(aircheck.path("state/catalogue.sqlite")).expect("the list");
    assert_eq!(list.execute(change, []).expect("changed"), 1);
}

fn mp3s(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.map(|path| if path.is_dir() { mp3s(&path) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_failed_is_partial_or_has_lost_its_file_is_cut_again_with_the_service_running_or_not_and_nothing_is_overwritten()
 {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Fmp4]);
    let setup =
        Setup { programme_time: ProgrammeTime::Every, clock_error: clock.ahead(), ..Setup::of(Container::Fmp4) };
    let station = origin.station("s", setup);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\n  dead: {{ hls: \"http://127.0.0.1:9/x.m3u8\" }}\nshows:\n  \
         - {{ title: Failed, station: s, cron: \"0 10 21 11 *\", length: 10s }}\n  \
         - {{ title: Partial, station: s, cron: \"0 10 21 11 *\", length: 12s }}\n  \
         - {{ title: Whole, station: s, cron: \"0 10 21 11 *\", length: 5s }}\n  \
         - {{ title: Moved, station: s, cron: \"0 10 21 11 *\", length: 8s }}\n  \
         - {{ title: Dead, station: dead, cron: \"0 10 21 11 *\", length: 2s }}\n",
        station.url()
    ));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    until("all verdicts", LIMIT, async || aircheck.list().await.len() == 5).await;
    let list = aircheck.list().await;
    let dead = by_show(&list, "dead");
    assert_eq!((&dead["verdict"], &dead["file"]), (&"failed".into(), &Value::Null), "{dead}");
    assert_eq!(mp3s(&aircheck.path("recordings")), 4, "a failed airing leaves no file");
    assert_eq!(aircheck.run(&["recover"]).await.stdout, NOTHING);

    let file = |show: &str| by_show(&list, show)["file"].as_str().expect("a file").to_owned();
    std::fs::remove_file(file("failed")).expect("removed");
    spoil(
        &aircheck,
        "UPDATE airings SET state = 'failed', verdict = 'failed', file = NULL, seconds = 0 WHERE show = 'failed'",
    );
    spoil(&aircheck, "UPDATE airings SET verdict = 'partial', percent = 50, seconds = 6 WHERE show = 'partial'");
    spoil(&aircheck, "UPDATE airings SET verdict = 'partial', percent = 50, seconds = 4 WHERE show = 'moved'");
    // The file was moved away; the recovered file may have its name.
    std::fs::remove_file(file("moved")).expect("removed");
    // Another file has the name of the failed recording.
    std::fs::write(file("failed"), "a stranger's").expect("written");

    let listed = aircheck.run(&["recover", "--json"]).await.json();
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert!((by_show(listed, "failed")["on_tape"].as_f64().expect("seconds") - 10.0).abs() < 0.1, "{listed:?}");
    let shown = aircheck.run(&["recover"]).await.stdout;
    assert!(
        shown.contains("moved@20261121T1000Z    partial (50.0 %), file gone  8.0 of 8.0 s on tape    Moved"),
        "{shown}"
    );

    // With the service running.
    let ran = aircheck.run(&["recover", "failed@20261121T1000Z", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let recovered = ran.json();
    whole(&recovered, Some(start - clock.ahead()), 10.0);
    assert_eq!(recovered["file"].as_str().map(|file| file.ends_with("Failed (2).mp3")), Some(true), "{recovered}");
    assert_eq!(std::fs::read_to_string(file("failed")).expect("still there"), "a stranger's");
    daemon.stop().await;
    // And without.
    assert_eq!(aircheck.run(&["recover", "partial@20261121T1000Z"]).await.code, 0);
    let list = aircheck.list().await;
    whole(by_show(&list, "partial"), Some(start - clock.ahead()), 12.0);
    assert!(!Path::new(&file("partial")).exists(), "the half of it is gone");
    assert_eq!(aircheck.run(&["recover", "moved@20261121T1000Z"]).await.code, 0);
    let list = aircheck.list().await;
    assert_eq!(by_show(&list, "moved")["file"], file("moved"));
    whole(by_show(&list, "moved"), Some(start - clock.ahead()), 8.0);
    assert_eq!(mp3s(&aircheck.path("recordings")), 5);
    assert_eq!(aircheck.run(&["recover"]).await.stdout, NOTHING);

    // A complete recording, whose file was deleted by mistake.
    std::fs::remove_file(file("whole")).expect("removed");
    let shown = aircheck.run(&["recover"]).await.stdout;
    assert!(shown.contains("whole@20261121T1000Z  complete, file gone  5.0 of 5.0 s on tape  Whole"), "{shown}");
    let ran = aircheck.run(&["recover", "whole@20261121T1000Z"]).await;
    assert!(ran.code == 0 && ran.stderr.contains("its file was gone; it was made again"), "{ran:?}");
    whole(by_show(&aircheck.list().await, "whole"), Some(start - clock.ahead()), 5.0);
    spoil(&aircheck, "UPDATE airings SET state = 'shelved', verdict = 'complete', file = 'x.mp3' WHERE show = 'dead'");
    let ran = aircheck.run(&["recover", "dead@20261121T1000Z"]).await;
    assert!(ran.code == 1 && ran.stderr.contains("is gone, and nothing of it is on tape any more"), "{ran:?}");
    spoil(&aircheck, "UPDATE airings SET state = 'failed', verdict = 'failed', file = NULL WHERE show = 'dead'");
    assert_eq!(aircheck.run(&["recover"]).await.stdout, NOTHING);

    for (id, code, words) in [
        ("partial@20261121T1000Z", 1, "is complete; there is nothing to recover"),
        ("dead@20261121T1000Z", 1, "holds no more than its recording: 0.0 s"),
        ("nobody@20261121T1000Z", 2, "there is no airing `nobody@20261121T1000Z`"),
    ] {
        let ran = aircheck.run(&["recover", id]).await;
        assert!(ran.code == code && ran.stderr.contains(words), "{ran:?}");
    }
    assert_eq!(mp3s(&aircheck.path("recordings")), 5, "what was not recovered leaves nothing behind");

    // An older list is put back: it does not have one recording, and has another as missed.
    let kept = aircheck.list().await;
    spoil(&aircheck, "DELETE FROM airings WHERE show = 'whole'");
    let missed = "UPDATE airings SET state = 'failed', verdict = 'failed', file = NULL, bytes = NULL, seconds = 0";
    spoil(&aircheck, &format!("{missed} WHERE show = 'partial'"));
    let service = aircheck.start("restored", &["run"]);
    service.says("not on the list; `aircheck recover --files` puts them there count=2", LIMIT).await;
    assert_eq!(aircheck.list().await.len(), 4, "nothing is put on it by itself");
    let ran = aircheck.run(&["recover", "--files"]).await;
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 2), "{ran:?}");
    let list = aircheck.list().await;
    for recording in &kept {
        let show = recording["show"].as_str().expect("a show");
        let again = by_show(&list, show);
        for field in ["id", "title", "station", "start", "end", "verdict", "missing", "silent", "file", "bytes"] {
            assert_eq!(again[field], recording[field], "{field} of {again}");
        }
    }
    whole(by_show(&list, "partial"), Some(start - clock.ahead()), 12.0);
    let ran = aircheck.run(&["recover", "--files"]).await;
    assert_eq!(ran.stdout, "nothing: the list has every recording in the output folder\n");
    a_lost_list_is_made_again(&aircheck, service, &kept, &file("whole")).await;
}

/// Moves a file by hand, and loses the whole list, which said `kept`.
async fn a_lost_list_is_made_again(aircheck: &Aircheck, mut service: Service, kept: &[Value], whole: &str) {
    let moved = aircheck.path("recordings/by hand.mp3");
    std::fs::rename(whole, &moved).expect("renamed");
    let ran = aircheck.run(&["fsck", "--fix"]).await;
    assert!(ran.stdout.contains("fixed: its file was moved to by hand.mp3: the list follows it"), "{ran:?}");
    assert_eq!(by_show(&aircheck.list().await, "whole")["file"], moved.to_str().expect("a path"));
    service.signal(Signal::TERM);
    service.end().await;
    for name in ["catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
        let _ = std::fs::remove_file(aircheck.path("state").join(name));
    }
    let ran = aircheck.run(&["fsck"]).await;
    assert!(ran.code == 1 && ran.stdout.contains("there is no list, and 4 recordings of aircheck are in"), "{ran:?}");
    for (count, run) in [(4, "first"), (0, "second")] {
        let told = aircheck.run(&["fsck", "--fix", "--json"]).await.json();
        let kinds: Vec<_> = told["findings"].as_array().expect("a list").iter().map(|it| &it["kind"]).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "adopted").count(), count, "{run}: {told}");
    }
    let list = aircheck.list().await;
    assert_eq!(list.len(), 4, "an airing that failed has no file that tells of it");
    for recording in kept.iter().filter(|it| it["verdict"] != "failed") {
        let again = by_show(&list, recording["show"].as_str().expect("a show"));
        for field in ["id", "title", "station", "start", "end", "verdict", "seconds", "missing", "silent", "bytes"] {
            assert_eq!(again[field], recording[field], "{field} of {again}");
        }
        assert_eq!(again["notes"][0]["kind"], "adopted", "{again}");
    }
}
