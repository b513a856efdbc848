//! The page of a station over HTTP at the real service, as somebody without scripts reads it.

use std::time::Duration;

use aircheck::account::levels;
use aircheck::library::catalogue::Catalogue;
use aircheck::model::{Cause, CauseKind, Levels, MediaEvent, Stretch, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, StatusCode};

use crate::support::aircheck::Aircheck;
use crate::support::library::{address, get, record, text};
use crate::support::taped;

const YAML: &str = "timezone: Europe/Berlin\nstations:\n  \
                    kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\", tape: 3650d,\n    \
                    titles: { delay: 30s, leave_out: '^AD ' } }\n  \
                    r3: { name: Radio 3, hls: \"http://127.0.0.1:9/y\" }\nshows: []\n";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Puts 27 October 2024 in Berlin on tape, when the clocks went back at three o'clock. Ten minutes are missing, one is
/// dead air, a show was recorded, and the station said what it plays.
async fn tape_a_day(aircheck: &Aircheck) {
    let refused = Cause::new(CauseKind::Refused, "it answered <b>503</b>");
    let begins = at("2024-10-26T21:00:00Z");
    let tape = taped::open(aircheck, "kbs", begins);
    taped::put(&tape, begins, 4 * 60 + 30);
    let breaks = at("2024-10-27T01:30:00Z");
    tape.write(MediaEvent::Trouble { at: breaks, cause: refused }, breaks).expect("written");
    taped::put(&tape, breaks + TimeDelta::minutes(10), 22 * 60 + 20);
    // As its recordings have them: each comes half a minute late, and over one of them an advert is said.
    for (time, text) in [("22:16:00", "<i>Air</i>"), ("22:20:00", "AD Soap"), ("22:21:00", "<i>Air</i>")] {
        let title = MediaEvent::Title { at: at(&format!("2024-10-27T{time}Z")), text: text.to_owned() };
        tape.write(title, at("2024-10-28T00:00:00Z")).expect("written");
    }
    tape.end_reel(None, at("2024-10-28T00:00:00Z")).expect("ended");

    // A reel that has levels is not decoded; there is no sound on these.
    for (number, reel) in tape.ended_since(0).iter().enumerate() {
        let minute = Stretch { at: Duration::ZERO, length: Duration::from_mins(1) };
        let silent = if number == 5 { vec![minute] } else { vec![] };
        levels::write(&reel.path(), &Levels { silent, ..Levels::default() }).expect("written");
    }
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let start = at("2024-10-27T12:00:00Z");
    record(aircheck, &catalogue, "masters", "명연주 <명음반>", start, Verdict::Partial(99.1), vec![]).await;
}

#[tokio::test]
async fn a_day_of_a_station_is_read_and_heard_hour_by_hour_without_scripts() {
    let aircheck = Aircheck::new(YAML);
    tape_a_day(&aircheck).await;
    let service = aircheck.start("run", &["run"]);
    let (base, client) = (address(&service).await, Client::new());
    let page = text(&client, &base, "/stations/kbs?day=2024-10-27").await;
    for (words, count) in [
        ("<li class=\"hour\"", 25),
        ("02:00 <small>CEST</small></a>", 1),
        ("02:00 <small>CET</small></a>", 1),
        ("href=\"/live/kbs/sound.mp3?start=2024-10-27T00:00:00Z&amp;end=2024-10-27T01:00:00Z\"", 1),
        ("href=\"/live/kbs/sound.mp3?start=2024-10-27T22:00:00Z&amp;end=2024-10-27T23:00:00Z\"", 1),
        ("<p>On tape 99.333 %, 1 hole · silent 1:00</p>", 1),
        ("missing at 02:30:00: 600.0 s, it answered &lt;b&gt;503", 1),
        ("silent at ", 1),
        ("23:15:30</a> &lt;i&gt;Air", 1),
        ("&lt;i&gt;Air", 1),
        ("AD Soap", 0),
        ("href=\"/?show=masters&amp;day=2024-10-27\"", 1),
        ("명연주 &lt;명음반&gt;", 2),
        ("13:00–14:00 · partial", 1),
        ("<h2><time datetime=\"2024-10-27\">Sunday, 27 October 2024</time></h2>", 1),
        ("· on tape since Sat, 26 Oct 23:01 · kept for 3650 days", 1),
        ("href=\"/stations/kbs?day=2024-10-26\"", 2),
        ("href=\"/stations/kbs?day=2024-10-28\"", 2),
    ] {
        assert_eq!(page.matches(words).count(), count, "{words}\n{page}");
    }
    assert!(!page.contains("<b>503") && !page.contains("<i>Air"), "{page}");
    let request = client.get(base.join("/stations/kbs?day=2024-10-27").expect("a path"));
    let korean = request.header("accept-language", "ko").send().await.expect("an answer").text().await.expect("text");
    let why = "방송국 서버가 요청을 거부했습니다 <small class=\"words\" lang=\"en\">it answered";
    for words in ["<p>99.333 % 녹음됨, 누락 1곳", why, "2024년 10월 27일 일요일", "3650일 동안 보관"] {
        assert!(korean.contains(words), "{words}\n{korean}");
    }

    // The evening before: only an hour of that day is on tape.
    let page = text(&client, &base, "/stations/kbs?day=2024-10-26").await;
    assert_eq!((page.matches("<li class=\"hour\"").count(), page.matches("not on tape").count()), (24, 23), "{page}");
    assert!(page.contains("On tape 100 %, nothing is missing"), "{page}");
    let page = text(&client, &base, "/stations").await;
    assert!(page.contains("aria-label=\"Timeline: KBS 1FM\"") && !page.contains("Timeline: Radio 3"), "{page}");
}

#[tokio::test]
async fn a_stretch_is_held_and_released_without_scripts() {
    let aircheck = Aircheck::new(YAML);
    tape_a_day(&aircheck).await;
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let send = async |path: &str, fields: &[(&str, &str)]| {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let posted = client.post(base.join(path).expect("a path")).body(form);
        let posted = posted.header("content-type", "application/x-www-form-urlencoded").header("accept-language", "ko");
        let answer = posted.send().await.expect("an answer");
        let there = answer.headers().get("location").map(|it| it.to_str().expect("plain").to_owned());
        (answer.status(), there.unwrap_or_default(), answer.text().await.expect("text"))
    };
    let fields = |from, to, why| [("from", from), ("to", to), ("why", why), ("-day", "2024-10-27")];
    let page = text(&client, &base, "/stations/kbs?day=2024-10-27").await;
    for words in [
        "action=\"/stations/kbs/holds#hold-form\"",
        "type=\"datetime-local\" name=\"from\"",
        "<p class=\"meta\">Nothing is held.</p>",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }

    // What is refused stands in the form again, with the reason, on the day that was shown.
    for (from, to, why, said) in [
        ("2024-10-27T14:00", "2024-10-27T13:00", "x", "`to`는 `from`보다 늦어야 합니다."),
        ("2024-10-27T13:00", "2024-10-27T14:00", " ", "`why`에 보존하는 까닭을"),
        ("2024-10-20T13:00", "2024-10-20T14:00", "x", "그 구간에는 녹음된 것이 없습니다."),
        ("<b>", "2024-10-27T14:00", "\"x\"", "시각을 읽을 수 없습니다"),
    ] {
        let (status, _, page) = send("/stations/kbs/holds", &fields(from, to, why)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(page.contains(said) && page.contains("2024년 10월 27일 일요일"), "{said}\n{page}");
        assert!(page.contains(&format!("required value=\"{to}\"")) && !page.contains("<b>"), "{said}\n{page}");
    }
    let (status, ..) = send("/stations/none/holds", &fields("", "", "")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, there, _) =
        send("/stations/kbs/holds", &fields("2024-10-27T23:30", "2024-10-28T00:15:30", "<i>민원</i> 114")).await;
    assert_eq!((status, there.as_str()), (StatusCode::SEE_OTHER, "/stations/kbs?day=2024-10-27#holds"));
    let ran = aircheck.run(&["hold", "kbs", "--json"]).await;
    assert_eq!(ran.json()[0]["why"], "<i>민원</i> 114", "{ran}");

    let page = text(&client, &base, "/stations/kbs?day=2024-10-27").await;
    for (words, count) in [
        ("Sunday, 27 October 2024 <span>23:30:00–Mon, 28 Oct 00:15:30</span>", 1),
        // In the last hour of this day.
        ("Held: &lt;i&gt;민원&lt;&#x2f;i&gt; 114", 1),
        ("data-from=\"1800000\" data-length=\"1800000\"", 1),
        ("45:30 · held since ", 1),
        ("Once released, it may be deleted from ", 1),
        ("action=\"/stations/kbs/holds/1/release\"", 1),
    ] {
        assert_eq!(page.matches(words).count(), count, "{words}\n{page}");
    }
    // A page of another site changes nothing.
    let foreign = client.post(base.join("/stations/kbs/holds/1/release").expect("a path"));
    let foreign = foreign.header("origin", "http://evil.example").send().await.expect("an answer");
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let release = async || send("/stations/kbs/holds/1/release", &[("-day", "2024-10-27")]).await;
    let (status, there, _) = release().await;
    assert_eq!((status, there.as_str()), (StatusCode::SEE_OTHER, "/stations/kbs?day=2024-10-27#holds"));
    let (status, _, page) = release().await;
    assert!(status == StatusCode::NOT_FOUND && page.contains("1번 보존 구간이 없거나"), "{page}");
    std::fs::write(aircheck.path("state/tape/kbs/holds"), "damaged\n").expect("written");
    let page = text(&client, &base, "/stations/kbs?day=2024-10-27").await;
    assert!(page.contains("What is held cannot be read at the moment"), "{page}");
}

#[tokio::test]
async fn a_station_that_is_not_on_tape_says_how_to_have_it_on_tape() {
    let aircheck = Aircheck::new(YAML);
    let service = aircheck.start("run", &["run"]);
    let (base, client) = (address(&service).await, Client::new());
    for path in
        ["/stations/r3", "/stations/r3?day=2024-10-27", "/stations/r3?day=yesterday", "/stations/r3?day=9999-12-31"]
    {
        let page = text(&client, &base, path).await;
        assert!(page.contains("Nothing of this day is on tape.") && page.contains("`tape: 42d`"), "{path}: {page}");
        assert!(!page.contains("<li class=\"hour\""), "{path}: {page}");
    }
    assert!(!aircheck.path("state/tape/r3").exists(), "to look makes no tape");
    assert_eq!(get(&client, &base, "/stations/none").await.status(), StatusCode::NOT_FOUND);
}
