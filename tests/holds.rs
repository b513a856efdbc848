//! What is held of a tape, on the command line and over the interface.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use reqwest::{Client, Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::Aircheck;
use crate::support::library::address;
use crate::support::taped;

const LIMIT: Duration = Duration::from_secs(150);

/// Puts an hour of sound on the tape of the station `s`, as it was on the air from `start` on.
fn tape_an_hour(aircheck: &Aircheck, start: DateTime<Utc>) {
    let tape = taped::open(aircheck, "s", start);
    taped::put(&tape, start, 60);
    tape.end_reel(None, start + TimeDelta::hours(1)).expect("ended");
}

const TWO_STATIONS: &str = "timezone: UTC\nstations:\n  s: { name: Some Station, hls: \"http://127.0.0.1:9/x\" }\n  \
                            t: { name: T, hls: \"http://127.0.0.1:9/y\" }\nshows: []\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stretch_of_tape_is_held_with_its_reason_until_it_is_released() {
    let aircheck = Aircheck::new(TWO_STATIONS);
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(5);
    tape_an_hour(&aircheck, start);
    let at = |minute: i64| (start + TimeDelta::minutes(minute)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let hold = async |station: &str, from: &str, to: &str, more: &[&str]| {
        aircheck.run(&[&["hold", station, "--from", from, "--to", to], more].concat()).await
    };
    let listed = async || {
        let ran = aircheck.run(&["hold", "--json"]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran}");
        let row =
            |row: &serde_json::Value| format!("{} {} {} s, {}", row["station"], row["id"], row["on_tape"], row["why"]);
        ran.json().as_array().expect("a list").iter().map(row).collect::<Vec<_>>().join("\n").replace('"', "")
    };
    let none = aircheck.run(&["hold"]).await;
    assert!(none.code == 0 && none.stdout.starts_with("nothing is held; `aircheck hold STATION "), "{none}");

    let first = hold("s", &at(10), &at(25), &["--why", "complaint 114"]).await;
    assert_eq!((first.code, first.stderr.as_str()), (0, ""), "{first}");
    assert!(first.stdout.starts_with("hold 1 of Some Station: "), "{first}");
    assert!(first.stdout.ends_with(", 15:00 of 15:00 on tape\n"), "{first}");
    // By name; the service runs, and what is held reaches beyond the tape.
    let mut service = aircheck.start("service", &["run"]);
    service.says("aircheck 0.1.0 runs", LIMIT).await;
    let second = hold("some station", &at(50), &at(70), &["--why", " 민원 115 ", "--json"]).await.json();
    assert_eq!((&second["id"], &second["why"], &second["released"]), (&2.into(), &"민원 115".into(), &().into()));
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
    let holds = aircheck.path("state/tape/s/holds");
    let written = std::fs::read_to_string(&holds).expect("holds");
    assert_eq!(written.lines().count(), 2, "{written}");
    let people = aircheck.run(&["hold", "s"]).await;
    assert!(people.stdout.contains("complaint 114 (since ") && people.stdout.contains("민원 115"), "{people}");

    for (args, code, told) in [
        (&["hold", "x"][..], 2, "there is no station `x`; there are: s, t"),
        (&["hold", "s", "--from", &at(5), "--to", &at(4), "--why", "x"], 2, "is not after `--from`"),
        (&["hold", "s", "--from", &at(5), "--to", "-9000d", "--why", "x"], 2, "`--to`: `9000d` is too long"),
        (&["hold", "s", "--from", "noon", "--to", "now", "--why", "x"], 2, "`--from`: `noon` is no time: write `"),
        (&["hold", "s", "--from", &at(5), "--to", &at(6), "--why", " "], 2, "`--why` is empty; write for what"),
        (&["hold", "s", "--from", &at(5), "--to", &at(6)], 2, "--why <REASON>"),
        (&["hold", "s", "--to", &at(6), "--why", "x"], 2, "--from <TIME>"),
        (&["hold", "--release", "1"], 2, "STATION"),
        (&["hold", "s", "--from", &at(-90), "--to", &at(-80), "--why", "x"], 1, "; its tape reaches from "),
        (&["hold", "t", "--from", &at(5), "--to", &at(6), "--why", "x"], 1, "; there is no tape of it"),
        (&["hold", "s", "--release", "9"], 2, "there is no hold 9 of Some Station; there are: 1, 2"),
        (&["hold", "t", "--release", "1"], 2, "there is no hold 1 of T; nothing of it is held"),
    ] {
        let ran = aircheck.run(args).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{args:?}: {ran}");
        assert!(ran.stderr.contains(told), "{args:?}: {ran}");
    }
    assert_eq!(std::fs::read_to_string(&holds).expect("holds"), written);
    assert!(!aircheck.path("state/tape/t").exists(), "nothing was held of it");

    let ran = aircheck.run(&["hold", "s", "--release", "1"]).await;
    assert!(ran.code == 0 && ran.stdout.starts_with("hold 1 of Some Station is released: "), "{ran}");
    let ran = aircheck.run(&["hold", "s", "--release", "1"]).await;
    assert!(ran.code == 2 && ran.stderr.contains("hold 1 of Some Station was released on "), "{ran}");
    assert!(std::fs::read_to_string(&holds).expect("holds").starts_with(&written), "it is only appended to");
    // A stretch that is still to come, of a station that was never taped.
    let ran = hold("t", "+1h", "+2h", &["--why", "election"]).await;
    assert!(ran.code == 0 && ran.stderr.contains("what comes on tape of it is held"), "{ran}");
    std::fs::write(aircheck.path("state/catalogue.sqlite"), "damaged").expect("written");
    let held = listed().await;
    assert!(held.starts_with("s 2 ") && held.ends_with("115\nt 1 0.0 s, election"), "{held}");

    std::fs::write(&holds, format!("{written}damaged\n")).expect("written");
    let ran = aircheck.run(&["hold"]).await;
    assert!(ran.code == 1 && ran.stdout.starts_with("t  hold 1  ") && ran.stderr.contains("line 3 of "), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_over_the_interface_is_what_the_command_line_lists() {
    let aircheck = Aircheck::new(TWO_STATIONS);
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(5);
    tape_an_hour(&aircheck, start);
    let mut service = aircheck.start("service", &["run"]);
    let base = address(&service).await;
    let client = Client::new();
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let request = client.request(method, base.join(&format!("/api/v1/stations/{path}")).expect("a path"));
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let at = |minute: i64| (start + TimeDelta::minutes(minute)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let stretch = |from: &str, to: &str, why: &str| Some(json!({ "from": from, "to": to, "why": why }));

    assert_eq!(ask(Method::GET, "s/holds", None).await, (StatusCode::OK, json!([])));
    assert_eq!(ask(Method::GET, "t/holds", None).await, (StatusCode::OK, json!([])));
    assert!(!aircheck.path("state/tape/t").exists(), "to ask makes no tape");
    let (status, held) = ask(Method::POST, "s/holds", stretch(&at(10), &at(25), " 민원 114 ")).await;
    assert_eq!(
        (status, &held["id"], &held["why"], &held["on_tape"]),
        (StatusCode::CREATED, &1.into(), &"민원 114".into(), &900.0.into())
    );
    let listed = aircheck.run(&["hold", "s", "--json"]).await.json();
    assert_eq!(ask(Method::GET, "s/holds", None).await.1, listed);
    assert_eq!(listed, json!([held]));

    for (path, body, status, code) in [
        ("x/holds", stretch(&at(1), &at(2), "x"), StatusCode::NOT_FOUND, "no_station"),
        ("s/holds", stretch(&at(2), &at(2), "x"), StatusCode::UNPROCESSABLE_ENTITY, "hold_backwards"),
        ("s/holds", stretch(&at(1), &at(2), " "), StatusCode::UNPROCESSABLE_ENTITY, "hold_reason"),
        ("s/holds", stretch(&at(1), &at(2), &"x".repeat(401)), StatusCode::UNPROCESSABLE_ENTITY, "hold_reason"),
        ("s/holds", stretch(&at(-90), &at(-80), "x"), StatusCode::UNPROCESSABLE_ENTITY, "hold_nothing"),
        ("s/holds", stretch("soon", &at(2), "x"), StatusCode::UNPROCESSABLE_ENTITY, "no_time"),
    ] {
        let (answered, problem) = ask(Method::POST, path, body).await;
        assert_eq!((answered, &problem["code"]), (status, &code.into()), "{path}: {problem}");
    }
    let (status, problem) = ask(Method::DELETE, "s/holds/9", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &"no_hold".into()));
    let (status, released) = ask(Method::DELETE, "s/holds/1", None).await;
    assert!(status == StatusCode::OK && released["released"].is_string(), "{released}");
    assert_eq!(ask(Method::GET, "s/holds", None).await.1, json!([]));
    std::fs::write(aircheck.path("state/tape/s/holds"), "damaged\n").expect("written");
    let (status, problem) = ask(Method::GET, "s/holds", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &"tape".into()));
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
