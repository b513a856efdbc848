//! Stations whose ids are the same name to a file system, or hardly a name at all.
#![expect(clippy::format_push_string, reason = "a configuration is built as it reads")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use rustix::process::Signal;
use serde_json::json;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::address;
use crate::support::machine::whole;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};

const LIMIT: Duration = Duration::from_secs(150);
/// How many columns a line for a person has at most.
const WIDE: usize = 220;

/// How far the clock of each other station is ahead, so that its sound differs at the same time.
const AHEAD: TimeDelta = TimeDelta::seconds(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stations_whose_ids_look_alike_keep_their_sound_apart_through_a_kill() {
    let origin = Origin::start();
    let long = "가".repeat(199);
    let ids = ["📻", "🎵", "KBS", "kbs", "ข่าว", "ข้าว", &format!("{long}1"), &format!("{long}2"), "e\u{301}cho", "echo"];
    let setup = |container, clock_error| Setup {
        window: 20,
        programme_time: ProgrammeTime::Every,
        clock_error,
        ..Setup::of(container)
    };
    let right = origin.station("right", setup(Container::Adts, TimeDelta::zero()));
    let ahead = origin.station("ahead", setup(Container::Ts, AHEAD));
    let mut yaml = "timezone: UTC\nstations:\n".to_owned();
    for (number, id) in ids.into_iter().enumerate() {
        let station = if number % 2 == 0 { &right } else { &ahead };
        yaml += &format!("  \"{id}\": {{ hls: \"{}\" }}\n", station.url());
    }
    let title = "긴".repeat(200);
    // The id of the show is composed in another way than that of its station.
    yaml += &format!("shows: [{{ title: \"{title}\", station: \"\u{e9}cho\", cron: \"0 0 1 1 *\", length: 1h }}]\n");
    let aircheck = Aircheck::new(&yaml);
    for args in [&["check"][..], &["next"]] {
        let ran = aircheck.run(args).await;
        let widest = ran.stdout.lines().filter(|line| !line.contains('/')).map(|line| line.chars().count()).max();
        assert!(ran.code == 0 && widest.is_some_and(|widest| widest < WIDE), "{widest:?}: {ran}");
    }

    let mut service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    for id in ids {
        let mut url = base.clone();
        url.path_segments_mut().expect("a path").extend(["api", "v1", "stations", id, "record"]);
        let answer = Client::new().post(url).json(&json!({ "length": "14s" })).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{id}: {answer:?}");
    }
    let taped = || std::fs::read_dir(aircheck.path("state/tape")).map_or(0, Iterator::count);
    until("a tape of each", LIMIT, async || taped() == ids.len()).await;
    until("sound of each", LIMIT, async || service.log().matches(" on tape ").count() == ids.len()).await;
    service.signal(Signal::KILL);
    service.end().await;
    let mut service = aircheck.start("again", &["run"]);
    let finished =
        async || aircheck.list().await.iter().filter(|recording| recording["file"].is_string()).count() == ids.len();
    until("all recordings", LIMIT, finished).await;
    let listed = aircheck.list().await;
    for (number, id) in ids.into_iter().enumerate() {
        let id = id.replace("e\u{301}", "\u{e9}");
        let recording = listed.iter().find(|it| it["station"] == id).unwrap_or_else(|| panic!("no {id} in {listed:?}"));
        let start: DateTime<Utc> = recording["start"].as_str().and_then(|it| it.parse().ok()).expect("a start");
        whole(recording, Some(if number % 2 == 0 { start } else { start - AHEAD }), 14.0);
    }
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());

    // Two ids that differ only in Unicode composition are the same, and refused.
    aircheck.write(&yaml.replace("  \"echo\"", "  \"\u{e9}cho\""));
    let twins = aircheck.run(&["check"]).await;
    assert!(twins.code == 2 && twins.stderr.contains("cho` stands twice here"), "{twins}");
}
