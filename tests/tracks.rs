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

    // The feed.
    let base: Url = address(&service).await;
    let get = async |url: Url| Client::new().get(url).send().await.expect("an answer");
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
