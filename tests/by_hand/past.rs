//! Recording from the past: what is on tape of a station, or what it still offers, is in a recording that is asked for
//! later.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::ACCEPT_LANGUAGE;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Desk, LIMIT, at, id, is_whole, now, stamped, wait_until};
use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{address, text};
use crate::support::machine::{by_show, heard, minute, whole};
use crate::support::origin::{Container, Origin, Setup};
use crate::support::taped;

/// Returns a configuration with one station and no shows.
fn yaml(source: &str, more: &str) -> String {
    format!("timezone: UTC\nstations:\n  s: {{ name: KBS 1FM, {source}{more} }}\nshows: []\n")
}

/// Waits until so many seconds of the station are on tape.
async fn taped_for(desk: &Desk, station: &str, seconds: f64) {
    let path = format!("stations/{station}/tape");
    let on_tape = async || desk.ask(Method::GET, &path, None).await.1["on_tape"].as_f64().unwrap_or_default();
    until("some tape", LIMIT, async || on_tape().await >= seconds).await;
}

fn of<'a>(list: &'a [Value], airing: &Value) -> &'a Value {
    list.iter()
        .find(|recording| recording["id"] == airing["id"])
        .unwrap_or_else(|| panic!("{airing} is not in {list:?}"))
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seconds_before_it_was_asked_for_are_in_a_recording_of_a_station_that_is_on_tape() {
    let origin = Origin::start();
    // The window alone has six seconds.
    let url = origin.station("s", Setup { window: 3, ..stamped() }).url();
    let desk = Desk::over(Aircheck::new(&yaml(&format!("hls: \"{url}\""), ", tape: 24h"))).await;
    taped_for(&desk, "s", 14.0).await;

    let asked = now();
    let (status, open) = desk.post("stations/s/record", json!({ "since": "-12s" })).await;
    assert_eq!((status, &open["state"], &open["until_stopped"]), (201, &"recording".into(), &true.into()), "{open}");
    let start = at(&open, "start");
    assert!((12.0..15.0).contains(&seconds(start, asked + TimeDelta::seconds(1))), "asked at {asked}: {open}");
    assert_eq!((&open["past"], at(&open, "sound_from")), (&"on_tape".into(), start), "{open}");
    let bound = seconds(now(), at(&open, "end")) - 12.0 * 3_600.0;
    assert!((-3.0..0.5).contains(&bound), "until stopped, for twelve hours from now at most: {open}");
    // A stretch that has passed is a recording at once.
    let body = json!({ "since": start.to_rfc3339(), "length": "7s", "title": "Passed" });
    let (status, passed) = desk.post("stations/s/record", body).await;
    assert_eq!((status, at(&passed, "start"), &passed["state"]), (201, start, &"over".into()), "{passed}");
    let list = desk.recordings(1).await;
    whole(of(&list, &passed), Some(start), 7.0);

    wait_until(asked + TimeDelta::seconds(4)).await;
    let (status, stopped) = desk.about(Method::POST, &open, "/stop").await;
    assert_eq!(status, 200, "{stopped}");
    let list = desk.recordings(2).await;
    whole(of(&list, &open), Some(start), seconds(start, at(&stopped, "end")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_that_is_not_on_tape_is_recorded_from_what_it_still_offers_and_from_what_its_tape_still_holds() {
    let origin = Origin::start();
    let station = origin.station("s", stamped());
    let desk = Desk::over(Aircheck::new(&yaml(&format!("hls: \"{}\"", station.url()), ""))).await;
    let requested = now();
    let (status, asked) = desk.post("stations/s/record", json!({ "since": "-30m" })).await;
    assert_eq!((status, &asked["past"], asked.get("sound_from")), (201, &"offered".into(), None), "{asked}");
    let path = format!("airings/{}", id(&asked));
    let begun = async || at(&desk.get(&path).await, "start") > at(&asked, "start");
    until("the first sound", LIMIT, begun).await;
    wait_until(requested + TimeDelta::seconds(4)).await;
    let (status, stopped) = desk.about(Method::POST, &asked, "/stop").await;
    let start = at(&stopped, "start");
    let ago = seconds(start, requested);
    assert!(
        status == 200 && (30.0..45.0).contains(&ago),
        "its window has forty seconds, it begins {ago} s ago: {stopped}"
    );
    is_whole(&desk, &stopped).await;

    // Now that is on tape, and nobody tapes the station.
    desk.service.says("taping ends", LIMIT).await;
    let later = now();
    let since = start + TimeDelta::seconds(3);
    let length = (later - since).num_seconds() + 6;
    let body = json!({ "since": since.to_rfc3339(), "length": format!("{length}s"), "title": "Both" });
    let (status, both) = desk.post("stations/s/record", body).await;
    let start = at(&both, "start");
    assert_eq!((status, &both["past"], at(&both, "sound_from")), (201, &"on_tape".into(), start), "{both}");
    let list = desk.recordings(2).await;
    whole(of(&list, &both), Some(start), length as f64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_more_than_there_is_learns_from_when_there_is_sound_and_the_rest_is_a_gap() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { burst: Duration::from_secs(4), ..Setup::of(Container::Mp3) });
    let desk = Desk::over(Aircheck::new(&yaml(&format!("icecast: \"{}\"", station.live_url()), ""))).await;
    let (_, first) = desk.post("stations/s/record", json!({ "title": "First" })).await;
    taped_for(&desk, "s", 8.0).await;
    let (status, more) = desk.post("stations/s/record", json!({ "since": "-10m" })).await;
    assert_eq!((status, &more["past"]), (201, &"on_tape".into()), "{more}");
    let (start, from) = (at(&more, "start"), at(&more, "sound_from"));
    let early = seconds(from, at(&first, "start"));
    assert!((-1.0..7.0).contains(&early), "the burst reaches back, by {early} s: {first} {more}");
    for (language, words) in [("en", "sound from "), ("ko", "부터 소리 있음")] {
        let url = desk.base.join("/on-air").expect("a path");
        let page = desk.client.get(url).header(ACCEPT_LANGUAGE, language).send().await.expect("an answer");
        let page = page.text().await.expect("a page");
        assert_eq!(page.matches(words).count(), 1, "only of the one: {page}");
        assert!(page.contains(&from.format("%H:%M").to_string()), "{page}");
    }
    for airing in [&more, &first] {
        assert_eq!(desk.about(Method::POST, airing, "/stop").await.0, 200);
    }
    let list = desk.recordings(2).await;
    let recording = of(&list, &more);
    let missing = recording["missing"].as_array().expect("a list");
    assert_eq!((&recording["verdict"], missing.len()), (&"partial".into(), 1), "{recording}");
    assert_eq!((at(&missing[0], "start"), &missing[0]["kind"]), (start, &"began_late".into()), "{recording}");
    let gap = missing[0]["seconds"].as_f64().expect("seconds");
    assert!((gap - seconds(start, from)).abs() < 1.0, "as was told before, {from}: {recording}");
    let heard = heard(recording);
    assert!(heard.is_whole() && heard.length > 7.0, "{recording}: {heard}");
    let first = of(&list, &first);
    whole(first, None, seconds(at(first, "start"), at(first, "end")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_show_that_is_added_when_it_has_begun_is_whole_by_the_tape() {
    let origin = Origin::start();
    // The window alone has six seconds.
    let urls = ["always", "other"].map(|name| origin.station(name, Setup { window: 3, ..stamped() }).url());
    let (start, cron) = minute(12);
    let show = |title: &str, station: &str, length: u32| {
        format!("  - {{ title: {title}, station: {station}, cron: \"{cron}\", length: {length}s }}\n")
    };
    let yaml = |shows: &[String]| {
        format!(
            "timezone: UTC\nstations:\n  always: {{ hls: \"{}\", tape: 24h }}\n  other: {{ hls: \"{}\" }}\nshows:\n{}",
            urls[0],
            urls[1],
            shows.concat()
        )
    };
    let known = show("Known", "other", 16);
    let desk = Desk::over(Aircheck::new(&yaml(std::slice::from_ref(&known)))).await;
    wait_until(start + TimeDelta::seconds(9)).await;
    desk.aircheck.write(&yaml(&[known, show("In the file", "always", 20), show("Beside it", "other", 22)]));
    let by_hand = json!({ "title": "By hand", "station": "always", "start": start.to_rfc3339(), "length": "18s" });
    let (status, added) = desk.post("airings", by_hand).await;
    assert_eq!((status, &added["state"], &added["origin"]), (201, &"recording".into(), &"hand".into()), "{added}");
    assert_eq!((&added["past"], at(&added, "sound_from")), (&"on_tape".into(), start), "{added}");
    let list = desk.recordings(4).await;
    for (show, length) in [("known", 16.0), ("in-the-file", 20.0), ("beside-it", 22.0)] {
        whole(by_show(&list, show), Some(start), length);
    }
    whole(of(&list, &added), Some(start), 18.0);
}

#[tokio::test]
async fn what_cannot_be_recorded_of_the_past_is_refused_with_what_there_is_and_changes_nothing() {
    let aircheck = Aircheck::new(
        "timezone: Europe/Berlin\nstations:\n  ice: { name: Radio 3, icecast: \"http://127.0.0.1:9/x\" }\n  \
         kept: { name: Kept, icecast: \"http://127.0.0.1:9/y\", tape: 3650d }\n  \
         hls: { name: KBS 1FM, hls: \"http://127.0.0.1:9/z\" }\nshows: []\n",
    );
    let long_ago: DateTime<Utc> = "2024-10-26T21:00:00Z".parse().expect("a time");
    let tape = taped::open(&aircheck, "kept", long_ago);
    taped::put(&tape, long_ago, 30);
    tape.end_reel(None, long_ago + TimeDelta::hours(1)).expect("ended");
    drop(tape);
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let desk = Desk { aircheck, service, client: Client::new(), base };
    let passed = json!({ "title": "T", "station": "kept", "start": "2024-10-26T23:00", "length": "10m" });
    for (path, body, code, words) in [
        ("stations/ice/record", json!({ "since": "+1h" }), "since_future", "which is still to come"),
        ("stations/ice/record", json!({ "since": "tomorrow 6:00" }), "since_future", "leave `since` out"),
        ("stations/ice/record", json!({ "since": "-5m" }), "since_no_tape", "nothing of Radio 3 is on tape"),
        ("stations/hls/record", json!({ "since": "-25h", "length": "1h" }), "since_no_tape", "KBS 1FM"),
        (
            "stations/kept/record",
            json!({ "since": "-5m" }),
            "since_not_on_tape",
            "it reaches from 2024-10-26 23:01:00 CEST to 2024-10-26 23:30:00 CEST",
        ),
        ("stations/kept/record", json!({ "since": "2024-10-26 22:30", "length": "20m" }), "since_not_on_tape", "22:30"),
        ("stations/hls/record", json!({ "since": "-7d" }), "since_long", "7 days, which is the most"),
        ("stations/kept/record", json!({ "since": "2024-10-26 23:00" }), "since_long", "23:00:00 CEST"),
        ("stations/kept/record", json!({ "since": "2024-10-26 23:00", "length": "8d" }), "", "`8d` is too long"),
        ("airings", passed, "start_passed", "over at 2024-10-26 23:10:00; what is on tape of it can be cut as a clip"),
        ("stations/ice/record", json!({ "since": "half past" }), "", "`since`: `half past` is no time: write"),
        ("stations/ice/record", json!({ "since": "30m" }), "", "`-30m`"),
        ("stations/ice/record", json!({ "since": "2024-10-27 02:30" }), "", "for the second"),
        ("stations/ice/record", json!({ "since": "2024-03-31 02:30" }), "", "leave out"),
        ("stations/ice/record", json!({ "since": 30 }), "", "expected a string"),
    ] {
        let asked = format!("{path} {body}");
        let (status, problem) = desk.post(path, body).await;
        assert!([400, 422].contains(&status), "{asked}: {problem}");
        assert_eq!(problem["code"].as_str().unwrap_or_default(), code, "{asked}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{asked}: {problem}");
    }
    let url = desk.base.join("/api/v1/stations/ice/record").expect("a path");
    let request = desk.client.post(url).header(ACCEPT_LANGUAGE, "ko").json(&json!({ "since": "-5m" }));
    let problem: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert!(
        problem["detail"].as_str().is_some_and(|it| it.starts_with("Radio 3 테이프에 담긴 소리가 없고")),
        "{problem}"
    );
    assert_eq!(desk.get("airings").await, json!([]));
    assert!(desk.aircheck.list().await.is_empty());

    // What is on tape of long ago is recorded all the same.
    let body = json!({ "since": "2024-10-26 22:55", "length": "8m" });
    let (status, airing) = desk.post("stations/kept/record", body).await;
    assert_eq!((status, &airing["past"]), (201, &"on_tape".into()), "{airing}");
    assert_eq!(airing["sound_from"], "2024-10-26T23:00:00.000+02:00", "{airing}");
    // The page offers to begin only where there is sound.
    let page = text(&desk.client, &desk.base, "/stations").await;
    assert_eq!(
        (page.matches("<select name=\"since\">").count(), page.matches("value=\"-60m\"").count()),
        (1, 1),
        "{page}"
    );
    assert!(page.contains("from as long ago as the station offers"), "{page}");
}
