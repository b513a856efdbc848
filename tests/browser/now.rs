//! Recording now, and listening live, without reloading a page.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::accessible::{axe, check};
use crate::support::aircheck::until;
use crate::support::browser::{Browser, Look, Page};
use crate::support::machine::minute;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup, StationHandle};
use crate::support::shelved::Library;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recording_now_and_stopping_appear_on_every_page() {
    let origin = Origin::start();
    let setup = Setup { window: 20, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) };
    let station = origin.station("s", setup);
    let yaml = format!("timezone: UTC\nstations:\n  s: {{ name: KBS 1FM, hls: \"{}\" }}\nshows: []\n", station.url());
    let library = Library::open(&yaml, &[]).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    let list = browser.page(&library.base, Look::DESK).await;
    list.goto("/").await;
    list.is("document.querySelector('.empty')").await;
    page.goto("/stations").await;
    page.eval("document.querySelector('.record [name=length]').value = ''").await;
    page.click(".record button").await;
    page.is("document.querySelector('.card .air')?.textContent.includes('KBS 1FM')").await;
    list.is("document.querySelector('.on-air')?.textContent.includes('KBS 1FM')").await;

    list.eval("new Promise((done) => setTimeout(done, 3000))").await;
    page.click(".card .air [data-act=stop]").await;
    page.is("!document.querySelector('.card .air')").await;
    list.is("document.querySelector('.row .play') && !document.querySelector('.on-air')").await;
    assert_eq!(list.text("document.querySelector('.row .title').textContent").await, "KBS 1FM");
    list.click(".row .play").await;
    list.is("document.querySelector('#player audio').currentTime > 0.2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_show_that_was_skipped_is_recorded_from_its_beginning_while_it_is_on_the_air() {
    let origin = Origin::start();
    let station = station(&origin);
    let (start, cron) = minute(8);
    let yaml = format!(
        "timezone: UTC\nstations:\n  a: {{ name: Another, icecast: \"http://127.0.0.1:9/x\" }}\n  \
         s: {{ name: KBS 1FM, hls: \"{}\", tape: 24h }}\nshows:\n  \
         - {{ title: News, station: s, cron: \"{cron}\", length: 10m }}\n",
        station.url()
    );
    let library = Library::open(&yaml, &[]).await;
    let client = reqwest::Client::new();
    let skip =
        library.base.join(&format!("api/v1/airings/news@{}/skip", start.format("%Y%m%dT%H%MZ"))).expect("a path");
    assert!(client.post(skip).send().await.expect("an answer").status().is_success());
    let clock = SystemClock::shared();
    until("the show", Duration::from_secs(120), async || clock.now() >= start + TimeDelta::seconds(3)).await;

    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { language: "en-GB", ..Look::PHONE }).await;
    page.goto("/schedule").await;
    page.click(".sheet summary").await;
    let since = "document.querySelector('.sheet [name=since]')";
    page.is(&format!("{since}.options.length === 1 && {since}.closest('label').hidden")).await;
    let station = "document.querySelector(\".sheet [name='-station']\")";
    page.eval(&format!("{station}.value = 's'; {station}.dispatchEvent(new Event('change', {{ bubbles: true }}))"))
        .await;
    let words = format!("from the beginning of News ({})", start.format("%H:%M"));
    page.is(&format!("{since}.options[1].textContent === '{words}' && !{since}.closest('label').hidden")).await;
    page.fits().await;

    page.goto("/stations/s").await;
    page.is(&format!("document.querySelector('.record [name=since]').options[1].textContent === '{words}'")).await;
    page.fits().await;
    page.eval("document.querySelector('.record [name=since]').selectedIndex = 1").await;
    page.click(".record button").await;
    page.is("document.querySelector('.toast')?.textContent === 'Recording.'").await;
    let on_air = library.base.join("api/v1/airings?limit=5").expect("a path");
    let airings: serde_json::Value = client.get(on_air).send().await.expect("an answer").json().await.expect("JSON");
    let by_hand = airings.as_array().expect("a list").iter().find(|airing| airing["origin"] == "hand");
    let begins = by_hand.and_then(|airing| airing["start"].as_str()?.parse::<DateTime<Utc>>().ok());
    assert_eq!(begins, Some(start), "{airings}");

    // Of the time before the tape, the page says from when there is sound.
    page.goto("/stations").await;
    page.is("document.querySelectorAll('.record [name=since]').length === 1").await;
    page.fits().await;
    page.eval(
        "const since = document.querySelector('.record [name=since]'); since.options[1].value = '-50m'; \
         since.selectedIndex = 1; since.dispatchEvent(new Event('change', { bubbles: true }))",
    )
    .await;
    page.is("document.querySelector('[data-key=s] .record [name=length]').value === ''").await;
    page.click("[data-key=s] .record button").await;
    page.is("document.querySelector('.toast')?.textContent.includes('so there is sound from ')").await;
    page.goto("/on-air").await;
    page.is("[...document.querySelectorAll('.progress')].some((one) => one.textContent.includes('sound from '))").await;
    page.fits().await;
}

/// Records a station until it is stopped, and plays it in a browser; more than ten seconds are on tape, and the player
/// is close behind.
async fn listening(library: &Library, browser: &Browser) -> (Page, String) {
    let client = reqwest::Client::new();
    let url = library.base.join("api/v1/stations/s/record").expect("a path");
    let begun = client.post(url).json(&json!({ "length": "15m" })).send().await.expect("an answer");
    assert!(begun.status().is_success(), "{begun:?}");
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/on-air").await;
    page.is("document.querySelector('.now progress').value >= 10").await;
    let id = page.text("document.querySelector('.now').dataset.id").await;
    page.click(".now .play").await;
    page.is("document.querySelector('#player audio').currentTime > 0.2").await;
    page.click("#player [data-skip='30']").await;
    page.is(&format!("{FROM} >= 5 && document.querySelector('#player audio').currentTime > 0.2")).await;
    (page, id)
}

/// Returns where the loaded stream begins, and the position of the player.
const FROM: &str = "Number(new URL(document.querySelector('#player audio').src).searchParams.get('from'))";
const PLACE: &str = "(Number(new URL(document.querySelector('#player audio').src).searchParams.get('from')) + \
                     document.querySelector('#player audio').currentTime)";

/// Returns a station with endless sound.
fn station(origin: &Origin) -> StationHandle {
    origin.station("s", Setup { window: 20, programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_on_a_hidden_page_is_not_moved_back() {
    let origin = Origin::start();
    let station = station(&origin);
    let yaml = format!("timezone: UTC\nstations:\n  s: {{ name: KBS 1FM, hls: \"{}\" }}\nshows: []\n", station.url());
    let library = Library::open(&yaml, &[]).await;
    let browser = Browser::start().await;
    let (page, _) = listening(&library, &browser).await;
    // As when the phone is locked: the page gets no more events.
    page.eval(
        "Object.defineProperty(document, 'hidden', { get: () => true }); \
         document.dispatchEvent(new Event('visibilitychange')); window.told = document.querySelector('.now progress').value",
    )
    .await;
    page.is(&format!("{PLACE} > told + 2")).await;
    page.eval(&format!("window.before = {PLACE}; document.querySelector(\"[data-skip='30']\").click()")).await;
    page.is(&format!("{FROM} >= before - 0.1")).await;
    page.is("!document.querySelector('#player audio').paused").await;
    page.eval("document.querySelector(\"[data-skip='-15']\").click()").await;
    page.is(&format!("{FROM} < before - 5")).await;
    page.eval("document.querySelector(\"[data-skip='30']\").click()").await;
    page.is(&format!("{FROM} >= before - 1")).await;
    page.is("document.querySelector('#player audio').currentTime > 0.2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listening_goes_on_when_an_airing_is_extended_and_with_the_recording_when_it_is_over() {
    let origin = Origin::start();
    let station = station(&origin);
    let yaml = format!("timezone: UTC\nstations:\n  s: {{ name: KBS 1FM, hls: \"{}\" }}\nshows: []\n", station.url());
    let library = Library::open(&yaml, &[]).await;
    let browser = Browser::start().await;
    let (page, id) = listening(&library, &browser).await;
    let sound = "document.querySelector('#player audio')";
    let last = "JSON.parse(localStorage['aircheck:last'])";
    // By the clock of the page, the airing would have ended.
    page.eval(&format!("window.until = Date.parse({last}.until)")).await;
    page.click(".now [data-act=extend]").await;
    page.is(&format!("Date.parse({last}.until) > until + 10 * 60e3")).await;
    page.eval("window.now = Date.now; Date.now = () => now.call(Date) + 20 * 60e3").await;
    page.click("#player [data-skip='-15']").await;
    page.is(&format!("{sound}.src.includes('/live/') && {FROM} < 5 && {sound}.currentTime > 0.2")).await;

    // A visitor that comes back knows only the first end.
    page.eval(&format!(
        "localStorage['aircheck:last'] = JSON.stringify({{ ...{last}, until: new Date(0).toISOString() }})"
    ))
    .await;
    page.goto("/").await;
    page.is("!document.querySelector('#player').hidden").await;
    page.click("#player [data-toggle]").await;
    page.is(&format!("{sound}.src.includes('/live/') && {sound}.currentTime > 0.2")).await;

    // When the airing is over, the player goes on with the recording at the same position.
    page.click("#player [data-skip='30']").await;
    page.is(&format!("{FROM} > 5 && {sound}.currentTime > 0.2")).await;
    page.click("#player [data-toggle]").await;
    page.eval(&format!("window.place = {PLACE}")).await;
    let stop = library.base.join(&format!("api/v1/airings/{id}/stop")).expect("a path");
    assert!(reqwest::Client::new().post(stop).send().await.expect("an answer").status().is_success());
    page.is("document.querySelector('.row .play')").await;
    page.click(".row .play").await;
    page.is(&format!("{sound}.src.includes('/media/') && {sound}.currentTime > place && !{sound}.paused")).await;
    page.is(&format!("{sound}.currentTime < place + 5")).await;
    page.click("#player [data-skip='-15']").await;
    page.is(&format!("{sound}.currentTime < Math.max(0, place - 15) + 5")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sound_of_a_trial_is_heard() {
    let origin = Origin::start();
    let station = origin.station("s", Setup { window: 20, ..Setup::of(Container::Ts) });
    let yaml = format!("timezone: UTC\nstations:\n  s: {{ name: KBS 1FM, hls: \"{}\" }}\nshows: []\n", station.url());
    let library = Library::open(&yaml, &[]).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { language: "en-GB", ..Look::PHONE }).await;
    page.goto("/stations").await;
    page.click("[data-key=s] [data-try]").await;
    page.is(
        "document.querySelector('[data-key=s] .answer.good')?.textContent.includes(' s of sound, the first after ')",
    )
    .await;
    page.eval("document.querySelector('[data-key=s] .answer audio').play()").await;
    page.is("document.querySelector('[data-key=s] .answer audio').currentTime > 0.2").await;
    page.fits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cause_of_missing_sound_is_in_the_language_of_the_page_also_when_it_changes() {
    let library = Library::open(
        "timezone: UTC\nstations:\n  s: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\nshows:\n  \
         - { title: Always, station: s, cron: \"* * * * *\", length: 1m }\n",
        &[],
    )
    .await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::PHONE).await;
    page.goto("/on-air").await;
    let trouble = "document.querySelector('.trouble:not([hidden])')";
    let words = format!("{trouble}?.querySelector('.words:lang(en)')?.textContent");
    page.is(&format!("{words}?.includes('127.0.0.1:9/x cannot be reached')")).await;
    page.is(&format!("{trouble}.textContent.startsWith('방송국에 연결하지 못했거나 연결이 끊어졌습니다 http:')")).await;
    page.fits().await;
    let axe = axe();
    if let Some(axe) = &axe {
        check(&page, axe, "what is on the air in trouble").await;
    }
    // The next causes: the words of some say more than their kind, those of others do not.
    let tell = |kind: &str, words: &str| {
        format!(
            "(() => {{ const id = document.querySelector('.now').dataset.id; \
             const one = {{ id, on_tape: 0, missing: 0, levels: [], trouble: '{words}', trouble_kind: '{kind}' }}; \
             document.dispatchEvent(new CustomEvent('aircheck:on-air', {{ detail: [one] }})); \
             return document.querySelector('.trouble').textContent; }})()"
        )
    };
    let refused = "it answered <b>403</b>";
    assert_eq!(page.text(&tell("refused", refused)).await, format!("방송국 서버가 요청을 거부했습니다 {refused}"));
    let late = "aircheck was not yet recording when the show began";
    assert_eq!(page.text(&tell("began_late", late)).await, "방송이 시작된 뒤에 녹음을 시작했습니다");
    assert_eq!(page.text(&tell("of_a_later_release", refused)).await, refused);

    page.goto("/stations").await;
    page.is("document.querySelector('.answer.bad .words')?.textContent.includes('cannot be reached')").await;
    page.fits().await;
    if let Some(axe) = &axe {
        check(&page, axe, "a station in trouble").await;
    }
    // A real trial would take too long here.
    page.eval(&format!(
        "window.fetch = async () => Response.json({{ ok: false, seconds: 0, trouble: '{refused}', trouble_kind: 'refused' }})"
    ))
    .await;
    page.click("[data-try]").await;
    page.is(&format!("document.querySelector('.tried').textContent === '방송국 서버가 요청을 거부했습니다 {refused}'"))
        .await;

    let english = browser.page(&library.base, Look { language: "en-GB", ..Look::DESK }).await;
    english.goto("/on-air").await;
    english.is(&format!("{trouble}?.textContent.includes('127.0.0.1:9/x cannot be reached')")).await;
    assert_eq!(english.text(&tell("refused", refused)).await, refused, "in English it is said once");
}
