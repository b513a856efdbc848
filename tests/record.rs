//! `aircheck record` against every way in which a station can hand out its sound: nothing missing, nothing doubled, cut
//! where it should be, as long as it should be to the sample. The sound itself says so: every second of it is numbered.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;

use crate::support::aircheck::{Aircheck, ffprobe};
use crate::support::origin::{Container, Encryption, Origin, ProgrammeTime, Redirects, Setup, StationHandle, Token};
use crate::support::rtmp::RtmpServer;
use crate::support::timecode::Report;

/// An MP3 frame at 48 kHz, in seconds: what an encoder may add.
const FRAME: f64 = 0.024;
/// Where a stamped cut lies: the rounding of stamps to milliseconds, and the reader's own error.
const STAMPED: f64 = 0.03;

/// One recording to make, and how far its beginning may be from where it should be.
struct Case {
    name: &'static str,
    source: String,
    within: f64,
}

impl Case {
    /// A station whose playlist says when its segments were on the air.
    fn stamped(name: &'static str, source: String) -> Self {
        Self { name, source, within: STAMPED }
    }
}

/// Records every case at the same time for `seconds`, and checks what came of each.
async fn record_all(cases: &[Case], seconds: u32) {
    let runs = cases.iter().map(|case| async move {
        let aircheck =
            Aircheck::new(&format!("stations:\n  s:\n    name: 시험 {}\n    {}\nshows: []\n", case.name, case.source));
        let length = format!("{seconds}s");
        let ran = aircheck.run(&["record", "s", "--for", &length, "--output", "a.mp3", "--json"]).await;
        let outcome = judge(case, &ran.stdout, &aircheck.path("a.mp3"), f64::from(seconds));
        (case.name, outcome.map_err(|problem| format!("{problem}\n{ran:?}")))
    });
    let mut failed = Vec::new();
    for (name, outcome) in join_all(runs).await {
        match outcome {
            Ok(line) => println!("{name:<28} {line}"),
            Err(problem) => failed.push(format!("{name}: {problem}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn judge(case: &Case, json: &str, file: &Path, seconds: f64) -> Result<String, String> {
    let said: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let heard = Report::of_file(file);
    let start: DateTime<Utc> = said["start"].as_str().and_then(|at| at.parse().ok()).ok_or("no start")?;
    let begins = heard.begins(start).ok_or("no second was heard")?;
    let off = (begins - start).as_seconds_f64();
    let line = format!("{heard}; begins {:+.0} ms from where it should", off * 1000.0);
    let whole = heard.is_whole() && (heard.length - seconds).abs() <= FRAME;
    let truthful = said["verdict"] == "complete" && said["missing"] == serde_json::json!([]);
    if !whole || !truthful {
        return Err(line);
    }
    if (said["seconds"].as_f64().unwrap_or_default() - seconds).abs() > 0.000_1 {
        return Err(format!("the length is not exact: {}", said["seconds"]));
    }
    // A stream without stamps is placed by arrival: later than on the air by its own delay, never earlier.
    if off < -case.within || off > STAMPED {
        return Err(line);
    }
    Ok(line)
}

fn hls(station: &StationHandle) -> String {
    format!("hls: {}", station.url())
}

fn find(station: &StationHandle, more: &str) -> String {
    format!(
        "hls:\n      find:\n        - get: {}\n        - match: 'service_url\\\\\":\\\\\"(.*?)\\\\\"'\n{more}",
        station.page_url()
    )
}

fn stamped(container: Container) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) }
}

#[tokio::test]
async fn forty_seconds_from_every_container_are_whole_and_cut_by_programme_time() {
    let origin = Origin::start();
    let station = |name: &str, setup: Setup| origin.station(name, setup);
    let ts = station("ts", stamped(Container::Ts));
    let aac = station("aac", stamped(Container::Adts));
    let mp3 = station("mp3", stamped(Container::Mp3));
    let fmp4 = station("fmp4", stamped(Container::Fmp4));
    let cases = [
        Case::stamped("ts", hls(&ts)),
        Case::stamped("aac", hls(&aac)),
        Case::stamped("mp3", hls(&mp3)),
        Case::stamped("fmp4", hls(&fmp4)),
    ];
    record_all(&cases, 40).await;
}

#[tokio::test]
async fn a_stream_that_says_no_time_is_cut_by_its_tightest_arrival() {
    let origin = Origin::start();
    // Segments of 4 s that come at once: one arrival alone would tell the time to 4 s, a poll tells it to 2 s, and the
    // tightest of the capture to less than that.
    let setup = |container| Setup { segment: Duration::from_secs(4), ..Setup::of(container) };
    let ts = origin.station("ts", setup(Container::Ts));
    let aac = origin.station("aac", setup(Container::Adts));
    let live = origin.station("live", Setup::of(Container::Mp3));
    let cases = [
        Case { name: "ts by arrival", source: hls(&ts), within: 2.0 },
        Case { name: "aac by arrival", source: hls(&aac), within: 2.0 },
        Case { name: "icecast with a burst", source: format!("icecast: {}", live.live_url()), within: 0.3 },
    ];
    record_all(&cases, 20).await;
}

#[tokio::test]
async fn keys_ranges_redirects_pages_cookies_and_headers_lose_nothing() {
    let origin = Origin::start();
    let station = |name: &str, setup: Setup| origin.station(name, setup);
    let encryption = |explicit_iv| Some(Encryption { explicit_iv, rotate_every: 3 });
    let explicit = station("iv", Setup { encryption: encryption(true), ..stamped(Container::Ts) });
    let implicit = station("seq", Setup { encryption: encryption(false), ..stamped(Container::Adts) });
    let keyed = station("keyed", Setup { encryption: encryption(true), ..stamped(Container::Fmp4) });
    let ranges = station("ranges", Setup { byte_ranges: true, ..stamped(Container::Ts) });
    let gzip = station("gzip", Setup { gzip: true, ..stamped(Container::Mp3) });
    let moved = station("moved", Setup { redirects: Redirects::OtherHost, ..stamped(Container::Ts) });
    let variants = station("variants", Setup { variants: vec![64_000, 128_000], ..stamped(Container::Ts) });
    let once = station("once", Setup { programme_time: ProgrammeTime::First, ..stamped(Container::Ts) });
    let token = Token { lifetime: Duration::from_secs(8), readable: false, status: 403 };
    let page = station("page", Setup { cookies: true, token: Some(token), ..stamped(Container::Adts) });
    let header = Some(("referer", "https://onair.example.kr/"));
    let strict = station("strict", Setup { header, ..stamped(Container::Ts) });
    let cases = [
        Case::stamped("aes, explicit iv", hls(&explicit)),
        Case::stamped("aes, sequence iv", hls(&implicit)),
        Case::stamped("aes, fmp4", hls(&keyed)),
        Case::stamped("byte ranges", hls(&ranges)),
        Case::stamped("gzip", hls(&gzip)),
        Case::stamped("redirects", hls(&moved)),
        Case::stamped("master playlist", hls(&variants)),
        Case::stamped("one stamp a playlist", hls(&once)),
        Case::stamped("page, cookie, short token", find(&page, "")),
        Case::stamped("referer", find(&strict, "      headers: { Referer: 'https://onair.example.kr/' }\n")),
    ];
    record_all(&cases, 20).await;
}

#[tokio::test]
async fn forty_seconds_over_rtmp_are_whole() {
    let server = RtmpServer::start();
    let cases = [Case {
        name: "rtmp, nginx-rtmp",
        source: format!("rtmp: {}", server.url()),
        // What the publisher, the server and rtmpdump hold back at the beginning.
        within: 1.0,
    }];
    record_all(&cases, 40).await;
}

#[tokio::test]
async fn the_mp3_is_what_players_expect() {
    let origin = Origin::start();
    let station = origin.station("aac", stamped(Container::Adts));
    let aircheck =
        Aircheck::new(&format!("stations:\n  s:\n    name: 클래식 FM 📻\n    {}\nshows: []\n", hls(&station)));
    let ran = aircheck.run(&["record", "s", "--for", "5s", "--output", "한 번.mp3"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    // Nobody looks at a bar in a pipe: one line.
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert!(ran.stdout.starts_with("complete: 5.000 s — /") && ran.stdout.ends_with("한 번.mp3\n"), "{ran:?}");
    assert_eq!(ran.stderr, "");

    let probed = ffprobe(&aircheck.path("한 번.mp3"));
    let duration: f64 = probed["format"]["duration"].as_str().and_then(|d| d.parse().ok()).unwrap_or_default();
    assert!((duration - 5.0).abs() <= FRAME * 2.0, "{probed}");
    let tags = &probed["format"]["tags"];
    assert_eq!(tags["artist"], "클래식 FM 📻");
    assert_eq!(tags["genre"], "Radio");
    assert!(tags["title"].as_str().is_some_and(|title| title.starts_with("클래식 FM 📻 20")), "{tags}");
    assert_eq!(tags["comment"], "complete: 5.000 s");
    let stream = &probed["streams"][0];
    assert_eq!((stream["codec_name"].as_str(), stream["bit_rate"].as_str()), (Some("mp3"), Some("128000")));
    // Only the file is left: no tape, no temporary file.
    let mut left: Vec<_> =
        std::fs::read_dir(aircheck.path(".")).expect("the folder").flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["stations.yaml", "한 번.mp3"]);

    // And the second run does not touch it.
    let again = aircheck.run(&["record", "s", "--for", "5s", "--output", "한 번.mp3"]).await;
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("exists and is not replaced"), "{again:?}");
}

#[tokio::test]
async fn a_station_that_gives_nothing_is_told_in_words_and_leaves_no_file() {
    let aircheck = Aircheck::new(
        "stations:\n  s:\n    name: Nowhere\n    hls: http://127.0.0.1:9/x.m3u8?token=verysecret\nshows: []\n",
    );
    let ran = aircheck.run(&["record", "s", "--for", "1s", "--output", "a.mp3"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("nothing of Nowhere could be recorded: ") && ran.stderr.contains("127.0.0.1:9"),
        "{ran:?}"
    );
    assert!(!ran.stderr.contains("verysecret"), "{ran:?}");
    assert!(!aircheck.path("a.mp3").exists());

    let ran = aircheck.run(&["record", "nowhere", "--for", "1s"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no station `nowhere`") && ran.stderr.contains("there are: s"), "{ran:?}");
}
