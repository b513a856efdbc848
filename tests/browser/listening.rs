//! Playing, seeking, and going on from page to page.

use serde_json::json;

use super::{MASTERS, SOUND, library};
use crate::support::browser::{Browser, Look};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_plays_seeks_and_goes_on_from_page_to_page() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{SOUND}.currentTime > 0.3 && !{SOUND}.paused")).await;
    assert_eq!(page.text("document.querySelector('#player [data-title]').textContent").await, "명연주 명음반");
    assert_eq!(page.text("navigator.mediaSession.metadata.title").await, "명연주 명음반");
    // The lock screen and the player have the picture of the show.
    let picture = page.text("navigator.mediaSession.metadata.artwork[0].src").await;
    assert!(picture.ends_with("/artwork/small/masters.png"), "{picture}");
    page.is("document.querySelector('#player [data-art]').naturalWidth > 50").await;
    let label = page.text(&format!("document.querySelector(\"{MASTERS} .play\").ariaLabel")).await;
    assert!(label.starts_with("Pause: "), "{label}");

    page.click_at(&format!("{MASTERS} .wave"), 50).await;
    page.is(&format!("{SOUND}.currentTime > 40 && {SOUND}.currentTime < 50")).await;
    page.click("#player [data-skip='-15']").await;
    page.is(&format!("{SOUND}.currentTime > 25 && {SOUND}.currentTime < 36")).await;
    page.eval("document.querySelector('#player .wave').focus()").await;
    page.press("ArrowRight").await;
    page.press("ArrowRight").await;
    page.is(&format!("{SOUND}.currentTime > 35 && {SOUND}.currentTime < 47")).await;

    // To other pages and back, while it plays.
    page.eval("window.here = true").await;
    page.click(".places a[href$='/schedule']").await;
    page.is("document.querySelector('h1').textContent === 'Schedule'").await;
    let before = page.eval(&format!("{SOUND}.currentTime")).await.as_f64().expect("a number");
    page.is(&format!("{SOUND}.currentTime > {before} + 0.3 && !{SOUND}.paused")).await;
    page.click("#player [data-title]").await;
    page.is("location.pathname === '/shows/masters'").await;
    page.is("document.querySelector('.row.current')").await;
    page.eval("history.back()").await;
    page.is("location.pathname === '/schedule' && document.querySelector('h1').textContent === 'Schedule'").await;
    assert_eq!(page.eval(&format!("window.here && !{SOUND}.paused")).await, json!(true), "the page was never left");

    // A new visit goes on where listening stopped.
    page.click("#player [data-toggle]").await;
    let place = page.eval(&format!("{SOUND}.currentTime")).await.as_f64().expect("a number");
    page.goto("/").await;
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{SOUND}.currentTime >= {place} - 1 && {SOUND}.currentTime < {place} + 6")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tab_that_played_last_decides_where_listening_goes_on() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.click(&format!("{MASTERS} .play")).await;
    page.click_at(&format!("{MASTERS} .wave"), 25).await;
    page.is(&format!("{SOUND}.currentTime > 20")).await;
    page.click("#player [data-toggle]").await;
    page.is(&format!("{SOUND}.paused")).await;

    // Another tab knows the recording, and has played nothing.
    page.eval("window.tab = window.open('/'), true").await;
    let other = "tab.document.querySelector('#player audio')";
    page.is(&format!("{other}.readyState > 0 && {other}.currentTime > 20")).await;
    let kept = "Number(localStorage.getItem('aircheck:position:masters@20261119T0500Z'))";
    page.click_at(&format!("{MASTERS} .wave"), 60).await;
    page.is(&format!("{kept} > 45")).await;
    page.eval("tab.location.href = '/schedule'").await;
    page.is("tab.location.pathname === '/schedule' && tab.document.readyState === 'complete'").await;
    let place = page.eval(kept).await.as_f64().expect("a number");
    assert!(place > 45.0, "{place}");

    // The second tab goes on where the first has stopped; later the first goes on where the second has.
    page.is(&format!("{other}.readyState > 0")).await;
    page.click_at(&format!("{MASTERS} .wave"), 35).await;
    page.is(&format!("{kept} > 25 && {kept} < 40")).await;
    page.eval("tab.document.querySelector('#player [data-toggle]').click()").await;
    page.is(&format!("!{other}.paused && {other}.currentTime > 25 && {other}.currentTime < 45")).await;
    page.eval("tab.document.querySelector('#player [data-skip=\"30\"]').click()").await;
    page.eval("tab.document.querySelector('#player [data-toggle]').click()").await;
    page.is(&format!("{other}.paused && {kept} > 55")).await;
    page.click("#player [data-toggle]").await;
    page.is(&format!("!{SOUND}.paused && {SOUND}.currentTime > 55")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_are_marked_where_they_are_and_can_be_heard() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    // The file has 85 seconds; after the twentieth, five are skipped.
    assert_eq!(
        page.text(&format!("document.querySelector(\"{MASTERS} .marks .gap\").getAttribute('d')")).await,
        "M235.3 0v10"
    );
    page.click(&format!("{MASTERS} summary")).await;
    let words = page.text(&format!("document.querySelector(\"{MASTERS} .ledger li\").textContent")).await;
    assert!(words.contains("missing at 14:00:20: 5.0 s, it answered <b>403</b>"), "{words}");
    page.click(&format!("{MASTERS} .at")).await;
    page.is(&format!("{SOUND}.currentTime > 17 && {SOUND}.currentTime < 20")).await;
    page.is("document.querySelector('#player .marks')").await;
}
