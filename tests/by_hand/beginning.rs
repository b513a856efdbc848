//! The beginning of a recording that is started by hand: its first sound, if the station offers nothing from before.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, LIMIT, at, id, now, wait_until};
use crate::support::aircheck::{Aircheck, until};
use crate::support::icecast::{self, Icecast};
use crate::support::machine::{heard, whole};
use crate::support::rtmp::RtmpServer;

/// How long connecting may take.
const CONNECTING: TimeDelta = TimeDelta::seconds(10);
/// How much the encoder of the source and the server delay the sound, in seconds.
const LAG: std::ops::Range<f64> = -0.05..2.0;

/// Runs blocking work, such as starting a server.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

async fn desk(source: &str) -> Desk {
    Desk::over(Aircheck::new(&format!("timezone: UTC\nstations:\n  s: {{ {source} }}\nshows: []\n"))).await
}

/// Waits until an airing begins later than `asked`, and returns it.
async fn begun(desk: &Desk, asked: &Value) -> Value {
    let path = format!("airings/{}", id(asked));
    let moved = async || at(&desk.get(&path).await, "start") > at(asked, "start");
    until("the first sound", LIMIT, moved).await;
    desk.get(&path).await
}

/// Checks that all ten seconds are there, from the first sound on, under the id that was answered.
async fn has_its_whole_length(desk: &Desk) {
    let (status, asked) = desk.post("stations/s/record", json!({ "length": "10s" })).await;
    assert_eq!(status, 201, "{asked}");
    let airing = begun(desk, &asked).await;
    assert_eq!((&airing["id"], &airing["state"]), (&asked["id"], &"recording".into()), "told while it goes on");
    let (start, end) = (at(&airing, "start"), at(&airing, "end"));
    assert!(start <= at(&asked, "start") + CONNECTING, "{airing}");
    assert_eq!((end - start, &airing["moved"]), (TimeDelta::seconds(10), &false.into()), "{airing}");
    let list = desk.recordings(1).await;
    let times = (at(&list[0], "start"), at(&list[0], "end"));
    assert_eq!((&list[0]["id"], times), (&asked["id"], (start, end)), "{list:?}");
    let heard = whole(&list[0], None, 10.0);
    let late = heard.begins(start).map(|begins| (start - begins).as_seconds_f64());
    assert!(late.is_some_and(|late| LAG.contains(&late)), "{heard}, late by {late:?}");
}

#[tokio::test]
async fn an_rtmp_recording_begins_with_the_first_sound_and_has_its_whole_length() {
    let server = aside(RtmpServer::start).await;
    has_its_whole_length(&desk(&format!("rtmp: \"{}\"", server.url())).await).await;
}

#[tokio::test]
async fn an_icecast_recording_without_a_burst_begins_with_the_first_sound_and_has_its_whole_length() {
    let server = aside(|| Icecast::without_burst(icecast::MP3)).await;
    has_its_whole_length(&desk(&format!("icecast: \"{}\"", server.url())).await).await;
}

#[tokio::test]
async fn a_recording_until_it_is_stopped_keeps_its_beginning_and_its_open_end_when_the_service_dies() {
    let server = aside(|| Icecast::without_burst(icecast::MP3)).await;
    let mut desk = desk(&format!("icecast: \"{}\"", server.url())).await;
    let (_, asked) = desk.ask(Method::POST, "stations/s/record", None).await;
    let airing = begun(&desk, &asked).await;
    assert_eq!((&airing["until_stopped"], at(&airing, "end")), (&true.into(), at(&asked, "end")), "{airing}");
    let start = at(&airing, "start");
    wait_until(start + TimeDelta::seconds(3)).await;
    desk.kill().await;
    assert_eq!(desk.get(&format!("airings/{}", id(&asked))).await, airing);
    until("sound again", LIMIT, async || desk.service.log().matches("on tape").count() > 0).await;
    wait_until(start + TimeDelta::seconds(8)).await;
    let (status, stopped) = desk.about(Method::POST, &asked, "/stop").await;
    assert_eq!((status, at(&stopped, "start")), (200, start), "{stopped}");
    let list = desk.recordings(1).await;
    assert_eq!((at(&list[0], "start"), at(&list[0], "end")), (start, at(&stopped, "end")), "{list:?}");
    let mut missing = list[0]["missing"].as_array().expect("a list").iter();
    let told = missing.all(|gap| at(gap, "start") > start + TimeDelta::seconds(1));
    assert!(told, "what the kill cost, if anything, and nothing before the first sound: {list:?}");
}

#[tokio::test]
async fn a_recording_of_a_station_that_answers_too_late_is_partial_and_begins_when_it_was_asked_for() {
    let mut server = aside(RtmpServer::start).await;
    let desk = desk(&format!("rtmp: \"{}\"", server.url())).await;
    server.stop();
    let (_, asked) = desk.post("stations/s/record", json!({ "length": "40s" })).await;
    wait_until(at(&asked, "start") + CONNECTING + TimeDelta::seconds(1)).await;
    let server = aside(move || {
        server.restart();
        server
    })
    .await;
    let list = desk.recordings(1).await;
    drop(server);
    let times = |airing: &Value| -> (DateTime<Utc>, DateTime<Utc>) { (at(airing, "start"), at(airing, "end")) };
    assert_eq!((times(&list[0]), &list[0]["verdict"]), (times(&asked), &"partial".into()), "{list:?}");
    let missing = list[0]["missing"].as_array().expect("a list");
    assert_eq!((missing.len(), at(&missing[0], "start")), (1, at(&asked, "start")), "{list:?}");
    assert!(missing[0]["seconds"].as_f64().is_some_and(|seconds| seconds > 10.0), "{list:?}");
    assert!(missing[0]["cause"].as_str().is_some_and(|cause| cause.contains("127.0.0.1")), "{list:?}");
    assert!(heard(&list[0]).is_whole(), "{list:?}");
}

#[tokio::test]
async fn a_station_on_tape_is_recorded_from_the_second_in_which_that_was_asked_for_even_if_it_is_away() {
    let mut server = aside(RtmpServer::start).await;
    let desk = desk(&format!("rtmp: \"{}\"", server.url())).await;
    let record = async |title: &str, length: Option<&str>| {
        desk.post("stations/s/record", json!({ "title": title, "length": length })).await.1
    };
    let start = at(&begun(&desk, &record("First", None).await).await, "start");
    wait_until(start + TimeDelta::seconds(2)).await;
    let second = record("Second", Some("5s")).await;
    let list = desk.recordings(1).await;
    assert_eq!((&list[0]["id"], at(&list[0], "start")), (&second["id"], at(&second, "start")), "{list:?}");
    whole(&list[0], None, 5.0);

    server.stop();
    desk.service.says("no sound at the moment", LIMIT).await;
    wait_until(now() + TimeDelta::seconds(1)).await;
    let third = record("Third", Some("15s")).await;
    let server = aside(move || {
        server.restart();
        server
    })
    .await;
    let list = desk.recordings(2).await;
    drop(server);
    let lost = list.iter().find(|it| it["id"] == third["id"]).expect("it is there");
    assert_eq!((at(lost, "start"), &lost["verdict"]), (at(&third, "start"), &"partial".into()), "{lost}");
}
