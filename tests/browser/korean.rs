//! Korean pages, and their messages when an action fails.

use serde_json::json;

use super::{PAGES, tape_two_hours, yaml};
use crate::support::browser::{Browser, Look};
use crate::support::shelved::{Library, Shelved};

/// Collects what the page says to eyes and screen readers, now or later by its scripts, that has two English words in a
/// row and is not marked as English, as the exact words of a trouble are.
const ENGLISH: &str = "(() => {
    const said = [];
    const skipped = new Set(['class', 'd', 'style', 'rel', 'content', 'aria-labelledby', 'aria-describedby']);
    for (const it of [document.querySelector('title'), ...document.body.querySelectorAll('*')]) {
        if (it.closest('noscript, [lang=en]')) continue;
        for (const { name, value } of it.attributes) if (!skipped.has(name)) said.push(value);
        for (const child of it.childNodes) if (child.nodeType === Node.TEXT_NODE) said.push(child.textContent);
    }
    return said.filter((text) => /\\b[A-Za-z][a-z]+,? [a-z]{2,}\\b/.test(text));
})()";

/// Returns recordings without English titles.
fn shelved() -> [Shelved; 2] {
    let masters = |day: &str| Shelved::new("masters", "명연주 명음반", "kbs", &format!("{day}T14:00:00+09:00"));
    [Shelved { dead_air: vec![(20, 5)], ..masters("2026-11-18") }, masters("2026-11-19")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sentence_is_english() {
    let crons = ["*/10 2,3,4 5-6 * *", "0 9 * * 1-5", "0 0 13 6,7 5"];
    let shows: String = (0..)
        .zip(crons)
        .map(|(n, cron)| format!("  - {{ title: 방송 {n}, id: s{n}, station: kbs, cron: \"{cron}\", length: 1m }}\n"))
        .collect();
    let library = Library::open(&format!("{}{shows}", yaml()), &shelved()).await;
    tape_two_hours(&library);
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { language: "ko-KR", ..Look::DESK }).await;
    page.expect("404");
    for path in PAGES.into_iter().chain(["/shows/s0", "/shows/s1", "/shows/s2"]) {
        page.goto(path).await;
        assert_eq!(page.text("document.documentElement.lang").await, "ko", "{path}");
        assert_eq!(page.eval(ENGLISH).await, json!([]), "{path}");
    }
    assert!(
        page.text("document.querySelector('.show-head .meta').textContent")
            .await
            .contains("매년 6월과 7월 13일과 매주 금요일 00:00")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_explained_in_korean() {
    let mut library = Library::open(&yaml(), &shelved()).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::PHONE).await;
    let toast = |words: &str| format!("[...document.querySelectorAll('.toast')].at(-1)?.textContent === '{words}'");
    page.expect("422");
    page.goto("/schedule").await;
    page.click(".sheet:has(.one-time) summary").await;
    page.eval("document.querySelector('.one-time [name=title]').value = '지난 방송'").await;
    page.eval("document.querySelector('.one-time [name=start]').value = '2026-11-18T14:00'").await;
    page.click(".one-time button.first").await;
    let over = "2026-11-18 15:00:00에 이미 끝난 방송입니다. 테이프에 남아 있으면 클립으로 잘라 낼 수 있습니다.";
    page.is(&toast(&format!("{over} (`aircheck clip`, `POST /api/v1/clips`)"))).await;

    // The same button was pressed in another window at the same time.
    page.expect("409");
    page.goto("/schedule").await;
    page.eval(
        "const button = document.querySelector('.slot [data-act=skip]'); button.id = 'late'; \
         button.dataset.call = 'POST /airings/masters@20261119T0500Z/extend'; button.dataset.body = '{\"by\":\"15m\"}'",
    )
    .await;
    page.click("#late").await;
    page.is(&toast("이미 끝난 방송입니다. (masters@20261119T0500Z)")).await;

    // The service is gone: the page must not show the browser's message for programmers.
    page.expect("ERR_");
    library.service.signal(rustix::process::Signal::KILL);
    library.service.end().await;
    page.click(".slot [data-act=skip]").await;
    page.is(&toast("처리하지 못했습니다. 다시 시도해 주세요.")).await;
}
