//! Stations whose format changes during a recording, announced or not: one MP3, nothing missing or doubled, no drift,
//! an exact cut.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;

use crate::support::aircheck::Aircheck;
use crate::support::cases::turn;
use crate::support::origin::{Act, Codec, Container, Mix, Origin, ProgrammeTime, SentAs, Setup, StationHandle};
use crate::support::timecode::Report;

/// How long each case is recorded, in seconds.
const LENGTH: f64 = 30.0;

fn aac(container: Container, rate: u32, channels: u32) -> Act {
    Act { container, codec: Codec::Aac, rate, channels, silent: false }
}

fn mp3(container: Container) -> Act {
    Act { container, codec: Codec::Mp3, rate: 48_000, channels: 1, silent: false }
}

/// Six seconds of one format, then six of the other.
fn turns(one: Act, other: Act, announced: bool) -> Mix {
    Mix { acts: vec![one, other], order: vec![0, 0, 0, 1, 1, 1], announced, shift: None }
}

/// A break of one segment, about two seconds, after four of programme.
fn breaks(programme: Act, advertisement: Act) -> Mix {
    Mix { acts: vec![programme, advertisement], order: vec![0, 0, 0, 0, 1], announced: true, shift: None }
}

fn stamps(shift: fn(u64) -> u64) -> Mix {
    let act = aac(Container::Ts, 48_000, 1);
    Mix { acts: vec![act], order: vec![0], announced: false, shift: Some(shift) }
}

/// Records `station`, and returns what is wrong with the recording, or how exact it is.
async fn record(name: &str, station: &StationHandle, stamped: bool, changes: usize) -> Result<String, String> {
    let aircheck = Aircheck::new(&format!("stations:\n  s:\n    hls: \"{}\"\nshows: []\n", station.url()));
    let length = format!("{LENGTH}s");
    let ran = aircheck.run(&["record", "s", "--for", &length, "--output", "a.mp3", "--json"]).await;
    let said: serde_json::Value = serde_json::from_str(&ran.stdout).map_err(|error| format!("{error}: {ran:?}"))?;
    let file = aircheck.path("a.mp3");
    if !file.exists() {
        return Err(format!("{name}: no file: {ran:?}"));
    }
    let heard = tokio::task::spawn_blocking(move || Report::of_file(&file)).await.map_err(|error| error.to_string())?;
    let start: DateTime<Utc> = said["start"].as_str().and_then(|at| at.parse().ok()).ok_or("no start")?;
    let begins = heard.begins(start).ok_or_else(|| format!("no second was heard: {ran:?}"))?;
    let ends = heard.ends(start).ok_or("no second was heard")?;
    let off = (begins - start).as_seconds_f64();
    let drift = (ends - begins).as_seconds_f64() - LENGTH;
    let line = format!("{name:<34} {heard}; begins {:+.0} ms off, drifts {:+.1} ms", off * 1e3, drift * 1e3);
    let truthful = said["verdict"] == "complete" && said["missing"] == serde_json::json!([]);
    let exact = if stamped { off.abs() < 0.03 } else { off > -4.0 && off < 0.03 };
    // The cut ends within an MP3 frame, which the encoder fills up. A codec needs the frame before to decode the first
    // of a new format, and no station sends it, so a second with a change may lack a symbol. Nothing may be missing,
    // doubled or moved.
    let whole = heard.missing == 0.0 && heard.doubled == 0.0 && heard.unreadable.len() <= changes;
    if whole && truthful && exact && (-0.004..=0.024).contains(&drift) {
        Ok(line)
    } else {
        Err(format!("{line}\n{said}"))
    }
}

#[tokio::test]
async fn a_recording_through_changes_of_format_is_one_whole_file() {
    let (ts, adts, fmp4) = (Container::Ts, Container::Adts, Container::Fmp4);
    let cases: Vec<(&str, Mix, bool)> = vec![
        ("sample rate and channels, announced", turns(aac(adts, 48_000, 1), aac(adts, 32_000, 2), true), true),
        ("sample rate, not announced", turns(aac(adts, 48_000, 1), aac(adts, 24_000, 1), false), true),
        ("sample rate in TS, not announced", turns(aac(ts, 48_000, 1), aac(ts, 32_000, 1), false), true),
        ("sample rate, no stamps", turns(aac(adts, 48_000, 1), aac(adts, 32_000, 1), true), false),
        ("sample rate, no stamps, unannounced", turns(aac(ts, 48_000, 1), aac(ts, 24_000, 1), false), false),
        ("codec, announced", turns(aac(adts, 48_000, 1), mp3(Container::Mp3), true), true),
        ("codec in TS, not announced", turns(aac(ts, 48_000, 1), mp3(ts), false), true),
        ("container, announced", turns(aac(ts, 48_000, 1), aac(adts, 48_000, 1), true), true),
        ("container, not announced", turns(aac(fmp4, 48_000, 1), aac(ts, 48_000, 1), false), true),
        ("MP4 with another MAP", turns(aac(fmp4, 48_000, 1), aac(fmp4, 32_000, 2), true), true),
        ("MP4 with another MAP, unannounced", turns(aac(fmp4, 48_000, 1), aac(fmp4, 24_000, 1), false), true),
        ("2 s break, MP3 in AAC", breaks(aac(ts, 48_000, 1), mp3(Container::Mp3)), true),
        ("2 s break, 32 kHz in 48 kHz", breaks(aac(adts, 48_000, 1), aac(ts, 32_000, 2)), true),
        ("2 s break, no stamps", breaks(aac(ts, 48_000, 1), aac(ts, 32_000, 2)), false),
    ];
    all(cases).await;
}

#[tokio::test]
async fn jumps_and_wraps_of_timestamps_cost_nothing() {
    const SECOND: u64 = 90_000;
    /// Ticks of a segment of 1.92 s.
    const SEGMENT: u64 = 172_800;
    let cases: Vec<(&str, Mix, bool)> = vec![
        ("an hour forward", stamps(|n| n / 4 * 3_600 * SECOND), true),
        ("half a second forward", stamps(|n| n / 3 * SECOND / 2), true),
        ("a minute back", stamps(|n| (1 << 32) - n / 4 * 60 * SECOND), true),
        ("three seconds back", stamps(|n| (1 << 32) - n / 3 * 3 * SECOND), true),
        // In every ten segments, the stamps wrap at the fifth.
        ("33 bits wrap", stamps(|n| (1 << 33) - (n / 10 * 10 + 5) * SEGMENT - SECOND), true),
        ("33 bits wrap, no stamps", stamps(|n| (1 << 33) - (n / 10 * 10 + 5) * SEGMENT - SECOND), false),
    ];
    all(cases).await;
}

async fn all(cases: Vec<(&'static str, Mix, bool)>) {
    let _turn = turn(cases.len()).await;
    let origin = Origin::start();
    let origin = &origin;
    // Each case begins as soon as its station is on the air: making a station takes a while, and its programme ends.
    let runs = cases.into_iter().enumerate().map(|(number, (name, mix, stamped))| async move {
        let programme_time = if stamped { ProgrammeTime::Every } else { ProgrammeTime::No };
        // The changes of format in half a minute; none if only stamps jump.
        let changes = if mix.acts.len() > 1 { 7 } else { 0 };
        let setup =
            Setup { mix: Some(mix), programme_time, segment: Duration::from_secs(2), ..Setup::of(Container::Ts) };
        let station = origin.station(&format!("s{number}"), setup);
        record(name, &station, stamped, changes).await
    });
    let mut failed = Vec::new();
    for outcome in join_all(runs).await {
        match outcome {
            Ok(line) => println!("{line}"),
            Err(line) => failed.push(line),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Puts bytes before and after each packet of 188 bytes.
fn wrapped(segment: &[u8], before: &[u8], behind: &[u8]) -> Vec<u8> {
    segment.as_chunks::<188>().0.iter().flat_map(|packet| [before, packet, behind].concat()).collect()
}

/// Returns a segment whose tables announce sound that it does not have.
fn without_sound(segment: &[u8]) -> Vec<u8> {
    // The first elementary stream as ffmpeg and the origin number them; null packets take its place.
    let is_sound = |packet: &[u8; 188]| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]) == 0x100;
    let null = [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat();
    segment
        .as_chunks::<188>()
        .0
        .iter()
        .flat_map(|packet| if is_sound(packet) { null.clone() } else { packet.to_vec() })
        .collect()
}

#[tokio::test]
async fn bytes_around_its_packets_cost_a_transport_stream_nothing() {
    const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    let cases: [(&str, SentAs); 3] = [
        ("behind a picture", |_, bytes| [PICTURE, bytes].concat()),
        ("packets of discs", |number, bytes| wrapped(bytes, &u32::try_from(number).unwrap_or(0).to_be_bytes(), b"")),
        ("now and then with error correction", |number, bytes| match number % 3 {
            0 => wrapped(bytes, b"", &[0x47; 16]),
            _ => bytes.to_vec(),
        }),
    ];
    let _turn = turn(cases.len()).await;
    let origin = Origin::start();
    let runs = cases.map(|(name, sent_as)| {
        let programme_time = ProgrammeTime::Every;
        let setup = Setup { sent_as: Some(sent_as), programme_time, ..Setup::of(Container::Ts) };
        let station = origin.station(&name.replace(' ', "-"), setup);
        async move { record(name, &station, true, 0).await }
    });
    let failed: Vec<_> = join_all(runs).await.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn a_segment_without_sound_is_a_gap_and_a_station_without_any_sound_fails() {
    let origin = Origin::start();
    let none = Setup { sent_as: Some(|_, bytes| without_sound(bytes)), ..Setup::of(Container::Ts) };
    let some: SentAs = |number, bytes| if number % 4 == 0 { without_sound(bytes) } else { bytes.to_vec() };
    let some = Setup { sent_as: Some(some), programme_time: ProgrammeTime::Every, ..Setup::of(Container::Ts) };
    let (none, some) = (origin.station("none", none), origin.station("some", some));
    let aircheck = Aircheck::new(&format!(
        "stations:\n  none:\n    hls: \"{}\"\n  some:\n    hls: \"{}\"\nshows: []\n",
        none.url(),
        some.url()
    ));
    let record = async |station: &str| {
        let file = format!("{station}.mp3");
        let ran = aircheck.run(&["record", station, "--for", "12s", "--output", &file, "--json"]).await;
        (serde_json::from_str::<serde_json::Value>(&ran.stdout).expect(&ran.stdout), aircheck.path(&file))
    };
    let probe = aircheck.run(&["check", "--probe", "--json"]);
    let ((nothing, no_file), (partly, file), probed) = tokio::join!(record("none"), record("some"), probe);

    assert_eq!(nothing["verdict"], "failed", "{nothing}");
    assert_eq!((&nothing["seconds"], no_file.exists()), (&0.0.into(), false), "{nothing}");
    for said in [&nothing, &partly] {
        let cause = &said["missing"][0];
        assert_eq!(cause["cause"], "the segments hold no sound", "{said}");
        assert_eq!(cause["kind"], "unusable", "{said}");
    }
    assert_eq!(partly["verdict"], "partial", "{partly}");
    let missing: f64 = partly["missing"].as_array().into_iter().flatten().filter_map(|it| it["seconds"].as_f64()).sum();
    let heard = tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("it reads");
    assert!((1.9..6.2).contains(&missing) && heard.doubled == 0.0, "{missing} s: {partly}; {heard}");

    let probes: serde_json::Value = serde_json::from_str(&probed.stdout).expect(&probed.stdout);
    let of = |station: &str| probes["probes"].as_array().into_iter().flatten().find(|it| it["station"] == station);
    let (none, some) = (of("none").expect("it was tried"), of("some").expect("it was tried"));
    assert!(none["ok"] == false && none["trouble"] == "the segments hold no sound", "{none}");
    assert!(some["ok"] == true && some["seconds"].as_f64() >= Some(2.9), "{some}");
}
