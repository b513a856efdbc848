//! The service, run as a user runs it: `aircheck run` with a YAML, real stations, real minutes.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::library::catalogue::Catalogue;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use rustix::process::Signal;
use serde_json::Value;
use tokio::net::UnixDatagram;

use crate::support::aircheck::{Aircheck, ffprobe, until};
use crate::support::airing::next_minute;
use crate::support::ffmpeg;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::timecode::Report;

/// The longest wait: until the next full minute, and for an airing in it.
const SOON: Duration = Duration::from_secs(120);
/// How much an encoder may add, in seconds.
const FRAME: f64 = 0.024;

fn stamped(container: Container) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) }
}

fn by_show<'a>(list: &'a [Value], show: &str) -> &'a Value {
    list.iter().find(|recording| recording["show"] == show).unwrap_or_else(|| panic!("no {show} in {list:?}"))
}

/// Checks that the recording is whole and begins at `start`, to the rounding of stamps; returns the report.
fn whole(recording: &Value, start: DateTime<Utc>, seconds: f64) -> Report {
    let heard = Report::of_file(Path::new(recording["file"].as_str().expect("a file")));
    assert_eq!(recording["verdict"], "complete", "{recording}: {heard}");
    assert_eq!(recording["missing"], serde_json::json!([]), "{recording}");
    assert!(heard.is_whole(), "{recording}: {heard}");
    assert!((heard.length - seconds).abs() <= FRAME, "{recording}: {heard}");
    let off = heard.begins(start).map(|begins| (begins - start).as_seconds_f64().abs());
    assert!(off.is_some_and(|off| off < 0.03), "{recording}: {heard}, off by {off:?}");
    heard
}

#[tokio::test]
async fn shows_of_the_same_second_share_a_connection_and_each_is_whole_with_its_padding() {
    let origin = Origin::start();
    let ts = origin.station("ts", stamped(Container::Ts));
    let fmp4 = origin.station("fmp4", stamped(Container::Fmp4));
    let (minute, cron) = next_minute(8);
    let aircheck = Aircheck::new(&format!(
        r#"
timezone: UTC
stations:
  ts: {{ name: KBS 1FM, hls: "{}", timezone: Asia/Seoul }}
  fmp4: {{ name: "EBS: FM", hls: "{}", artwork: photo.jpg }}
shows:
  - {{ title: 짧은 프로, id: short, station: ts, cron: "{cron}", timezone: UTC, length: 5s, early: 2s, late: 1s }}
  - title: Long
    station: ts
    cron: "{cron}"
    timezone: UTC
    length: 12s
    late: 3s
    tags: {{ artist: KBS Classic FM, genre: Classical, album: 명연주 명음반, title: "{{{{ show }}}} {{{{ start | date('%Y-%m-%d') }}}}" }}
  - {{ title: Other, station: fmp4, cron: "{cron}", length: 10s, mp3: {{ bitrate: 64k, channels: 1, sample_rate: 44100 }} }}
"#,
        ts.url(),
        fmp4.url()
    ));
    let photo = ffmpeg::run(&["-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1", "-f", "mjpeg", "-"], &[]);
    std::fs::write(aircheck.path("photo.jpg"), photo).expect("a picture");
    let mut service = aircheck.start("run", &["run"]);
    until("three recordings", SOON, async || aircheck.list().await.len() == 3).await;
    let list = aircheck.list().await;
    whole(by_show(&list, "short"), minute - TimeDelta::seconds(2), 8.0);
    whole(by_show(&list, "long"), minute, 15.0);
    whole(by_show(&list, "other"), minute, 10.0);

    // All shows share one connection: every segment was fetched once.
    let mut segments: Vec<_> = ts.log().into_iter().filter_map(|entry| entry.sequence).collect();
    let fetched = segments.len();
    segments.sort_unstable();
    segments.dedup();
    assert_eq!(segments.len(), fetched, "{segments:?}");

    let long = by_show(&list, "long");
    let stamp = minute.format("%Y%m%dT%H%MZ");
    assert_eq!(long["id"], format!("long@{stamp}"));
    assert_eq!(long["station"], "ts");
    assert_eq!(long["start"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()), Some(minute));
    let name = format!("recordings/KBS 1FM/Long/{} Long.mp3", minute.format("%Y-%m-%d %H%M"));
    assert_eq!(long["file"].as_str(), aircheck.path(&name).to_str());
    assert_eq!(long["bytes"].as_u64(), std::fs::metadata(aircheck.path(&name)).ok().map(|data| data.len()));
    let probed = ffprobe(&aircheck.path(&name));
    let tags = &probed["format"]["tags"];
    assert_eq!(tags["title"], format!("Long {}", minute.format("%Y-%m-%d")));
    assert_eq!((&tags["artist"], &tags["genre"]), (&"KBS Classic FM".into(), &"Classical".into()));
    assert_eq!((&tags["album"], &tags["TRSN"]), (&"명연주 명음반".into(), &"KBS 1FM".into()));
    assert_eq!(tags["date"], minute.format("%Y-%m-%dT%H:%M:00").to_string());
    let other = ffprobe(Path::new(by_show(&list, "other")["file"].as_str().expect("a file")));
    let stream = &other["streams"][0];
    assert_eq!((stream["channels"].as_u64(), &stream["sample_rate"]), (Some(1), &"44100".into()));
    assert_eq!(stream["bit_rate"], "64000");
    // The check above found the sound of all three whole, with a picture before it.
    let cover = |probed: &Value| {
        let picture = &probed["streams"][1];
        assert_eq!(picture["disposition"]["attached_pic"], 1, "{probed}");
        (picture["codec_name"].as_str().map(str::to_owned), picture["width"].as_u64(), picture["height"].as_u64())
    };
    assert_eq!(cover(&probed), (Some("png".to_owned()), Some(600), Some(600)), "drawn");
    assert_eq!(cover(&other), (Some("mjpeg".to_owned()), Some(64), Some(48)), "its station's");

    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}

#[tokio::test]
async fn a_killed_service_goes_on_and_loses_nothing_that_the_window_still_offers() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Adts));
    // Segments without stamps are joined by their bytes.
    let plain = origin.station("p", Setup::of(Container::Ts));
    let (minute, cron) = next_minute(6);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\n  p: {{ name: P, hls: \"{}\" }}\nshows:\n  \
         - {{ title: Killed, station: s, cron: \"{cron}\", length: 24s }}\n  \
         - {{ title: Plain, station: p, cron: \"{cron}\", length: 24s }}\n",
        station.url(),
        plain.url()
    ));
    let clock = SystemClock::shared();
    let mut first = aircheck.start("first", &["run"]);
    let middle = minute + TimeDelta::seconds(10);
    until("the middle of the airing", SOON, async || clock.now() >= middle).await;
    first.signal(Signal::KILL);
    first.end().await;
    let later = middle + TimeDelta::seconds(4);
    until("a while later", SOON, async || clock.now() >= later).await;

    let mut second = aircheck.start("second", &["run"]);
    until("both recordings", SOON, async || aircheck.list().await.len() == 2).await;
    let list = aircheck.list().await;
    whole(by_show(&list, "killed"), minute, 24.0);
    let plain = by_show(&list, "plain");
    let heard = Report::of_file(Path::new(plain["file"].as_str().expect("a file")));
    assert!(heard.is_whole() && plain["verdict"] == "complete", "{plain}: {heard}");
    assert!((heard.length - 24.0).abs() <= FRAME, "{heard}");

    second.signal(Signal::INT);
    assert!(second.end().await.success(), "{}", second.log());
}

#[tokio::test]
async fn an_airing_that_has_begun_is_recorded_from_the_start_of_the_service_and_a_stop_keeps_what_is_on_tape() {
    let origin = Origin::start();
    let setup = Setup { window: 3, ..stamped(Container::Ts) };
    let station = origin.station("s", setup);
    let now = SystemClock::shared().now();
    // The airing began twenty to eighty seconds ago; the window reaches back six.
    let begun = (now - TimeDelta::seconds(20)).with_second(0).and_then(|at| at.with_nanosecond(0)).expect("a minute");
    let ends = now + TimeDelta::seconds(25);
    let length = (ends - begun).num_seconds();
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\nshows:\n  \
         - {{ title: On, station: s, cron: \"{} {} * * *\", length: {length}s }}\n",
        station.url(),
        begun.minute(),
        begun.hour()
    ));
    let mut first = aircheck.start("first", &["run"]);
    first.says("on tape", SOON).await;
    let clock = SystemClock::shared();
    let pause = clock.now() + TimeDelta::seconds(6);
    until("some tape", SOON, async || clock.now() >= pause).await;
    first.signal(Signal::TERM);
    assert!(first.end().await.success());
    assert!(aircheck.list().await.is_empty(), "an interrupted airing is no recording yet");

    let mut second = aircheck.start("second", &["run"]);
    until("the recording", SOON, async || aircheck.list().await.len() == 1).await;
    let recording = aircheck.list().await.remove(0);
    assert_eq!(recording["verdict"], "partial", "{recording}");
    let missing = recording["missing"].as_array().expect("gaps");
    assert_eq!(missing.len(), 1, "only the beginning: {recording}");
    let told = format!("{recording}\n{}\n{}", first.log(), second.log());
    assert_eq!(missing[0]["cause"], "aircheck was not yet recording when the show began", "{told}");
    assert_eq!(missing[0]["kind"], "began_late", "{told}");
    let heard = Report::of_file(Path::new(recording["file"].as_str().expect("a file")));
    assert!(heard.is_whole(), "{heard}");
    let accounted = missing[0]["seconds"].as_f64().expect("seconds") + recording["seconds"].as_f64().expect("seconds");
    assert!((accounted - (ends - begun).num_seconds() as f64).abs() < 0.06, "{recording}");
    assert!(
        heard.ends(ends).is_some_and(|end| (end - begun).num_milliseconds().abs_diff(length * 1000) < 60),
        "{heard}"
    );
    second.signal(Signal::TERM);
    assert!(second.end().await.success());
}

#[tokio::test]
async fn a_wrong_edit_is_reported_and_changes_nothing_and_a_right_one_takes_effect() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Ts));
    let stations = format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\n", station.url());
    let aircheck = Aircheck::new(&format!("{stations}shows: []\n"));
    let mut service = aircheck.start("run", &["run"]);
    let limit = Duration::from_secs(60);
    service.says("aircheck 0.1.0 runs", limit).await;

    aircheck.write(&format!("{stations}shwos: []\n"));
    service.says("going on with the one before", limit).await;
    assert!(service.log().contains("write `shows`"), "{}", service.log());

    let other = aircheck.run(&["run"]).await;
    assert_eq!(other.code, 2, "the second one reads the same wrong file: {other:?}");
    aircheck.write(&format!("{stations}shows:\n  - {{ title: Now, station: s, cron: \"* * * * *\", length: 1m }}\n"));
    service.says("configuration read again", limit).await;
    service.says("claimed airing=now@", limit).await;

    let other = aircheck.run(&["run"]).await;
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains(&format!("is used by another aircheck (process {})", service.id())), "{other:?}");
    service.signal(Signal::TERM);
    assert!(service.end().await.success());
}

/// The address of a station is corrected while its show is on the air; nothing is restarted.
#[tokio::test]
async fn a_station_whose_address_is_corrected_during_a_show_is_recorded_from_then_on() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { window: 20, ..stamped(Container::Ts) });
    let (start, cron) = next_minute(4);
    let yaml = |address: &str| {
        format!(
            "timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{address}\" }}\nshows:\n  \
             - {{ title: On, station: s, cron: \"{cron}\", length: 16s }}\n"
        )
    };
    let aircheck = Aircheck::new(&yaml("http://127.0.0.1:9/x"));
    let mut service = aircheck.start("run", &["run"]);
    service.says("127.0.0.1:9/x cannot be reached", SOON).await;
    let clock = SystemClock::shared();
    until("the show to be on", SOON, async || clock.now() > start + TimeDelta::seconds(4)).await;
    aircheck.write(&yaml(station.url().as_ref()));
    until("the recording", SOON, async || !aircheck.list().await.is_empty()).await;
    whole(&aircheck.list().await[0], start, 16.0);
    service.signal(Signal::TERM);
    assert!(service.end().await.success());
}

#[tokio::test]
async fn missed_airings_are_on_the_list_once_the_service_is_ready() {
    let now = SystemClock::shared().now();
    let over = now - TimeDelta::minutes(30);
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
         - {{ title: Missed, station: s, cron: \"{} {} * * *\", length: 1m }}\n",
        over.minute(),
        over.hour()
    ));
    let path = aircheck.path("state/catalogue.sqlite");
    drop(Catalogue::open(&path).await.expect("a catalogue"));
    // The last sign of life of a service that was stopped an hour ago.
    let lock = std::fs::File::create(aircheck.path("state/lock")).expect("a file");
    (&lock).write_all(b"1\n").expect("written");
    lock.set_modified((now - TimeDelta::hours(1)).into()).expect("an old file");
    drop(lock);
    let socket = UnixDatagram::bind(aircheck.path("notify")).expect("a socket");
    // The list is locked, so the service cannot write to it.
    let mut holder = rusqlite::Connection::open(&path).expect("opened");
    let held = holder.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("held");
    let notify = aircheck.path("notify");
    let mut service = aircheck.start_with("run", &["run"], &[("NOTIFY_SOCKET", notify.as_os_str())]);
    let mut told = [0; 4096];
    let told = SystemClock::shared().timeout(SOON, async {
        loop {
            let length = socket.recv(&mut told).await.expect("a message");
            let words = String::from_utf8_lossy(&told[..length]).into_owned();
            if words.contains("READY=1") {
                return words;
            }
        }
    });
    told.await.expect("it is ready");
    drop(held);
    until("what was missed", SOON, async || aircheck.list().await.len() == 1).await;
    let missed = aircheck.list().await.remove(0);
    assert_eq!((&missed["verdict"], &missed["missing"][0]["kind"]), (&"failed".into(), &"not_running".into()));
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
