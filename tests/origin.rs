//! The origin stands for every real station in these tests, so these tests prove it: its clock by its sound, its
//! formats by an independent player, its faults by a client.

use std::collections::BTreeSet;
use std::time::Duration;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use aircheck::base::clock::SystemClock;
use aircheck::base::http;
use cbc::Decryptor;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Url};

use crate::support::ffmpeg;
use crate::support::origin::{
    Container, Encryption, Fault, Gzip, Kind, Origin, Part, ProgrammeTime, Redirects, Setup, StationHandle, Token,
    Written,
};
use crate::support::timecode::Report;

/// Long enough for everything here, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const CONTAINERS: [Container; 4] = [Container::Ts, Container::Adts, Container::Mp3, Container::Fmp4];

fn demuxer(container: Container) -> &'static str {
    match container {
        Container::Ts => "mpegts",
        Container::Adts => "aac",
        Container::Mp3 => "mp3",
        Container::Fmp4 => "mp4",
        Container::Flac => "flac",
        Container::Wav => "wav",
    }
}

async fn get(client: &Client, url: &str) -> (u16, Vec<u8>) {
    let response = client.get(url).send().await.expect("an answer");
    (response.status().as_u16(), response.bytes().await.expect("a whole body").to_vec())
}

async fn text(client: &Client, url: &str) -> String {
    let (status, body) = get(client, url).await;
    assert_eq!(status, 200, "{url}");
    String::from_utf8(body).expect("UTF-8")
}

async fn until(what: &str, condition: impl AsyncFnMut() -> bool) {
    crate::support::aircheck::until(what, LIMIT, condition).await;
}

fn apart(a: DateTime<Utc>, b: DateTime<Utc>) -> f64 {
    (a - b).as_seconds_f64().abs()
}

#[tokio::test]
async fn programme_time_is_true_to_the_decoded_sound_in_every_container() {
    let origin = Origin::start();
    let client = Client::new();
    for container in CONTAINERS {
        let setup = Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) };
        let station = origin.station(demuxer(container), setup);
        let playlist = text(&client, &station.url()).await;
        let now = SystemClock::shared().now();
        let times: Vec<DateTime<Utc>> =
            playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")?.parse().ok()).collect();
        let mut sound = Vec::new();
        if container == Container::Fmp4 {
            sound = get(&client, &station.url().replace("playlist.m3u8", "init-0.mp4")).await.1;
        }
        for file in playlist.lines().filter(|line| !line.starts_with('#')) {
            let segment = get(&client, &station.url().replace("playlist.m3u8", file)).await.1;
            // Between MP3 frames, ffmpeg reads the tag as sound and drops the frame after it.
            let tag = if container == Container::Mp3 { 73 } else { 0 };
            sound.extend(&segment[tag..]);
        }
        let report = Report::of_bytes(demuxer(container), &sound);
        assert!(report.is_whole() && report.heard.len() >= 8, "{container:?}: {report}");
        let begins = report.begins(now).expect("seconds were heard");
        assert!(apart(begins, times[0]) < 0.002, "{container:?}: heard {begins}, said {}", times[0]);
        // The time of each segment, by its position in the whole.
        let durations: Vec<f64> = playlist
            .lines()
            .filter_map(|line| line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse().ok())
            .collect();
        let mut passed = 0.0;
        for (time, duration) in times.iter().zip(&durations) {
            assert!((apart(*time, times[0]) - passed).abs() < 0.003, "{container:?}: {playlist}");
            passed += duration;
        }
        // The newest segment has just ended, and was not offered before.
        let age = (now - report.ends(now).expect("seconds were heard")).as_seconds_f64();
        assert!((-0.03..2.5).contains(&age), "{container:?}: the newest sound is {age} s old");
    }
}

/// Returns what ffmpeg plays of `station`, from the beginning of its window.
async fn played_by_ffmpeg(station: &StationHandle) -> Report {
    let url = station.url();
    let play = move || {
        let args = ["-live_start_index", "0", "-i", &url, "-t", "7", "-ac", "1", "-ar", "16000", "-f", "wav", "-"];
        Report::of_bytes("wav", &ffmpeg::run(&args, &[]))
    };
    tokio::task::spawn_blocking(play).await.expect("ffmpeg was run")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_player_understands_every_kind_of_station() {
    let origin = Origin::start();
    let rotating = |explicit_iv| Some(Encryption::usual(explicit_iv, 2));
    let plain = || Setup::of(Container::Ts);
    let mut setups: Vec<(&str, Setup)> = vec![
        ("iv", Setup { encryption: rotating(true), ..plain() }),
        ("sequence-iv", Setup { encryption: rotating(false), ..plain() }),
        ("encrypted-aac", Setup { encryption: rotating(false), ..Setup::of(Container::Adts) }),
        ("ranges", Setup { byte_ranges: true, ..plain() }),
        ("mp3-ranges", Setup { byte_ranges: true, ..Setup::of(Container::Mp3) }),
        ("gzip", Setup { gzip: Gzip::Yes, ..plain() }),
        ("moved", Setup { redirects: Redirects::SameHost, ..plain() }),
        ("moved-away", Setup { redirects: Redirects::OtherHost, ..plain() }),
        ("variants", Setup { variants: vec![48_000, 128_000], ..plain() }),
    ];
    setups.extend(CONTAINERS.map(|container| (container.extension(), Setup::of(container))));
    for (name, setup) in setups {
        let station = origin.station(name, setup);
        let report = played_by_ffmpeg(&station).await;
        assert!(report.is_whole() && report.heard.len() >= 5, "{name}: {report}");
    }
    assert!(origin.log().iter().any(|entry| entry.target.contains("/v128000/")), "the better variant was chosen");
    assert!(origin.log().iter().any(|entry| entry.part == Part::Key), "keys were fetched");
}

/// A player hardly notices a wrong IV, which spoils only the first 16 bytes of a segment.
#[tokio::test]
async fn keys_and_ivs_open_every_segment_from_its_first_byte() {
    let origin = Origin::start();
    let client = Client::new();
    for explicit_iv in [true, false] {
        let encryption = Some(Encryption::usual(explicit_iv, 2));
        let station = origin.station("locked", Setup { encryption, ..Setup::of(Container::Adts) });
        let file = |name: &str| station.url().replace("playlist.m3u8", name);
        let (mut key, mut iv, mut keys, mut opened) = ([0; 16], None, BTreeSet::new(), 0);
        for line in text(&client, &station.url()).await.lines() {
            if let Some(attributes) = line.strip_prefix("#EXT-X-KEY:METHOD=AES-128,URI=\"") {
                let (uri, rest) = attributes.split_once('"').expect("a quoted URI");
                key = get(&client, &file(uri)).await.1.try_into().expect("16 bytes");
                keys.insert(key);
                iv = rest.strip_prefix(",IV=0x").map(|hex| u128::from_str_radix(hex, 16).expect("hexadecimal"));
                assert_eq!(iv.is_some(), explicit_iv);
            } else if !line.starts_with('#') {
                let sequence: u128 = line[2..].trim_end_matches(".aac").parse().expect("a sequence number");
                let mut segment = get(&client, &file(line)).await.1;
                let decryptor = Decryptor::<Aes128>::new(&key.into(), &iv.unwrap_or(sequence).to_be_bytes().into());
                let sound = decryptor.decrypt_padded::<Pkcs7>(&mut segment).expect("the padding is right");
                assert!(sound.starts_with(b"ID3\x04\0\0\0\0\0\x3FPRIV\0\0"), "{line} opens to {:?}", &sound[..16]);
                opened += 1;
            }
        }
        assert!(opened == 5 && keys.len() >= 3, "{opened} segments, {} keys", keys.len());
    }
}

#[tokio::test]
async fn playlists_are_compressed_for_clients_that_ask() {
    let origin = Origin::start();
    let station = origin.station("gzip", Setup { gzip: Gzip::Yes, ..Setup::of(Container::Adts) });
    let request = Client::new().get(station.url());
    let body = request.header("Accept-Encoding", "gzip").send().await.expect("an answer").bytes().await;
    assert!(body.expect("a body").starts_with(&[0x1F, 0x8B]));
    assert!(text(&Client::new(), &station.url()).await.starts_with("#EXTM3U"));
}

#[tokio::test]
async fn a_signed_url_is_found_on_the_page_and_expires() {
    let origin = Origin::start();
    let client = Client::new();
    let tried = [Written::Expires, Written::Policy, Written::Jwt, Written::Opaque].map(async |written| {
        // Fetched at once, the URL is valid on a busy machine, too.
        let token = Token { lifetime: Duration::from_secs(8), written, status: 400 };
        let station =
            origin.station(&format!("signed-{written:?}"), Setup { token: Some(token), ..Setup::of(Container::Adts) });
        let page = text(&client, &station.page_url()).await;
        let escaped = page.split(r#"service_url\":\""#).nth(1).and_then(|rest| rest.split(r#"\""#).next());
        let url = escaped.expect("the page names the URL").replace(r"\/", "/");
        assert_eq!(url.contains("Expires="), written == Written::Expires);
        assert_eq!(get(&client, &url).await.0, 200);
        let forged = match written {
            Written::Jwt => format!("{url}1"),
            _ => url.replace("Signature=", "Signature=1").replace("token=", "token=1"),
        };
        assert_eq!(get(&client, &forged).await.0, 400, "a forged one");
        assert_eq!(get(&client, url.split('?').next().expect("a path")).await.0, 400, "none at all");
        until("the expiry", async || get(&client, &url).await.0 == 400).await;
        assert_eq!(get(&client, &station.url()).await.0, 200, "a new one is good");
    });
    futures::future::join_all(tried).await;
}

#[tokio::test]
async fn cookies_and_headers_are_demanded() {
    let origin = Origin::start();
    let setup =
        Setup { cookies: true, header: Some(("Referer", "https://onair.example/")), ..Setup::of(Container::Adts) };
    let station = origin.station("strict", setup);
    assert_eq!(get(&Client::new(), &station.page_url()).await.0, 403, "no Referer");
    let headers = [("Referer".to_owned(), "https://onair.example/".to_owned())];
    let manner = http::Manner { headers: &headers, ..http::Manner::default() };
    let client = http::client(manner, &SystemClock::shared()).expect("a client");
    let get = async |url: String| {
        let url = Url::parse(&url).expect("a URL");
        client.get(url).send().await.expect("an answer").status()
    };
    assert_eq!(get(station.url()).await, 403, "no cookie yet");
    assert_eq!(get(station.page_url()).await, 200);
    assert_eq!(get(station.url()).await, 200, "the page's cookie came along");
}

#[tokio::test]
async fn faults_strike_the_right_requests_and_are_logged() {
    let origin = Origin::start();
    let client = Client::new();
    let station = origin.station("faulty", Setup::of(Container::Adts));
    let newest = station.newest();
    let segment = |sequence: u64| station.url().replace("playlist.m3u8", &format!("0-{sequence}.aac"));

    station.fault(Fault::new(Part::Playlist, Kind::Status(503)).times(2));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&client, &station.url()).await.0);
    }
    assert_eq!(statuses, [503, 503, 200]);

    station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(newest - 1).times_per_url(1));
    assert_eq!(get(&client, &segment(newest)).await.0, 200);
    assert_eq!(get(&client, &segment(newest - 1)).await.0, 404);
    assert_eq!(get(&client, &segment(newest - 1)).await.0, 200);
    let seen: Vec<_> = station.log().iter().map(|entry| (entry.part, entry.sequence, entry.status)).collect();
    assert_eq!(seen[0], (Part::Playlist, None, 503));
    assert_eq!(seen[4], (Part::Segment, Some(newest - 1), 404));

    let whole = get(&client, &segment(newest)).await.1;
    for (kind, breaks) in [
        (Kind::Reset, true),
        (Kind::ResetMidway, true),
        (Kind::Truncated, true),
        (Kind::Stall, true),
        (Kind::Silence, true),
        (Kind::Html, false),
        (Kind::Empty, false),
        (Kind::Garbage, false),
        (Kind::Huge(1_000_000), false),
        (Kind::Drip(200_000), false),
        (Kind::Endless, true),
    ] {
        station.fault(Fault::new(Part::Segment, kind.clone()));
        let read = async { client.get(segment(newest)).send().await?.bytes().await };
        // Some broken bodies never end; a whole body may take a while.
        let limit = if breaks { Duration::from_millis(700) } else { LIMIT };
        let got = SystemClock::shared().timeout(limit, read).await;
        let body = got.ok().and_then(Result::ok);
        assert_eq!(body.is_none(), breaks, "{kind:?}");
        let same = body.is_some_and(|body| body == whole);
        assert_eq!(same, matches!(kind, Kind::Drip(_)), "{kind:?}");
        station.heal();
    }

    station.fault(Fault::new(Part::Playlist, Kind::Status(410)).path("/v48000/"));
    assert_eq!(get(&client, &station.url()).await.0, 200);
    assert_eq!(get(&client, &station.url().replace("/playlist", "/v48000/playlist")).await.0, 410);
    station.heal();

    station.fault(Fault::edit_playlist(|text| text.replace("TARGETDURATION:2", "TARGETDURATION:0")));
    assert!(text(&client, &station.url()).await.contains("TARGETDURATION:0"));
    station.heal();

    station.list_twice(newest);
    station.gap(newest - 1);
    let playlist = text(&client, &station.url()).await;
    assert_eq!(playlist.matches(&format!("0-{newest}.aac")).count(), 2);
    assert_eq!(playlist.matches("#EXT-X-GAP").count(), 1);
    assert_eq!(get(&client, &segment(newest - 1)).await.0, 404);
}

#[tokio::test]
async fn a_playlist_can_stand_still_and_go_back() {
    let origin = Origin::start();
    let client = Client::new();
    let station = origin.station("slow", Setup { segment: Duration::from_secs(1), ..Setup::of(Container::Adts) });
    let sequence = async || -> u64 {
        let text = text(&client, &station.url()).await;
        let line = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        line.and_then(|number| number.parse().ok()).expect("a sequence number")
    };
    station.fault(Fault::new(Part::Playlist, Kind::Frozen));
    let frozen = sequence().await;
    until("a new segment", async || station.newest() >= frozen + 7).await;
    assert_eq!(sequence().await, frozen);
    station.heal();
    station.fault(Fault::new(Part::Playlist, Kind::Stale(Duration::from_secs(10))).every(2));
    let (new, old) = (sequence().await, sequence().await);
    assert!((9..=11).contains(&(new.abs_diff(old))), "{new} and {old}");
}

#[tokio::test]
async fn an_encoder_restarts_and_a_session_ends_without_losing_sound() {
    let origin = Origin::start();
    let client = Client::new();
    let setup =
        Setup { segment: Duration::from_secs(1), programme_time: ProgrammeTime::Every, ..Setup::of(Container::Adts) };
    let station = origin.station("restarting", setup);
    let mut times = BTreeSet::new();
    let mut collect = async |done: fn(&str) -> bool| {
        until("the new session", async || {
            let text = text(&client, &station.url()).await;
            times.extend(
                text.lines()
                    .filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")?.parse::<DateTime<Utc>>().ok()),
            );
            done(&text)
        })
        .await;
    };
    collect(|_| true).await;
    station.restart_encoder(0, true);
    collect(|text| text.contains("SEQUENCE:0\n") && text.contains("#EXT-X-DISCONTINUITY")).await;
    station.end_session(500, Duration::from_secs(1));
    collect(|text| text.contains("#EXT-X-ENDLIST")).await;
    collect(|text| text.contains("SEQUENCE:500\n") && !text.contains("#EXT-X-ENDLIST")).await;
    let times: Vec<_> = times.into_iter().collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] < TimeDelta::milliseconds(1_100)), "{times:?}");
}

#[tokio::test]
async fn a_closed_port_refuses_and_opens_again() {
    let origin = Origin::start();
    let station = origin.station("closing", Setup::of(Container::Adts));
    origin.close_port(true);
    until("the refusal", async || Client::new().get(station.url()).send().await.is_err()).await;
    origin.close_port(false);
    until("the answer", async || Client::new().get(station.url()).send().await.is_ok()).await;
}

#[tokio::test]
async fn an_endless_body_bursts_then_keeps_time_with_titles_in_between() {
    /// The length of the burst, in seconds.
    const BURST: f64 = 4.0;
    let origin = Origin::start();
    for container in [Container::Mp3, Container::Adts] {
        let station = origin.station("live", Setup { burst: Duration::from_secs_f64(BURST), ..Setup::of(container) });
        let asked = SystemClock::shared();
        let mut response =
            Client::new().get(station.live_url()).header("Icy-MetaData", "1").send().await.expect("an answer");
        assert_eq!(response.headers()["icy-metaint"], "8192");
        let (answered, mut body) = (SystemClock::shared(), Vec::new());
        // A busy machine reads late; a moment later all is there.
        loop {
            let more = answered.monotonic() + Duration::from_millis(2_500);
            while answered.monotonic() < more {
                body.extend(response.chunk().await.expect("no break").expect("no end"));
            }
            let (read_at, since_asked) = (answered.now(), asked.monotonic().as_secs_f64());
            let since_answered = answered.monotonic().as_secs_f64();
            let (titles, sound) = without_titles(&body);
            assert!(titles[0].starts_with("StreamTitle='Ten seconds, number "), "{titles:?}");
            assert!(titles[1..].iter().any(String::is_empty), "an unchanged title is not said again: {titles:?}");
            let report = Report::of_bytes(demuxer(container), &sound);
            let said = format!("{container:?}, {since_asked} s after it was asked for: {report}");
            assert!(report.is_whole() && report.length < BURST + since_asked + 0.1, "more than that was sent: {said}");
            let behind = (read_at - report.ends(read_at).expect("seconds")).as_seconds_f64();
            assert!(behind > -0.05, "{behind} s behind: {said}");
            if behind < 1.0 && report.length > BURST + since_answered - 0.5 {
                break;
            }
            assert!(answered.monotonic() < LIMIT, "{behind} s behind: {said}");
        }
    }
}

/// Returns the titles of a body that has one after every 8,192 bytes of sound, and the sound.
fn without_titles(body: &[u8]) -> (Vec<String>, Vec<u8>) {
    let (mut sound, mut titles, mut rest) = (Vec::new(), Vec::new(), body);
    while rest.len() > 8_192 {
        sound.extend(&rest[..8_192]);
        let end = 8_193 + usize::from(rest[8_192]) * 16;
        titles.push(String::from_utf8_lossy(&rest[8_193..end.min(rest.len())]).into_owned());
        rest = &rest[end.min(rest.len())..];
    }
    sound.extend(rest);
    (titles, sound)
}

#[tokio::test]
async fn an_endless_body_ends_stalls_and_comes_back() {
    let origin = Origin::start();
    let station = origin.station("live", Setup::of(Container::Mp3));
    let connect = async || Client::new().get(station.live_url()).send().await.expect("an answer");

    station.fault(Fault::new(Part::Live, Kind::Truncated).after(Duration::from_secs(2)).times(1));
    let mut ending = connect().await;
    let mut bytes = 0;
    while let Some(part) = ending.chunk().await.expect("a clean end, not a break") {
        bytes += part.len();
    }
    assert!(bytes > 40_000, "the burst came before the end: {bytes}");
    assert!(connect().await.chunk().await.expect("no break").is_some(), "it struck once");
    // Several tries: the origin may not have noticed yet that the last listener is gone.
    station.fault(Fault::new(Part::Live, Kind::Truncated));
    assert!(connect().await.chunk().await.expect("no break").is_none(), "it struck at the connection");
    station.heal();

    station.fault(Fault::new(Part::Live, Kind::Stall).lasting(Duration::from_secs(1)));
    let mut stalled = connect().await;
    let (clock, part) = (SystemClock::shared(), stalled.chunk().await);
    assert!(part.is_ok_and(|part| part.is_some()) && clock.monotonic() > Duration::from_millis(700));

    station.fault(Fault::new(Part::Live, Kind::Status(503)));
    assert_eq!(connect().await.status(), 503);
}

#[tokio::test]
async fn old_shoutcast_says_icy() {
    let origin = Origin::start();
    let station = origin.station("icy", Setup { status_line: Some("ICY 200 OK"), ..Setup::of(Container::Mp3) });
    let url: url::Url = station.live_url().parse().expect("a URL");
    let address = url.socket_addrs(|| None).expect("an address")[0];
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /icy/live HTTP/1.0\r\n\r\n").await.expect("sent");
    let mut head = [0; 10];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head).await.expect("an answer");
    assert_eq!(&head, b"ICY 200 OK");
}
