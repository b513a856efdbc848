//! Listening to the tape of a station over HTTP from any instant on it, its levels, and its account.

use std::time::Duration;

use aircheck::account::levels;
use aircheck::base::clock::SystemClock;
use aircheck::model::{Chunk, Format, Levels, MediaEvent};
use aircheck::tape::Tape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::support::aircheck::{Aircheck, until};
use crate::support::airing::quiet;
use crate::support::ffmpeg;
use crate::support::library::{address, get};
use crate::support::origin::{Container, Origin, ProgrammeTime, Setup, StationHandle};
use crate::support::timecode::Report;

const LIMIT: Duration = Duration::from_secs(120);

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Returns the address of `file` of the station's tape, for a stretch.
fn of(base: &Url, station: &str, file: &str, start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Url {
    let mut url = base.join(&format!("live/{station}/{file}")).expect("an address");
    let pairs = [("start", start), ("end", end)];
    url.query_pairs_mut().extend_pairs(pairs.into_iter().filter_map(|(name, at)| Some((name, written(at?)))));
    url
}

async fn asked(client: &Client, url: Url) -> Response {
    client.get(url).send().await.expect("an answer")
}

/// Checks that `heard` is the sound from `start` to `end`, to a frame of a codec and what it is primed with.
fn is_from_to(heard: &Report, start: DateTime<Utc>, end: DateTime<Utc>) {
    assert!(heard.is_whole(), "{heard}");
    let off = |at: Option<DateTime<Utc>>, wanted: DateTime<Utc>| at.map_or(TimeDelta::MAX, |at| (at - wanted).abs());
    let (begins, ends) = (off(heard.begins(start), start), off(heard.ends(start), end));
    let close = TimeDelta::milliseconds(110);
    assert!(begins < close && ends < close, "{heard}: off by {begins} at the beginning and {ends} at the end");
}

/// Returns what ffmpeg plays of a playlist, from its beginning to its end.
async fn played(url: Url) -> Report {
    let play = move || {
        let args = ["-live_start_index", "0", "-i", url.as_str(), "-c:a", "pcm_s16le", "-f", "wav", "-"];
        Report::of_bytes("wav", &ffmpeg::run(&args, &[]))
    };
    tokio::task::spawn_blocking(play).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_hears_any_stretch_of_a_tape_and_follows_it_until_it_ends() {
    let origin = Origin::start();
    let stations = [("adts", Container::Adts), ("fmp4", Container::Fmp4), ("ts", Container::Ts)];
    let handles: Vec<StationHandle> = stations
        .map(|(name, container)| {
            origin.station(name, Setup { programme_time: ProgrammeTime::Every, window: 6, ..Setup::of(container) })
        })
        .into();
    let yaml = |tape: &str| {
        let one = |((name, _), handle): (&(&str, Container), &StationHandle)| {
            format!("  {name}: {{ name: {name}, hls: \"{}\"{tape} }}\n", handle.url())
        };
        let stations: String = stations.iter().zip(&handles).map(one).collect();
        format!("timezone: UTC\nstations:\n{stations}shows: []\n")
    };
    let aircheck = Aircheck::new(&yaml(", tape: 24h"));
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let first = handles.iter().map(|handle| handle.newest() + 2).collect::<Vec<_>>();
    let client = Client::new();
    let clock = SystemClock::shared();

    // While it is taped, the playlist grows.
    // Dates are rounded: a stretch within these begins and ends with these segments.
    let from = |at: usize, later: u64| handles[at].on_air(first[at] + later).0 + TimeDelta::milliseconds(20);
    let to = |at: usize, later: u64| handles[at].on_air(first[at] + later).1 - TimeDelta::milliseconds(20);
    let start = [0, 1, 2].map(|at| from(at, 0));
    let mut growing = Vec::new();
    for ((name, _), start) in stations.iter().zip(&start) {
        let url = of(&base, name, "playlist.m3u8", Some(*start), None);
        until("a playlist", LIMIT, async || asked(&client, url.clone()).await.status() == StatusCode::OK).await;
        let text = asked(&client, url.clone()).await.text().await.expect("text");
        assert!(text.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !text.contains("ENDLIST"), "{text}");
        let dated = text.lines().find_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")).expect("a date");
        let off = dated.parse::<DateTime<Utc>>().expect("a time") + TimeDelta::milliseconds(20) - start;
        assert!(off.abs() < TimeDelta::milliseconds(3), "{off}: {text}");
        // Who has it already asks for what is new, as hls.js does; browsers take it compressed.
        assert!(text.contains("#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=60.0\n"), "{text}");
        let mut new = url.clone();
        new.query_pairs_mut().append_pair("_HLS_skip", "YES");
        let new = asked(&client, new).await.text().await.expect("text");
        assert!(new.starts_with(text.trim_end()) || text.starts_with(new.trim_end()), "nothing is old yet: {new}");
        growing.push(tokio::spawn(played(url)));
    }
    let mp3 = asked(&client, of(&base, "ts", "sound.mp3", Some(start[2]), None)).await;
    assert_eq!(mp3.headers()["content-type"], "audio/mpeg");
    let following = tokio::spawn(async move { mp3.bytes().await.expect("it ends by itself") });

    // A stretch that has passed is whole.
    until("twenty seconds", LIMIT, async || clock.now() > to(0, 9)).await;
    for (at, (name, _)) in stations.iter().enumerate() {
        let (from, to) = (from(at, 2), to(at, 5));
        let url = of(&base, name, "playlist.m3u8", Some(from), Some(to));
        let whole = async || asked(&client, url.clone()).await.text().await.expect("text").contains("ENDLIST");
        until("all of it", LIMIT, whole).await;
        let text = asked(&client, url.clone()).await.text().await.expect("text");
        assert!(text.contains("#EXT-X-PLAYLIST-TYPE:VOD") && text.contains("#EXT-X-START:TIME-OFFSET=0\n"), "{text}");
        assert_eq!(text.matches("#EXTINF").count(), 4, "{text}");
        is_from_to(&played(url.clone()).await, from, to);

        let segment = text.lines().find(|line| line.starts_with("tape/")).expect("a segment");
        let answer = asked(&client, url.join(segment).expect("an address")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(
            answer.headers()["cache-control"].to_str().is_ok_and(|told| told.starts_with("private, max-age=86400"))
        );
        let other = segment.replace('.', "9.");
        for none in [other.as_str(), "tape/x", "tape/..%2f..%2f..%2fcatalogue.sqlite", "tape/reel-0.ts"] {
            assert_eq!(
                asked(&client, url.join(none).expect("an address")).await.status(),
                StatusCode::NOT_FOUND,
                "{none}"
            );
        }
    }
    // An MP3 is exact to the sample, wherever it begins and ends.
    let (from, to) = (from(0, 3) + TimeDelta::milliseconds(700), from(0, 7) + TimeDelta::milliseconds(900));
    let url = of(&base, "adts", "sound.mp3", Some(from), Some(to));
    let mp3 = asked(&client, url).await.bytes().await.expect("it ends by itself").to_vec();
    let heard = tokio::task::spawn_blocking(move || Report::of_bytes("mp3", &mp3)).await.expect("no panic");
    is_from_to(&heard, from, to);

    // Without a beginning, a playlist begins with the tape, and its address says so.
    let answer = asked(&client, of(&base, "adts", "playlist.m3u8", None, None)).await;
    assert!(answer.url().query().is_some_and(|query| query.starts_with("start=20")), "{}", answer.url());
    assert!(answer.text().await.expect("text").starts_with("#EXTM3U\n"));

    // When the station is taped no longer, whoever follows comes to the end.
    aircheck.write(&yaml(""));
    for (player, start) in growing.into_iter().zip(&start) {
        let heard = player.await.expect("no panic");
        is_from_to(&heard, *start, heard.ends(*start).expect("sound"));
        assert!(heard.length >= 18.0, "{heard}");
    }
    let heard = following.await.expect("no panic").to_vec();
    let heard = tokio::task::spawn_blocking(move || Report::of_bytes("mp3", &heard)).await.expect("no panic");
    assert!(heard.is_whole() && heard.length >= 18.0, "{heard}");
}

/// Puts two hours of sound that cannot be decoded on the tape of `kbs`, with levels of the first: as loud as its minute
/// says. Ten minutes of the second are missing.
fn tape_two_hours(aircheck: &Aircheck, start: DateTime<Utc>) {
    for hour in 0..2 {
        let begun = start + TimeDelta::hours(hour);
        let tape = Tape::open(&aircheck.path("state/tape/kbs"), Duration::ZERO, begun).expect("a tape");
        let format = Format { container: aircheck::model::Container::Adts, detail: "aac".to_owned(), init: None };
        tape.write(MediaEvent::Format(format), begun).expect("written");
        for minute in (0..60).filter(|minute| hour == 0 || !(20..30).contains(minute)) {
            let on_air = begun + TimeDelta::minutes(minute);
            let arrived = on_air + TimeDelta::minutes(1);
            let breaks = minute == 0 || minute == 30;
            let chunk = Chunk::new(arrived.to_string(), Duration::from_mins(1), arrived);
            let chunk = Chunk { discontinuity: breaks, follows: !breaks, ..chunk };
            tape.write(MediaEvent::Chunk(Chunk { programme_time: Some(on_air), ..chunk }), arrived).expect("written");
        }
        tape.end_reel(None, begun + TimeDelta::hours(1)).expect("ended");
        if hour == 0 {
            let peaks = (0..3600_u16).map(|second| 100 + u8::try_from(second / 60).expect("small")).collect();
            let found = Levels { length: Duration::from_hours(1), peaks, ..Levels::default() };
            levels::write(&tape.reels()[0].0, &found).expect("written");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_what_is_not_on_tape_is_told_what_is_and_levels_and_account_say_the_same() {
    let aircheck = Aircheck::new(&format!(
        "timezone: Asia/Seoul\nstations:\n  kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\n  \
         t: {{ name: T, hls: \"http://127.0.0.1:9/y\" }}\nshows:\n  - {{ title: X, station: kbs, cron: \"{}\", length: 1h }}\n",
        quiet()
    ));
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(5);
    tape_two_hours(&aircheck, start);
    let service = aircheck.start("run", &["run"]);
    let base = address(&service).await;
    let client = Client::new();
    let at = |minute: i64| start + TimeDelta::minutes(minute);

    let zone: aircheck::base::zone::Zone = "Asia/Seoul".parse().expect("a zone");
    let told = (at(1).with_timezone(&zone)).format("reaches from %Y-%m-%d %H:%M:%S KST to ").to_string();
    for (station, file, from, to, status, words) in [
        ("none", "playlist.m3u8", Some(0), Some(1), 404, "there is no station none"),
        ("t", "playlist.m3u8", Some(0), Some(1), 404, "nothing of t is on tape"),
        ("t", "levels", Some(0), Some(1), 404, "nothing of t is on tape"),
        ("kbs", "playlist.m3u8", Some(-90), Some(-60), 404, told.as_str()),
        ("kbs", "playlist.m3u8", Some(200), None, 404, &told),
        ("kbs", "sound.mp3", Some(-90), Some(-60), 404, &told),
        ("kbs", "playlist.m3u8", Some(5), Some(4), 422, &told),
        ("kbs", "sound.mp3", Some(0), Some(24 * 60 + 1), 422, "may be 24 hours at most"),
        ("kbs", "levels", Some(0), Some(45 * 24 * 60 + 1), 422, "may be 1080 hours at most"),
    ] {
        let answer = asked(&client, of(&base, station, file, from.map(at), to.map(at))).await;
        assert_eq!(answer.status(), status, "{station} {file}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{station} {file}");
        let problem: Value = answer.json().await.expect("JSON");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{words}: {problem}");
    }
    for path in ["/live/kbs/playlist.m3u8?start=noon", "/live/kbs/sound.mp3?end=", "/live/kbs/levels?points=9"] {
        assert_eq!(get(&client, &base, path).await.status(), StatusCode::BAD_REQUEST, "{path}");
    }
    // Who types an address writes a plus.
    let typed = at(10).with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    let answer = get(&client, &base, &format!("/live/kbs/playlist.m3u8?start={typed}")).await;
    assert_eq!(answer.status(), StatusCode::OK, "{typed}");
    let playlist = answer.text().await.expect("text");
    assert!(playlist.contains("ENDLIST") && playlist.contains(&at(10).to_rfc3339_opts(SecondsFormat::Millis, true)));
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "ten minutes are missing: {playlist}");
    let url = base.join(&format!("/live/kbs/playlist.m3u8?start={}", typed.replace('+', "%2B"))).expect("an address");
    let packed = client.get(url).header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(
        (&packed.headers()["content-encoding"], &packed.headers()["vary"]),
        (&"gzip".parse().expect("plain"), &"Accept-Encoding".parse().expect("plain"))
    );
    assert!(packed.bytes().await.expect("bytes").len() < playlist.len() / 5);

    // Levels are known of the reel that has them.
    let mut url = of(&base, "kbs", "levels", Some(at(-60)), Some(at(120)));
    url.query_pairs_mut().append_pair("points", "180");
    let picture: Value = asked(&client, url).await.json().await.expect("JSON");
    assert_eq!(picture["known"], json!([[60.0 / 180.0, 120.0 / 180.0]]), "{picture}");
    assert_eq!(picture["missing"], json!([[140.0 / 180.0, 150.0 / 180.0]]), "{picture}");
    let peaks = STANDARD.decode(picture["peaks"].as_str().expect("text")).expect("base64");
    assert_eq!(peaks, [vec![0; 60], (100..160).collect(), vec![0; 60]].concat());
    assert!(picture["start"].as_str().is_some_and(|start| start.ends_with("+09:00")), "{picture}");

    // The account is that of `aircheck tape`.
    let account = of(&base, "kbs", "x", Some(at(-60)), Some(at(120)));
    let account =
        get(&client, &base, &format!("/api/v1/stations/kbs/tape?{}", account.query().expect("a query"))).await;
    let account: Value = account.json().await.expect("JSON");
    assert_eq!((&account["wanted"], &account["on_tape"]), (&7200.0.into(), &6600.0.into()), "{account}");
    assert_eq!(account["missing"][0]["seconds"], 600.0, "{account}");
    assert_eq!(account.get("verified"), None);
    let days: Value = get(&client, &base, "/api/v1/stations/kbs/tape/days").await.json().await.expect("JSON");
    let days = days.as_array().expect("a list");
    let date = |minute| at(minute).with_timezone(&zone).date_naive().to_string();
    assert_eq!(days[0]["day"], date(120), "{days:?}");
    assert_eq!(days.last().expect("a day")["day"], date(1), "{days:?}");
    for (path, status) in [
        ("/api/v1/stations/none/tape", 404),
        ("/api/v1/stations/t/tape", 404),
        ("/api/v1/stations/t/tape/days", 404),
        ("/api/v1/stations/kbs/tape?start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z", 404),
        ("/api/v1/stations/kbs/tape?start=2020-01-01T00:00:00Z&end=2020-01-09T00:00:00Z", 422),
        ("/api/v1/stations/kbs/tape?day=today", 400),
    ] {
        let answer = get(&client, &base, path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
    }
    assert!(!aircheck.path("state/tape/t").exists(), "asking makes no tape");
}
