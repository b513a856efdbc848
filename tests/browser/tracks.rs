//! What was played: in the row of a recording, above the player, and in a search.

use serde_json::json;

use super::{MASTERS, SOUND, library};
use crate::support::browser::{Browser, Look};

/// The words of all tracks in a list, one by one.
fn words(list: &str) -> String {
    format!("[...document.querySelectorAll(\"{list} li\")].map((it) => it.textContent.replace(/\\s+/g, ' ').trim())")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_played_is_listed_where_a_recording_is_opened_and_plays_from_there() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    assert_eq!(page.eval("document.querySelectorAll('.row .played').length").await, json!(1), "only where it is known");
    assert_eq!(
        page.eval("document.querySelectorAll('.row .tracks li').length").await,
        json!(0),
        "nothing is loaded yet"
    );
    let list = format!("{MASTERS} .tracks");
    page.click(&format!("{MASTERS} .played summary")).await;
    page.is(&format!("document.querySelectorAll(\"{list} li\").length === 3")).await;
    assert_eq!(
        page.eval(&words(&list)).await,
        json!(["14:00 Romanze <b>op. 21</b> Clara Schumann", "14:00 Ballade 조성진", "14:00 뉴스"])
    );
    assert_eq!(page.eval("document.querySelector('#player').hidden").await, json!(true));
    page.click(&format!("{list} li:nth-child(2) a")).await;
    page.is(&format!("{SOUND}.currentTime >= 30 && {SOUND}.currentTime < 40 && !{SOUND}.paused")).await;
    let current = |list: &str| format!("document.querySelector(\"{list} [aria-current] .name\")?.textContent");
    page.is(&format!("{} === 'Ballade'", current(&list))).await;

    // The same above the player, also on other pages.
    page.is("document.querySelector('#player [data-track]').textContent === '조성진 – Ballade'").await;
    page.click(".places a[href$='/schedule']").await;
    page.is("document.querySelector('h1').textContent === 'Schedule'").await;
    page.click("#player .played summary").await;
    page.is(&format!("{} === 'Ballade'", current("#player .tracks"))).await;
    page.eval("document.querySelector('#player .tracks li:nth-child(3) a').focus()").await;
    page.press("Enter").await;
    page.is(&format!("{SOUND}.currentTime >= 55 && {} === '뉴스'", current("#player .tracks"))).await;
    page.press("Escape").await;
    page.is("!document.querySelector('#player .played').open").await;

    // A recording of which nobody knows.
    page.click(".places a[href$='/']").await;
    page.is("document.querySelector('.row')").await;
    page.click(".row[data-id='night@20261119T1230Z'] .play").await;
    page.is("document.querySelector('#player .played').hidden").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_tells_when_something_was_last_played_and_plays_it() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.eval("document.querySelector('#q').focus()").await;
    page.write("성진").await;
    page.is("document.querySelectorAll('.found li').length === 1 && !document.querySelector('.row')").await;
    let found = page.text("document.querySelector('.found li').textContent.replace(/\\s+/g, ' ').trim()").await;
    assert!(found.ends_with("14:00 Ballade 조성진 명연주 명음반 · KBS 1FM"), "{found}");
    page.click(".found a.track").await;
    page.is(&format!("{SOUND}.currentTime >= 30 && {SOUND}.currentTime < 40 && !{SOUND}.paused")).await;
    page.is("document.querySelector('.found [aria-current] .name').textContent === 'Ballade'").await;
    assert_eq!(page.text("document.querySelector('#player [data-title]').textContent").await, "명연주 명음반");

    // The recording with all of them.
    page.click(".found .of").await;
    page.is("location.search === '?recording=masters%4020261119T0500Z'").await;
    page.is("document.querySelectorAll('.row').length === 1").await;
    page.is("document.querySelector('.row .played[open] [aria-current] .name').textContent === 'Ballade'").await;

    // Tracks and titles at once; what other filters leave out is left out here as well.
    page.goto("/?q=n").await;
    page.is("document.querySelectorAll('.found li').length === 1 && document.querySelectorAll('.row').length === 3")
        .await;
    page.goto("/?q=romanze&station=r3").await;
    page.is("!document.querySelector('.found') && document.querySelector('.empty')").await;
    page.goto("/?q=romanze&day=2026-11-19").await;
    page.is("document.querySelectorAll('.found li').length === 1").await;
    page.goto("/?q=romanze&day=2026-11-18").await;
    page.is("!document.querySelector('.found')").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_played_is_read_without_scripts() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { scripts: false, ..Look::PHONE }).await;
    page.goto("/").await;
    page.click(".row .played summary").await;
    page.click(".row .played a").await;
    page.is("location.search.startsWith('?recording=')").await;
    let shown = "[...document.querySelectorAll('.row .tracks a')].filter((it) => it.checkVisibility())";
    page.is(&format!("{shown}.length === 3")).await;
    assert_eq!(
        page.text(&format!("{shown}[1].getAttribute('href')")).await,
        "/media/masters%4020261119T0500Z.mp3#t=30.0"
    );
    page.fits().await;
}
