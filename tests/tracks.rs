//! What a station says that it plays, from the stream to the chapters, the list and the feed.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use reqwest::{Client, Url};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, chapters, until};
use crate::support::airing::next_minute;
use crate::support::library::address;
use crate::support::origin::{Container, Origin, Setup};

/// How long the show may take until it is on the list.
const SOON: Duration = Duration::from_secs(180);
/// How far from its time a title may be put: the station says it between blocks of sound, which arrive in pieces.
const WITHIN: f64 = 3.0;

/// What plays in each minute: a piece, an advert from its 18th second on, and from its 21st on another piece.
fn says(now: DateTime<Utc>) -> &'static str {
    match now.second() {
        0..18 => "Clara Schumann - Romanze, op. \"21\"",
        18..21 => "Werbung - Jetzt neu",
        _ => "조성진 - Ballade",
    }
}

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < WITHIN, "{found} is not about {wanted}");
}

fn seconds(chapter: &Value, key: &str) -> f64 {
    let text = chapter[key].as_str().and_then(|text| text.parse().ok());
    chapter[key].as_f64().or(text).unwrap_or_else(|| panic!("{key} of {chapter} is no number"))
}

/// What an address of the station says in each minute: a piece, nothing from its 20th second on, and from its 28th on
/// another piece.
fn says_elsewhere(now: DateTime<Utc>) -> &'static str {
    match now.second() {
        0..20 => "Clara Schumann - Romanze",
        20..28 => "",
        _ => "조성진 - Ballade",
    }
}

#[tokio::test]
async fn titles_that_are_asked_for_count_in_the_place_of_those_that_come_with_the_sound() {
    let origin = Origin::start();
    let setup = |container| Setup { now: Some(says_elsewhere), ..Setup::of(container) };
    let (hls, icecast) =
        (origin.station("hls", setup(Container::Ts)), origin.station("icecast", setup(Container::Mp3)));
    let (minute, cron) = next_minute(20);
    let titles = |address: &str| {
        format!(
            "titles: {{ every: 5s, find: [{{ get: \"{address}\" }}, {{ json: '$[0].schedules[0].program_title' }}] }}"
        )
    };
    // The address of the third answers 404.
    let nowhere = hls.now_url().replace("/hls/", "/nobody/");
    let stations = [
        ("hls", format!("hls: \"{}\"", hls.url()), titles(&hls.now_url())),
        ("icecast", format!("icecast: \"{}\"", icecast.live_url()), titles(&icecast.now_url())),
        ("wrong", format!("hls: \"{}\"", hls.url()), titles(&nowhere)),
    ];
    let yaml = stations.iter().map(|(id, sound, titles)| format!("  {id}:\n    {sound}\n    {titles}\n"));
    let shows = stations.iter().map(|(id, ..)| {
        format!("  - {{ title: On {id}, station: {id}, cron: \"{cron}\", timezone: UTC, length: 45s }}\n")
    });
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n{}shows:\n{}",
        yaml.collect::<String>(),
        shows.collect::<String>()
    ));
    let mut service = aircheck.start("run", &["run"]);
    until("the recordings", SOON, async || aircheck.list().await.len() == stations.len()).await;

    for recording in aircheck.list().await {
        assert_eq!(recording["verdict"], "complete", "titles cost no sound: {recording}");
        let marks = chapters(Path::new(recording["file"].as_str().expect("a file")));
        let heard: Vec<_> = marks.iter().map(|mark| mark["tags"]["title"].as_str().expect("a title")).collect();
        if recording["station"] == "wrong" {
            assert_eq!(heard, [""; 0]);
            continue;
        }
        assert_eq!(heard, ["Clara Schumann - Romanze", "조성진 - Ballade"], "{recording}");
        let asked = |found: f64, wanted: f64| assert!((found - wanted).abs() < 5.0 + WITHIN, "{found}, not {wanted}");
        asked(seconds(&marks[0], "start_time"), 0.0);
        asked(seconds(&marks[0], "end_time"), 20.0);
        asked(seconds(&marks[1], "start_time"), 28.0);
        asked(seconds(&marks[1], "end_time"), 45.0);
    }
    let csv = aircheck.run(&["tracks", "--station", "hls", "--csv"]).await;
    let second = csv.stdout.lines().nth(2).and_then(|line| line.split(',').next()).expect("two tracks");
    let begins = (second.parse::<DateTime<Utc>>().expect("a time") - minute).as_seconds_f64();
    assert!((begins - 28.0).abs() < 5.0 + WITHIN, "{csv}");
    assert_eq!(
        service.log().matches("its titles cannot be had").count(),
        1,
        "an error is said once: {}",
        service.log()
    );

    let probed = aircheck.run(&["check", "--probe", "--json"]).await.json();
    let of =
        |id: &str| probed["probes"].as_array().and_then(|all| all.iter().find(|one| one["station"] == id)).cloned();
    let (hls, wrong) = (of("hls").expect("probed"), of("wrong").expect("probed"));
    // Between the pieces it says that nothing plays.
    assert!(hls["title"].is_string() || hls["title_trouble"].to_string().contains("found nothing"), "{hls}");
    let trouble = wrong["title_trouble"].to_string();
    assert!(wrong["ok"] == true && trouble.contains("step 1") && trouble.contains("404"), "{wrong}");
    service.signal(Signal::TERM);
    service.end().await;
}

#[tokio::test]
async fn what_a_station_says_that_it_plays_is_in_the_chapters_the_list_and_the_feed() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { says: Some(says), ..Setup::of(Container::Mp3) });
    let (minute, cron) = next_minute(20);
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  s:\n    name: Music, live\n    icecast: {}\n    \
         titles: {{ leave_out: ['^Werbung'] }}\n\
         shows:\n  - {{ title: Music, station: s, cron: \"{cron}\", timezone: UTC, length: 45s }}\n",
        station.live_url()
    ));
    let mut service = aircheck.start("run", &["run"]);
    until("the recording", SOON, async || aircheck.list().await.len() == 1).await;

    // The file.
    let list = aircheck.list().await;
    let marks = chapters(Path::new(list[0]["file"].as_str().expect("a file")));
    let titles: Vec<_> = marks.iter().map(|mark| mark["tags"]["title"].as_str().expect("a title")).collect();
    assert_eq!(titles, ["Clara Schumann - Romanze, op. \"21\"", "조성진 - Ballade"]);
    assert!(seconds(&marks[0], "start_time") == 0.0, "a chapter begins with the file");
    near(seconds(&marks[0], "end_time"), 18.0);
    near(seconds(&marks[1], "start_time"), 21.0);
    near(seconds(&marks[1], "end_time"), 45.0);

    // The list.
    let csv = aircheck.run(&["tracks", "--station", "Music, live", "--csv"]).await;
    assert_eq!(csv.code, 0, "{csv}");
    let lines: Vec<_> = csv.stdout.split_terminator("\r\n").collect();
    let [header, first, second] = lines[..] else { panic!("{csv}") };
    assert_eq!(header, "start,end,station,show,artist,title");
    let clock =
        |line: &str| line.split(',').next().and_then(|start| start.parse::<DateTime<Utc>>().ok()).expect("a time");
    assert!(first.contains("+09:00") && clock(first) >= minute, "by the station's clock: {csv}");
    near((clock(second) - minute).as_seconds_f64(), 21.0);
    assert!(first.ends_with(",\"Music, live\",Music,Clara Schumann,\"Romanze, op. \"\"21\"\"\""), "{csv}");
    assert!(second.ends_with(",\"Music, live\",Music,조성진,Ballade"), "{csv}");
    let last = aircheck.run(&["tracks", "--find", "성진", "--json"]).await.json();
    assert_eq!((last.as_array().map(Vec::len), &last[0]["artist"]), (Some(1), &"조성진".into()), "{last}");
    let before = (minute - TimeDelta::hours(1)).to_rfc3339();
    let none = aircheck.run(&["tracks", "--to", &before]).await;
    assert!(none.code == 0 && none.stdout.starts_with("no tracks"), "{none}");
    let unknown = aircheck.run(&["tracks", "--show", "News"]).await;
    assert!(unknown.code == 2 && unknown.stderr.contains("there is no show `News`"), "{unknown}");
    assert_eq!(aircheck.run(&["tracks", "--from", "soon"]).await.code, 2);

    // The interface.
    let base: Url = address(&service).await;
    let get = async |url: Url| Client::new().get(url).send().await.expect("an answer");
    let read = async |path: &str| -> Value { get(base.join(path).expect("a path")).await.json().await.expect("JSON") };
    let id = list[0]["id"].as_str().expect("an id");
    let tracks = read(&format!("api/v1/recordings/{id}/tracks")).await;
    assert_eq!((&tracks[1]["title"], &tracks[1]["artist"]), (&"Ballade".into(), &"조성진".into()), "{tracks}");
    near(seconds(&tracks[1], "at"), 21.0);
    let found = read("api/v1/tracks?query=%EC%84%B1%EC%A7%84").await;
    assert_eq!((found.as_array().map(Vec::len), &found[0]["airing"]), (Some(1), &id.into()), "{found}");
    assert_eq!((&found[0]["text"], &found[0]["start"]), (&tracks[1]["text"], &tracks[1]["start"]));

    // The feed.
    let feed = get(base.join("feed.xml").expect("a path")).await.bytes().await.expect("a feed");
    let feed = rss::Channel::read_from(&feed[..]).expect("RSS");
    let element = &feed.items()[0].extensions()["podcast"]["chapters"][0];
    assert_eq!(element.attrs()["type"], "application/json+chapters");
    let document: Value = get(element.attrs()["url"].parse().expect("a URL")).await.json().await.expect("JSON");
    assert_eq!(document["version"], "1.2.0");
    let marks = document["chapters"].as_array().expect("chapters");
    let titles: Vec<_> = marks.iter().map(|mark| mark["title"].as_str().expect("a title")).collect();
    assert_eq!(titles, ["Clara Schumann - Romanze, op. \"21\"", "조성진 - Ballade"]);
    near(seconds(&marks[1], "startTime"), 21.0);

    // The file tells a list that has lost it.
    service.signal(Signal::TERM);
    service.end().await;
    std::fs::remove_file(aircheck.path("state/catalogue.sqlite")).expect("removed");
    let mut service = aircheck.start("again", &["run"]);
    until("a new list", SOON, async || aircheck.run(&["recover", "--files"]).await.code == 0).await;
    assert_eq!(aircheck.run(&["tracks", "--csv"]).await.stdout, csv.stdout);
    service.signal(Signal::TERM);
    service.end().await;
}
