//! Stations are tried ahead of their shows: one that is down is said to be while there is time, and well again when it is.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::dated::Dated;
use crate::support::library::text;
use crate::support::machine::{Daemon, SetClock};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, ProgrammeTime, Setup, StationHandle};
use crate::support::ports;
use crate::support::receiver::Receiver;

const LIMIT: Duration = Duration::from_secs(90);

/// Forty minutes before a show at noon: the moment an hour ahead has passed.
fn before_noon() -> DateTime<Utc> {
    "2026-11-21T11:20:12Z".parse().expect("a time")
}

/// Returns a station whose programme is on time by `clock`.
fn on_time(origin: &Origin, clock: &SetClock) -> StationHandle {
    let setup =
        Setup { programme_time: ProgrammeTime::Every, clock_error: clock.ahead(), ..Setup::of(Container::Adts) };
    origin.station("s", setup)
}

/// Returns what the interface says of the only station.
async fn station(base: &Url) -> Value {
    let text = text(&Client::new(), base, "/api/v1/stations").await;
    serde_json::from_str::<Value>(&text).expect("JSON")[0].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_station_that_is_down_before_its_show_is_reported_and_once_more_when_it_is_back() {
    let origin = Origin::start();
    let clock = SetClock::before(before_noon(), &origin, &[Container::Adts]);
    let origin_station = on_time(&origin, &clock);
    let (port, receiver) = (ports::free(), Receiver::start().await);
    let aircheck = Aircheck::new(&format!(
        "web: {{ listen: \"127.0.0.1:{port}\" }}\ntimezone: Asia/Seoul\nstations:\n  s: {{ name: 명연주 FM, hls: \"{}\" }}\n\
         shows:\n  - {{ title: News, station: s, cron: \"0 21 * * *\", length: 10m }}\n\
         notify:\n  - {{ name: hook, on: [station_down], webhook: \"{}\" }}\n",
        origin_station.url(),
        receiver.url("/"),
    ));
    origin_station.fault(Fault::new(Part::Playlist, Kind::Status(503)));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let base = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL");
    until("the page", LIMIT, async || Client::new().get(base.clone()).send().await.is_ok()).await;
    until("a first check-up", LIMIT, async || !origin_station.log().is_empty()).await;
    let down = async || !station(&base).await["down_since"].is_null();
    assert!(!down().await, "one failure is no alarm");
    // The minute to the next check-up begins when the first is over, which nobody sees. So a minute passes every few seconds.
    let mut looks = 0;
    until("it is down", LIMIT, async || {
        looks += 1;
        if looks % 60 == 0 {
            clock.step(TimeDelta::minutes(1));
        }
        down().await
    })
    .await;
    let said = station(&base).await;
    assert!(said["trouble"].as_str().is_some_and(|words| words.contains("503")), "{said}");
    assert!(text(&Client::new(), &base, "/metrics").await.contains("\naircheck_stations_down 1"));
    assert!(text(&Client::new(), &base, "/stations").await.contains("No sound from it since"));
    let told = || receiver.taken("station_down");
    until("it is told ahead of the show", LIMIT, async || !told().is_empty()).await;
    let said = &told()[0].body["data"];
    assert_eq!((&said["state"], &said["station"]["name"]), (&"bad".into(), &"명연주 FM".into()), "{said}");
    assert_eq!((&said["airings"][0]["title"], &said["airings"][1]), (&"News".into(), &Value::Null), "{said}");
    assert!(said["text"].as_str().expect("text").contains("2026-11-21 21:00 News"), "{said}");
    origin_station.heal();
    clock.step(TimeDelta::minutes(5));
    until("it is well", LIMIT, async || !down().await).await;
    until("that it is well is told", LIMIT, async || told().len() > 1).await;
    assert_eq!(told()[1].body["data"]["state"], "well");
    assert!(text(&Client::new(), &base, "/metrics").await.contains("\naircheck_stations_down 0"));
    assert_eq!(told().len(), 2, "each is told once");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_most_stations_say_is_off_is_told_and_one_station_alone_is_not_believed() {
    let origin = Origin::start();
    let clock = SetClock::before(before_noon(), &origin, &[Container::Adts]);
    let origin_station = on_time(&origin, &clock);
    let (port, receiver) = (ports::free(), Receiver::start().await);
    let mut all = Vec::new();
    for number in 1..=4 {
        // The first one is an hour off.
        let off = TimeDelta::hours(i64::from(number == 1));
        all.push(Dated::start(number, &origin_station.url(), clock.ahead() + off).await);
    }
    let numbered = || all.iter().zip(1..);
    let stations: String =
        numbered().map(|(dated, number)| format!("  s{number}: {{ hls: \"{}\" }}\n", dated.url())).collect();
    let show =
        |number| format!("  - {{ title: News {number}, station: s{number}, cron: \"0 12 * * *\", length: 10m }}\n");
    let shows: String = numbered().map(|(_, number): (_, u8)| show(number)).collect();
    let aircheck = Aircheck::new(&format!(
        "web: {{ listen: \"127.0.0.1:{port}\" }}\ntimezone: UTC\nstations:\n{stations}shows:\n{shows}\
         notify:\n  - {{ name: hook, on: [clock_off], webhook: \"{}\" }}\n",
        receiver.url("/"),
    ));
    clock.step(TimeDelta::seconds(-312));
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let base = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL");
    until("the page", LIMIT, async || Client::new().get(base.clone()).send().await.is_ok()).await;
    let ahead = async || {
        let metrics = text(&Client::new(), &base, "/metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("aircheck_clock_ahead_seconds "));
        line.and_then(|ahead| ahead.parse::<f64>().ok())
    };
    let told = || receiver.taken("clock_off");
    until("it is told", LIMIT, async || !told().is_empty()).await;
    let said = &told()[0].body["data"];
    let title = said["title"].as_str().expect("a title");
    assert!(title.starts_with("The clock of this machine is 5:1") && title.contains(" behind"), "{said}");
    let words = said["text"].as_str().expect("text");
    assert!(words.contains("127.0.0.2, 127.0.0.3, 127.0.0.4") && !words.contains("127.0.0.1,"), "{said}");
    assert!(words.contains("timedatectl set-ntp true"), "{said}");
    assert!(text(&Client::new(), &base, "/").await.contains("The clock of this machine is 5:1"));
    assert!(ahead().await.is_some_and(|ahead| (-315.0..-309.0).contains(&ahead)));
    until("all are tried", LIMIT, async || {
        let text = text(&Client::new(), &base, "/metrics").await;
        all.iter().all(|dated| dated.asked() > 2) && text.contains("\naircheck_stations_down 0")
    })
    .await;
    let asked = all.iter().map(Dated::asked).sum::<usize>();
    clock.step(TimeDelta::seconds(312));
    until("that it is right is told", LIMIT, async || told().len() > 1).await;
    assert_eq!((&told()[1].body["data"]["state"], told().len()), (&"well".into(), 2));
    assert!(ahead().await.is_some_and(|ahead| ahead.abs() < 3.0), "one station alone is not believed");
    assert_eq!(all.iter().map(Dated::asked).sum::<usize>(), asked, "nobody was asked for that");
    daemon.stop().await;
}
