//! Changes by hand, through the interface of the real service.

mod beginning;
mod edited;
mod past;

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::library::catalogue::Catalogue;
use aircheck::model::{Airing, AiringId, Planned, ShowId, Span, StationId};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Url};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::airing::quiet;
use crate::support::library::{address, serving};
use crate::support::machine::{by_show, minute, whole};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup, StationHandle};

const LIMIT: Duration = Duration::from_secs(120);

/// A service with one timecode station, and a client of its interface.
struct Desk {
    aircheck: Aircheck,
    service: Service,
    client: Client,
    base: Url,
}

/// An answer: the status, and the JSON.
type Answer = (u16, Value);

impl Desk {
    async fn with(station: &StationHandle, shows: &str) -> Self {
        Self::over(Aircheck::new(&format!(
            "timezone: UTC\nstations:\n  s: {{ name: KBS 1FM, hls: \"{}\" }}\nshows:\n{shows}",
            station.url()
        )))
        .await
    }

    async fn over(aircheck: Aircheck) -> Self {
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        // The service closes a connection that is idle for 15 s, perhaps just as it is used again.
        let client = Client::builder().pool_idle_timeout(Duration::from_secs(10)).build().expect("a client");
        Self { aircheck, service, client, base }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.client.request(method, self.base.join(&format!("/api/v1/{path}")).expect("a path"));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Sends a request about one airing, without a body.
    async fn about(&self, method: Method, airing: &Value, what: &str) -> Answer {
        self.ask(method, &format!("airings/{}{what}", id(airing)), None).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Kills the service, and starts it again.
    async fn kill(&mut self) {
        self.service.signal(Signal::KILL);
        self.service.end().await;
        self.service = self.aircheck.start("again", &["run"]);
        self.base = address(&self.service).await;
    }

    async fn recordings(&self, count: usize) -> Vec<Value> {
        until("the recordings", LIMIT, async || self.aircheck.list().await.len() >= count).await;
        self.aircheck.list().await
    }
}

/// Returns the id of an airing, percent-encoded for an address.
fn id(airing: &Value) -> String {
    let id = airing["id"].as_str().unwrap_or_else(|| panic!("no id: {airing}"));
    let mut url = Url::parse("http://x/").expect("a URL");
    url.path_segments_mut().expect("a path").pop_if_empty().push(id);
    url.path().trim_start_matches('/').to_owned()
}

fn at(airing: &Value, key: &str) -> DateTime<Utc> {
    airing[key].as_str().and_then(|at| at.parse().ok()).unwrap_or_else(|| panic!("no {key}: {airing}"))
}

fn now() -> DateTime<Utc> {
    SystemClock::shared().now()
}

async fn wait_until(instant: DateTime<Utc>) {
    until("the time", LIMIT, async || now() >= instant).await;
}

fn stamped() -> Setup {
    Setup { window: 20, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) }
}

/// Checks that the only recording is the airing of the last answer: its times, its length, nothing missing.
async fn is_whole(desk: &Desk, airing: &Value) {
    let (start, end) = (at(airing, "start"), at(airing, "end"));
    let list = desk.recordings(1).await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((&list[0]["id"], at(&list[0], "end")), (&airing["id"], end), "{list:?}");
    whole(&list[0], Some(start), (end - start).as_seconds_f64());
}

#[tokio::test]
async fn six_seconds_recorded_from_now_are_exactly_there() {
    let origin = Origin::start();
    let desk = Desk::with(&origin.station("s", stamped()), "  []\n").await;
    let before = now();
    let asked = desk.client.post(desk.base.join("/api/v1/stations/s/record").expect("a path"));
    let answer = asked.json(&json!({ "length": "6s" })).send().await.expect("an answer");
    let after = now();
    assert_eq!(answer.status(), 201);
    let location = answer.headers()[LOCATION].to_str().expect("plain").to_owned();
    let airing: Value = answer.json().await.expect("JSON");
    let start = at(&airing, "start");
    assert!(before - TimeDelta::seconds(1) < start && start <= after, "it begins with the second asked: {airing}");
    assert_eq!((&airing["title"], &airing["until_stopped"]), (&"KBS 1FM".into(), &false.into()));
    let there = desk.get(location.trim_start_matches("/api/v1/")).await;
    assert_eq!((&there["id"], &there["state"], &there["origin"]), (&airing["id"], &"recording".into(), &"hand".into()));
    assert_eq!(desk.get("airings").await[0]["id"], airing["id"], "what is on the air comes first");
    is_whole(&desk, &airing).await;
    let name = format!("recordings/KBS 1FM/KBS 1FM/{} KBS 1FM.mp3", start.format("%Y-%m-%d %H%M"));
    assert!(desk.aircheck.path(&name).exists(), "{name}");
    assert_eq!(desk.get(&format!("airings/{}", id(&airing))).await["state"], "over");
}

#[tokio::test]
async fn a_template_that_fails_costs_no_recording_and_the_recording_says_that_it_has_the_default_name() {
    let origin = Origin::start();
    let station = origin.station("s", stamped());
    // The template works for the only show of the file, but not for a recording by hand.
    let desk = Desk::over(Aircheck::new(&format!(
        "timezone: UTC\nname: \"{{{{ {{'news': 'News'}}[show_id] }}}}\"\nstations:\n  s: {{ name: KBS 1FM, hls: \"{}\" }}\n\
         shows:\n  - {{ title: News, station: s, cron: \"{}\", length: 1h }}\n",
        station.url(),
        quiet()
    )))
    .await;
    let (status, airing) = desk.post("stations/s/record", json!({ "length": "4s" })).await;
    assert_eq!(status, 201, "{airing}");
    is_whole(&desk, &airing).await;
    let name = format!("recordings/KBS 1FM/KBS 1FM/{} KBS 1FM.mp3", at(&airing, "start").format("%Y-%m-%d %H%M"));
    assert!(desk.aircheck.path(&name).exists(), "{name}");
    let words = "the default file name is used: the template `{{ {'news': 'News'}[show_id] }}` cannot be rendered: ";
    let log = desk.service.log();
    assert!(log.contains(words), "{log}");
    let listed = desk.aircheck.run(&["list"]).await.stdout;
    assert!(listed.contains(&format!("    {words}")), "{listed}");
    for recording in [&desk.aircheck.list().await[0], &desk.get("recordings").await[0]] {
        let note = &recording["notes"][0];
        let reason = note["reason"].as_str().expect("a reason");
        assert!(note["kind"] == "default_name" && reason.starts_with("the template `{{ {'news'"), "{recording}");
    }
    for (language, said) in [("en", "the default file name is used"), ("ko", "기본 파일 이름을 사용했습니다")]
    {
        let page =
            desk.client.get(desk.base.clone()).header(ACCEPT_LANGUAGE, language).send().await.expect("an answer");
        let page = page.text().await.expect("a page");
        assert!(page.contains(&format!("<li>{said} <small class=\"words\" lang=\"en\">the template `")), "{page}");
    }
}

#[tokio::test]
async fn a_station_without_a_window_is_recorded_from_its_burst() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { burst: Duration::from_secs(4), ..Setup::of(Container::Mp3) });
    let yaml = format!("timezone: UTC\nstations:\n  s: {{ icecast: \"{}\" }}\nshows: []\n", station.live_url());
    let desk = Desk::over(Aircheck::new(&yaml)).await;
    let (status, airing) = desk.post("stations/s/record", json!({ "length": "6s" })).await;
    assert_eq!(status, 201, "{airing}");
    whole(&desk.recordings(1).await[0], None, 6.0);
}

#[tokio::test]
async fn a_recording_that_runs_until_it_is_stopped_is_complete_then() {
    let origin = Origin::start();
    let desk = Desk::with(&origin.station("s", stamped()), "  []\n").await;
    let (status, airing) = desk.ask(Method::POST, "stations/s/record", None).await;
    assert_eq!((status, &airing["until_stopped"]), (201, &true.into()), "{airing}");
    assert_eq!(at(&airing, "end") - at(&airing, "start"), TimeDelta::hours(12));
    wait_until(at(&airing, "start") + TimeDelta::milliseconds(5_300)).await;
    let before = now();
    let (status, stopped) = desk.about(Method::POST, &airing, "/stop").await;
    assert_eq!((status, &stopped["state"], &stopped["until_stopped"]), (200, &"over".into(), &false.into()));
    let end = at(&stopped, "end");
    assert!(before - TimeDelta::milliseconds(1) <= end && end <= now(), "it ends at this moment: {stopped}");
    is_whole(&desk, &stopped).await;
    let (status, over) = desk.about(Method::POST, &airing, "/stop").await;
    assert_eq!(
        (status, over["detail"].as_str().is_some_and(|words| words.ends_with("is over"))),
        (409, true),
        "{over}"
    );
}

#[tokio::test]
async fn an_extended_airing_is_whole_also_when_its_encoder_had_begun_and_its_end_had_passed() {
    let origin = Origin::start();
    // The end is on tape three seconds after it was on the air, so the recording is not finished before.
    let station = origin.station("s", Setup { lag: Duration::from_secs(3), ..stamped() });
    let desk = Desk::with(&station, "  []\n").await;
    let (_, airing) = desk.post("stations/s/record", json!({ "length": "4s", "title": "명연주 \"&<b>" })).await;
    wait_until(at(&airing, "start") + TimeDelta::seconds(2)).await;
    let path = format!("airings/{}/extend", id(&airing));
    let (status, extended) = desk.post(&path, json!({ "by": "2s" })).await;
    assert_eq!((status, at(&extended, "end")), (200, at(&airing, "start") + TimeDelta::seconds(6)), "{extended}");
    wait_until(at(&extended, "end") + TimeDelta::milliseconds(700)).await;
    assert!(desk.aircheck.list().await.is_empty());
    let until = at(&airing, "start") + TimeDelta::seconds(12);
    let (status, extended) = desk.post(&path, json!({ "until": until.to_rfc3339() })).await;
    assert_eq!((status, at(&extended, "end"), &extended["moved"]), (200, until, &true.into()), "{extended}");
    is_whole(&desk, &extended).await;
    // It was taped without a break.
    assert_eq!(desk.service.log().matches("taping begins").count(), 1, "{}", desk.service.log());
}

#[tokio::test]
async fn a_skipped_airing_is_shown_as_skipped_and_not_recorded_until_the_skip_is_taken_back() {
    let origin = Origin::start();
    let (start, cron) = minute(60);
    let shows = ["Skipped", "Late", "Back", "Plain"]
        .map(|title| format!("  - {{ title: {title}, station: s, cron: \"{cron}\", length: 8s }}\n"));
    let desk = Desk::with(&origin.station("s", stamped()), &shows.concat()).await;
    let airing = |show: &str| json!({ "id": format!("{show}@{}", start.format("%Y%m%dT%H%MZ")) });
    let (status, skipped) = desk.about(Method::POST, &airing("skipped"), "/skip").await;
    assert_eq!((status, &skipped["state"]), (200, &"skipped".into()), "{skipped}");
    let mut events = desk.client.get(desk.base.join("/api/v1/events").expect("a path")).send().await.expect("it");
    let mut heard = String::new();
    assert_eq!(desk.about(Method::DELETE, &airing("skipped"), "/skip").await.1["state"], "planned");
    while !heard.contains(r#"{"resources":["airings","#) {
        let chunk =
            SystemClock::shared().timeout(LIMIT, events.chunk()).await.expect("the page is told").expect("a stream");
        heard.push_str(&String::from_utf8_lossy(&chunk.expect("more")));
    }
    assert_eq!(desk.about(Method::POST, &airing("skipped"), "/skip").await.0, 200);
    let (status, again) = desk.about(Method::POST, &airing("skipped"), "/skip").await;
    assert_eq!((status, again["detail"].as_str().is_some_and(|words| words.contains("is skipped"))), (409, true));

    let next = desk.aircheck.run(&["next", "-n", "4", "--json"]).await.json();
    let states: Vec<_> = next.as_array().expect("a list").iter().map(|it| (&it["show"], &it["state"])).collect();
    assert!(states.contains(&(&"skipped".into(), &"skipped".into())), "{next}");
    assert!(states.contains(&(&"plain".into(), &"planned".into())), "{next}");
    assert!(desk.aircheck.run(&["next"]).await.stdout.contains("KBS 1FM  skipped\n"));
    let calendar = desk.client.get(desk.base.join("/schedule.ics").expect("a path")).send().await.expect("it");
    assert!(
        calendar.text().await.expect("text").contains("LOCATION:KBS 1FM\r\nSTATUS:CANCELLED\r\nSUMMARY:Skipped\r\n")
    );

    // The airing is claimed fifteen seconds before its start, and can still be skipped.
    for show in ["late", "back"] {
        let words = format!("claimed airing={}", airing(show)["id"].as_str().expect("an id"));
        desk.service.says(&words, LIMIT).await;
        assert_eq!(desk.about(Method::POST, &airing(show), "/skip").await.0, 200);
    }
    let (status, back) = desk.about(Method::DELETE, &airing("back"), "/skip").await;
    assert_eq!((status, &back["state"]), (200, &"planned".into()), "{back}");
    assert!(now() < start, "it was too slow to show anything");
    let list = desk.recordings(2).await;
    assert_eq!(list.len(), 2, "{list:?}");
    whole(by_show(&list, "plain"), Some(start), 8.0);
    whole(by_show(&list, "back"), Some(start), 8.0);
    assert!(!desk.service.log().contains("ERROR"), "{}", desk.service.log());
}

#[tokio::test]
async fn a_one_time_airing_is_recorded_although_the_service_dies_before_it_and_in_it() {
    let origin = Origin::start();
    let mut desk = Desk::with(&origin.station("s", stamped()), "  []\n").await;
    let start = now() + TimeDelta::seconds(8);
    let body = json!({ "title": "추석 특집: \"밤\" & <낮>/{{ x }}", "station": "s", "start": start.to_rfc3339(), "length": "14s" });
    let (status, airing) = desk.post("airings", body).await;
    assert_eq!((status, &airing["state"], &airing["origin"]), (201, &"planned".into(), &"hand".into()), "{airing}");
    let (status, again) = desk.ask(Method::GET, &format!("airings/{}", id(&airing)), None).await;
    assert_eq!((status, &again), (200, &airing));
    let other = json!({ "title": "Removed", "station": "s", "start": start.to_rfc3339(), "length": "14s" });
    let (_, other) = desk.post("airings", other).await;
    assert_eq!(desk.about(Method::DELETE, &other, "").await.0, 204);
    desk.kill().await;
    assert_eq!(desk.get("airings").await, json!([airing]));
    wait_until(at(&airing, "start") + TimeDelta::seconds(6)).await;
    desk.kill().await;
    is_whole(&desk, &airing).await;
    let file = desk.aircheck.list().await[0]["file"].as_str().expect("a file").to_owned();
    let folder = file.rsplit('/').nth(1).expect("a folder");
    assert!(folder.starts_with("추석 특집") && folder.contains("{{ x }}"), "the title as it was given: {file}");
}

#[tokio::test]
async fn a_new_end_survives_a_service_that_dies_as_soon_as_it_has_answered() {
    let origin = Origin::start();
    let station = origin.station("s", stamped());
    let mut extended = Desk::with(&station, "  []\n").await;
    let mut stopped = Desk::with(&station, "  []\n").await;
    let (_, long) = stopped.post("stations/s/record", json!({ "length": "1h" })).await;
    let (_, short) = extended.post("stations/s/record", json!({ "length": "5s" })).await;
    wait_until(at(&short, "start") + TimeDelta::seconds(4)).await;
    let (status, longer) = extended.post(&format!("airings/{}/extend", id(&short)), json!({ "by": "8s" })).await;
    extended.kill().await;
    assert_eq!((status, at(&longer, "end")), (200, at(&short, "start") + TimeDelta::seconds(13)));
    let (status, shorter) = stopped.about(Method::POST, &long, "/stop").await;
    stopped.kill().await;
    assert_eq!(status, 200, "{shorter}");
    is_whole(&extended, &longer).await;
    is_whole(&stopped, &shorter).await;
}

#[tokio::test]
async fn an_extra_airing_of_a_show_has_its_padding_and_its_tags() {
    let origin = Origin::start();
    let show = "  - { title: News, station: s, cron: \"0 0 1 1 *\", length: 5s, early: 2s, late: 1s, tags: { artist: Desk } }\n";
    let desk = Desk::with(&origin.station("s", stamped()), show).await;
    let start = now() + TimeDelta::seconds(4);
    let (status, airing) = desk.post("airings", json!({ "show": "news", "start": start.to_rfc3339() })).await;
    assert_eq!((status, &airing["title"]), (201, &"News".into()), "{airing}");
    let list = desk.recordings(1).await;
    let start = at(&airing, "start");
    whole(&list[0], Some(start - TimeDelta::seconds(2)), 8.0);
    assert_eq!(list[0]["show"], "news");
    let file = std::path::PathBuf::from(list[0]["file"].as_str().expect("a file"));
    assert_eq!(crate::support::aircheck::ffprobe(&file)["format"]["tags"]["artist"], "Desk");
}

#[tokio::test]
async fn a_script_that_adds_without_end_is_stopped() {
    let aircheck = Aircheck::new("timezone: UTC\nstations:\n  s: { hls: \"http://127.0.0.1:9/x\" }\nshows: []\n");
    let catalogue = Catalogue::open(aircheck.path("state/catalogue.sqlite")).await.expect("a catalogue");
    let (show, tomorrow) = (ShowId::new("once~s~t"), now() + TimeDelta::days(1));
    for second in 0..1_000 {
        let start = tomorrow + TimeDelta::seconds(second);
        let airing = Airing {
            id: AiringId::derive(&show, start),
            show: show.clone(),
            station: StationId::new("s"),
            on_air: Span::new(start, start + TimeDelta::seconds(1)),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: aircheck::base::zone::Zone::utc(),
        };
        let (title, origin) = ("T".to_owned(), aircheck::model::Origin::Hand);
        let amendment = Planned {
            airing,
            title,
            origin,
            skipped: false,
            moved: false,
            until_stopped: false,
            connecting_until: None,
        };
        catalogue.amend(&amendment, now()).await.expect("written");
    }
    drop(catalogue);
    let desk = Desk::over(aircheck).await;
    let (status, problem) = desk.ask(Method::POST, "stations/s/record", None).await;
    assert_eq!(
        (status, problem["detail"].as_str().is_some_and(|words| words.starts_with("1000 airings"))),
        (409, true)
    );
    let first = desk.get("airings?limit=1").await[0].clone();
    assert_eq!(desk.about(Method::DELETE, &first, "").await.0, 204);
    assert_eq!(desk.ask(Method::POST, "stations/s/record", None).await.0, 201);
}

#[tokio::test]
async fn an_impossible_change_is_refused_with_a_sentence_that_says_what_to_do() {
    // The station does not answer, so a recording of it goes on for its whole length.
    let (aircheck, service, base) = serving().await;
    let desk = Desk { aircheck, service, client: Client::new(), base };
    let coming = desk.get("airings?limit=1").await[0].clone();
    let (planned, done) = (id(&coming), "hostile@20261120T0700Z");
    let (_, live) = desk.post("stations/kbs/record", json!({ "length": "1h" })).await;
    let live = id(&live);
    let tomorrow = (now() + TimeDelta::days(1)).to_rfc3339();
    let once = |start: &str, length: &str| json!({ "title": "T", "station": "kbs", "start": start, "length": length });
    let (_, added) = desk.post("airings", once(&tomorrow, "1h")).await;
    let post = |path: String| (Method::POST, path, None);
    let with = |path: String, body: Value| (Method::POST, path, Some(body));
    let delete = |path: String| (Method::DELETE, path, None);
    let add = |body: Value| with("airings".to_owned(), body);
    for ((method, path, body), status, words) in [
        (post("airings/none@20261120T0700Z/skip".into()), 404, "there is no airing none@20261120T0700Z"),
        (post("airings/x/stop".into()), 404, "there is no airing x"),
        (with("airings/x/extend".into(), json!({ "by": "1h" })), 404, "there is no airing x"),
        (delete("airings/x".into()), 404, "there is no airing x"),
        (post("stations/none/record".into()), 404, "there is no station none"),
        (post(format!("airings/{done}/skip")), 409, "is over"),
        (delete(format!("airings/{done}/skip")), 409, "is over"),
        (post(format!("airings/{done}/stop")), 409, "is over"),
        (with(format!("airings/{done}/extend"), json!({ "by": "1h" })), 409, "is over"),
        (delete(format!("airings/{done}")), 409, "is over"),
        (post(format!("airings/{live}/skip")), 409, "is being recorded; stop it"),
        (delete(format!("airings/{live}")), 409, "is being recorded; stop it"),
        (post(format!("airings/{planned}/stop")), 409, "has not begun; skip it"),
        (delete(format!("airings/{planned}/skip")), 409, "is not skipped"),
        (delete(format!("airings/{planned}")), 409, "is not a one-time airing; skip it instead"),
        (add(once(&tomorrow, "1h")), 409, "already; give this one another title or start"),
        (add(once("2026-11-20T14:00:00Z", "1h")), 422, "it was over at 2026-11-21 00:00:00"),
        (add(once("tomorrow", "1h")), 422, "write for example 2026-11-21T14:00:00+09:00"),
        (add(once(&tomorrow, "90")), 422, "write `90s`, `90m` or `90h`"),
        (add(json!({ "title": "T", "station": "kbs", "start": tomorrow })), 422, "`length` is missing"),
        (add(json!({ "title": "", "station": "kbs", "start": tomorrow, "length": "1h" })), 422, "`title` is empty"),
        (add(json!({ "title": "a\u{0}b", "station": "kbs", "start": tomorrow, "length": "1h" })), 422, "one line"),
        (add(json!({ "title": "T", "start": tomorrow, "length": "1h" })), 422, "or `title` and `station`"),
        (add(json!({ "title": "T", "show": "hostile", "start": tomorrow })), 422, "its own title and station"),
        (add(json!({ "show": "none", "start": tomorrow })), 422, "there is no show none"),
        (add(json!({ "title": "T", "station": "none", "start": tomorrow, "length": "1h" })), 422, "no station none"),
        (add(json!({ "titel": "T" })), 422, "unknown field `titel`"),
        (with(format!("airings/{planned}/extend"), json!({})), 422, "write either `by`, such as `30m`"),
        (with(format!("airings/{planned}/extend"), json!({ "by": "0s" })), 422, "`by` is zero"),
        (with(format!("airings/{planned}/extend"), json!({ "until": "2026-11-20T14:00" })), 422, "must be later than"),
        (with("stations/kbs/record".into(), json!({ "length": "8d" })), 422, "the most is"),
        (with("stations/kbs/record".into(), json!({ "title": "x".repeat(20_000) })), 413, ""),
        ((Method::GET, "airings?from=2026-11-20T05:00:00Z&to=2026-12-24T05:00:00Z".into(), None), 422, "31 days"),
        ((Method::GET, "airings?to=2026-11-01T05:00:00Z".into(), None), 422, "later than `from`"),
    ] {
        let asked = format!("{method} {path} {body:?}");
        let (found, problem) = desk.ask(method, &path, body).await;
        assert_eq!(found, status, "{asked}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{asked}: {problem}");
    }
    assert_eq!(desk.post(&format!("airings/{planned}/skip"), json!(null)).await.0, 200);
    let (status, problem) = desk.post(&format!("airings/{planned}/extend"), json!({ "by": "1h" })).await;
    assert_eq!((status, problem["detail"].as_str().is_some_and(|it| it.contains("take that back first"))), (409, true));
    let (status, _) = desk.about(Method::DELETE, &added, "").await;
    assert_eq!(status, 204);
    for (kind, body, status) in [("text/plain", "{}", 415), ("application/json", "{", 400)] {
        let request = desk.client.post(desk.base.join("/api/v1/airings").expect("a path")).header(CONTENT_TYPE, kind);
        assert_eq!(request.body(body).send().await.expect("an answer").status(), status);
    }
}
