//! A day of a station's tape as a timeline: what it shows, and listening from any instant.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Timelike as _, Utc};
use reqwest::{Client, Url};
use serde_json::json;

use super::{SOUND, library};
use crate::support::aircheck::{Aircheck, until};
use crate::support::browser::{Browser, Look, Page};
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
    on_tape(&page).await;
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

/// Returns an instant of the tape of the library. What was on the air in the ten minutes before it is on tape, and is of the
/// same hour in Seoul.
fn heard_at() -> DateTime<Utc> {
    let at = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::minutes(150);
    if at.minute() < 10 { at + TimeDelta::minutes(10) } else { at }
}

/// Goes to the page of a station, on the day of an instant.
async fn on_day(page: &Page, at: DateTime<Utc>) {
    page.goto(&format!("/stations/kbs?day={}", (at + TimeDelta::hours(9)).date_naive())).await;
    page.is("document.querySelector('.timeline.laid .strip:not([hidden]) canvas').width > 100").await;
}

/// Goes to the page of a station, on the newest day of which there is tape.
async fn on_tape(page: &Page) {
    page.goto("/stations/kbs").await;
    // Three hours ago may have been yesterday.
    page.is("document.querySelector('.timeline.laid')").await;
    if page.eval("document.querySelector('.strip:not([hidden])')?.className ?? null").await == json!(null) {
        page.click(".taped-days a").await;
    }
    page.is("document.querySelector('.timeline.laid .strip:not([hidden]) canvas').width > 100").await;
}

/// What is in the fields of the form, in milliseconds since 1970.
const FIELDS: &str = "[...document.querySelectorAll('#hold-form [type=datetime-local]')]\
                      .map(({ dataset }) => Date.parse(dataset.exact))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stretch_is_selected_on_the_timeline_held_with_its_reason_and_released() {
    let library = library().await;
    let browser = Browser::start().await;
    for (look, said) in
        [(Look { language: "en-GB", ..Look::DESK }, "Held: 민원 114"), (Look::PHONE, "보존됨: 민원 114")]
    {
        let page = browser.page(&library.base, look).await;
        let at = heard_at();
        on_day(&page, at).await;
        let hour = at.with_minute(0).and_then(|at| at.with_second(0)).expect("an hour");
        let strip = format!(".hour[data-start='{}'] .strip", hour.to_rfc3339_opts(SecondsFormat::Secs, true));
        let to = at.minute() * 100 / 60;
        page.drag(&strip, to - 10, to).await;
        page.is("document.querySelector('.selection').checkVisibility()").await;
        assert_eq!(page.eval("document.querySelector('#player audio')?.src ?? ''").await, json!(""), "it plays not");
        page.fits().await;
        let ends = page.eval(FIELDS).await;
        let length = ends[1].as_i64().zip(ends[0].as_i64()).map(|(end, start)| (end - start) / 1000);
        assert!(length.is_some_and(|seconds| (320..=400).contains(&seconds)), "a tenth of an hour: {ends}");
        // A handle is moved by keys, to the second and to a tenth.
        page.eval("document.querySelector('.handle.end').focus()").await;
        page.press("ArrowRight").await;
        page.press("Shift+ArrowLeft").await;
        let moved = page.eval(FIELDS).await;
        let by = moved[1].as_i64().zip(ends[1].as_i64()).map(|(now, before)| now - before);
        assert_eq!((&moved[0], by), (&ends[0], Some(900)));
        assert_eq!(page.text("document.activeElement.className").await, "handle end");

        page.click(".selection [data-hold]").await;
        page.is("document.activeElement.name === 'why'").await;
        page.write("민원 114").await;
        page.press("Enter").await;
        page.is("document.querySelector('.holds .row .why')?.textContent === '민원 114'").await;
        page.is("document.querySelector('.selection').hidden && document.querySelector('.strip .mark.held').title")
            .await;
        assert_eq!(page.text("document.querySelector('.strip .mark.held').title").await, said);
        let held = library.aircheck.run(&["hold", "kbs", "--json"]).await.json();
        let instant = |key: &str| held[0][key].as_str().map(|at| instant(at).timestamp_millis());
        assert_eq!((instant("start"), instant("end")), (moved[0].as_i64(), moved[1].as_i64()), "{held}");

        // It asks once.
        page.click(".release summary").await;
        page.is("document.querySelector('.release form p').checkVisibility()").await;
        page.click(".release form button").await;
        page.is("!document.querySelector('.holds .row') && !document.querySelector('.mark.held')").await;
        assert_eq!(library.aircheck.run(&["hold", "kbs", "--json"]).await.json(), json!([]));
        page.fits().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_keyboard_passes_with_shift_is_selected_and_what_cannot_be_held_is_said_at_the_form() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    let at = heard_at();
    on_day(&page, at).await;
    page.eval("document.querySelector('.strip[tabindex=\"0\"]').focus()").await;
    let selected = "document.querySelector('.selection output').textContent";
    for _ in 0..3 {
        page.press("Shift+ArrowRight").await;
    }
    page.is(&format!("{selected}.endsWith('· 0:03')")).await;
    // Back beyond where it began, and past it.
    for _ in 0..4 {
        page.press("Shift+ArrowLeft").await;
    }
    page.is(&format!("{selected} === '' || {selected}.endsWith('· 0:01')")).await;
    page.press("Escape").await;
    page.is("document.querySelector('.selection').hidden").await;
    assert_eq!(page.eval("document.querySelectorAll('.part, .handle').length").await, json!(0));

    // Fields that are written into are shown on the timeline.
    let local = |at: DateTime<Utc>| (at + TimeDelta::hours(9)).format("%Y-%m-%dT%H:%M:%S").to_string();
    page.eval(&format!(
        "(() => {{ const {{ from, to, why }} = document.getElementById('hold-form').elements; \
         [from.value, to.value, why.value] = ['{}', '{}', 'x']; \
         to.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        local(at),
        local(at - TimeDelta::minutes(9))
    ))
    .await;
    assert_eq!(page.eval("document.querySelectorAll('.part').length").await, json!(0));
    page.expect("422");
    page.click("#hold-form button").await;
    page.is("document.querySelector('#hold-form .failure').textContent.includes('`to` must be later')").await;
    page.eval(
        "(() => { const { from, to } = document.getElementById('hold-form').elements; \
         [from.value, to.value] = [to.value, from.value]; \
         to.dispatchEvent(new Event('change', { bubbles: true })); })()",
    )
    .await;
    page.is(&format!("{selected}.endsWith('· 9:00') && document.querySelectorAll('.part').length === 1")).await;
    page.click("#hold-form button").await;
    page.is("document.querySelector('.holds .row')").await;
    assert_eq!(page.text("document.querySelector('#hold-form .failure').textContent").await, "");
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
