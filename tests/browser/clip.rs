//! The editor of clips: two pieces of yesterday's tape with a tone over some of it, cut by keys and by what is written.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::json;

use crate::support::aircheck::{Aircheck, until};
use crate::support::browser::{Browser, Look};
use crate::support::library::address;
use crate::support::taped;
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(120);

/// Returns an aircheck whose station `s` has two minutes of sound on tape, yesterday, and when they begin.
fn with_tape() -> (Aircheck, DateTime<Utc>) {
    let aircheck = Aircheck::new(
        "timezone: UTC\nstations:\n  s: { name: 어느 방송국, hls: \"http://127.0.0.1:9/x\", timezone: Asia/Seoul }\nshows: []\n",
    );
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(22);
    let tape = taped::open(&aircheck, "s", start);
    taped::put_sound(&tape, start, 15);
    tape.end_reel(None, start + TimeDelta::minutes(2)).expect("ended");
    (aircheck, start)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_of_two_pieces_with_a_bleep_has_the_seconds_that_were_chosen() {
    let (aircheck, start) = tokio::task::spawn_blocking(with_tape).await.expect("no panic");
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let browser = Browser::start().await;
    let page = browser.page(&base, Look::DESK).await;
    let at = |seconds: i64| start + TimeDelta::seconds(seconds);
    let written = |seconds: i64| (at(seconds) + TimeDelta::hours(9)).format("%H:%M:%S").to_string();
    let iso = |seconds: i64| at(seconds).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    page.goto(&format!("/clips/new?station=s&from={}&to={}", iso(10), iso(30))).await;
    page.is("document.querySelectorAll('.piece .handle').length === 2").await;
    // The waveform is drawn from the samples themselves.
    page.is("(() => { const canvas = document.querySelector('.piece canvas'); \
             return canvas.width > 300 && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height) \
             .data.filter((byte, at) => at % 4 === 3 && byte > 0).length > 2000; })()")
        .await;
    page.is("document.querySelector('.told').textContent.startsWith('0:20 · ')").await;

    // It zooms in, stays there while one looks closer, and out again.
    let shown = "(([from, to]) => to.textContent.slice(0, 8) + from.textContent.slice(0, 8))\
                 (document.querySelectorAll('.ruler span'))";
    let whole = page.text(shown).await;
    page.click("[data-zoom='1']").await;
    page.click_at(".piece .scope", 40).await;
    page.is(&format!("{shown} !== '{whole}'")).await;
    page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))").await;
    assert_ne!(page.text(shown).await, whole, "a click leaves the view as it is");
    page.click("[data-whole]").await;
    page.is(&format!("{shown} === '{whole}'")).await;

    // Keys move the beginning by a second, a tenth and a hundredth; what is written moves the end.
    page.eval("document.querySelector('.piece .handle.start').focus()").await;
    page.press("ArrowRight").await;
    page.press("ArrowRight").await;
    page.is(&format!("document.querySelector('.piece [data-edge=start]').value === '{}.000'", written(12))).await;
    page.eval(&format!(
        "(() => {{ const it = document.querySelector('.piece [data-edge=end]'); it.focus(); it.value = '{}.5'; \
         it.dispatchEvent(new Event('change', {{ bubbles: true }})); it.blur(); }})()",
        written(20)
    ))
    .await;
    page.is("document.querySelector('.told').textContent.startsWith('0:08 · ')").await;
    page.click("[data-hear=end]").await;

    // A tone over the second that begins at the cursor.
    page.eval(&format!(
        "(() => {{ document.querySelector('.piece [data-cover=bleep]').click(); \
         const [from, to] = document.querySelectorAll('.covers input'); \
         for (const [it, text] of [[to, '{}'], [from, '{}'], [to, '{}']]) \
         {{ it.value = text; it.dispatchEvent(new Event('change', {{ bubbles: true }})); }} }})()",
        written(16),
        written(14),
        written(16)
    ))
    .await;
    page.is("document.querySelector('.covers:not([hidden]) .kind').textContent === 'Bleep'").await;

    // It is dragged away by its end, and back.
    let end = "document.querySelectorAll('.covers input')[1].value";
    page.click("[data-whole]").await;
    page.drag(".scope > .cover", 99, 160).await;
    page.is(&format!("{end} > '{}.100'", written(16))).await;
    page.drag(".scope > .cover", 99, 10).await;
    page.is(&format!("{end} < '{}.900'", written(15))).await;
    page.eval(&format!(
        "(() => {{ const it = document.querySelectorAll('.covers input')[1]; it.value = '{}'; \
         it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        written(16)
    ))
    .await;

    // Another piece, which comes first.
    page.click(".more-pieces summary").await;
    page.eval(&format!(
        "document.querySelector('[data-begins]').value = '{}'",
        (at(60) + TimeDelta::hours(9)).format("%Y-%m-%dT%H:%M:%S")
    ))
    .await;
    page.click("[data-add-tape]").await;
    page.is("document.querySelectorAll('.piece').length === 2").await;
    page.eval(&format!(
        "(() => {{ const it = document.querySelector('.piece:last-child [data-edge=end]'); it.value = '{}'; \
         it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        written(64)
    ))
    .await;
    page.click(".piece:last-child [data-up]").await;
    page.is("document.querySelector('.piece:last-child [data-hear=joint]').checkVisibility()").await;
    page.click(".piece:last-child [data-hear=joint]").await;
    page.is("document.querySelector('.told').textContent.startsWith('0:12 · all of it is there')").await;
    page.fits().await;
    page.is("document.querySelector('.clip [name=encoding]').value === 'mp3'").await;
    page.eval("document.querySelector('.clip [name=encoding]').value = 'opus'").await;
    page.eval("document.querySelector('.clip [name=title]').value = '두 조각'").await;
    page.click(".clip button.first").await;
    page.is("location.pathname === '/clips'").await;

    until("the clip", LIMIT, async || aircheck.list().await.len() == 1).await;
    let list = aircheck.list().await;
    assert_eq!(list[0]["title"], json!("두 조각"));
    let file: std::path::PathBuf = list[0]["file"].as_str().expect("a file").into();
    assert_eq!(file.extension(), Some("opus".as_ref()));
    let heard = tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("no panic");
    let first = u16::try_from(start.timestamp() % 65_536).expect("so small");
    let seconds: Vec<_> = heard.numbers().into_iter().map(|second| second.wrapping_sub(first)).collect();
    assert_eq!(seconds, [60, 61, 62, 63, 12, 13, 16, 17, 18, 19], "{heard}");
    assert!((heard.length - 12.5).abs() < 0.03, "{heard}");
    page.is("document.querySelector('.row .title').textContent === '두 조각'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_a_clip_is_cut_with_a_form_that_says_what_is_wrong() {
    let (aircheck, start) = tokio::task::spawn_blocking(with_tape).await.expect("no panic");
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let browser = Browser::start().await;
    let page = browser.page(&base, Look { scripts: false, ..Look::PHONE }).await;
    page.goto("/clips/new?station=s&from=-3h&to=-2h").await;
    page.fits().await;
    page.expect("422");
    page.click(".clip button.first").await;
    page.is("document.querySelector('[role=alert]')?.textContent.includes('테이프에 없습니다')").await;
    let from = start.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let to = (start + TimeDelta::seconds(30)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    page.goto(&format!("/clips/new?station=s&from={from}&to={to}")).await;
    page.is("document.querySelector('[name=encoding]').selectedOptions[0].textContent === 'MP3'").await;
    page.eval("document.querySelector('[name=encoding]').value = 'original'").await;
    page.is("document.querySelector('[name=encoding]').selectedOptions[0].textContent === '원본'").await;
    page.click(".clip button.first").await;
    page.is("location.pathname === '/clips'").await;
    until("the clip", LIMIT, async || aircheck.list().await.len() == 1).await;
    let clip = &aircheck.list().await[0];
    assert_eq!(clip["verdict"], json!("complete"));
    assert!(clip["file"].as_str().is_some_and(|file| file.contains(".m4a")), "{clip}");
}
