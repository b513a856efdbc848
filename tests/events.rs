//! Events, over HTTP from the real service while it records.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use reqwest::{Client, Response, StatusCode, Url};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{ID, address, get, recorded};
use crate::support::machine::{minute, processes};
use crate::support::origin::{Container, Origin, Setup, StationHandle};

/// How long an event may take to arrive.
const SOON: Duration = Duration::from_secs(60);

/// A client that listens to events.
struct Ear {
    answer: Response,
    heard: String,
}

/// An event.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Ear {
    async fn new(base: &Url, path: &str) -> Self {
        let answer = get(&Client::new(), base, path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, heard: String::new() }
    }

    /// Returns the next event. `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(at) = self.heard.find("\n\n") {
                let block: String = self.heard.drain(..at + 2).collect();
                let line = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
                let event = line("event: ").zip(line("id: ")).zip(line("data: "));
                // An event without a name is a sign of life.
                if let Some(((name, id), data)) = event {
                    return Some(Event { name, id, data: serde_json::from_str(&data).expect("JSON") });
                }
                continue;
            }
            let chunk = SystemClock::shared().timeout(SOON, self.answer.chunk()).await.expect("something happens");
            self.heard.push_str(std::str::from_utf8(&chunk.ok()??).expect("text"));
        }
    }

    /// Returns the next event for which `condition` holds.
    async fn until(&mut self, what: &str, condition: impl Fn(&Event) -> bool) -> Event {
        let found = async {
            loop {
                let event = self.next().await.unwrap_or_else(|| panic!("it ended before {what}"));
                if condition(&event) {
                    return event;
                }
            }
        };
        // Other events go on meanwhile, so this needs a limit of its own.
        SystemClock::shared().timeout(SOON, found).await.unwrap_or_else(|_| panic!("{what} was not told"))
    }
}

fn tells(event: &Event, resource: &str) -> bool {
    event.name == "changed" && event.data["resources"].as_array().expect("a list").contains(&resource.into())
}

#[tokio::test]
async fn listeners_hear_how_far_an_airing_is_and_what_changes_until_the_service_stops() {
    let origin = Origin::start();
    let station = origin.station("x", Setup { window: 4, ..Setup::of(Container::Ts) });
    let yaml = |length: &str| {
        format!(
            "timezone: UTC\nstations:\n  x: {{ name: X, hls: \"{}\" }}\nshows:\n  \
             - {{ title: Always, station: x, cron: \"* * * * *\", length: {length} }}\n",
            station.url()
        )
    };
    let aircheck = Aircheck::new(&yaml("1m"));
    recorded(&aircheck).await;
    let mut service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let client = Client::new();

    let mut ear = Ear::new(&base, "/api/v1/events").await;
    let first = ear.until("the airing", |it| it.name == "on-air" && it.data[0]["on_tape"] != 0.0).await;
    assert_eq!((&first.data[0]["show"], &first.data[0]["title"]), (&"always".into(), &"Always".into()), "{first:?}");
    let on_tape = |event: &Event| event.data[0]["on_tape"].as_f64().unwrap_or_default();
    ear.until("more is on tape", |it| it.name == "on-air" && on_tape(it) > on_tape(&first)).await;

    let one = base.join(&format!("/api/v1/recordings/{ID}")).expect("a path");
    assert_eq!(client.delete(one.clone()).send().await.expect("an answer").status(), StatusCode::OK);
    let deleted = ear.until("it is deleted", |it| tells(it, "recordings")).await;
    // A client that reconnects gets the changes at once.
    let mut late = Ear::new(&base, &format!("/api/v1/events?since={}", first.id)).await;
    late.until("what was missed", |it| tells(it, "recordings")).await;

    aircheck.write(&yaml("59s"));
    service.signal(Signal::HUP);
    let changed = ear.until("the new configuration", |it| tells(it, "configuration")).await;
    assert!(tells(&changed, "airings") && changed.id != deleted.id, "{changed:?}");

    service.signal(Signal::TERM);
    while ear.next().await.is_some() {}
    service.end().await;

    let service = aircheck.start("again", &["run"]);
    let base = address(&service).await;
    let mut again = Ear::new(&base, &format!("/api/v1/events?since={}", changed.id)).await;
    let all = again.until("everything may have changed", |it| it.name == "changed").await;
    assert_eq!(all.data["resources"].as_array().map(Vec::len), Some(4), "{all:?}");
}

/// The ids of the ffmpegs that measure levels.
fn meters(aircheck: &Aircheck) -> Vec<u32> {
    let command = |id: u32| std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let ids = processes(aircheck).into_iter().map(|(id, _)| id);
    ids.filter(|id| command(*id).contains("aresample=8000")).collect()
}

#[tokio::test]
async fn meters_start_one_process_for_each_station_however_long_and_however_many_look() {
    let origin = Origin::start();
    let stations = [Container::Ts, Container::Adts].map(|kind| origin.station(kind.extension(), Setup::of(kind)));
    let [one, other] = stations.each_ref().map(StationHandle::url);
    let (_, cron) = minute(-59);
    let show = |name: &str, station: &str| {
        format!("  - {{ title: {name}, station: {station}, cron: \"{cron}\", length: 10m }}\n")
    };
    let shows = [show("A", "one"), show("B", "one"), show("C", "other")].concat();
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  one: {{ hls: \"{one}\" }}\n  other: {{ hls: \"{other}\" }}\nshows:\n{shows}"
    ));
    // Notes the start of each ffmpeg that measures levels.
    let started = aircheck.path("started");
    let program = format!(
        "#!/bin/sh\ncase \"$*\" in *aresample=8000*) echo meter >> '{}';; esac\nPATH=\"${{PATH#*:}}\" exec ffmpeg \"$@\"\n",
        started.display()
    );
    let path = aircheck.put_program("ffmpeg", &program);
    let starts = || std::fs::read_to_string(&started).unwrap_or_default().lines().count();
    let service = aircheck.start_with("run", &["run"], &[("PATH", &path)]);
    let base = address(&service).await;

    let mut ears = vec![Ear::new(&base, "/api/v1/events").await];
    for _ in 0..3 {
        let mut shown: HashMap<String, HashSet<String>> = HashMap::new();
        // All three have levels, and go on.
        while shown.len() < 3 || shown.values().any(|on_tape| on_tape.len() < 4) {
            for ear in &mut ears {
                let event = ear.until("levels", |it| it.name == "on-air").await;
                for airing in event.data.as_array().expect("a list") {
                    let levels = airing["levels"].as_array().expect("a list");
                    if !levels.is_empty() {
                        let show = airing["show"].as_str().expect("a name").to_owned();
                        shown.entry(show).or_default().insert(airing["on_tape"].to_string());
                    }
                }
            }
        }
        assert_eq!((starts(), meters(&aircheck).len()), (2, 2), "{}", service.log());
        ears.push(Ear::new(&base, "/api/v1/events").await);
    }
    drop(ears);
    until("the end of the meters", SOON, async || meters(&aircheck).is_empty()).await;
    assert_eq!(starts(), 2);
}

#[tokio::test]
async fn one_listener_too_many_is_refused() {
    let aircheck = Aircheck::new("timezone: UTC\nstations:\n  x: { hls: \"http://127.0.0.1:9/x\" }\nshows: []\n");
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let mut ears = Vec::new();
    for _ in 0..64 {
        ears.push(Ear::new(&base, "/api/v1/events").await);
    }
    let client = Client::new();
    let refused = get(&client, &base, "/api/v1/events").await;
    assert_eq!(
        (refused.status(), refused.headers()["retry-after"].to_str().ok()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("10"))
    );
    drop(ears);
    let again = async || get(&client, &base, "/api/v1/events").await.status() == StatusCode::OK;
    until("a place is free again", SOON, again).await;
}
