//! A day of a station's tape as a timeline: what it shows, and listening from any instant.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, Url};
use serde_json::json;

use super::{SOUND, library};
use crate::support::aircheck::{Aircheck, until};
use crate::support::browser::{Browser, Look};
use crate::support::library::address;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::timecode::Report;

/// The instant in the address of the sound that the player has loaded.
const LOADED: &str = "new URL(document.querySelector('#player audio').src).searchParams.get('start')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timeline_shows_what_is_missing_where_it_is_and_is_walked_by_keys() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/stations/kbs").await;
    // Three hours ago may have been yesterday.
    page.is("document.querySelector('.timeline.laid')").await;
    if page.eval("document.querySelector('.strip:not([hidden])')?.className ?? null").await == json!(null) {
        page.click(".taped-days a").await;
    }
    // A canvas on which nobody has drawn has another width.
    page.is("document.querySelector('.timeline.laid .strip:not([hidden]) canvas').width > 400").await;
    let holes = page
        .eval(
            "[...document.querySelectorAll('.strip .gap')].map((it) => \
             it.getBoundingClientRect().width / it.parentElement.getBoundingClientRect().width * 60)",
        )
        .await;
    let minutes: f64 = holes.as_array().expect("holes").iter().filter_map(serde_json::Value::as_f64).sum();
    assert!(minutes > 8.0, "ten minutes are missing, and what is not there at the ends: {holes}");
    assert_eq!(page.eval("[...document.querySelectorAll('.strip .gap')].every((it) => it.title)").await, json!(true));

    page.eval("document.querySelector('.strip[tabindex=\"0\"]').focus()").await;
    let said = "document.activeElement.ariaValueText";
    let before = page.text(said).await;
    page.press("ArrowRight").await;
    page.press("ArrowRight").await;
    page.press("ArrowRight").await;
    page.is(&format!("{said} !== {before:?} && {said}.endsWith(':30')")).await;
    page.press("ArrowLeft").await;
    page.is(&format!("{said}.endsWith(':20')")).await;
    page.is("document.querySelector('.strip:focus .cursor').checkVisibility()").await;
    assert_eq!(page.eval("document.querySelectorAll('.strip[tabindex=\"0\"]').length").await, json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_each_hour_on_tape_is_a_link() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { scripts: false, ..Look::PHONE }).await;
    page.goto("/stations/kbs").await;
    page.fits().await;
    let seen = page
        .eval(
            "[[...document.querySelectorAll('.hour .clock a')].every((it) => it.checkVisibility() && \
             it.href.includes('/live/kbs/sound.mp3?start=')), \
             [...document.querySelectorAll('.strip, .only-scripts')].some((it) => it.checkVisibility())]",
        )
        .await;
    assert_eq!(seen, json!([true, false]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_plays_what_was_on_the_air_then_and_goes_on() {
    let origin = Origin::start();
    let setup = Setup { window: 15, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) };
    let url = origin.station("s", setup).url();
    let yaml =
        format!("timezone: Asia/Seoul\nstations:\n  s: {{ name: 방송, hls: \"{url}\", tape: 42d }}\nshows: []\n");
    let aircheck = Aircheck::new(&yaml);
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let index = || {
        let files = std::fs::read_dir(aircheck.path("state/tape/s")).into_iter().flatten().flatten();
        let indexes = files.map(|file| file.path()).filter(|path| path.extension() == Some("m3u8".as_ref()));
        indexes.map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect::<String>()
    };
    until("half a minute on tape", Duration::from_secs(150), async || index().matches("#EXTINF").count() >= 15).await;
    let browser = Browser::start().await;
    let page = browser.page(&base, Look::DESK).await;
    // Until the account has the newest hour.
    page.goto("/stations/s").await;
    page.is("document.querySelector('.timeline.laid .strip:not([hidden])')").await;

    let wanted = instant(&page.text("new Date(Date.now() - 20_000).toISOString()").await);
    page.eval(&format!(
        "(() => {{ const at = {}; \
         const hour = [...document.querySelectorAll('.hour')].find(({{ dataset }}) => Date.parse(dataset.end) > at); \
         const [start, end] = [hour.dataset.start, hour.dataset.end].map((it) => Date.parse(it)); \
         const strip = hour.querySelector('.strip'); const box = strip.getBoundingClientRect(); \
         const clientX = box.left + box.width * (at - start) / (end - start); \
         strip.dispatchEvent(new MouseEvent('click', {{ bubbles: true, cancelable: true, clientX }})); }})()",
        wanted.timestamp_millis()
    ))
    .await;
    page.is(&format!("{SOUND}.currentTime > 0.5 && !{SOUND}.paused")).await;
    let loaded = instant(&page.text(LOADED).await);
    // A point on the screen is some seconds wide.
    assert!((loaded - wanted).as_seconds_f64().abs() < 8.0, "{loaded} for {wanted}");
    page.is("document.querySelector('.hour.current .head') && document.querySelector('#player .wave').dataset.hour")
        .await;
    let announced = page.text("document.getElementById('announcer').textContent").await;
    assert!(announced.starts_with("Playing from "), "{announced}");
    let heard = heard(&base, loaded).await;
    let off = heard.begins(loaded).map(|begins| (loaded - begins).as_seconds_f64());
    assert!(off.is_some_and(|off| (-0.1..2.1).contains(&off)), "{heard}, {off:?} before the instant");

    // It goes on into what is on the air now, longer than what was on tape at the click.
    page.is(&format!("{SOUND}.currentTime > 25 && !{SOUND}.paused")).await;
    page.eval("document.querySelector('.strip[tabindex=\"0\"]').focus()").await;
    page.press(" ").await;
    page.is(&format!("{SOUND}.paused")).await;
    page.press("ArrowLeft").await;
    page.press("Enter").await;
    page.is(&format!("!{SOUND}.paused && {SOUND}.currentTime > 0.3 && {SOUND}.currentTime < 20")).await;
    let earlier = instant(&page.text(LOADED).await);
    assert!(earlier < loaded, "{earlier} is ten seconds before {loaded}");
    page.click("a[data-now]").await;
    page.is(&format!("Date.now() - Date.parse({LOADED}) < 40_000 && {SOUND}.currentTime > 0.3")).await;
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Returns what is heard for five seconds from `start` on.
async fn heard(base: &Url, start: DateTime<Utc>) -> Report {
    let end = start + chrono::TimeDelta::seconds(5);
    let [start, end] = [start, end].map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    let url = base.join(&format!("/live/s/sound.mp3?start={start}&end={end}")).expect("an address");
    let sound = Client::new().get(url).send().await.expect("an answer").bytes().await.expect("sound");
    tokio::task::spawn_blocking(move || Report::of_bytes("mp3", &sound)).await.expect("no panic")
}
