//! The current service takes over a state folder of 0.1.0 that a killed service has left: its list, deleted recordings,
//! changes by hand, and the tape of a running airing.
//!
//! The folder is `tests/fixtures/state-0.1.0/state.tar.gz`; the README beside it says what is in it, and how it was made.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aircheck::base::clock::{Clock, SharedClock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use reqwest::{Client, Method, Url};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, until};
use crate::support::airing::quiet;
use crate::support::library::address;
use crate::support::machine::{Daemon, by_show, heard};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, ProgrammeTime, Setup};
use crate::support::ports;
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(120);
/// An address that does not answer.
const NOWHERE: &str = "http://127.0.0.1:9/x";
/// A picture of one pixel: a drawn one would be as large as all the rest.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A clock that starts at `begins` and runs fast, because an airing waits minutes for a station that is away.
#[derive(Debug)]
struct Hasty {
    machine: SharedClock,
    begins: DateTime<Utc>,
}

impl Hasty {
    const SPEED: u32 = 10;

    fn new(begins: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self { machine: SystemClock::shared(), begins })
    }
}

impl Clock for Hasty {
    fn now(&self) -> DateTime<Utc> {
        self.begins + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic() * Self::SPEED
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.machine.sleep(duration / Self::SPEED)
    }
}

/// Unpacks the folder from the archive.
fn taken_over() -> Aircheck {
    let aircheck = Aircheck::new("stations: {}\n");
    let archive = fixture().join("state.tar.gz");
    tar(&["-xzf", archive.to_str().expect("UTF-8"), "-C", aircheck.path("").to_str().expect("UTF-8")]);
    aircheck
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/state-0.1.0")
}

fn tar(args: &[&str]) {
    #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
    let status = std::process::Command::new("tar").args(args).status().expect("tar runs");
    assert!(status.success(), "tar {args:?}");
}

/// A client of the interface of a service.
struct Interface(Url);

impl Interface {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = self.0.join(&format!("/api/v1/{path}")).expect("a path");
        let answer = Client::new().request(method, url).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json().await.unwrap_or_default()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, Value::Null).await
    }

    /// Returns the coming airings, without running ones.
    async fn airings(&self) -> Vec<Value> {
        let mut airings = self.get("airings?limit=5").await.as_array().expect("a list").clone();
        airings.retain(|airing| airing["state"] == "planned" || airing["state"] == "skipped");
        airings
    }
}

/// Returns the list by ids, with file names relative to the output folder.
async fn list(aircheck: &Aircheck) -> Vec<Value> {
    let mut list = aircheck.list().await;
    for recording in &mut list {
        let file = recording["file"].as_str().and_then(|file| Some(file.split_once("/recordings/")?.1.to_owned()));
        recording["file"] = file.into();
    }
    list.sort_by_key(|recording| recording["id"].to_string());
    list
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key}: {value}"))
}

fn at(value: &Value, key: &str) -> DateTime<Utc> {
    text(value, key).parse().expect("a time")
}

/// Returns `told` without the fields that the answer of then (`older`) does not have.
fn as_told_then(older: &Value, mut told: Value) -> Value {
    match (older, &mut told) {
        (Value::Object(older), Value::Object(told)) => {
            told.retain(|field, _| older.contains_key(field));
            told.iter_mut().for_each(|(field, value)| *value = as_told_then(&older[field], value.take()));
        }
        (Value::Array(older), Value::Array(told)) => {
            told.iter_mut().zip(older).for_each(|(value, older)| *value = as_told_then(older, value.take()));
        }
        _ => {}
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_state_folder_of_0_1_0_is_taken_over_without_a_loss() {
    let aircheck = taken_over();
    let read = |name: &str| std::fs::read_to_string(aircheck.path(name)).expect("it is in the archive");
    let made: Value = serde_json::from_str(&read("made.json")).expect("JSON");
    let port = ports::free();
    let page = format!("127.0.0.1:{port}");
    std::fs::write(aircheck.path("stations.yaml"), read("stations.yaml").replace("127.0.0.1:0", &page))
        .expect("written");
    let reels = std::fs::read_dir(aircheck.path("state/tape/s")).expect("a tape").flatten().map(|entry| entry.path());
    let mut reels: Vec<_> = reels.filter(|path| path.extension().is_some_and(|it| it == "aac")).collect();
    reels.sort();
    let on_tape = Report::of_bytes("aac", &std::fs::read(reels.last().expect("a reel")).expect("its sound"));

    // Two minutes after the kill, when the running airing would have ended.
    let daemon = Daemon::start(&aircheck, Hasty::new(at(&made, "killed") + TimeDelta::minutes(2)));
    let interface = Interface(Url::parse(&format!("http://{page}/")).expect("a URL"));
    until("the page", LIMIT, async || Client::new().get(interface.0.clone()).send().await.is_ok()).await;

    let running = text(&made["running"], "id");
    let is_finished = |it: &Value| it["id"] == running && it["file"].is_string();
    until("the rest of the list", LIMIT, async || aircheck.list().await.iter().any(is_finished)).await;
    let mut listed = list(&aircheck).await;
    let finished =
        listed.iter().position(|it| it["id"] == running).map(|place| listed.remove(place)).expect("it is there");
    assert_eq!(as_told_then(&made["recordings"], json!(listed)), made["recordings"], "what was on the list");
    let all = aircheck.list().await;
    for title in ["First", "Holes"] {
        let recording = all.iter().find(|it| it["title"] == title).expect("it is listed");
        let sound = heard(recording);
        assert!(!sound.heard.is_empty() && sound.begins(at(recording, "start")).is_some(), "{recording}: {sound}");
    }
    assert!(heard(all.iter().find(|it| it["title"] == "First").expect("listed")).is_whole());

    // The recording of the running airing has all that is on the tape.
    let sound = heard(by_show(&all, text(&finished, "show")));
    let start = at(&finished, "start");
    let began = sound.begins(start).map(|begins| (begins - start).as_seconds_f64());
    assert!(sound.is_whole() && began.is_some_and(|began| began.abs() < 0.03), "{finished}: {sound}");
    assert!(sound.heard.len() >= 8, "{sound}");
    assert_eq!(on_tape.numbers()[on_tape.heard.len() - sound.heard.len()..], sound.numbers(), "{on_tape}");
    assert_eq!((&finished["verdict"], &finished["missing"][0]["kind"]), (&json!("partial"), &json!("not_running")));

    let airings = json!(interface.airings().await);
    assert_eq!(as_told_then(&made["airings"], airings), made["airings"], "what was changed by hand");
    let binned = text(&made["binned"], "id");
    let restored = interface.post(&format!("recordings/{binned}/restore"), json!({})).await;
    assert_eq!(as_told_then(&made["binned"], restored), made["binned"], "what was deleted can be brought back");
    let all = aircheck.list().await;
    assert!(heard(all.iter().find(|it| it["id"] == binned).expect("it is listed")).is_whole());
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "makes the archive, see its README; AIRCHECK_BINARY is the release whose folder it is"]
async fn the_folder_is_made() {
    let origin = Origin::start();
    let setup = Setup { programme_time: ProgrammeTime::Every, window: 3, ..Setup::of(Container::Adts) };
    let station = origin.station("s", setup);
    let yaml = format!(
        "name: \"{{{{ show }}}} {{{{ start | date('%H%M%S') }}}}\"\nmp3: {{ bitrate: 48k, channels: 1 }}\nstations:\n  \
         s: {{ name: KBS 1FM, timezone: Asia/Seoul, artwork: dot.png, hls: \"{}\" }}\n  \
         gone: {{ name: Gone FM, timezone: Asia/Seoul, artwork: dot.png, hls: \"{NOWHERE}\" }}\nshows:\n  \
         - {{ title: 명연주 명음반, id: music, station: s, cron: \"{}\", length: 2h, keep: {{ last: 30 }} }}\n",
        station.url(),
        quiet()
    );
    let aircheck = Aircheck::new(&yaml);
    let dot = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, DOT).expect("base64");
    std::fs::write(aircheck.path("dot.png"), dot).expect("written");
    let mut service = aircheck.start("run", &["run"]);
    let interface = Interface(address(&service).await);
    let record = async |station: &str, title: &str, length: &str| {
        interface.post(&format!("stations/{station}/record"), json!({ "title": title, "length": length })).await
    };
    for (count, (station_id, title, length)) in
        (1..).zip([("s", "First", "4s"), ("s", "Second", "3s"), ("s", "Holes", "6s"), ("gone", "Nothing", "3s")])
    {
        if title == "Holes" {
            let next = station.newest() + 2;
            station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(next));
        }
        record(station_id, title, length).await;
        until(title, LIMIT, async || {
            let list = aircheck.list().await;
            list.len() == count && list.iter().all(|it| !it["verdict"].is_null())
        })
        .await;
    }
    let second = aircheck.list().await.into_iter().find(|it| it["title"] == "Second").expect("it is listed");
    let second = text(&second, "id").to_owned();
    let binned = interface.get(&format!("recordings/{second}")).await;
    interface.ask(Method::DELETE, &format!("recordings/{second}"), Value::Null).await;

    let coming = interface.airings().await;
    interface.post(&format!("airings/{}/skip", text(&coming[0], "id")), json!({})).await;
    interface.post(&format!("airings/{}/extend", text(&coming[1], "id")), json!({ "by": "30m" })).await;
    let start = (SystemClock::shared().now() + TimeDelta::days(2)).format("%Y-%m-%dT%H:%M:00Z").to_string();
    interface.post("airings", json!({ "title": "Concert", "station": "s", "start": start, "length": "1h" })).await;
    let (recordings, airings) = (list(&aircheck).await, interface.airings().await);

    let running = record("s", "On the air", "60s").await;
    let enough = at(&running, "start") + TimeDelta::seconds(13);
    until("some sound on tape", LIMIT, async || SystemClock::shared().now() >= enough).await;
    service.signal(Signal::KILL);
    service.end().await;

    let killed = SystemClock::shared().now();
    // To keep the archive small, older reels are deleted, as they are a day later.
    let reels = std::fs::read_dir(aircheck.path("state/tape/s")).expect("a tape").flatten().map(|entry| entry.path());
    let mut reels: Vec<_> = reels.collect();
    reels.sort();
    for old in &reels[..reels.len() - 2] {
        std::fs::remove_file(old).expect("removed");
    }
    let made = json!({
        "killed": killed, "recordings": recordings, "binned": binned, "airings": airings, "running": running,
    });
    std::fs::write(aircheck.path("made.json"), serde_json::to_string_pretty(&made).expect("JSON")).expect("written");
    let yaml = std::fs::read_to_string(aircheck.path("stations.yaml")).expect("read").replace(&station.url(), NOWHERE);
    std::fs::write(aircheck.path("stations.yaml"), yaml).expect("written");
    let (archive, folder) = (fixture().join("state.tar.gz"), aircheck.path(""));
    let (archive, folder) = (archive.to_str().expect("UTF-8"), folder.to_str().expect("UTF-8"));
    let parts = ["made.json", "stations.yaml", "dot.png", "state", "recordings"];
    tar(&[&["-czf", archive, "-C", folder][..], &parts].concat());
}
