//! Barriers for people with screen readers, keyboards or poor sight, found by axe-core on every page.
//!
//! `tests/axe/fetch` downloads axe-core; without it the test is skipped, and says so.

use serde_json::{Value, json};

use super::{MASTERS, PAGES, SOUND, library};
use crate::support::browser::{Browser, Look, Page};
use crate::support::skip;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_barrier_that_axe_knows_of() {
    let Some(axe) = axe() else {
        skip::without("axe-core in target/axe; tests/axe/fetch brings it");
        return;
    };
    let library = library().await;
    let browser = Browser::start().await;
    let desk = Look { language: "en-GB", ..Look::DESK };
    for look in [desk, Look { dark: true, language: "ko-KR", ..desk }, Look::PHONE, Look { dark: true, ..Look::PHONE }]
    {
        let page = browser.page(&library.base, look).await;
        page.goto("/").await;
        page.click(&format!("{MASTERS} .play")).await;
        page.is(&format!("{SOUND}.currentTime > 0.2")).await;
        page.click(&format!("{MASTERS} summary")).await;
        check(&page, &axe, "the player").await;
        page.eval(
            "(() => { const it = new Image(); it.src = document.querySelector('.brand img').src; \
                   document.querySelector('h1').append(it); })()",
        )
        .await;
        assert_ne!(violations(&page).await, json!([]), "a picture without words is found");
        for path in PAGES {
            page.expect("404");
            page.goto(path).await;
            page.eval("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
            check(&page, &axe, path).await;
        }
    }
}

pub(super) async fn check(page: &Page, axe: &str, what: &str) {
    page.eval(axe).await;
    assert_eq!(violations(page).await, json!([]), "{what}");
}

/// Returns what axe finds on the page.
async fn violations(page: &Page) -> Value {
    page.eval(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map((one) => \
             `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 160) + ' ' + \
             node.any.map((it) => it.message).join()).slice(0, 4).join(' | ')}`))",
    )
    .await
}

/// Returns axe-core, as a script.
pub(super) fn axe() -> Option<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe");
    let script =
        std::fs::read_dir(folder).ok()?.flatten().find(|file| file.file_name().to_string_lossy().ends_with(".js"))?;
    // Nothing of it is the value.
    std::fs::read_to_string(script.path()).ok().map(|script| format!("{script}; true"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_is_enough_to_find_play_and_seek() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.press("Tab").await;
    assert_eq!(page.text("document.activeElement.className").await, "jump", "the first is the way past the places");
    page.press("Enter").await;
    let mut steps = 0;
    while page.eval("document.activeElement.matches('.row .play')").await != true {
        page.press("Tab").await;
        steps += 1;
        assert!(steps < 15, "a recording is some steps away");
    }
    let ring = page.text("getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(ring, "solid", "one sees where one is");
    page.press("Enter").await;
    page.is(&format!("{SOUND}.currentTime > 0.2")).await;
    while page.eval("document.activeElement.matches('.row.current .wave')").await != true {
        page.press("Tab").await;
        steps += 1;
        assert!(steps < 20, "its waveform is near");
    }
    for _ in 0..4 {
        page.press("ArrowRight").await;
    }
    page.is(&format!("{SOUND}.currentTime > 20")).await;
}
