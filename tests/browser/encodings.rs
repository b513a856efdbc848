//! Recordings of every codec in a real Chromium: each is decoded to its end, and plays on the page.

use std::time::Duration;

use aircheck::model::EncodingKind;
use chrono::TimeDelta;

use super::SOUND;
use crate::encodings::made;
use crate::original_he_aac;
use crate::support::browser::{Browser, Look};
use crate::support::collection::{Collection, kept};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_decodes_and_plays_aac_opus_and_the_original() {
    let collection = Collection::new("").await;
    let mut all = Vec::new();
    for (hours, (kind, extension)) in
        (0..).zip([(EncodingKind::Aac, "m4a"), (EncodingKind::Opus, "opus"), (EncodingKind::Original, "m4a")])
    {
        let kept = kept("evening-news", "Evening News", hours);
        let id = kept.airing().id;
        let file = format!("{hours}.{extension}");
        let length = made(kind, collection.aircheck.path("recordings").join(&file)).await;
        collection.list(&kept, &file).await;
        all.push((id, extension, length));
    }
    let kept = kept("evening-news", "Evening News", 3);
    let length = original_he_aac::made(collection.aircheck.path("recordings").join("3.m4a")).await;
    collection.list(&kept, "3.m4a").await;
    all.push((kept.airing().id, "m4a", length));
    let (_service, base) = collection.serve().await;
    let browser = Browser::start().await;
    let page = browser.page(&base, Look::DESK).await;
    // What is on the list here has no waveform.
    page.expect("/waveforms/");
    page.goto("/").await;
    for (id, extension, length) in all {
        let address = format!("/media/{}.{extension}", id.as_str().replace('@', "%40"));
        let decoded = page
            .eval(&format!(
                "fetch('{address}').then((answer) => answer.arrayBuffer()) \
                 .then((bytes) => new OfflineAudioContext(1, 48000, 48000).decodeAudioData(bytes)) \
                 .then((sound) => sound.duration)"
            ))
            .await;
        let decoded = Duration::from_secs_f64(decoded.as_f64().expect("a length"));
        assert!(decoded.abs_diff(length) < Duration::from_millis(50), "{address}: {decoded:?}, not {length:?}");
        let row = format!(".row[data-id='{id}']");
        page.click(&format!("{row} .play")).await;
        page.is(&format!("{SOUND}.currentSrc.endsWith('{extension}') && {SOUND}.currentTime > 0.3")).await;
        let plays = page.eval(&format!("{SOUND}.duration")).await.as_f64().expect("a length");
        let off = TimeDelta::from_std(length).expect("short").as_seconds_f64() - plays;
        assert!(off.abs() < 0.1, "{address} plays for {plays} s, not {length:?}");
    }
}
