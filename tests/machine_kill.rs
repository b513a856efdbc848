//! The service is killed again and again, and loses nothing that the stations still offered.
#![expect(clippy::format_push_string, reason = "a configuration is built as it reads")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::base::hash::fnv1a_hex;
use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, Service, chapters, ffprobe, until};
use crate::support::library::record_now;
use crate::support::machine::{Daemon, Dice, SetClock, by_show, heard, minute, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};

/// Long enough for everything here, on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);
const KILLS: usize = 20;

async fn kill(service: &mut Service) {
    service.signal(Signal::KILL);
    service.end().await;
}

async fn wait_until(instant: DateTime<Utc>) {
    let clock = SystemClock::shared();
    until("the time", LIMIT, async || clock.now() >= instant).await;
}

fn stamped(container: Container) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) }
}

/// Returns the files in the output folder that are no recordings.
fn strangers(aircheck: &Aircheck, list: &[Value]) -> Vec<String> {
    let known: BTreeSet<_> =
        list.iter().filter_map(|recording| recording["file"].as_str().map(str::to_owned)).collect();
    let mut folders = vec![aircheck.path("recordings")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !known.contains(&path.display().to_string()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn killed_at_twenty_random_moments_during_overlapping_airings_nothing_is_missing_or_doubled() {
    let dice = Dice::thrown();
    let origin = Origin::start();
    let window = |setup: Setup| Setup { window: 20, ..setup };
    let stations = [
        ("a", window(stamped(Container::Ts))),
        ("b", window(Setup::of(Container::Ts))),
        ("c", window(stamped(Container::Adts))),
        ("d", window(Setup::of(Container::Fmp4))),
    ];
    let urls: Vec<_> = stations.into_iter().map(|(name, setup)| (name, origin.station(name, setup).url())).collect();
    let (start, cron) = minute(10);
    let mut yaml = "timezone: UTC\nstations:\n".to_owned();
    for (name, url) in &urls {
        yaml += &format!("  {name}: {{ name: {name}, hls: \"{url}\" }}\n");
    }
    yaml += "shows:\n";
    // Each station has one short and one long airing, so that some are shelved while others go on.
    for (name, _) in &urls {
        yaml += &format!("  - {{ title: Short {name}, station: {name}, cron: \"{cron}\", length: 25s, late: 2s }}\n");
        yaml += &format!("  - {{ title: Long {name}, station: {name}, cron: \"{cron}\", length: 50s, early: 3s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    let mut service = aircheck.start("run", &["run"]);
    wait_until(start - TimeDelta::seconds(4)).await;
    // From the end of an airing on there are ten attempts; a busy machine takes long to restart.
    let mut left = 9;
    for number in 0..KILLS {
        let pause = Duration::from_millis(dice.below(5_000));
        SystemClock::shared().sleep(pause).await;
        let since = SystemClock::shared().now() - start;
        left -= i32::from(since > TimeDelta::seconds(27));
        if left < 0 {
            break;
        }
        println!("kill {number} after {pause:?} at {since}");
        kill(&mut service).await;
        service = aircheck.start("run", &["run"]);
    }
    until("all recordings", LIMIT, async || aircheck.list().await.len() == 8).await;
    let list = aircheck.list().await;
    for (name, _) in &urls {
        let by_stamps = *name == "a" || *name == "c";
        for (show, begins, seconds) in [("short", 0, 27.0), ("long", -3, 53.0)] {
            let recording = by_show(&list, &format!("{show}-{name}"));
            let begins = by_stamps.then(|| start + TimeDelta::seconds(begins));
            println!("{show} {name}: {}", whole(recording, begins, seconds));
        }
    }
    assert_eq!(strangers(&aircheck, &list), [""; 0]);
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

#[tokio::test]
async fn killed_again_and_again_while_it_shelves_the_service_makes_one_whole_recording_of_each_airing() {
    let dice = Dice::thrown();
    let origin = Origin::start();
    let station = origin.station("s", Setup { window: 20, ..stamped(Container::Ts) });
    let (start, cron) = minute(5);
    let mut yaml = format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\nshows:\n", station.url());
    for number in 0..6 {
        yaml += &format!("  - {{ title: Show {number}, station: s, cron: \"{cron}\", length: 8s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    let mut service = aircheck.start("run", &["run"]);
    wait_until(start + TimeDelta::seconds(8)).await;
    // Six attempts of ten; each is killed between ffmpeg's first byte and the last write to the list.
    for _ in 0..6 {
        SystemClock::shared().sleep(Duration::from_millis(200 + dice.below(1_300))).await;
        kill(&mut service).await;
        service = aircheck.start("run", &["run"]);
    }
    until("all recordings", LIMIT, async || aircheck.list().await.len() == 6).await;
    let list = aircheck.list().await;
    for number in 0..6 {
        whole(by_show(&list, &format!("show-{number}")), Some(start), 8.0);
    }
    assert_eq!(strangers(&aircheck, &list), [""; 0]);
}

#[tokio::test]
async fn only_what_the_window_no_longer_has_is_missing_and_each_gap_has_its_cause() {
    let origin = Origin::start();
    let setup = |programme_time| Setup { window: 3, programme_time, ..Setup::of(Container::Adts) };
    let stations = [
        ("stamped", origin.station("s", setup(ProgrammeTime::Every)), 0.06),
        // Only arrivals join these two captures, so their times are exact to one poll.
        ("plain", origin.station("p", setup(ProgrammeTime::No)), 1.2),
    ];
    let (start, cron) = minute(8);
    let mut yaml = "timezone: UTC\nstations:\n".to_owned();
    for (name, station, _) in &stations {
        yaml += &format!("  {name}: {{ hls: \"{}\" }}\n", station.url());
    }
    yaml += "shows:\n";
    for (name, _, _) in &stations {
        yaml += &format!("  - {{ title: Show {name}, station: {name}, cron: \"{cron}\", length: 34s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    let mut first = aircheck.start("first", &["run"]);
    wait_until(start + TimeDelta::seconds(8)).await;
    kill(&mut first).await;
    wait_until(start + TimeDelta::seconds(24)).await;
    let mut second = aircheck.start("second", &["run"]);
    until("both recordings", LIMIT, async || aircheck.list().await.len() == 2).await;
    for (name, _, within) in &stations {
        let list = aircheck.list().await;
        let recording = by_show(&list, &format!("show-{name}"));
        let missing = recording["missing"].as_array().expect("gaps");
        assert_eq!(missing.len(), 1, "{recording}");
        assert_eq!(missing[0]["cause"], "aircheck was not running", "{recording}");
        assert_eq!(missing[0]["kind"], "not_running", "{recording}");
        let (lost, kept) = (missing[0]["seconds"].as_f64(), recording["seconds"].as_f64());
        let (lost, kept) = (lost.expect("a length"), kept.expect("a length"));
        assert!((8.0..17.0).contains(&lost) && (lost + kept - 34.0).abs() < 0.06, "{recording}");
        let report = heard(recording);
        assert!(report.unreadable.len() <= 1 && report.doubled == 0.0, "{report}");
        assert!((report.missing - lost).abs() < *within, "the gaps say {lost}: {report}\n{}", first.log());
        // The file and the log say the same.
        let words = format!("{lost:.1} s missing: aircheck was not running");
        let file = Path::new(recording["file"].as_str().expect("a file"));
        let comment = ffprobe(file)["format"]["tags"]["comment"].as_str().unwrap_or_default().to_owned();
        assert!(comment.starts_with("partial (") && comment.contains(&words), "{comment}");
        let chapters = chapters(file);
        let title = chapters.last().and_then(|chapter| chapter["tags"]["title"].as_str()).unwrap_or_default();
        assert!(chapters.len() == 2 && title.contains(&words), "{chapters:?}");
        let log = second.log();
        let told = log.lines().find(|line| line.contains(&format!("missing airing=show-{name}@")));
        assert!(told.is_some_and(|line| line.contains("cause=\"aircheck was not running\"")), "{log}");
    }
    second.signal(Signal::TERM);
    assert!(second.end().await.success(), "{}", second.log());
}

#[tokio::test]
async fn a_service_stopped_while_it_encodes_ends_in_time_and_finishes_after_the_next_start() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { window: 20, ..stamped(Container::Ts) });
    let (start, cron) = minute(5);
    let mut yaml = format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\nshows:\n", station.url());
    for number in 0..12 {
        yaml += &format!("  - {{ title: Show {number}, station: s, cron: \"{cron}\", length: 10s }}\n");
    }
    let aircheck = Aircheck::new(&yaml);
    let mut service = aircheck.start("run", &["run"]);
    // The first encoder has begun, and there are more airings than slots for encoders.
    let parts = aircheck.path("recordings/.aircheck");
    until("an encoder", LIMIT, async || std::fs::read_dir(&parts).is_ok_and(|parts| parts.count() > 0)).await;
    let asked = SystemClock::shared();
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    assert!(asked.monotonic() < Duration::from_secs(10), "it took {:?}", asked.monotonic());
    assert!(aircheck.list().await.len() < 12, "it was stopped too late to show anything");
    let _again = aircheck.start("again", &["run"]);
    until("all recordings", LIMIT, async || aircheck.list().await.len() == 12).await;
    let list = aircheck.list().await;
    for number in 0..12 {
        whole(by_show(&list, &format!("show-{number}")), Some(start), 10.0);
    }
    assert_eq!(strangers(&aircheck, &list), [""; 0]);
    assert!(Path::new(&aircheck.path("state/lock")).exists());
}

/// A random kill seldom hits the moment between two adjacent steps, so the test creates what that leaves.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_between_naming_a_file_and_writing_the_list_leaves_one_recording() {
    let origin = Origin::start();
    let start: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().expect("a time");
    let clock = SetClock::before(start, &origin, &[Container::Ts]);
    let station = origin.station("s", Setup { clock_error: clock.ahead(), ..stamped(Container::Ts) });
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"0 10 * * *\", length: 5s }}\n",
        station.url()
    ));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    until("the recording", LIMIT, async || aircheck.list().await.len() == 1).await;
    daemon.stop().await;
    let list = rusqlite::Connection::open(aircheck.path("state/catalogue.sqlite")).expect("the list");
    let unsaid = list.execute("UPDATE airings SET state = 'shelving', finished_at = NULL", []);
    assert_eq!(unsaid.expect("changed"), 1);
    // An `aircheck recover` was killed, too.
    let parts = aircheck.path("recordings/.aircheck");
    std::fs::create_dir_all(&parts).expect("a folder");
    let state = aircheck.path("state").canonicalize().expect("a folder");
    let owner = &fnv1a_hex(&state.to_string_lossy())[..8];
    // No system has so many processes.
    let part = format!("show@20261120T1000Z.2000000000-{owner}.mp3.part");
    std::fs::write(parts.join(part), "half of it").expect("written");

    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let unfinished = "SELECT count(*) FROM airings WHERE finished_at IS NULL";
    let settled = async || list.query_row(unfinished, [], |row| row.get::<_, u32>(0)).is_ok_and(|open| open == 0);
    until("the last word to the list", LIMIT, settled).await;
    daemon.stop().await;
    let listed = aircheck.list().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    whole(&listed[0], Some(start - clock.ahead()), 5.0);
    assert_eq!(strangers(&aircheck, &listed), [""; 0]);

    // Every attempt to finish the airing was killed: the next waits a little, with an alert, and is not the last.
    std::fs::remove_file(listed[0]["file"].as_str().expect("a file")).expect("removed");
    let unmade = "UPDATE airings SET state = 'claimed', finished_at = NULL, file = NULL, attempts = 10";
    assert_eq!(list.execute(unmade, []).expect("changed"), 1);
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let alert = "not finished yet, aircheck ended before it was finished, 10 times by now";
    until("the alert", LIMIT, async || aircheck.list().await.iter().any(|it| it["missing"][0]["cause"] == alert)).await;
    until("the recording", LIMIT, async || aircheck.list().await.iter().any(|it| it["file"].is_string())).await;
    daemon.stop().await;
    let listed = aircheck.list().await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    whole(&listed[0], Some(start - clock.ahead()), 5.0);
    assert_eq!(strangers(&aircheck, &listed), [""; 0]);
}

#[tokio::test]
async fn a_recording_that_cannot_be_finished_at_first_is_tried_again_from_its_tape() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Ts));
    let (start, cron) = minute(5);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"{}\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"{cron}\", length: 5s }}\n",
        station.url()
    ));
    let broken = aircheck.path("broken");
    let script = format!("#!/bin/sh\ntest ! -e '{}' || exit 1\nexec /usr/bin/ffmpeg \"$@\"\n", broken.display());
    let path = aircheck.put_program("ffmpeg", &script);
    std::fs::write(&broken, "").expect("written");
    let mut service = aircheck.start_with("run", &["run"], &[("PATH", &path)]);
    service.says("its tape is kept, it is finished when that has passed", LIMIT).await;
    let alert = |recording: &Value| {
        let cause = recording["missing"][0]["cause"].as_str().unwrap_or_default().to_owned();
        recording["file"].is_null() && cause.starts_with("not finished yet, ffmpeg cannot be run")
    };
    assert!(aircheck.list().await.iter().all(alert), "there is no recording yet");
    std::fs::remove_file(&broken).expect("removed");
    until("the recording", LIMIT, async || aircheck.list().await.iter().any(|it| it["file"].is_string())).await;
    let list = aircheck.list().await;
    assert_eq!(list.len(), 1, "{list:?}");
    whole(&list[0], Some(start), 5.0);
    assert_eq!(strangers(&aircheck, &list), [""; 0]);
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

/// As when a container is recreated around the same volume: path and host name change, and the claims are still its
/// own.
#[tokio::test]
async fn killed_and_its_state_folder_moved_the_service_goes_on_with_what_is_on_the_air() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { window: 20, ..stamped(Container::Adts) });
    let aircheck =
        Aircheck::new(&format!("timezone: UTC\nstations: {{ s: {{ hls: \"{}\" }} }}\nshows: []\n", station.url()));
    let mut service = aircheck.start("run", &["run"]);
    record_now(&service, "s", 20).await;
    service.says("on tape station=s", LIMIT).await;
    kill(&mut service).await;
    std::fs::rename(aircheck.path("state"), aircheck.path("moved")).expect("moved");
    let yaml = std::fs::read_to_string(aircheck.path("stations.yaml")).expect("a file");
    std::fs::write(aircheck.path("stations.yaml"), yaml.replace("state: state", "state: moved")).expect("written");
    let mut service = aircheck.start("again", &["run"]);
    until("the recording", LIMIT, async || aircheck.list().await.len() == 1).await;
    whole(&aircheck.list().await[0], None, 20.0);
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
