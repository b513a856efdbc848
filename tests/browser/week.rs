//! The schedule: the timetable, its zones, and changes by hand.

use serde_json::json;

use super::library;
use crate::support::browser::{Browser, Look};
use crate::support::shelved::{Library, Shelved};

/// Returns the YAML of two shows at the same time and one in London.
const YAML: &str = "timezone: Asia/Seoul\nstations:\n  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\n  \
                    r3: { name: Radio 3, timezone: Europe/London, hls: \"http://127.0.0.1:9/y\" }\nshows:\n  \
                    - { title: 명연주 명음반, id: masters, station: kbs, cron: \"0 14 * * *\", length: 2h }\n  \
                    - { title: 라디오 극장, id: drama, station: kbs, cron: \"30 15 * * *\", length: 1h }\n  \
                    - { title: Night Tracks, id: night, station: r3, cron: \"30 21 * * *\", length: 90m }\n";
const NONE: &[Shelved] = &[];

/// Returns the time and the position of the last airing of a show in the timetable: `21:30`, `0%`.
fn last(show: &str, what: &str) -> String {
    format!("[...document.querySelectorAll('.slot[data-key^=\"{show}@\"]')].at(-1).{what}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_week_is_a_timetable_in_the_zones_of_the_shows_or_in_mine() {
    let library = Library::open(YAML, NONE).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { width: 1440, ..Look::DESK }).await;
    page.goto("/schedule").await;
    page.is("document.querySelector('.week.laid')").await;
    // Today may be two dates, one in each zone.
    let days = page.eval("document.querySelectorAll('.days .day:not([hidden])').length").await;
    assert!([json!(7), json!(8)].contains(&days), "{days}");
    let clock = "querySelector('[data-from]').textContent";
    assert_eq!(page.text(&last("night", clock)).await, "21:30");
    // Airings at the same time are side by side, and say so.
    assert_eq!(page.text(&last("masters", "style.getPropertyValue('--left')")).await, "0%");
    assert_eq!(page.text(&last("drama", "style.getPropertyValue('--left')")).await, "50%");
    assert_eq!(page.text(&last("night", "style.getPropertyValue('--width')")).await, "100%");
    assert!(page.text(&last("drama", "textContent")).await.contains("At the same time: 명연주 명음반"));

    page.click(".zones [value=mine]").await;
    page.is(&format!("['06:30', '07:30'].includes({})", last("night", clock))).await;
    assert_eq!(page.text(&last("masters", clock)).await, "14:00");
    page.goto("/schedule").await;
    page.is(&format!("['06:30', '07:30'].includes({})", last("night", clock))).await;

    // On a phone it is a list.
    page.size(360, 740).await;
    assert_eq!(page.text(&format!("getComputedStyle({}).position", last("night", "closest('.slot')"))).await, "static");
    page.fits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timetable_shows_this_moment_only_if_all_of_it_has_one_zone() {
    let yaml = "timezone: Asia/Seoul\nstations:\n  kbs: { name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }\n  \
                r3: { name: Radio 3, timezone: Europe/London, hls: \"http://127.0.0.1:9/y\" }\nshows:\n  \
                - { title: 뉴스, id: news, station: kbs, cron: \"0 * * * *\", length: 1h }\n  \
                - { title: Night Tracks, id: night, station: r3, cron: \"30 21 * * *\", length: 90m }\n";
    let library = Library::open(yaml, NONE).await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { width: 1440, ..Look::DESK }).await;
    page.goto("/schedule").await;
    page.is("document.querySelector('.week.laid')").await;
    assert_eq!(page.eval("document.querySelector('.moment')").await, json!(null), "two clocks, two moments");
    page.click(".zones [value=mine]").await;
    page.is("document.querySelector('.moment')?.closest('.day.today')").await;
    // A page that opens shows it at once.
    page.goto("/schedule").await;
    page.is("(() => { const box = document.querySelector('.moment').getBoundingClientRect(); \
         return box.height > 0 && box.top > 0 && box.bottom < innerHeight; })()")
        .await;
    let now = page.eval("new Date().getHours() * 60 + new Date().getMinutes()").await.as_f64().expect("a number");
    let at = "Number(document.querySelector('.moment').style.getPropertyValue('--at')) * 1440";
    let shown = page.eval(at).await.as_f64().expect("a number");
    assert!((shown - now).abs() < 2.0 || now < 2.0, "{shown} at {now}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_airing_of_anything_else_can_be_added_after_one_of_a_show() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { width: 800, ..Look::DESK }).await;
    page.goto("/schedule").await;
    let own = "['title', 'station'].every((name) => { const it = document.querySelector(`.one-time [name=${name}]`); \
               return it.checkVisibility() && !it.disabled; })";
    page.click(".sheet:has(.one-time) summary").await;
    page.is(own).await;
    page.eval(
        "(() => { const it = document.querySelector('.one-time [name=show]'); it.value = 'masters'; \
         it.dispatchEvent(new Event('change', { bubbles: true })); \
         document.querySelector('.one-time [name=start]').value = \
         new Date(Date.now() + 2 * 86400e3).toISOString().slice(0, 11) + '20:00'; })()",
    )
    .await;
    page.is(&format!("!{own}")).await;
    page.click(".one-time button").await;
    page.is("document.querySelector('.toast')").await;
    page.click(".sheet:has(.one-time) summary").await;
    page.is(own).await;
    assert_eq!(page.eval("document.querySelector('.one-time [name=show]').value").await, json!(""));
    assert_eq!(page.eval("document.querySelector('.one-time [name=length]').required").await, json!(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_airing_is_skipped_and_taken_back_and_one_is_added_and_removed() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { width: 800, ..Look::DESK }).await;
    // Another visitor sees the change without doing anything.
    let other = browser.page(&library.base, Look::PHONE).await;
    other.goto("/schedule").await;
    page.goto("/schedule").await;
    let slot = page.text("[...document.querySelectorAll('.slot')].at(-1).dataset.key").await;
    let slot = format!(".slot[data-key='{slot}']");
    page.click(&format!("{slot} [data-act=skip]")).await;
    for page in [&page, &other] {
        page.is(&format!("document.querySelector(\"{slot}\").classList.contains('skipped')")).await;
    }
    page.is("document.activeElement.textContent === 'Record after all'").await;
    page.press("Enter").await;
    for page in [&page, &other] {
        page.is(&format!("!document.querySelector(\"{slot}\").classList.contains('skipped')")).await;
    }

    page.click(".sheet:has(.one-time) summary").await;
    page.eval("document.querySelector('.one-time [name=title]').focus()").await;
    page.write("선거 개표 방송").await;
    // In two days, as a date field writes it.
    page.eval(
        "document.querySelector('.one-time [name=start]').value = \
         new Date(Date.now() + 2 * 86400e3).toISOString().slice(0, 11) + '20:00'",
    )
    .await;
    page.click(".one-time button").await;
    // By its title: overlapping airings name it, too.
    let added = "[...document.querySelectorAll('.slot')] \
                 .find((it) => it.querySelector('.title').textContent === '선거 개표 방송')";
    for page in [&page, &other] {
        page.is(added).await;
    }
    assert_eq!(page.text(&format!("{added}.querySelector('[data-from]').textContent")).await, "20:00");
    page.eval(&format!("{added}.querySelector('[data-act=remove]').click()")).await;
    for page in [&page, &other] {
        page.is(&format!("!{added}")).await;
    }
}
