//! Lists of recordings: finding, deleting, and scrolling through thousands.

use std::time::Duration;

use aircheck::library::catalogue::Catalogue;
use aircheck::model::{AiringId, Measured, Outcome, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use serde_json::json;

use super::{MASTERS, library, shelved, yaml};
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

/// Counts the requests of the page from now on, in `window.asked`.
const COUNT: &str = "(() => { const fetched = window.fetch; window.asked = []; \
                     window.fetch = (...what) => { asked.push(String(what[0])); return fetched(...what); }; })()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_to_another_page_cancels_a_search() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.eval(COUNT).await;
    // `later` runs after anything that waits for a pause in typing.
    page.eval(
        "(() => { const it = document.querySelector('#q'); it.value = 'night'; \
         it.dispatchEvent(new InputEvent('input', { bubbles: true })); \
         document.querySelector('.places a[href$=\"/schedule\"]').click(); \
         window.later = new Promise((done) => setTimeout(done, 320)); })()",
    )
    .await;
    page.is("document.querySelector('h1').textContent === 'Schedule'").await;
    page.eval("later").await;
    assert_eq!(page.eval("asked.map((url) => new URL(url).pathname)").await, json!(["/schedule"]));
    assert_eq!(page.eval("location.pathname + location.search").await, json!("/schedule"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skipping_to_the_content_does_not_reload_the_page() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.eval(COUNT).await;
    page.eval("window.content = document.querySelector('#content')").await;
    let hop = "window.hop = new Promise((done) => addEventListener('hashchange', done, { once: true })); true";
    page.eval(hop).await;
    page.press("Tab").await;
    page.press("Enter").await;
    page.eval("hop.then(() => true)").await;
    assert_eq!(
        page.eval("[location.hash, asked.length, document.activeElement === content]").await,
        json!(["#content", 0, true])
    );
    page.eval(hop).await;
    page.eval("history.back()").await;
    page.eval("hop.then(() => true)").await;
    assert_eq!(page.eval("[location.hash, asked.length, content.isConnected]").await, json!(["", 0, true]));

    // From there to another page, and back to the same position.
    page.eval("history.forward()").await;
    page.is("location.hash === '#content'").await;
    page.click(".places a[href$='/schedule']").await;
    page.is("document.querySelector('h1').textContent === 'Schedule'").await;
    page.eval("history.back()").await;
    page.is("location.hash === '#content' && content.isConnected").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_recording_is_gone_and_can_be_brought_back() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    let shown = format!("document.querySelector(\"{MASTERS}\")?.checkVisibility()");
    page.goto("/").await;
    page.click(&format!("{MASTERS} [data-delete]")).await;
    page.is("document.querySelector('.toast')?.textContent.includes('명연주 명음반')").await;
    page.is(&format!("!{shown}")).await;
    assert_eq!(library.aircheck.list().await.len(), 5, "it is gone for everybody");
    page.click(".toast button").await;
    page.is(&shown).await;
    assert_eq!(library.aircheck.list().await.len(), 6);
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{}.currentTime > 0.2", super::SOUND)).await;

    // Another visitor has heard a part of it.
    let other = browser.page(&library.base, Look::PHONE).await;
    other.goto("/").await;
    other.click(&format!("{MASTERS} .play")).await;
    other.is(&format!("{}.currentTime > 0.2", super::SOUND)).await;

    // Deleted for good while it plays: the player closes, too, and the next visit does not know it.
    page.click(&format!("{MASTERS} [data-delete]")).await;
    page.is("document.querySelector('#player').hidden").await;
    page.goto("/").await;
    page.is(&format!("document.querySelectorAll('.row').length === 5 && !document.querySelector(\"{MASTERS}\")")).await;
    other.expect("404");
    other.goto("/").await;
    other.is("document.querySelector('#player').hidden && !document.querySelector('.toast')").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_recordings_elsewhere_appear_also_within_a_day_that_is_shown() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    let client = Client::new();
    let [masters, night] = [&shelved()[4], &shelved()[5]].map(Shelved::id);
    let delete = async |id: &AiringId| {
        let url = library.base.join(&format!("api/v1/recordings/{id}")).expect("a path");
        assert!(client.delete(url).send().await.expect("an answer").status().is_success());
    };
    let restore = async |id: &AiringId| {
        let url = library.base.join(&format!("api/v1/recordings/{id}/restore")).expect("a path");
        assert!(client.post(url).send().await.expect("an answer").status().is_success());
    };
    let day = "[...document.querySelectorAll('[data-key=\"2026-11-19\"] .row')].filter((row) => row.checkVisibility())\
               .map((row) => row.dataset.key).join()";

    delete(&night).await;
    page.goto("/").await;
    page.is(&format!("{day} === '{masters}'")).await;
    page.eval("window.first = document.querySelector('.row')").await;
    restore(&night).await;
    page.is(&format!("{day} === '{night},{masters}'")).await;
    assert_eq!(page.eval("first.isConnected").await, json!(true), "what is as it was stays");
    // The focus is on its play button.
    page.eval(&format!("document.querySelector(\"{MASTERS} .play\").focus()")).await;
    delete(&masters).await;
    page.is(&format!("{day} === '{night}' && document.activeElement.id === 'content'")).await;
    restore(&masters).await;
    page.is(&format!("{day} === '{night},{masters}'")).await;

    // A recording that is cut again has another verdict, and no gaps.
    let marks = format!("document.querySelectorAll(\"{MASTERS} .marks\").length");
    assert_eq!(page.eval(&marks).await, json!(1));
    page.eval(&format!("document.querySelector(\"{MASTERS} .play\").focus()")).await;
    let catalogue = Catalogue::open(library.aircheck.path("state/catalogue.sqlite")).await.expect("the catalogue");
    let old = catalogue.get(&masters).await.expect("read").expect("a row");
    let outcome = Outcome {
        verdict: Verdict::Complete,
        seconds: 90.0,
        file: old.file.clone(),
        bytes: old.bytes,
        gaps: vec![],
        measured: Measured::default(),
        notes: vec![],
        tracks: None,
        at: old.on_air.end + TimeDelta::hours(1),
    };
    assert!(catalogue.replace(&masters, &old, &outcome).await.expect("written"));
    delete(&night).await;
    page.is(&format!("{marks} === 0 && document.querySelector(\"{MASTERS} .verdict.complete\")")).await;
    page.is(&format!("document.activeElement === document.querySelector(\"{MASTERS} .play\")")).await;

    // Deleted here, which empties the day; brought back in another tab, and here after the row was removed.
    page.click(&format!("{MASTERS} [data-delete]")).await;
    page.is("!document.querySelector('[data-key=\"2026-11-19\"]')").await;
    restore(&night).await;
    page.is(&format!("{day} === '{night}'")).await;
    page.click(".toast button").await;
    page.is(&format!("{day} === '{night},{masters}'")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrolling_loads_thousands_of_recordings() {
    let start: DateTime<Utc> = "2026-11-19T05:00:00Z".parse().expect("a time");
    let many: Vec<Shelved> = (0..320_u32)
        .map(|hour| Shelved {
            // Three at each moment, so that a page ends among recordings of one moment.
            start: start - TimeDelta::hours((hour / 3).into()),
            ..Shelved::new(["masters", "night", "third"][(hour % 3) as usize], "Hourly", "kbs", "2026-11-19T05:00:00Z")
        })
        .collect();
    let library = Library::open(&yaml(), &many).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    until("all 320", Duration::from_secs(60), async || {
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
