//! The pages in a real Chromium, as somebody uses them.

use std::time::Duration;

use aircheck::model::Verdict;
use serde_json::json;

use crate::support::browser::{Browser, Look, Page};
use crate::support::shelved::{Library, Shelved};

const YAML: &str = "timezone: Asia/Seoul\nstations:\n  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\n  \
                    r3: { name: Radio 3, hls: \"http://127.0.0.1:9/y\" }\nshows:\n  \
                    - { title: 명연주 명음반, id: masters, station: kbs, cron: \"0 14 * * *\", length: 2h }\n  \
                    - { title: Night Tracks, id: night, station: r3, cron: \"30 21 * * *\", length: 90m }\n";

/// Two shows, three days; one recording lacks five seconds after the twentieth.
fn shelved() -> Vec<Shelved> {
    let mut all = Vec::new();
    for day in ["2026-11-17", "2026-11-18", "2026-11-19"] {
        all.push(Shelved::new("masters", "명연주 명음반", "kbs", &format!("{day}T14:00:00+09:00")));
        all.push(Shelved::new("night", "Night Tracks", "r3", &format!("{day}T21:30:00+09:00")));
    }
    all[4].gaps = vec![(20, 5, "it answered <b>403</b>")];
    all[4].verdict = Verdict::Partial(94.4);
    all
}

/// The row of the newest recording of the show `masters`.
const MASTERS: &str = ".row[data-id='masters@20261119T0500Z']";
const SOUND: &str = "document.querySelector('#player audio')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_played_sought_and_goes_on_while_one_browses() {
    let library = Library::open(YAML, &shelved()).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{SOUND}.currentTime > 0.3 && !{SOUND}.paused")).await;
    assert_eq!(page.text("document.querySelector('#player [data-title]').textContent").await, "명연주 명음반");
    assert_eq!(page.text("navigator.mediaSession.metadata.title").await, "명연주 명음반");
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

    // A new visit goes on where one stopped.
    page.click("#player [data-toggle]").await;
    let place = page.eval(&format!("{SOUND}.currentTime")).await.as_f64().expect("a number");
    page.goto("/").await;
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{SOUND}.currentTime >= {place} - 1 && {SOUND}.currentTime < {place} + 6")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_are_marked_where_they_are_and_can_be_heard() {
    let library = Library::open(YAML, &shelved()).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    // Five seconds are skipped after the twentieth of the 85 that there are.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_follows_the_form_and_its_address_says_so() {
    let library = Library::open(YAML, &shelved()).await;
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
async fn every_page_fits_the_smallest_phone_in_both_languages() {
    let library = Library::open(YAML, &shelved()).await;
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
            page.goto(path).await;
            page.fits().await;
        }
    }
}

/// Every page.
const PAGES: [&str; 3] = ["/", "/schedule", "/shows/masters"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_one_browses_plays_and_downloads() {
    let library = Library::open(YAML, &shelved()).await;
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
async fn thousands_of_recordings_come_as_one_scrolls() {
    let start: chrono::DateTime<chrono::Utc> = "2026-11-19T05:00:00Z".parse().expect("a time");
    let many: Vec<Shelved> = (0..320_u32)
        .map(|hour| Shelved {
            // Three at a time, so that pages end among those of the same moment.
            start: start - chrono::TimeDelta::hours((hour / 3).into()),
            ..Shelved::new(["masters", "night", "third"][(hour % 3) as usize], "Hourly", "kbs", "2026-11-19T05:00:00Z")
        })
        .collect();
    let library = Library::open(YAML, &many).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    crate::support::aircheck::until("all 320", Duration::from_secs(30), async || {
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
