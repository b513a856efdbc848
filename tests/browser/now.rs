//! Recording now, and seeing it without reloading.

use super::accessible::{axe, check};
use crate::support::browser::{Browser, Look};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup};
use crate::support::shelved::Library;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_is_recorded_now_and_stopped_and_every_page_sees_it() {
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
async fn a_station_is_tried_and_what_it_sends_is_heard() {
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
async fn why_no_sound_comes_is_told_in_the_language_of_the_page_also_when_it_changes() {
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
    // What the service is told next by other stations: some words say more than their kind, and some do not.
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
    // Trying it would take longer than anybody wants to wait here.
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
