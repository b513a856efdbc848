//! Small screens, languages, no scripts.

use std::time::Duration;

use serde_json::json;

use super::{MASTERS, PAGES, SOUND, library};
use crate::support::aircheck::until;
use crate::support::browser::{Browser, Look};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_fits_the_smallest_phone_in_both_languages() {
    let library = library().await;
    let browser = Browser::start().await;
    for (language, word) in [("ko-KR", "녹음"), ("en-GB", "Recordings")] {
        let page = browser.page(&library.base, Look { language, ..Look::PHONE }).await;
        page.goto("/").await;
        assert_eq!(page.text("document.querySelector('h1').textContent").await, word);
        page.click(&format!("{MASTERS} .play")).await;
        page.is(&format!("{SOUND}.currentTime > 0.2")).await;
        page.click(&format!("{MASTERS} summary")).await;
        page.fits().await;
        for path in PAGES {
            page.expect("404");
            page.goto(path).await;
            page.fits().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsing_playing_and_downloading_work_without_scripts() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { scripts: false, ..Look::DESK }).await;
    page.goto("/").await;
    let sounds = page
        .eval("[...document.querySelectorAll('audio[controls]')].filter((it) => it.checkVisibility()).length")
        .await;
    assert_eq!(sounds, json!(6));
    let pictures =
        page.eval("[...document.querySelectorAll('.wave img')].filter((it) => it.checkVisibility()).length").await;
    assert_eq!(pictures, json!(6));
    assert_eq!(
        page.eval("[...document.querySelectorAll('.play, #player')].some((it) => it.checkVisibility())").await,
        json!(false)
    );
    page.click(".places a[href$='/schedule']").await;
    page.is("location.pathname === '/schedule' && document.querySelector('.slot')").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_complaint_of_the_browser_is_recorded() {
    let library = library().await;
    let browser = Browser::start().await;
    for wrong in [
        "console.error('x')",
        "setTimeout(() => { throw new Error('x'); })",
        "new Image().src = 'http://127.0.0.1:9/x.png'",
        "document.head.append(Object.assign(document.createElement('style'), { textContent: 'p { color: red }' }))",
        "new Image().src = 'there-is-nothing.png'",
    ] {
        let page = browser.page(&library.base, Look::DESK).await;
        page.goto("/").await;
        assert_eq!(page.complaints(), [""; 0]);
        page.eval(&format!("{{ {wrong}; }} 0")).await;
        until(wrong, Duration::from_secs(60), async || !page.complaints().is_empty()).await;
        page.expect("");
    }
}
