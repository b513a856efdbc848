//! Stations are tried ahead of their shows: one that is down is said to be while there is time, and well again when it is.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::text;
use crate::support::machine::{Daemon, SetClock};
use crate::support::origin::{Container, Fault, Kind, Origin, Part, ProgrammeTime, Setup};
use crate::support::ports;
use crate::support::receiver::Receiver;

const LIMIT: Duration = Duration::from_secs(90);

/// Returns what the interface says of the only station.
async fn station(base: &Url) -> Value {
    let text = text(&Client::new(), base, "/api/v1/stations").await;
    serde_json::from_str::<Value>(&text).expect("JSON")[0].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_station_that_is_down_before_its_show_is_reported_and_once_more_when_it_is_back() {
    let origin = Origin::start();
    // Forty minutes before the show: the moment an hour ahead has passed.
    let noon: DateTime<Utc> = "2026-11-21T11:20:12Z".parse().expect("a time");
    let clock = SetClock::before(noon, &origin, &[Container::Adts]);
    let setup =
        Setup { programme_time: ProgrammeTime::Every, clock_error: clock.ahead(), ..Setup::of(Container::Adts) };
    let origin_station = origin.station("s", setup);
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
