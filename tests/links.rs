//! Links to share over the interface, at the real service: made, listed, withdrawn, and how long they last.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, StatusCode, Url};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::{ID, address, get, recorded, serving, text};
use crate::support::machine::{Daemon, SetClock};
use crate::support::origin::Origin;
use crate::support::ports;

async fn ask(base: &Url, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Client::new().request(method, base.join(path).expect("a path"));
    let request = if body.is_null() { request } else { request.json(&body) };
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// Makes a link to [`ID`].
async fn share(base: &Url, lasts: &str) -> Value {
    let (status, made) =
        ask(base, Method::POST, &format!("/api/v1/recordings/{ID}/links"), json!({ "for": lasts })).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made
}

fn path(made: &Value) -> String {
    Url::parse(made["url"].as_str().expect("an address")).expect("a URL").path().to_owned()
}

async fn opens(base: &Url, made: &Value) -> bool {
    let path = path(made);
    let [page, sound] =
        [get(&Client::new(), base, &path).await, get(&Client::new(), base, &format!("{path}/sound.mp3")).await]
            .map(|answer| answer.status());
    assert_eq!(page, sound, "{made}");
    page == StatusCode::OK
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

#[tokio::test]
async fn a_link_is_made_listed_and_withdrawn_and_outlives_a_restart() {
    let (aircheck, mut service, base) = serving().await;
    let of = format!("/api/v1/recordings/{ID}/links");
    // Without a body it is good for seven days.
    let (status, week) = ask(&base, Method::POST, &of, Value::Null).await;
    assert_eq!(status, StatusCode::CREATED, "{week}");
    let lasts = instant(&week["expires_at"]) - instant(&week["created_at"]);
    assert_eq!(lasts, TimeDelta::days(7));
    assert_eq!((&week["recording"], week["title"].is_string()), (&ID.into(), true), "{week}");
    let day = share(&base, "1d").await;
    assert_eq!(instant(&day["expires_at"]) - instant(&day["created_at"]), TimeDelta::days(1));
    assert_ne!(week["url"], day["url"]);
    assert!(opens(&base, &week).await && opens(&base, &day).await);

    // No list has the addresses.
    for path in [of.as_str(), "/api/v1/links"] {
        let (_, listed) = ask(&base, Method::GET, path, Value::Null).await;
        let ids: Vec<_> = listed.as_array().expect("a list").iter().map(|link| link["id"].clone()).collect();
        assert_eq!(ids, [day["id"].clone(), week["id"].clone()], "{listed}");
        assert!(listed[0].get("url").is_none() && !listed.to_string().contains("/s/"), "{listed}");
        assert_eq!(listed[1]["expires_at"], week["expires_at"]);
    }
    let (_, second) = ask(&base, Method::GET, &format!("/api/v1/links?limit=1&after={}", day["id"]), Value::Null).await;
    assert_eq!((&second[0]["id"], second[1].is_null()), (&week["id"], true), "{second}");
    assert!(text(&Client::new(), &base, "/metrics").await.contains("\naircheck_links 2"));

    service.signal(Signal::TERM);
    service.end().await;
    let service = aircheck.start("again", &["run"]);
    let base = address(&service).await;
    assert!(opens(&base, &week).await);
    let one = format!("/api/v1/links/{}", week["id"]);
    let (status, withdrawn) = ask(&base, Method::DELETE, &one, Value::Null).await;
    assert_eq!((status, &withdrawn["recording"]), (StatusCode::OK, &ID.into()));
    assert!(!opens(&base, &week).await && opens(&base, &day).await);
    let (status, again) = ask(&base, Method::DELETE, &one, Value::Null).await;
    assert_eq!((status, &again["code"]), (StatusCode::NOT_FOUND, &"no_link".into()), "{again}");
}

#[tokio::test]
async fn what_cannot_be_shared_is_said_and_changes_nothing() {
    let (_aircheck, _service, base) = serving().await;
    let of = format!("/api/v1/recordings/{ID}/links");
    let (status, live) = ask(&base, Method::POST, "/api/v1/stations/kbs/record", json!({ "length": "1h" })).await;
    assert_eq!(status, StatusCode::CREATED, "{live}");
    let live = format!("/api/v1/recordings/{}/links", live["id"].as_str().expect("an id"));
    for (path, body, status, code) in [
        (of.as_str(), json!({ "for": "59s" }), 422, "link_length"),
        (&of, json!({ "for": "366d" }), 422, "link_length"),
        (&of, json!({ "for": "" }), 422, "link_length"),
        (&of, json!({ "for": "for ever" }), 422, "link_length"),
        ("/api/v1/recordings/none@20261120T0500Z/links", Value::Null, 404, "no_recording"),
        (&live, Value::Null, 409, "link_unfinished"),
    ] {
        let (answered, problem) = ask(&base, Method::POST, path, body).await;
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &code.into()), "{path}: {problem}");
    }
    for (body, words) in [(json!({ "for": 7 }), "string"), (json!({ "lasts": "7d" }), "unknown field `lasts`")] {
        let (status, problem) = ask(&base, Method::POST, &of, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{problem}");
    }
    let korean = Client::new().post(base.join(&of).expect("a path")).json(&json!({ "for": "9" }));
    let korean: Value =
        korean.header("accept-language", "ko").send().await.expect("an answer").json().await.expect("JSON");
    assert!(korean["detail"].as_str().is_some_and(|detail| detail.contains("`365d`까지")), "{korean}");
    for path in ["/api/v1/links/0", "/api/v1/links/-1", "/api/v1/links/x"] {
        let answer = Client::new().delete(base.join(path).expect("a path")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    }
    assert_eq!(ask(&base, Method::GET, "/api/v1/links", Value::Null).await.1, json!([]));

    // So many at a time, and no more.
    for _ in 0..100 {
        share(&base, "1h").await;
    }
    let (status, problem) = ask(&base, Method::POST, &of, Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &"links_many".into()), "{problem}");
}

#[tokio::test]
async fn in_the_bin_a_recording_is_not_shared_and_comes_back_with_its_links() {
    let (aircheck, _service, base) = serving().await;
    let one = format!("/api/v1/recordings/{ID}");
    let made = share(&base, "7d").await;
    assert!(opens(&base, &made).await);
    assert_eq!(ask(&base, Method::DELETE, &one, Value::Null).await.0, StatusCode::OK);
    assert!(!opens(&base, &made).await);
    assert_eq!(ask(&base, Method::GET, "/api/v1/links", Value::Null).await.1, json!([]));
    assert_eq!(ask(&base, Method::POST, &format!("{one}/links"), Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&base, Method::POST, &format!("{one}/restore"), Value::Null).await.0, StatusCode::OK);
    assert!(opens(&base, &made).await);

    // Somebody moves the file away.
    std::fs::rename(aircheck.path(&format!("recordings/{ID}.mp3")), aircheck.path("away.mp3")).expect("moved");
    assert!(!opens(&base, &made).await);
    let (status, problem) = ask(&base, Method::POST, &format!("{one}/links"), Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &"link_no_file".into()), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_when_the_clock_says_so() {
    let port = ports::free();
    // The show is not on in the hours of the test: while something is recorded, a clock that is set is not followed.
    let aircheck = Aircheck::new(&format!(
        "web: {{ listen: \"127.0.0.1:{port}\" }}\ntimezone: Asia/Seoul\nstations:\n  \
         kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
         - {{ title: Show, id: hostile, station: kbs, cron: \"0 3 1 1 *\", length: 1h }}\n"
    ));
    recorded(&aircheck).await;
    let origin = Origin::start();
    let clock = SetClock::before("2026-11-21T10:00:00Z".parse().expect("a time"), &origin, &[]);
    let daemon = Daemon::start(&aircheck, Arc::clone(&clock));
    let base = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL");
    until("the page", Duration::from_secs(60), async || Client::new().get(base.clone()).send().await.is_ok()).await;
    let (minute, hour, day) = (share(&base, "1m").await, share(&base, "1h").await, share(&base, "1d").await);
    // The service takes a moment to believe a clock that was set.
    let over = async |made: &Value| {
        let path = path(made);
        until("the link is over", Duration::from_secs(60), async || {
            get(&Client::new(), &base, &path).await.status() == StatusCode::NOT_FOUND
        })
        .await;
    };
    clock.step(TimeDelta::minutes(30));
    over(&minute).await;
    assert_eq!([opens(&base, &hour).await, opens(&base, &day).await], [true, true]);
    clock.step(TimeDelta::hours(1));
    over(&hour).await;
    assert_eq!([opens(&base, &hour).await, opens(&base, &day).await], [false, true]);
    let (_, listed) = ask(&base, Method::GET, "/api/v1/links", Value::Null).await;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["id"]), (Some(1), &day["id"]), "{listed}");
    let (status, _) = ask(&base, Method::DELETE, &format!("/api/v1/links/{}", hour["id"]), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    daemon.stop().await;
}
