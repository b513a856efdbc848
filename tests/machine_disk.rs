//! A disk that fills up, on a small file system in memory.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::library::catalogue::Catalogue;
use aircheck::model::{Airing, AiringId, Measured, Outcome, ShowId, Span, StationId, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::text;
use crate::support::machine::{Daemon, Disk, SetClock, by_show, minute, whole};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, ProgrammeTime, Setup, StationHandle};
use crate::support::ports;
use crate::support::receiver::Receiver;

const LIMIT: Duration = Duration::from_secs(150);
const MEBIBYTE: usize = 1024 * 1024;

fn start() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().expect("a time")
}

/// Returns a clock at shortly before ten, and a station that uses it.
fn station(origin: &Origin) -> (std::sync::Arc<SetClock>, StationHandle) {
    let clock = SetClock::before(start(), origin, &[Container::Adts]);
    let setup =
        Setup { programme_time: ProgrammeTime::Every, clock_error: clock.ahead(), ..Setup::of(Container::Adts) };
    (clock, origin.station("s", setup))
}

fn yaml(station: &StationHandle, length: u32) -> String {
    format!(
        "timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\nshows:\n  \
         - {{ title: Show, station: s, cron: \"0 10 * * *\", length: {length}s, keep: {{ last: 1 }} }}\n",
        station.url()
    )
}

async fn wait(clock: &SetClock, seconds: i64) {
    use aircheck::base::clock::Clock as _;
    until("the time", LIMIT, async || clock.now() >= start() + TimeDelta::seconds(seconds)).await;
}

fn finished(list: &[Value]) -> bool {
    list.iter().any(|recording| recording["show"] == "show" && !recording["verdict"].is_null())
}

/// Checks that the recording is whole and begins at ten by the clock of the daemon.
fn whole_show(list: &[Value], clock: &SetClock, seconds: f64) {
    whole(by_show(list, "show"), Some(start() - clock.ahead()), seconds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_is_full_for_a_while_during_the_capture_costs_nothing() {
    let origin = Origin::start();
    let (clock, station) = station(&origin);
    let aircheck = Aircheck::new(&yaml(&station, 30));
    let Some(disk) = Disk::mount(&aircheck, 8 * 1024) else { return };
    let daemon = Daemon::start(&aircheck, clock.clone());
    wait(&clock, 6).await;
    disk.fill(0);
    wait(&clock, 18).await;
    disk.clear();
    until("the recording", LIMIT, async || finished(&aircheck.list().await)).await;
    whole_show(&aircheck.list().await, &clock, 30.0);
    daemon.stop().await;
    // The tape is readable after the full disk, and holds everything when it is opened again.
    let next = Daemon::start(&aircheck, clock.clone());
    next.stop().await;
    assert_eq!(
        aircheck.run(&["recover"]).await.stdout,
        "nothing: no tape holds more of an airing than its recording does\n"
    );
}

/// If sound were left out, all that follows would move by its length, and nobody would know.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_is_away_when_the_capture_begins_costs_nothing() {
    let origin = Origin::start();
    let clock = SetClock::before(start(), &origin, &[Container::Adts]);
    // Only arrivals tell when a segment was on the air.
    let station = origin.station("s", Setup { window: 20, ..Setup::of(Container::Adts) });
    station.fault(Fault::new(Part::Playlist, Kind::Status(503)).lasting(Duration::from_secs(9)));
    let aircheck = Aircheck::new(&yaml(&station, 20));
    let daemon = Daemon::start(&aircheck, clock.clone());
    let (tape, away) = (aircheck.path("state/tape/s"), aircheck.path("state/tape/away"));
    until("the tape", LIMIT, async || tape.exists()).await;
    std::fs::rename(&tape, &away).expect("moved");
    wait(&clock, 5).await;
    assert!(station.log().iter().any(|entry| entry.part == Part::Segment), "there is sound, and no place for it");
    std::fs::rename(&away, &tape).expect("moved back");
    until("the recording", LIMIT, async || finished(&aircheck.list().await)).await;
    whole(by_show(&aircheck.list().await, "show"), None, 20.0);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_is_full_at_the_end_holds_the_recording_up_with_an_alert_and_loses_nothing() {
    let origin = Origin::start();
    let (clock, station) = station(&origin);
    let aircheck = Aircheck::new(&yaml(&station, 20));
    let Some(disk) = Disk::mount(&aircheck, 8 * 1024) else { return };
    let daemon = Daemon::start(&aircheck, clock.clone());
    wait(&clock, 10).await;
    // Room for the tape, not for the MP3.
    disk.fill(380);
    // On a busy machine the tape goes on for so long that there is no room for the alert either.
    wait(&clock, 26).await;
    origin.close_port(true);
    until("an alert in the list", LIMIT, async || aircheck.list().await.len() == 1).await;
    let held = aircheck.list().await.remove(0);
    assert_eq!((&held["verdict"], &held["file"]), (&Value::Null, &Value::Null), "{held}");
    let cause = held["missing"][0]["cause"].as_str().expect("a cause");
    assert!(cause.starts_with("not finished yet, the disk is full"), "{held}");
    assert_eq!(held["missing"][0]["kind"], "disk_full", "{held}");
    let shown = aircheck.run(&["list"]).await.stdout;
    assert!(shown.contains("not finished") && shown.contains("the disk is full"), "{shown}");
    assert!(!aircheck.path("recordings/S").exists(), "a half-written MP3 has no name");
    // A restarted daemon waits, too.
    daemon.stop().await;
    let daemon = Daemon::start(&aircheck, clock.clone());
    until("the alert again", LIMIT, async || aircheck.list().await.len() == 1).await;
    disk.clear();
    until("the recording", LIMIT, async || finished(&aircheck.list().await)).await;
    whole_show(&aircheck.list().await, &clock, 20.0);
    daemon.stop().await;
}

/// The list can be written until the file has its name, and then not until there is space again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recording_that_has_its_name_when_the_list_cannot_be_written_is_made_only_once() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) });
    // With space for no other MP3, and with plenty.
    for (free, words) in [(Some(1_400), "database or disk is full"), (None, "the list could not be asked")] {
        let (start, cron) = minute(5);
        let yaml = yaml(&station, 5).replace("0 10 * * *", &cron);
        let aircheck = Aircheck::new(&yaml);
        let Some(disk) = Disk::mount(&aircheck, 8 * 1024) else { return };
        let mut service = aircheck.start("run", &["run"]);
        service.says("the page is at", LIMIT).await;
        let list = rusqlite::Connection::open(aircheck.path("state/catalogue.sqlite")).expect("the list");
        list.busy_timeout(LIMIT).expect("some patience");
        list.execute_batch(
            "CREATE TRIGGER full BEFORE UPDATE ON airings WHEN NEW.finished_at IS NOT NULL \
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
        )
        .expect("a list that cannot be written");
        if let Some(free) = free {
            disk.fill(free);
        }
        service.says(words, LIMIT).await;
        if free.is_some() {
            disk.clear();
        }
        list.execute_batch("DROP TRIGGER full").expect("a list that can be written again");
        until("the recording", LIMIT, async || finished(&aircheck.list().await)).await;
        let listed = aircheck.list().await;
        whole(by_show(&listed, "show"), Some(start), 5.0);
        service.signal(Signal::TERM);
        assert!(service.end().await.success(), "{}", service.log());
        let files = std::fs::read_dir(aircheck.path("recordings/S/Show")).expect("a folder").count();
        assert_eq!((listed.len(), files), (1, 1), "{listed:?}\n{}", service.log());
    }
}

/// Adds two recordings of the days before, a mebibyte each, and two airings that were missed since.
async fn earlier(aircheck: &Aircheck) {
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    for hours in [6, 12, 24, 48] {
        let begun = start() - TimeDelta::hours(hours);
        let (show, on_air) = (ShowId::new("show"), Span::new(begun, begun + TimeDelta::seconds(10)));
        let airing = Airing {
            id: AiringId::derive(&show, begun),
            show,
            station: StationId::new("s"),
            on_air,
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: aircheck::base::zone::Zone::utc(),
        };
        catalogue.claim(&airing, "Show", begun).await.expect("claimed");
        let missed = hours < 24;
        let file = (!missed).then(|| format!("{}.mp3", hours / 24));
        if let Some(file) = &file {
            let path = aircheck.path("recordings").join(file);
            std::fs::write(&path, vec![0; MEBIBYTE]).expect("written");
            let written = std::fs::File::options().write(true).open(&path).expect("it is there");
            // What was changed later is nobody's to delete.
            written.set_modified(on_air.end.into()).expect("its time");
        }
        let outcome = Outcome {
            verdict: if missed { Verdict::Failed } else { Verdict::Complete },
            seconds: if missed { 0.0 } else { 10.0 },
            bytes: file.as_ref().map(|_| MEBIBYTE as u64),
            file: file.map(Into::into),
            gaps: Vec::new(),
            measured: Measured::default(),
            notes: vec![],
            tracks: None,
            at: on_air.end,
        };
        catalogue.finish(&airing.id, &outcome).await.expect("finished");
    }
    // When the list is closed, its log is deleted: that must not make room later.
    drop(catalogue);
    until("a closed list", LIMIT, async || !aircheck.path("state/catalogue.sqlite-wal").exists()).await;
}

/// Writes an hour-old reel of an unused station, two mebibytes.
fn old_tape(aircheck: &Aircheck) {
    let folder = aircheck.path("state/tape/other");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("20261121T090000000Z.aac"), vec![0; 2 * MEBIBYTE]).expect("written");
    let index = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#aircheck arrived 2026-11-21T09:00:00Z by arrival\n\
                 #EXT-X-PROGRAM-DATE-TIME:2026-11-21T08:59:51Z\n#EXTINF:9.000000,\n#EXT-X-BYTERANGE:2097152@0\n\
                 20261121T090000000Z.aac\n";
    std::fs::write(folder.join("20261121T090000000Z.m3u8"), index).expect("written");
}

/// Waits until no housekeeping is due for a while: at 30 s past every tenth minute, by the machine's clock, the service
/// deletes what is not kept, however much space there is.
async fn away_from_housekeeping() {
    let clock = SystemClock::shared();
    until("a while without it", LIMIT, async || (clock.now().timestamp() - 30).rem_euclid(600) < 510).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_airing_costs_old_tape_first_then_recordings_that_are_not_kept_and_then_is_refused() {
    let origin = Origin::start();
    // What frees the space: tape, retention, nothing.
    for case in 0..3 {
        away_from_housekeeping().await;
        let (clock, station) = station(&origin);
        let aircheck = Aircheck::new(&yaml(&station, 5));
        let Some(disk) = Disk::mount(&aircheck, 8 * 1024) else { return };
        if case == 0 {
            old_tape(&aircheck);
        }
        if case < 2 {
            earlier(&aircheck).await;
        }
        disk.fill(900);
        let daemon = Daemon::start(&aircheck, clock.clone());
        until("a verdict", LIMIT, async || {
            aircheck.list().await.iter().any(|it| it["start"] == "2026-11-21T10:00:00Z" && !it["verdict"].is_null())
        })
        .await;
        let list = aircheck.list().await;
        assert!(!aircheck.path("state/tape/other/20261121T090000000Z.aac").exists(), "old tape");
        match case {
            0 => assert_eq!((list.len(), &list[0]["verdict"]), (5, &"complete".into()), "{list:?}"),
            1 => {
                assert_eq!((list.len(), &list[0]["verdict"]), (3, &"complete".into()), "{list:?}");
                assert_eq!(
                    (&list[1]["verdict"], &list[1]["start"]),
                    (&"failed".into(), &"2026-11-21T04:00:00Z".into())
                );
                assert!(aircheck.path("recordings/1.mp3").exists() && !aircheck.path("recordings/2.mp3").exists());
            }
            _ => {
                assert_eq!(list[0]["verdict"], "failed", "{list:?}");
                let cause = list[0]["missing"][0]["cause"].as_str().expect("a cause");
                assert!(cause.contains("less than `min_free` (1.0 MiB)"), "{cause}");
                assert_eq!(list[0]["missing"][0]["kind"], "disk_full", "{list:?}");
            }
        }
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shows_that_will_not_fit_are_told_hours_ahead_and_that_they_fit_again() {
    let origin = Origin::start();
    let clock = SetClock::before("2026-11-21T20:00:00Z".parse().expect("a time"), &origin, &[]);
    let (port, receiver) = (ports::free(), Receiver::start().await);
    let yaml = |length: &str| {
        format!(
            "web: {{ listen: \"127.0.0.1:{port}\" }}\ntimezone: Asia/Seoul\n\
             stations:\n  s: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
             - {{ title: Early, station: s, cron: \"0 7 * * *\", length: 5m }}\n  \
             - {{ title: 명연주, station: s, cron: \"0 14 * * *\", length: {length} }}\n  \
             - {{ title: Late, station: s, cron: \"0 20 * * *\", length: 5m }}\n\
             notify:\n  - {{ name: hook, on: [disk_soon, disk_low], webhook: \"{0}\" }}\n  \
             - {{ name: korean, on: [disk_soon], language: ko, webhook: \"{0}\" }}\n",
            receiver.url("/"),
        )
    };
    let aircheck = Aircheck::new(&yaml("2h"));
    let Some(_disk) = Disk::mount(&aircheck, 64 * 1024) else { return };
    let checked = aircheck.run(&["check"]).await;
    assert!(checked.stdout.contains("the recordings of the next 24 hours take about 12"), "{checked}");
    let daemon = Daemon::start(&aircheck, clock.clone());
    let told = || receiver.taken("disk_soon");
    until("it is told to both", LIMIT, async || told().len() == 2).await;
    let said = told();
    let said = said.iter().find(|came| came.body["data"]["title"].as_str().is_some_and(str::is_ascii));
    let said = &said.expect("in English").body["data"];
    assert_eq!((&said["state"], &said["matter"]), (&"bad".into(), &"disk_soon:recordings".into()), "{said}");
    // The state folder is on the same disk: 2 h of MP3 at 128 kbit/s and of tape at 256 do not fit on 64 MiB.
    let words = said["text"].as_str().expect("text");
    assert!(words.contains("Room runs out at 2026-11-22 14:2") && words.contains(" more are needed"), "{said}");
    let at_risk = said["airings"].as_array().expect("a list");
    let titles: Vec<_> = at_risk.iter().map(|airing| airing["title"].as_str().expect("a title")).collect();
    assert_eq!(titles, ["명연주", "Late"], "what is before has room: {said}");
    let base = reqwest::Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL");
    let client = reqwest::Client::new();
    assert!(text(&client, &base, "/schedule").await.contains("The next day does not fit on the disk of "));
    assert!(text(&client, &base, "/metrics").await.contains("aircheck_disk_spare_bytes{folder=\"recordings\"} -"));

    aircheck.write(&yaml("5m"));
    assert!(!aircheck.run(&["check"]).await.stdout.contains("next 24 hours"), "it fits");
    until("that it fits is told to both", LIMIT, async || told().len() == 4).await;
    assert!(told()[2..].iter().all(|came| came.body["data"]["state"] == "well"));
    assert!(receiver.taken("disk_low").is_empty(), "there is enough room now");
    assert!(!text(&client, &base, "/schedule").await.contains("does not fit on the disk"));
    daemon.stop().await;
}
