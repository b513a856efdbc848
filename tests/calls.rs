//! Starting and stopping by calls: a station that is not in the file, states that can be followed, requests with a key.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, Response, Url};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::library::address;
use crate::support::machine::whole;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::rtmp::RtmpServer;

const LIMIT: Duration = Duration::from_secs(60);

/// A service whose file has no station, and a client of its interface.
struct Caller {
    aircheck: Aircheck,
    service: Service,
    client: Client,
    base: Url,
}

impl Caller {
    async fn of(web: &str) -> Self {
        let yaml = format!("web: {{ listen: \"127.0.0.1:0\"{web} }}\ntimezone: UTC\nstations: {{}}\nshows: []\n");
        let aircheck = Aircheck::new(&yaml);
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        Self { aircheck, service, client: Client::builder().pool_max_idle_per_host(0).build().expect("a client"), base }
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(&format!("/api/v1/{path}")).expect("a path")
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Response {
        let mut request = self.client.request(method, self.url(path));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let request = if let Some(body) = body { request.json(&body) } else { request };
        request.send().await.expect("an answer")
    }

    async fn post(&self, path: &str, body: Value, key: Option<&str>) -> (u16, Value) {
        let answer = self.ask(Method::POST, path, Some(body), key).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None, None).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Returns the states that a job went through.
    async fn states(&self, job: &str) -> Vec<String> {
        let job = self.get(job).await;
        let history = job["history"].as_array().expect("a history");
        assert_eq!(history.last().map(|it| &it["state"]), Some(&job["state"]), "{job}");
        history.iter().map(|it| it["state"].as_str().expect("a word").to_owned()).collect()
    }

    async fn kill(&mut self) {
        self.service.signal(Signal::KILL);
        self.service.end().await;
        self.service = self.aircheck.start("again", &["run"]);
        self.base = address(&self.service).await;
    }
}

/// Returns the address of something with an id, percent-encoded, relative to the interface.
fn of(folder: &str, id: &Value) -> String {
    let mut url = Url::parse(&format!("http://x/{folder}")).expect("a URL");
    url.path_segments_mut().expect("a path").push(id.as_str().expect("an id"));
    url.path().trim_start_matches('/').to_owned()
}

fn window() -> Setup {
    Setup { window: 20, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) }
}

/// Hears events until `enough` finds what it wants in one.
async fn hear<T>(events: &mut Response, mut enough: impl FnMut(&str) -> Option<T>) -> T {
    let hearing = async {
        let mut heard = String::new();
        loop {
            while let Some(at) = heard.find("\n\n") {
                let block: String = heard.drain(..at + 2).collect();
                if let Some(found) = enough(&block) {
                    return found;
                }
            }
            heard.push_str(&String::from_utf8_lossy(&events.chunk().await.expect("a stream").expect("more")));
        }
    };
    // Other events go on meanwhile, so this needs a limit of its own.
    SystemClock::shared().timeout(LIMIT, hearing).await.expect("it is told")
}

/// Reads events until one is a job in `state`; returns the data of all jobs, and the id of the last.
async fn jobs_until(events: &mut Response, state: &str) -> (Vec<Value>, String) {
    let mut jobs = Vec::new();
    let mark = hear(events, |block| {
        let line = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        if line("event: ").as_deref() != Some("job") {
            return None;
        }
        jobs.push(serde_json::from_str::<Value>(&line("data: ").expect("data")).expect("JSON"));
        jobs.last().filter(|job| job["state"] == state).and_then(|_| line("id: "))
    })
    .await;
    (jobs, mark)
}

#[tokio::test]
async fn a_station_that_is_not_in_the_file_is_recorded_over_a_restart_and_every_state_is_told() {
    let origin = Origin::start();
    let station = origin.station("s", window());
    let mut caller = Caller::of(", ad_hoc: true, local_sources: [127.0.0.0/8]").await;
    let mut events = caller.ask(Method::GET, "events", None, None).await;
    let wanted = json!({ "source": { "hls": station.url() }, "title": "라디오 드라마" });

    let answer = caller.ask(Method::POST, "recordings", Some(wanted.clone()), Some("\"first\"")).await;
    assert_eq!(answer.status(), 201);
    let location = answer.headers()[LOCATION].clone();
    let airing: Value = answer.json().await.expect("JSON");
    assert_eq!((&airing["title"], &airing["until_stopped"]), (&"라디오 드라마".into(), &true.into()), "{airing}");
    let (told, mark) = jobs_until(&mut events, "capturing").await;
    let words =
        |told: &[Value]| told.iter().map(|it| it["state"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (words(&told), &told[0]["id"], &told[0]["kind"]),
        (vec!["queued".to_owned(), "capturing".to_owned()], &airing["id"], &"recording".into())
    );
    until("sound of it", LIMIT, async || !station.log().is_empty()).await;

    caller.kill().await;
    let job = of("jobs/recording", &airing["id"]);
    until("it goes on", LIMIT, async || {
        caller.states(&job).await.ends_with(&["queued".to_owned(), "capturing".to_owned()])
    })
    .await;
    // The request comes again, because its client has not heard the answer: nothing is done, and it is the same answer.
    let again = caller.ask(Method::POST, "recordings", Some(wanted.clone()), Some("\"first\"")).await;
    assert_eq!((again.status().as_u16(), &again.headers()[LOCATION]), (201, &location));
    assert_eq!(again.json::<Value>().await.expect("JSON"), airing);
    let other = json!({ "source": { "hls": station.url() }, "title": "other" });
    let (status, refused) = caller.post("recordings", other, Some("first")).await;
    assert_eq!((status, &refused["code"]), (422, &"key_other".into()), "{refused}");

    // The file is read again, and has no station still.
    caller.service.signal(Signal::HUP);
    caller.service.says("configuration read again", LIMIT).await;
    let time = |of: &Value, key: &str| {
        of[key].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).unwrap_or_else(|| panic!("no {key}: {of}"))
    };
    until("some seconds", LIMIT, async || SystemClock::shared().now() > time(&airing, "start") + TimeDelta::seconds(6))
        .await;
    let (status, stopped) = caller.post(&format!("{}/stop", of("airings", &airing["id"])), json!(null), None).await;
    assert_eq!((status, &stopped["until_stopped"]), (200, &false.into()), "{stopped}");
    until("the recording", LIMIT, async || caller.aircheck.list().await.len() == 1).await;
    let recorded = caller.aircheck.list().await.remove(0);
    whole(&recorded, None, (time(&recorded, "end") - time(&recorded, "start")).as_seconds_f64());
    let listed = caller.get("recordings").await;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["state"]), (Some(1), &"done".into()), "{listed}");
    let history = caller.states(listed[0]["job"].as_str().expect("a link").trim_start_matches("api/v1/")).await;
    assert_eq!(history, ["queued", "capturing", "queued", "capturing", "encoding", "done"]);
    let whole_job = caller.get(&job).await;
    assert_eq!(whole_job["history"][2]["reason_kind"], "not_running", "{whole_job}");

    // Who listened before the restart hears what it has missed.
    let mut later = caller.ask(Method::GET, &format!("events?since={mark}"), None, None).await;
    let (missed, _) = jobs_until(&mut later, "done").await;
    assert_eq!(words(&missed), history[2..]);
    let transitions = caller.get(&format!("transitions?after={}", told[1]["number"])).await;
    assert_eq!(transitions, Value::Array(missed), "the same can be asked for");

    let (status, clip) =
        caller.post("clips", json!({ "pieces": [{ "recording": airing["id"], "to": 2 }] }), None).await;
    assert_eq!(status, 202, "{clip}");
    let job = clip["job"].as_str().expect("a link").trim_start_matches("api/v1/").to_owned();
    until("the clip", LIMIT, async || caller.get(&job).await["state"] == "done").await;
    assert_eq!(caller.states(&job).await, ["queued", "encoding", "done"]);
    let done = caller.get("jobs?state=done&limit=1").await;
    assert_eq!((done.as_array().map(Vec::len), &done[0]["kind"]), (Some(1), &"clip".into()), "{done}");
    let before = caller.get(&format!("jobs?before={}", done[0]["number"])).await;
    assert_eq!(before[0]["id"], airing["id"], "{before}");
    assert_eq!(caller.get("jobs?kind=grab").await, json!([]));
    let none = caller.ask(Method::GET, "jobs/clip/none", None, None).await;
    assert_eq!(
        (none.status().as_u16(), none.json::<Value>().await.expect("JSON")["code"].clone()),
        (404, "no_job".into())
    );
}

#[tokio::test]
async fn an_rtmp_address_is_enough_to_record_a_station_that_is_not_in_the_file() {
    let server = tokio::task::spawn_blocking(RtmpServer::start).await.expect("started");
    let caller = Caller::of(", ad_hoc: true, local_sources: [127.0.0.0/8]").await;
    let wanted = json!({ "source": { "rtmp": server.url() }, "for": "6s" });
    let (status, airing) = caller.post("recordings", wanted, None).await;
    assert_eq!((status, &airing["title"]), (201, &"127.0.0.1".into()), "{airing}");
    until("the recording", LIMIT, async || caller.aircheck.list().await.len() == 1).await;
    whole(&caller.aircheck.list().await[0], None, 6.0);
    tokio::task::spawn_blocking(move || drop(server)).await.expect("stopped");
}

#[tokio::test]
async fn nothing_of_this_machine_is_reached_for_who_asks() {
    let caller = Caller::of("").await;
    let (status, refused) =
        caller.post("recordings", json!({ "source": { "hls": "https://radio.example/x" } }), None).await;
    assert_eq!((status, &refused["code"]), (403, &"ad_hoc_off".into()), "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|it| it.contains("`web: { ad_hoc: true }`")), "{refused}");
    drop(caller);

    let origin = Origin::start();
    let station = origin.station("s", window());
    let near = Url::parse(&station.url()).expect("a URL");
    let caller = Caller::of(", ad_hoc: true, local_sources: [127.0.0.2]").await;
    let mut by_name = near.clone();
    by_name.set_host(Some("localhost")).expect("a host");
    for (source, code) in [
        (json!({ "hls": near.as_str() }), "source_near"),
        (json!({ "icecast": by_name.as_str() }), "source_near"),
        (json!({ "rtmp": "rtmp://localhost/live/x" }), "source_near"),
        (json!({ "hls": "http://[::ffff:127.0.0.1]/x" }), "source_near"),
        (json!({ "hls": "env:HOME" }), "source"),
        (json!({ "hls": { "find": [{ "run": ["true"] }] } }), "source"),
        (json!({ "hlss": "https://radio.example/x" }), "source"),
        (json!({}), "source"),
    ] {
        let (status, refused) = caller.post("recordings", json!({ "source": source }), None).await;
        assert_eq!((status, &refused["code"]), (422, &code.into()), "{source}: {refused}");
    }
    let (status, refused) = caller.post("recordings", json!({ "source": {}, "since": "-5m" }), None).await;
    assert_eq!(status, 422, "{refused}");

    // An allowed server redirects to one that is not.
    let listener = TcpListener::bind("127.0.0.2:0").await.expect("a port");
    let allowed = format!("http://{}/x.m3u8", listener.local_addr().expect("an address"));
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {by_name}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 4096];
            let _ = stream.read(&mut question).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let (status, airing) = caller.post("recordings", json!({ "source": { "hls": allowed }, "for": "3s" }), None).await;
    assert_eq!((status, &airing["title"]), (201, &"127.0.0.2".into()), "{airing}");
    let mut events = caller.ask(Method::GET, "events", None, None).await;
    hear(&mut events, |block| block.contains("is an address of this machine").then_some(())).await;
    server.abort();
    assert!(station.log().is_empty(), "nobody was asked: {:?}", station.log());
    assert_eq!(caller.get("stations").await, json!([]), "the file has no station");
}

#[tokio::test]
async fn a_request_with_a_key_is_carried_out_once_and_one_that_was_refused_may_come_again() {
    let caller = Caller::of(", ad_hoc: true, local_sources: [127.0.0.0/8]").await;
    // What is refused has changed nothing, so the key is free again.
    for _ in 0..2 {
        assert_eq!(caller.post("recordings", json!({ "source": {} }), Some("k")).await.0, 422);
    }
    let asked = json!({ "source": { "hls": "http://127.0.0.1:9/x" }, "title": "Nobody" });
    let (status, wrong) = caller.post("recordings", asked.clone(), Some(&"x".repeat(201))).await;
    assert_eq!(status, 400, "{wrong}");
    // Several at once: one is carried out, and the others get its answer or come too early.
    let ask = || caller.ask(Method::POST, "recordings", Some(asked.clone()), Some("k"));
    let answers = futures::future::join_all((0..4).map(|_| ask())).await;
    assert!(answers.iter().any(|answer| answer.status() == 201), "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status() != 201) {
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key(RETRY_AFTER)), (409, true), "{answer:?}");
    }
    let airings = caller.get("airings").await;
    assert_eq!(airings.as_array().map(Vec::len), Some(1), "{airings}");
    assert_eq!(caller.post("recordings", asked.clone(), Some("k")).await.1["id"], airings[0]["id"]);
    // Without a key, everything is carried out.
    let (status, second) = caller.post("recordings", asked, None).await;
    assert_eq!(status, 201, "{second}");
    assert_ne!(second["id"], airings[0]["id"]);
    let document = caller.get("openapi.json").await;
    let posts = document["paths"].as_object().expect("paths").values().filter_map(|path| path["post"].as_object());
    for post in posts {
        let parameters = post.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
        assert!(parameters.iter().any(|it| it["name"] == "Idempotency-Key" && it["in"] == "header"), "{post:?}");
    }
}
