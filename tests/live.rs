//! Listening to a recording from its beginning while it is being made.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, StatusCode, Url};

use crate::support::aircheck::{Aircheck, until};
use crate::support::airing::next_minute;
use crate::support::browser::{Browser, Look};
use crate::support::ffmpeg;
use crate::support::library::address;
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup, StationHandle};
use crate::support::timecode::Report;

/// The longest wait: until the next full minute, and for an airing in it.
const SOON: Duration = Duration::from_secs(120);

fn stamped(origin: &Origin, name: &str, container: Container) -> StationHandle {
    origin.station(name, Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) })
}

async fn text(client: &Client, url: Url) -> Option<String> {
    let answer = client.get(url).send().await.ok()?;
    if answer.status().is_success() { answer.text().await.ok() } else { None }
}

/// Returns what ffmpeg plays of `url`, from the beginning of the playlist to its end.
async fn played(url: Url) -> Report {
    let play = move || {
        let args = ["-live_start_index", "0", "-i", url.as_str(), "-c:a", "pcm_s16le", "-f", "wav", "-"];
        Report::of_bytes("wav", &ffmpeg::run(&args, &[]))
    };
    tokio::task::spawn_blocking(play).await.expect("no panic")
}

/// Checks that `heard` begins at `start` and has no hole.
fn goes_from(heard: &Report, start: DateTime<Utc>, at_least: f64) {
    assert!(heard.is_whole(), "{heard}");
    // A playlist begins with the whole segment that holds the beginning.
    let off = heard.begins(start).map(|begins| (start - begins).as_seconds_f64());
    assert!(off.is_some_and(|off| (-0.1..2.1).contains(&off)), "{heard}, {off:?} before the beginning");
    assert!(heard.length >= at_least, "{heard}");
}

#[tokio::test]
async fn an_airing_is_heard_from_its_beginning_while_it_is_being_recorded() {
    let origin = Origin::start();
    let stations =
        [("ts", Container::Ts), ("adts", Container::Adts), ("fmp4", Container::Fmp4), ("mp3", Container::Mp3)];
    let handles = stations.map(|(name, container)| stamped(&origin, name, container));
    let (minute, cron) = next_minute(6);
    let named = stations.iter().zip(&handles);
    let sources: String =
        named.map(|((name, _), handle)| format!("  {name}: {{ name: {name}, hls: \"{}\" }}\n", handle.url())).collect();
    let shows = stations.map(|(name, _)| {
        format!("  - {{ title: 지금 {name}, id: {name}, station: {name}, cron: \"{cron}\", length: 24s }}\n")
    });
    let aircheck = Aircheck::new(&format!("timezone: UTC\nstations:\n{sources}shows:\n{}", shows.concat()));
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let client = Client::new();
    let id = |name: &str| format!("{name}@{}", minute.format("%Y%m%dT%H%MZ"));
    let live = |file: String| base.join("live/").and_then(|folder| folder.join(&file)).expect("an address");

    let clock = SystemClock::shared();
    until("the airing", SOON, async || clock.now() >= minute + TimeDelta::seconds(4)).await;
    let mp3 = client.get(live(format!("{}.mp3", id("fmp4")))).send().await.expect("an answer");
    assert_eq!((mp3.status(), mp3.headers()["content-type"].to_str().ok()), (StatusCode::OK, Some("audio/mpeg")));
    let listening = tokio::spawn(async move { mp3.bytes().await.expect("it ends by itself") });

    let players = stations.map(|(name, _)| tokio::spawn(played(live(format!("{}.m3u8", id(name))))));
    for (name, _) in stations {
        let playlist = text(&client, live(format!("{}.m3u8", id(name)))).await.expect("a playlist");
        assert!(playlist.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !playlist.contains("ENDLIST"), "{playlist}");
    }
    assert_eq!(aircheck.list().await.len(), 0, "it is still being recorded");
    let playlist = text(&client, live(format!("{}.m3u8", id("ts")))).await.expect("a playlist");
    let segment = playlist.lines().find(|line| !line.starts_with('#')).expect("a segment");
    let segment = client.get(live(segment.to_owned())).send().await.expect("an answer");
    assert_eq!(segment.status(), StatusCode::OK);
    assert!(segment.headers()["cache-control"].to_str().is_ok_and(|told| told.starts_with("private, ")), "{segment:?}");

    until("the recordings", SOON, async || aircheck.list().await.len() == stations.len()).await;
    let heard = listening.await.expect("no panic").to_vec();
    let heard = tokio::task::spawn_blocking(move || Report::of_bytes("mp3", &heard)).await.expect("no panic");
    goes_from(&heard, minute, 23.9);
    for player in players {
        // The player ends with the playlist, which ends with the airing; the tape stays for a while.
        goes_from(&player.await.expect("no panic"), minute, 23.9);
    }

    for nothing in ["x.m3u8", "x.mp3", "x", "%2e%2e%2f.mp3"] {
        let answer = client.get(live(nothing.to_owned())).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
    for nothing in ["catalogue.sqlite", "..%2f..%2fcatalogue.sqlite", "x-0.ts"] {
        let answer = client.get(live(format!("{}/{nothing}", id("ts")))).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_plays_the_tape_itself_from_the_beginning() {
    let origin = Origin::start();
    let stations = [("ts", Container::Ts), ("adts", Container::Adts), ("fmp4", Container::Fmp4)];
    let handles = stations.map(|(name, container)| stamped(&origin, name, container));
    let (minute, cron) = next_minute(6);
    let named = stations.iter().zip(&handles);
    let sources: String =
        named.map(|((name, _), handle)| format!("  {name}: {{ name: {name}, hls: \"{}\" }}\n", handle.url())).collect();
    let shows = stations.map(|(name, _)| {
        format!("  - {{ title: 지금 {name}, id: {name}, station: {name}, cron: \"{cron}\", length: 60s }}\n")
    });
    let aircheck = Aircheck::new(&format!("timezone: UTC\nstations:\n{sources}shows:\n{}", shows.concat()));
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let (browser, client) = (Browser::start().await, Client::new());
    let clock = SystemClock::shared();
    until("ten seconds of it", SOON, async || clock.now() >= minute + TimeDelta::seconds(14)).await;
    for (name, _) in stations {
        let page = browser.page(&base, Look::DESK).await;
        page.goto("/").await;
        let url = format!("live/{name}@{}.m3u8", minute.format("%Y%m%dT%H%MZ"));
        let hear = format!(
            "window.sound = new Audio({:?}); window.began = null; \
             sound.addEventListener('timeupdate', () => {{ began ??= sound.currentTime; }}, {{ once: true }}); \
             sound.play().then(() => 'plays', (error) => String(error))",
            base.join(&url).expect("an address").as_str()
        );
        assert_eq!(page.text(&hear).await, "plays", "{name}");
        page.is("sound.currentTime > 1.5").await;
        assert_eq!(page.eval("began < 0.5 && sound.buffered.start(0)").await, 0, "{name} begins at the beginning");

        // Chromium does not seek in a playlist that grows, but the playlist can begin at any second.
        let later = text(&client, base.join(&format!("{url}?from=8")).expect("an address")).await.expect("a playlist");
        let whole = text(&client, base.join(&url).expect("an address")).await.expect("a playlist");
        let first = |playlist: &str| playlist.lines().find(|line| !line.starts_with('#')).map(str::to_owned);
        assert!(whole.contains(&first(&later).expect("a segment")) && first(&later) != first(&whole), "{later}");
    }

    // The page shows how far and how loud the airing is, and its player plays it.
    let page = browser.page(&base, Look::PHONE).await;
    page.goto("/on-air").await;
    page.is("document.querySelectorAll('.row.now').length === 3").await;
    assert_eq!(page.text("document.querySelector('.row.now .title').textContent").await, "지금 adts");
    page.is("document.documentElement.scrollWidth <= 360").await;
    let level =
        "[...document.querySelectorAll('.meter span')].every((bar) => bar.style.getPropertyValue('--level') > 0.3)";
    page.is(level).await;
    let told = page.eval("document.querySelector('.now progress').value").await.as_f64().expect("a number");
    page.is(&format!("document.querySelector('.now progress').value > {told}")).await;
    let sound = "document.querySelector('#player audio')";
    page.click(".row.now .play").await;
    page.is(&format!("{sound}.currentTime > 0.5 && !{sound}.paused")).await;
    page.is("document.querySelector('#player [data-now]').textContent < '0:05'").await;
    page.click("#player [data-skip='30']").await;
    page.is(&format!("{sound}.src.includes('from=') && !{sound}.src.endsWith('from=0.0')")).await;
    page.is(&format!("{sound}.currentTime > 0.5 && !{sound}.paused")).await;
    page.is("document.querySelector('#player [data-now]').textContent >= '0:12'").await;

    // After a stop by hand the airing leaves the page, and is a recording.
    page.click(".row.now [data-act='stop']").await;
    page.is("document.querySelectorAll('.row.now').length === 2").await;
    until("the recording", SOON, async || aircheck.list().await.len() == 1).await;
    assert_eq!(aircheck.list().await[0]["verdict"], "complete");
}
