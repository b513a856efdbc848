//! Recordings as HLS in a browser: by Chromium itself, and by hls.js on a page of somebody else.
//!
//! `tests/hlsjs/fetch` downloads hls.js; without it that test is skipped, and says so.

use serde_json::json;

use super::{shelved, yaml};
use crate::support::browser::{Browser, Look, Page};
use crate::support::shelved::Library;
use crate::support::skip;

const MASTER: &str = "/recordings/masters@20261118T0500Z/hls/master.m3u8";

async fn library() -> Library {
    Library::open(&format!("hls: [128k, 64k]\n{}", yaml()), &shelved()[2..3]).await
}

/// Waits until `sound` plays at the beginning, then seeks to its end, and waits until it plays there.
async fn plays_everywhere(page: &Page) {
    page.is("Math.abs(sound.duration - 90) < 0.05").await;
    page.is("sound.currentTime > 1 && !sound.paused").await;
    page.eval("sound.currentTime = 71.5, true").await;
    page.is("sound.currentTime > 72.5 && !sound.paused && !sound.seeking").await;
    page.eval("sound.currentTime = 88.5, true").await;
    page.is("sound.ended").await;
    assert_eq!(page.eval("sound.error").await, json!(null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_plays_a_recording_as_hls_itself() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    let hear =
        format!("window.sound = new Audio({MASTER:?}); sound.play().then(() => 'plays', (error) => String(error))");
    assert_eq!(page.text(&hear).await, "plays");
    plays_everywhere(&page).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hls_js_plays_every_rendition_of_a_recording() {
    let Some(script) = script() else {
        skip::without("hls.js in target/hlsjs; tests/hlsjs/fetch brings it");
        return;
    };
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.without_policy().await;
    page.goto("/").await;
    page.eval(&script).await;
    page.eval(&format!(
        "window.troubles = []; window.heard = new Set(); window.sound = new Audio(); \
         window.hls = new Hls({{ enableWorker: false }}); \
         hls.on(Hls.Events.ERROR, (_, trouble) => trouble.fatal && troubles.push(trouble.details)); \
         hls.on(Hls.Events.FRAG_CHANGED, (_, {{ frag }}) => heard.add(frag.level)); \
         hls.loadSource({MASTER:?}); hls.attachMedia(sound); true"
    ))
    .await;
    // Requests that are ended for another level, or asked again on a slow machine, are no faults.
    page.is("hls.levels.length === 2").await;
    let levels = page.eval("hls.levels.map(({ name, audioCodec }) => [name, audioCodec])").await;
    assert_eq!(levels, json!([["64 kbit/s", "mp4a.40.2"], ["128 kbit/s", "mp4a.40.2"]]));
    for level in [1, 0] {
        page.eval(&format!("hls.currentLevel = {level}, sound.currentTime = 0, sound.play(), true")).await;
        page.is(&format!("heard.has({level})")).await;
        plays_everywhere(&page).await;
    }
    assert_eq!(page.eval("troubles").await, json!([]));
}

/// Returns hls.js, as a script.
fn script() -> Option<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/hlsjs");
    let script =
        std::fs::read_dir(folder).ok()?.flatten().find(|file| file.file_name().to_string_lossy().ends_with(".js"))?;
    // Nothing of it is the value.
    std::fs::read_to_string(script.path()).ok().map(|script| format!("{script}; true"))
}
