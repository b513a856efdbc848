//! Downloads that the service is asked for: their states, what is missing and tried anew, restarts, and that nobody reaches
//! through them what is near the machine.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode, Url};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::airing::quiet;
use crate::support::library::address;
use crate::support::origin::{Container, Fault, Kind, Origin, Part, Setup, StationHandle};
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(60);

/// A service that may download from 127.0.0.1 if `local`, and a station of which ten segments lie at `v/000000.ts` and so
/// on.
async fn serving(local: bool) -> (Aircheck, Origin, StationHandle) {
    let (origin, station) = Origin::with_numbered(Setup::of(Container::Ts), 10).await;
    let local = if local { ", local_sources: [127.0.0.1]" } else { "" };
    let aircheck = Aircheck::new(&format!(
        "web: {{ listen: \"127.0.0.1:0\"{local} }}\ngrab: {{ parallel: 2 }}\ntimezone: UTC\nstations:\n  s: {{ name: S, hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
         - {{ title: T, station: s, cron: \"{}\", length: 1h }}\n",
        quiet()
    ));
    (aircheck, origin, station)
}

struct Interface {
    client: Client,
    base: Url,
}

impl Interface {
    async fn of(service: &Service) -> Self {
        Self { client: Client::new(), base: address(service).await }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, self.base.join(path).expect("a path"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn add(&self, grab: &Value) -> String {
        let (status, told) = self.ask(Method::POST, "api/v1/grabs", Some(grab)).await;
        assert_eq!((status, &told["state"]), (StatusCode::ACCEPTED, &"queued".into()), "{told}");
        told["id"].as_str().expect("an id").to_owned()
    }

    async fn get(&self, id: &str) -> Value {
        self.ask(Method::GET, &format!("api/v1/grabs/{id}"), None).await.1
    }

    /// Returns the grab when nothing more happens by itself.
    async fn ended(&self, id: &str) -> Value {
        until("the end of a grab", LIMIT, async || {
            matches!(self.get(id).await["state"].as_str(), Some("done" | "failed" | "cancelled"))
        })
        .await;
        self.get(id).await
    }
}

fn states(grab: &Value) -> Vec<&str> {
    grab["history"].as_array().expect("a list").iter().map(|one| one["state"].as_str().expect("a state")).collect()
}

fn pattern(station: &StationHandle) -> String {
    station.page_url().replace("page", "v/(*).ts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_goes_on_after_a_kill_and_what_is_missing_is_tried_anew() {
    let (aircheck, _origin, station) = serving(true).await;
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(4));
    // A segment takes a moment, so that there is a middle.
    station.fault(Fault::new(Part::Segment, Kind::Drip(60_000)));
    let mut service = aircheck.start("first", &["run"]);
    let interface = Interface::of(&service).await;
    let asked =
        json!({ "address": pattern(&station), "pad": 6, "from": 0, "count": 10, "name": "../영화", "format": "m4a" });
    let id = interface.add(&asked).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(interface.add(&asked).await);
    }
    until("some segments", LIMIT, async || interface.get(&id).await["there"].as_u64() >= Some(2)).await;
    assert_eq!(interface.get(&others[0]).await["state"], "queued", "one after another");
    service.signal(Signal::KILL);
    service.end().await;
    station.heal();
    station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(4));
    let before = station.log().len();

    let service = aircheck.start("second", &["run"]);
    let interface = Interface::of(&service).await;
    let told = interface.ended(&id).await;
    assert_eq!(
        (&told["state"], &told["there"], &told["missing_count"]),
        (&"done".into(), &9.into(), &1.into()),
        "{told}"
    );
    let missing = &told["missing"][0];
    let at = missing["at"].as_f64().expect("a time").round();
    assert_eq!((&missing["segment"], at), (&"000004".into(), 8.0), "{told}");
    assert_eq!(told["file"], "Grabs/영화.m4a", "{told}");
    assert!(states(&told).starts_with(&["queued", "capturing"]) && states(&told).ends_with(&["done"]), "{told}");
    for (number, other) in others.iter().enumerate() {
        let file = format!("Grabs/영화 {}.m4a", number + 2);
        assert_eq!(interface.ended(other).await["file"], file, "in the order in which they were asked for");
    }
    let asked_twice = station.log()[before..].iter().filter(|entry| entry.target.ends_with("000000.ts")).count();
    assert!(asked_twice <= others.len(), "what had come of the first is not fetched again");

    station.heal();
    let (status, told) = interface.ask(Method::POST, &format!("api/v1/grabs/{id}/retry"), None).await;
    assert_eq!((status, &told["state"]), (StatusCode::ACCEPTED, &"queued".into()), "{told}");
    let told = interface.ended(&id).await;
    assert_eq!((&told["state"], &told["missing_count"]), (&"done".into(), &0.into()), "{told}");
    let file = aircheck.path("recordings").join(told["file"].as_str().expect("a file"));
    let report = tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("no panic");
    assert!(report.is_whole() && (report.length - 20.0).abs() < 0.06, "{report}");
    let (status, told) = interface.ask(Method::POST, &format!("api/v1/grabs/{id}/retry"), None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");

    // Cancelled, nothing stays of it.
    station.fault(Fault::new(Part::Segment, Kind::Silence));
    let id = interface.add(&asked).await;
    until("it began", LIMIT, async || interface.get(&id).await["state"] == "capturing").await;
    assert_eq!(interface.ask(Method::DELETE, &format!("api/v1/grabs/{id}"), None).await.0, StatusCode::NO_CONTENT);
    let told = interface.ended(&id).await;
    assert_eq!(told["state"], "cancelled", "{told}");
    let folder = aircheck.path("recordings/Grabs").join(format!(".{id}"));
    until("its folder goes", LIMIT, async || !folder.exists()).await;
    assert_eq!(interface.ask(Method::DELETE, &format!("api/v1/grabs/{id}"), None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(interface.ask(Method::GET, &format!("api/v1/grabs/{id}"), None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reaches_through_a_download_what_is_near_the_machine() {
    let (aircheck, _origin, station) = serving(false).await;
    let service = aircheck.start("run", &["run"]);
    let interface = Interface::of(&service).await;
    let port = Url::parse(&station.url()).expect("a URL").port().expect("a port");
    for address in [
        station.url(),
        format!("http://localhost:{port}/x/v/(*).ts"),
        format!("http://2130706433:{port}/x/v/000000.ts"),
        format!("http://[::ffff:127.0.0.1]:{port}/x/v/000000.ts"),
    ] {
        let id = interface.add(&json!({ "address": address })).await;
        let told = interface.ended(&id).await;
        assert!(
            told["state"] == "failed" && told["history"].to_string().contains("of this machine or its network"),
            "{told}"
        );
    }
    assert_eq!(station.log().len(), 0, "nothing was asked");
    let (status, told) =
        interface.ask(Method::POST, "api/v1/grabs", Some(&json!({ "address": "file:///etc/passwd" }))).await;
    assert!(
        status == StatusCode::UNPROCESSABLE_ENTITY && told["detail"].to_string().contains("is no http address"),
        "{told}"
    );

    // What is allowed is allowed, and leads nowhere else: not by a redirect, and not by a playlist.
    let (aircheck, _origin, station) = serving(true).await;
    let near = station.url().replace("127.0.0.1", "127.0.0.2");
    station.put_redirect("v/000005.ts", &near);
    let list = format!("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"{near}\"\n#EXTINF:2,\nv/000000.ts\n#EXT-X-ENDLIST\n");
    let list = station.put("list.m3u8", "application/vnd.apple.mpegurl", &list);
    let service = aircheck.start("run", &["run"]);
    let interface = Interface::of(&service).await;
    let id = interface.add(&json!({ "address": pattern(&station), "pad": 6, "count": 10, "format": "aac" })).await;
    let told = interface.ended(&id).await;
    let cause = told["missing"][0]["cause"].as_str().unwrap_or_default();
    assert!(told["missing_count"] == 1 && cause.contains("127.0.0.2") && cause.contains("of this machine"), "{told}");
    let id = interface.add(&json!({ "address": list })).await;
    let told = interface.ended(&id).await;
    assert!(told["state"] == "failed" && told["history"].to_string().contains("of this machine"), "{told}");
}
