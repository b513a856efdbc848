//! Recording now, and seeing it without reloading.

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
