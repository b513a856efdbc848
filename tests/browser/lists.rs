//! Finding, deleting, and scrolling through thousands.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{MASTERS, library, yaml};
use crate::support::aircheck::until;
use crate::support::browser::{Browser, Look, Page};
use crate::support::shelved::{Library, Shelved};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_follows_the_form_and_its_address_says_so() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.is("document.querySelectorAll('.row').length === 6").await;
    page.eval("document.querySelector('#q').focus()").await;
    page.write("night").await;
    page.is("document.querySelectorAll('.row').length === 3 && location.search === '?q=night'").await;
    assert_eq!(page.text("document.activeElement.id").await, "q", "one can go on writing");
    let change = |name: &str, value: &str| {
        format!(
            "(() => {{ const it = document.querySelector('[name={name}]'); it.value = '{value}'; \
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        )
    };
    page.eval(&change("day", "2026-11-18")).await;
    page.is("document.querySelectorAll('.row').length === 1").await;
    page.eval(&change("verdict", "partial")).await;
    page.is("document.querySelector('.empty')?.textContent === 'No recording is like that.'").await;
    page.click(".narrowed a").await;
    page.is("document.querySelectorAll('.row').length === 6 && location.search === ''").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_recording_is_gone_and_can_be_had_back() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    let shown = format!("document.querySelector(\"{MASTERS}\")?.checkVisibility()");
    page.goto("/").await;
    page.click(&format!("{MASTERS} [data-delete]")).await;
    page.is("document.querySelector('.toast')?.textContent.includes('명연주 명음반')").await;
    assert_eq!(page.eval(&shown).await, json!(false));
    assert_eq!(library.aircheck.list().await.len(), 5, "it is gone for everybody");
    page.click(".toast button").await;
    page.is(&shown).await;
    assert_eq!(library.aircheck.list().await.len(), 6);
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{}.currentTime > 0.2", super::SOUND)).await;

    // Somebody else has heard a part of it.
    let other = browser.page(&library.base, Look::PHONE).await;
    other.goto("/").await;
    other.click(&format!("{MASTERS} .play")).await;
    other.is(&format!("{}.currentTime > 0.2", super::SOUND)).await;

    // For good, while it plays: the player goes, too, and the next visit does not know it.
    page.click(&format!("{MASTERS} [data-delete]")).await;
    page.is("document.querySelector('#player').hidden").await;
    page.goto("/").await;
    page.is(&format!("document.querySelectorAll('.row').length === 5 && !document.querySelector(\"{MASTERS}\")")).await;
    other.expect("404");
    other.goto("/").await;
    other.is("document.querySelector('#player').hidden && !document.querySelector('.toast')").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_recordings_come_as_one_scrolls() {
    let start: DateTime<Utc> = "2026-11-19T05:00:00Z".parse().expect("a time");
    let many: Vec<Shelved> = (0..320_u32)
        .map(|hour| Shelved {
            // Three at a time, so that pages end among those of the same moment.
            start: start - TimeDelta::hours((hour / 3).into()),
            ..Shelved::new(["masters", "night", "third"][(hour % 3) as usize], "Hourly", "kbs", "2026-11-19T05:00:00Z")
        })
        .collect();
    let library = Library::open(&yaml(), &many).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    until("all 320", Duration::from_secs(30), async || {
        page.eval("scrollTo(0, document.documentElement.scrollHeight)").await;
        page.eval("document.querySelectorAll('.row').length").await == json!(320)
    })
    .await;
    assert_eq!(distinct(&page, ".row").await, 320, "each of them once");
    assert_eq!(
        distinct(&page, ".day").await,
        page.eval("document.querySelectorAll('.day').length").await.as_u64().expect("so many")
    );
}

async fn distinct(page: &Page, selector: &str) -> u64 {
    let keys = format!("[...document.querySelectorAll('{selector}')].map((it) => it.dataset.key)");
    page.eval(&format!("new Set({keys}).size")).await.as_u64().expect("a number")
}
