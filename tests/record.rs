//! `aircheck record` with every way in which a station can send its sound: nothing missing, nothing doubled, an exact
//! cut, and the right length to the sample. The sound itself proves it: every second is numbered.

use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, SubsecRound as _, Utc};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, ffprobe, until};
use crate::support::cases::{Case, FRAME, find, hls, stamped, turn};
use crate::support::origin::{
    Container, Encryption, Fault, Gzip, Kind, Origin, Part, ProgrammeTime, Redirects, Setup, Token, Written,
};
use crate::support::rtmp::RtmpServer;

#[tokio::test]
async fn forty_seconds_from_every_container_are_whole_and_cut_by_programme_time() {
    let turn = turn(4).await;
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
    turn.record(cases, 40).await;
}

#[tokio::test]
async fn a_stream_without_dates_is_cut_by_its_tightest_arrival() {
    let turn = turn(3).await;
    let origin = Origin::start();
    // Segments of 4 s that come at once: one arrival alone gives the time to 4 s, a poll to 2 s, and the tightest of
    // the capture to less than that.
    let setup = |container| Setup { segment: Duration::from_secs(4), ..Setup::of(container) };
    let ts = origin.station("ts", setup(Container::Ts));
    let aac = origin.station("aac", setup(Container::Adts));
    let live = origin.station("live", Setup::of(Container::Mp3));
    let cases = [
        Case::placed("ts by arrival", hls(&ts), 2.0),
        Case::placed("aac by arrival", hls(&aac), 2.0),
        Case::placed("icecast with a burst", format!("icecast: {}", live.live_url()), 0.3),
    ];
    turn.record(cases, 20).await;
}

#[tokio::test]
async fn keys_ranges_redirects_pages_cookies_and_headers_lose_nothing() {
    let turn = turn(10).await;
    let origin = Origin::start();
    let station = |name: &str, setup: Setup| origin.station(name, setup);
    let encryption = |explicit_iv| Some(Encryption::usual(explicit_iv, 3));
    let explicit = station("iv", Setup { encryption: encryption(true), ..stamped(Container::Ts) });
    let implicit = station("seq", Setup { encryption: encryption(false), ..stamped(Container::Adts) });
    let keyed = station("keyed", Setup { encryption: encryption(true), ..stamped(Container::Fmp4) });
    let ranges = station("ranges", Setup { byte_ranges: true, ..stamped(Container::Ts) });
    let gzip = station("gzip", Setup { gzip: Gzip::Yes, ..stamped(Container::Mp3) });
    let moved = station("moved", Setup { redirects: Redirects::OtherHost, ..stamped(Container::Ts) });
    let variants = station("variants", Setup { variants: vec![64_000, 128_000], ..stamped(Container::Ts) });
    let once = station("once", Setup { programme_time: ProgrammeTime::First, ..stamped(Container::Ts) });
    let token = Token { lifetime: Duration::from_secs(8), written: Written::Opaque, status: 403 };
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
    turn.record(cases, 20).await;
}

#[tokio::test]
async fn forty_seconds_over_rtmp_are_whole() {
    let turn = turn(1).await;
    let server = RtmpServer::start();
    // How much the publisher, the server and rtmpdump delay the beginning.
    let cases = [Case::placed("rtmp, nginx-rtmp", format!("rtmp: {}", server.url()), 1.0)];
    turn.record(cases, 40).await;
}

#[tokio::test]
async fn the_mp3_is_what_players_expect() {
    let origin = Origin::start();
    let station = origin.station("aac", stamped(Container::Adts));
    let aircheck =
        Aircheck::new(&format!("stations:\n  s:\n    name: 클래식 FM 📻\n    {}\nshows: []\n", hls(&station)));
    let ran = aircheck.run(&["record", "s", "--for", "5s", "--output", "한 번.mp3"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    // A pipe gets one line, and no progress bar.
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
    // Only the file remains: no tape, no temporary file.
    let mut left: Vec<_> =
        std::fs::read_dir(aircheck.path(".")).expect("the folder").flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["stations.yaml", "한 번.mp3"]);

    // The second run does not touch the file.
    let again = aircheck.run(&["record", "s", "--for", "5s", "--output", "한 번.mp3"]).await;
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("exists and is not replaced"), "{again:?}");
    for file in ["-", "a.wav", "none/a.mp3"] {
        let ran = aircheck.run(&["record", "s", "--for", "1s", "--output", file]).await;
        assert!(ran.code == 2 && !ran.stderr.is_empty() && !aircheck.path(file).exists(), "{file}: {ran}");
    }
}

#[tokio::test]
async fn a_station_without_sound_is_reported_in_words_and_leaves_no_file() {
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

    let ran = aircheck.run(&["record", "elsewhere", "--for", "1s"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no station `elsewhere`") && ran.stderr.contains("there are: s"), "{ran:?}");
}

/// Returns the report of `aircheck record --json`.
fn told(log: &str) -> Value {
    let json = log.find('{').and_then(|at| serde_json::from_str(&log[at..]).ok());
    json.unwrap_or_else(|| panic!("no JSON in {log}"))
}

/// Waits until some segments of the recording are on tape.
async fn until_on_tape(aircheck: &Aircheck) {
    let segments = |tape: &Path| -> usize {
        let indexes = std::fs::read_dir(tape).into_iter().flatten().flatten().map(|entry| entry.path());
        let indexes = indexes.filter(|path| path.extension().is_some_and(|ending| ending == "m3u8"));
        indexes.filter_map(|path| std::fs::read_to_string(path).ok()).map(|text| text.matches("#EXTINF").count()).sum()
    };
    until("sound on tape", Duration::from_secs(60), async || {
        let hidden = std::fs::read_dir(aircheck.path(".")).into_iter().flatten().flatten();
        hidden.map(|entry| entry.path().join("tape/s")).any(|tape| segments(&tape) >= 3)
    })
    .await;
}

#[tokio::test]
async fn a_recording_that_is_stopped_is_complete_up_to_that_moment() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Adts));
    let aircheck = Aircheck::new(&format!("stations:\n  s:\n    name: S\n    {}\nshows: []\n", hls(&station)));
    for (file, signal) in [("int.mp3", Signal::INT), ("term.mp3", Signal::TERM)] {
        let mut record = aircheck.start(file, &["record", "s", "--for", "2m", "--output", file, "--json"]);
        until_on_tape(&aircheck).await;
        let stopped = SystemClock::shared().now().trunc_subsecs(3);
        record.signal(signal);
        let code = record.end().await.code();
        let ended = SystemClock::shared().now();
        let report = told(&record.log());
        assert_eq!((code, &report["verdict"]), (Some(0), &"complete".into()), "{report}");
        assert_eq!(report["missing"], Value::Array(vec![]), "{report}");
        let at = |key: &str| report[key].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).expect("a time");
        assert!((stopped..ended).contains(&at("end")), "stopped between {stopped} and {ended}: {report}");
        let length = (at("end") - at("start")).as_seconds_f64();
        let seconds = report["seconds"].as_f64().unwrap_or_default();
        assert!((seconds - length).abs() < 0.06 && seconds > 1.0, "{seconds} of {length} s: {report}");
        let duration = ffprobe(&aircheck.path(file))["format"]["duration"].as_str().and_then(|text| text.parse().ok());
        assert!(duration.is_some_and(|duration: f64| (duration - length).abs() < 0.1), "{duration:?} of {length} s");
    }
}

#[tokio::test]
async fn a_stop_before_the_last_seconds_keeps_what_has_come_and_blames_no_station() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Adts));
    let aircheck = Aircheck::new(&format!("stations:\n  s:\n    name: S\n    {}\nshows: []\n", hls(&station)));
    let mut record = aircheck.start("record", &["record", "s", "--for", "2m", "--output", "a.mp3", "--json"]);
    until_on_tape(&aircheck).await;
    // From here on the playlist stays as it is.
    station.fault(Fault::new(Part::Playlist, Kind::Frozen));
    record.signal(Signal::INT);
    record.says("stopped", Duration::from_secs(60)).await;
    record.signal(Signal::INT);
    let code = record.end().await.code();
    let report = told(&record.log());
    assert_eq!((code, &report["verdict"]), (Some(3), &"partial".into()), "{report}");
    assert_eq!(report["missing"][0]["kind"], "stopped", "{report}");
}
