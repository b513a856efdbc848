//! Clips: cut out of tape and recordings, on the command line and over the interface, and judged by their sound.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use reqwest::{Client, StatusCode, Url};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, until};
use crate::support::library::address;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::taped;
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(120);

const YAML: &str = "timezone: UTC\nstations:\n  s: { name: Some Station, hls: \"http://127.0.0.1:9/x\", timezone: Asia/Seoul }\n\
                    shows: []\n";

/// Returns an aircheck whose station `s` has 80 s of sound on tape from the returned instant on, yesterday.
fn with_tape() -> (Aircheck, DateTime<Utc>) {
    let aircheck = Aircheck::new(YAML);
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(20);
    let tape = taped::open(&aircheck, "s", start);
    taped::put_sound(&tape, start, 5);
    // Twenty seconds are missing.
    taped::put_sound(&tape, start + TimeDelta::seconds(60), 5);
    tape.end_reel(None, start + TimeDelta::seconds(100)).expect("ended");
    (aircheck, start)
}

/// The numbers of the seconds that are heard, counted from `start`, and where each is, rounded to a hundredth.
fn seconds(heard: &Report, start: DateTime<Utc>) -> Vec<(i64, f64)> {
    let number =
        |second: u16| i64::from(second.wrapping_sub(u16::try_from(start.timestamp() % 65_536).expect("so small")));
    heard.heard.iter().map(|one| (number(one.second), (one.at * 100.0).round() / 100.0)).collect()
}

/// The seconds from `from` to `to`, of which the first is heard at `at`.
fn run(from: i64, to: i64, at: f64) -> Vec<(i64, f64)> {
    (from..to).zip(0..).map(|(second, more)| (second, at + f64::from(more))).collect()
}

fn clock(start: DateTime<Utc>, seconds: i64) -> String {
    (start + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

async fn report(file: std::path::PathBuf) -> Report {
    tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("no panic")
}

fn near(heard: &[(i64, f64)], wanted: &[(i64, f64)]) {
    let same = heard.len() == wanted.len()
        && heard.iter().zip(wanted).all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() < 0.03);
    assert!(same, "{heard:?} is not {wanted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_has_the_seconds_that_were_asked_for_and_none_else() {
    let (aircheck, start) = tokio::task::spawn_blocking(with_tape).await.expect("no panic");
    let out = |name: &str| aircheck.path(name).to_str().expect("UTF-8").to_owned();

    // From a station's tape, by its clock, to a file.
    let local = start + TimeDelta::seconds(5) + TimeDelta::hours(9);
    let from = local.format("%Y-%m-%d %H:%M:%S").to_string();
    let cut =
        aircheck.run(&["clip", "Some Station", "--from", &from, "--for", "20s", "-o", &out("a.mp3"), "--json"]).await;
    assert_eq!((cut.code, cut.stderr.as_str()), (0, ""), "{cut}");
    let told = cut.json();
    assert_eq!(
        (&told["verdict"], &told["id"], &told["missing"]),
        (&"complete".into(), &Value::Null, &json!([])),
        "{told}"
    );
    let heard = report(aircheck.path("a.mp3")).await;
    near(&seconds(&heard, start), &run(5, 25, 0.0));
    assert!((heard.length - 20.0).abs() < 0.03, "{heard}");
    assert_eq!(aircheck.list().await.len(), 0, "a file is not on the list");

    // What is missing is silence, and is told before and after.
    let (from, to) = (clock(start, 30), clock(start, 70));
    let told = aircheck.run(&["clip", "s", "--from", &from, "--to", &to, "--dry-run"]).await;
    assert!(told.code == 3 && told.stdout.contains("0:20 of 0:40 is there; nothing was made"), "{told}");
    assert!(told.stderr.contains("missing 20.000 s at 0:10"), "{told}");
    let made = aircheck.run(&["clip", "s", "--from", &from, "--to", &to, "--title", "뉴스: 구멍"]).await;
    assert!(made.code == 3 && made.stderr.contains("missing 20.000 s at 0:10"), "{made}");
    let list = aircheck.list().await;
    let clip = &list[0];
    assert_eq!((list.len(), &clip["title"], &clip["station"]), (1, &"뉴스: 구멍".into(), &"s".into()), "{clip}");
    let id = clip["id"].as_str().expect("an id").to_owned();
    let heard = report(clip["file"].as_str().expect("a file").into()).await;
    near(&seconds(&heard, start), &[run(30, 40, 0.0), run(60, 70, 30.0)].concat());

    // Pieces of a recording, in any order, with a tone over some and silence over some.
    let pieces = ["--piece", "0:31-0:37", "--piece", "00:00:02-00:00:08.5"];
    let covers = ["--bleep", "33.5-34.5", "--mute", "0:04-0:05"];
    let more = ["--output", &out("b.mp3")];
    let cut = aircheck.run(&[&["clip", &id][..], &pieces, &covers, &more].concat()).await;
    assert_eq!(cut.code, 0, "{cut}");
    let heard = report(aircheck.path("b.mp3")).await;
    // Seconds 63 and 64 are partly covered, and so is none of them to be heard; 34 is covered whole, 38 is cut.
    let wanted = [run(61, 63, 0.0), run(65, 67, 4.0), run(32, 34, 6.0), run(35, 38, 9.0)].concat();
    near(&seconds(&heard, start), &wanted);
    assert!((heard.length - 12.5).abs() < 0.03, "{heard}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_that_cannot_be_meant_is_refused_with_what_to_write() {
    let (aircheck, start) = tokio::task::spawn_blocking(with_tape).await.expect("no panic");
    let made = aircheck.run(&["clip", "s", "--from", &clock(start, 0), "--for", "20s"]).await;
    assert_eq!(made.code, 0, "{made}");
    let id = aircheck.list().await[0]["id"].as_str().expect("an id").to_owned();
    std::fs::write(aircheck.path("there.mp3"), "mine").expect("written");
    let there = aircheck.path("there.mp3").to_str().expect("UTF-8").to_owned();
    let (early, late) = (clock(start, 10), clock(start, 30));
    let tomorrow = clock(start, 30 * 3_600);
    let many: Vec<String> = (0..201).flat_map(|_| ["--piece".to_owned(), "0:01-0:02".to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let cases: &[(&[&str], &str)] = &[
        (&["s"], "say from when: `--from \"yesterday 22:15\" --for 15m`"),
        (&["s", "--from", &early], "say how long: `--for 15m`"),
        (&["s", "--from", &late, "--to", &early], "must end after it begins"),
        (&["s", "--from", &early, "--to", &early], "must end after it begins"),
        (&["s", "--from", &tomorrow, "--for", "1m"], "still to come: add an airing instead"),
        (&["s", "--from", "soon", "--for", "1m"], "`from`: `soon` is no time: write"),
        (
            &["s", "--from", "-3h", "--for", "1m"],
            "nothing of that time is on tape; the tape of Some Station reaches from",
        ),
        (&["s", "--from", &clock(start, 45), "--for", "10s"], "nothing of that time is on tape"),
        (&["s", "--from", &early, "--for", "25h"], "24 hours at most"),
        (&["s", "--piece", "0:01-0:02"], "`--piece` cuts a recording, and s is a station"),
        (&["nobody", "--from", &early, "--for", "1m"], "there is no station `nobody`"),
        (&[&id, "--from", &early, "--for", "1m"], "is a recording: write from where to where with `--piece"),
        (&[&id, "--piece", "0:10-0:05"], "must end after it begins"),
        (&[&id, "--piece", "0:10-0:30"], "plays for 0:20"),
        (&[&id, "--piece", "0:01-0:02", "--piece", "0:10-0:30"], "#2: "),
        (&[&id, "--piece", "0:10"], "such as `00:10:00-00:12:30`"),
        (&[&id, "--piece", "0:61-0:62"], "minutes and seconds go from 00 to 59"),
        (&[&id, "--piece", "0:01-0:09", "--bleep", "0:02-0:04", "--mute", "0:03-0:05"], "overlap at 0:02"),
        (&[&id, "--piece", "0:01-0:09", "--bleep", "0:10-0:12"], "is in no piece of the clip"),
        (&[&id, "--bleep", "0:05-0:05"], "must end after it begins"),
        (&[&id, "--title", " "], "`title` is empty"),
        (&[&id, "--output", &there], "exists and is not replaced"),
        (&[&[id.as_str()][..], &many].concat(), "200 pieces at most; 201"),
    ];
    for (arguments, words) in cases {
        let refused = aircheck.run(&[&["clip"][..], arguments].concat()).await;
        assert!(refused.code == 2 && refused.stderr.contains(words), "{arguments:?}: {refused}");
        assert!(refused.stdout.is_empty(), "{refused}");
    }
    assert_eq!(aircheck.list().await.len(), 1, "nothing was made");
    assert_eq!(std::fs::read_to_string(&there).expect("a file"), "mine");
    let files = std::fs::read_dir(aircheck.path("recordings/Some Station")).expect("a folder").count();
    assert_eq!(files, 1);
}

/// Asks for a clip. Returns the status and the answer.
async fn asked(base: &Url, clip: &Value) -> (StatusCode, Value) {
    let answer =
        Client::new().post(base.join("api/v1/clips").expect("a path")).json(clip).send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_makes_a_clip_when_all_of_it_is_on_tape_also_after_a_restart() {
    let origin = Origin::start();
    let station =
        origin.station("s", Setup { programme_time: ProgrammeTime::Every, window: 6, ..Setup::of(Container::Adts) });
    let aircheck = Aircheck::new(&format!(
        "timezone: UTC\nstations:\n  s: {{ name: S, hls: \"{}\" }}\nshows: []\n",
        station.url()
    ));
    let mut service = aircheck.start("first", &["run"]);
    let base = address(&service).await;
    // The station is not on tape. Its window holds some seconds of the past, and the end of the clip is still to come.
    let now = SystemClock::shared().now().trunc_subsecs(0);
    let (from, to) = (now - TimeDelta::seconds(4), now + TimeDelta::seconds(14));
    // Half a second before and after: what a station stamps is rounded.
    let half =
        |at: DateTime<Utc>, by: i64| (at + TimeDelta::milliseconds(by)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let piece = json!({ "station": "s", "from": half(from, -500), "to": half(to, 500) });
    let (status, told) = asked(&base, &json!({ "title": "방금 들은 것", "pieces": [piece] })).await;
    assert_eq!((status, &told["state"]), (StatusCode::ACCEPTED, &"waiting".into()), "{told}");
    let id = told["id"].as_str().expect("an id").to_owned();
    let (status, other) = asked(&base, &json!({ "pieces": [{ "station": "s", "from": "-2s", "for": "10h" }] })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{other}");
    let other = other["id"].as_str().expect("an id").to_owned();
    assert_ne!(other, id, "two are asked for in one second");

    // A restart forgets no clip, and loses what nobody taped meanwhile.
    until("sound", LIMIT, async || SystemClock::shared().now() > now + TimeDelta::seconds(5)).await;
    service.signal(Signal::KILL);
    service.end().await;
    let mut service = aircheck.start("second", &["run"]);
    let base = address(&service).await;
    let client = Client::new();
    let get = async |path: &str| client.get(base.join(path).expect("a path")).send().await.expect("an answer");
    let waiting = get("api/v1/clips").await.json::<Value>().await.expect("JSON");
    assert_eq!(waiting.as_array().map(Vec::len), Some(2), "{waiting}");
    let page = get("clips").await.text().await.expect("a page");
    assert!(page.contains("방금 들은 것"), "{page}");
    let gone =
        client.delete(base.join(&format!("api/v1/clips/{other}")).expect("a path")).send().await.expect("an answer");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);

    until("the clip", LIMIT, async || aircheck.list().await.len() == 1).await;
    let list = aircheck.list().await;
    assert_eq!((&list[0]["id"], &list[0]["verdict"]), (&id.as_str().into(), &"complete".into()), "{list:?}");
    let heard = report(list[0]["file"].as_str().expect("a file").into()).await;
    near(&seconds(&heard, from), &run(0, 18, 0.5));
    let state = get(&format!("api/v1/clips/{id}")).await.json::<Value>().await.expect("JSON");
    assert_eq!(state["state"], "made", "{state}");

    // It is a recording of its own: in the feed of clips, and a source of further clips.
    let feed = get("clips/feed.xml").await.bytes().await.expect("a feed");
    let feed = rss::Channel::read_from(&feed[..]).expect("RSS");
    assert_eq!(feed.items()[0].title(), Some("방금 들은 것"));
    let sound = get(feed.items()[0].enclosure().expect("sound").url()).await;
    assert_eq!(sound.status(), StatusCode::OK);
    let pieces = json!([
        { "recording": id, "from": 10.4, "to": 14.9 }, { "recording": id, "from": "0:02.4", "to": "0:06" },
        { "station": "s", "from": half(from, 6_200), "for": "3s" },
    ]);
    let both =
        json!({ "title": "two pieces and a bleep", "pieces": pieces, "bleep": [[1.1, 2.1]], "mute": [[5.6, 6.6]] });
    let (status, dry) = asked(&base, &json!({ "pieces": pieces, "dry_run": true })).await;
    assert_eq!((status, &dry["id"], &dry["pieces"][0]["there"]), (StatusCode::OK, &Value::Null, &4.5.into()), "{dry}");
    let (status, told) = asked(&base, &both).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{told}");
    until("the second clip", LIMIT, async || aircheck.list().await.len() == 2).await;
    let list = aircheck.list().await;
    let made = list.iter().find(|one| one["id"] == told["id"]).expect("the clip");
    let heard = report(made["file"].as_str().expect("a file").into()).await;
    let wanted = [run(10, 11, 0.1), run(12, 14, 2.1), run(2, 3, 4.6), run(4, 5, 6.6), run(7, 9, 8.9)].concat();
    near(&seconds(&heard, from), &wanted);

    // What cannot be made is refused, in the language of who asks.
    for (clip, status, code, words) in [
        (json!({ "pieces": [] }), 422, "clip_no_piece", "`pieces`가 비어 있습니다"),
        (json!({ "pieces": [{ "station": "x", "from": "-5m", "for": "1m" }] }), 404, "no_station", "x"),
        (json!({ "pieces": [{ "recording": "x", "from": 1, "to": 2 }] }), 404, "no_recording", "x"),
        (
            json!({ "pieces": [{ "station": "s", "from": "+5m", "for": "1m" }] }),
            422,
            "clip_future",
            "방송을 추가하세요",
        ),
        (json!({ "pieces": [{ "recording": id, "from": 1, "to": 99 }] }), 422, "clip_beyond", "0:19"),
        (json!({ "pieces": pieces, "bleep": [[1, 3], [2, 4]] }), 422, "clip_cover_overlap", "0:02"),
    ] {
        let ask = client.post(base.join("api/v1/clips").expect("a path")).header("accept-language", "ko").json(&clip);
        let answer = ask.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{clip}");
        let problem = answer.json::<Value>().await.expect("JSON");
        assert_eq!(problem["code"], code, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{problem}");
    }
    service.signal(Signal::TERM);
    assert!(service.end().await.success(), "{}", service.log());
}
