//! Recordings as HLS, at the real service and by the command: valid by RFC 8216, every second of the sound where it is,
//! encoded once, and open to those whom the recording is open to.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::base::password::PasswordHash;
use aircheck::base::process;
use aircheck::capture::source::media::probe;
use aircheck::model::Container;
use chrono::{SubsecRound as _, TimeDelta};
use futures::future::join_all;
use reqwest::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE};
use reqwest::{Client, Response, StatusCode, Url};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, until};
use crate::support::airing::quiet;
use crate::support::ffmpeg;
use crate::support::library::address;
use crate::support::playlists::{master, media};
use crate::support::shelved::{Library, Shelved};
use crate::support::timecode::{self, Report};

/// The first second of the sound, and how many there are.
const FIRST: u16 = 1_000;
const SECONDS: u32 = 65;
const ID: &str = "news@20261120T0500Z";
/// How long a frame of AAC is, in seconds.
const FRAME: f64 = 1_024.0 / 48_000.0;
const SOON: Duration = Duration::from_secs(120);

/// Returns sound in which every second says its number, as a recording has it.
pub fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sound.mp3");
        let samples = timecode::seconds(FIRST.into(), SECONDS as usize);
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let name = file.to_str().expect("UTF-8");
        let input = ["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "-"];
        ffmpeg::run(&[&input[..], &["-c:a", "libmp3lame", "-b:a", "128k", name]].concat(), &bytes);
        std::fs::read(file).expect("it is there")
    })
}

fn yaml(head: &str) -> String {
    format!(
        "{head}\ntimezone: UTC\nstations:\n  s: {{ name: S, hls: \"http://127.0.0.1:9/\" }}\n\
         shows:\n  - {{ title: News, station: s, cron: \"{}\", length: 1h }}\n",
        quiet()
    )
}

fn news() -> Shelved {
    Shelved { length: SECONDS, ..Shelved::new("news", "News", "s", "2026-11-20T05:00:00Z") }
}

async fn library(head: &str) -> Library {
    let _ = tokio::task::spawn_blocking(sound).await;
    Library::of(sound(), &yaml(head), &[news()]).await
}

fn below(base: &Url, file: &str) -> Url {
    base.join(&format!("recordings/{ID}/hls/")).and_then(|folder| folder.join(file)).expect("an address")
}

async fn ask(url: &Url, headers: &[(reqwest::header::HeaderName, &str)]) -> Response {
    let request =
        headers.iter().fold(Client::new().get(url.clone()), |request, (name, value)| request.header(name, *value));
    request.send().await.expect("an answer")
}

async fn text(url: &Url) -> String {
    let answer = ask(url, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK, "{url}");
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/vnd.apple.mpegurl");
    answer.text().await.expect("text")
}

async fn bytes(url: &Url) -> Vec<u8> {
    let answer = ask(url, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK, "{url}");
    assert_eq!(answer.headers()[CONTENT_TYPE], "audio/mp4");
    answer.bytes().await.expect("bytes").to_vec()
}

async fn code(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

/// Returns what ffmpeg plays of a playlist.
pub async fn played(url: String) -> Report {
    let play = move || {
        let args = ["-i", &url, "-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "wav", "-"];
        Report::of_bytes("wav", &ffmpeg::run(&args, &[]))
    };
    tokio::task::spawn_blocking(play).await.expect("no panic")
}

/// Checks that every second of the sound is heard once, where it is, and nothing else.
pub fn is_whole(report: &Report) {
    assert!(report.is_whole(), "{report}");
    let numbers: Vec<u16> = (FIRST..).take(SECONDS as usize).collect();
    assert_eq!(report.numbers(), numbers, "{report}");
    // ffmpeg begins with the frame that the edit list leaves out.
    let begins = report.first_sample().expect("a second") + FRAME - f64::from(FIRST);
    assert!(begins.abs() < 0.002, "the first sample is {begins} s from where it should be");
    let longer = report.length - FRAME - f64::from(SECONDS);
    assert!((-0.001..FRAME).contains(&longer), "{report}");
}

#[tokio::test]
async fn a_recording_is_handed_out_as_hls_that_is_valid_and_plays_every_second_where_it_is() {
    let library = library("hls: [128k, 64k]").await;
    let at = below(&library.base, "master.m3u8");
    let before = master(&text(&at).await);
    let names: Vec<_> = before.iter().map(|listed| (listed.name.as_str(), listed.uri.as_str())).collect();
    assert_eq!(names, [("128 kbit/s", "128k.m3u8"), ("64 kbit/s", "64k.m3u8")]);
    let folder = library.aircheck.path("state/hls");
    assert_eq!(std::fs::read_dir(&folder).into_iter().flatten().count(), 0, "nothing is encoded for a playlist");
    let mut all = Vec::new();
    for listed in &before {
        let list = at.join(&listed.uri).expect("an address");
        let (init, segments) = media(&text(&list).await);
        let init = bytes(&list.join(&init).expect("an address")).await;
        let (mut size, mut peak, mut whole) = (0.0, 0.0_f64, init.clone());
        for (seconds, uri) in &segments {
            let segment = bytes(&list.join(uri).expect("an address")).await;
            let told = probe(Container::Fmp4, &segment, Some(&init));
            let plays = told.duration.expect("a length").as_secs_f64();
            assert!((plays - seconds).abs() < FRAME + 0.001, "{uri} plays for {plays} s, and the list says {seconds}");
            assert_eq!((told.detail.as_str(), listed.codecs.as_str()), ("aac 48000 Hz 1 ch", "mp4a.40.2"));
            let bits = segment.len() as f64 * 8.0;
            size += bits;
            // A short rest says nothing.
            peak = peak.max(if *seconds > 5.0 { bits / seconds } else { 0.0 });
            whole.extend(segment);
        }
        let length: f64 = segments.iter().map(|(seconds, _)| seconds).sum();
        assert!((length - f64::from(SECONDS)).abs() < FRAME, "{length}");
        assert!(listed.peak >= peak && listed.average > 0.0, "{listed:?}: {peak}");
        all.push((peak, size / length, listed.uri.clone()));
        let codec = library.aircheck.path("rendition.mp4");
        std::fs::write(&codec, &whole).expect("written");
        let stream = crate::support::aircheck::ffprobe(&codec)["streams"][0].clone();
        assert_eq!((&stream["codec_name"], &stream["profile"]), (&"aac".into(), &"LC".into()), "{stream}");
    }
    // Now that all of it is known, the master playlist says what is.
    let parts = std::fs::read_dir(&folder).expect("a folder").flatten().next().expect("a version").path();
    let whole = |rate: &str| parts.join(rate).join("0/whole").exists();
    until("both renditions", SOON, async || whole("128k") && whole("64k")).await;
    let known = async || {
        let now = master(&text(&at).await);
        now.iter().zip(&all).all(|(listed, (peak, average, _))| {
            (1.0..1.1).contains(&(listed.peak / peak)) && (0.99..1.01).contains(&(listed.average / average))
        })
    };
    until("the measured rates", SOON, known).await;

    for (_, _, uri) in &all {
        is_whole(&played(at.join(uri).expect("an address").to_string()).await);
    }
    is_whole(&played(at.to_string()).await);
    let listed: Value = Client::new()
        .get(library.base.join(&format!("api/v1/recordings/{ID}")).expect("a path"))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let hls = listed["hls"].as_str().expect("an address");
    assert_eq!(library.base.join(hls).expect("an address").path().replace("%40", "@"), at.path());
}

#[tokio::test]
async fn segments_and_playlists_are_fetched_as_http_allows_and_what_is_not_there_is_said() {
    let library = library("hls: { renditions: [64k], segment: 2s }").await;
    let list = below(&library.base, "64k.m3u8");
    let answer = ask(&list, &[]).await;
    let tag = answer.headers()[ETAG].to_str().expect("a tag").to_owned();
    let (init, segments) = media(&answer.text().await.expect("text"));
    assert_eq!(segments.len(), 33);
    assert_eq!(ask(&list, &[(IF_NONE_MATCH, &tag)]).await.status(), StatusCode::NOT_MODIFIED);
    let init = list.join(&init).expect("an address");
    let segment = list.join(&segments[30].1).expect("an address");
    let whole = ask(&segment, &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(whole.headers()[CACHE_CONTROL], "private, max-age=86400, immutable");
    let tag = whole.headers()[ETAG].to_str().expect("a tag").to_owned();
    let whole = whole.bytes().await.expect("bytes");
    let part = ask(&segment, &[(RANGE, "bytes=100-199")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.expect("bytes"), whole.slice(100..200));
    assert_eq!(ask(&segment, &[(IF_NONE_MATCH, &tag)]).await.status(), StatusCode::NOT_MODIFIED);
    for url in [&list, &init, &segment] {
        let head = Client::new().head(url.clone()).send().await.expect("an answer");
        assert_eq!(head.status(), StatusCode::OK, "{url}");
        assert!(head.headers()[CONTENT_LENGTH].to_str().is_ok_and(|length| length.len() > 2), "{head:?}");
        assert!(head.bytes().await.expect("bytes").is_empty());
    }

    let other = segment.as_str().replace("30.m4s", "");
    for nothing in ["33.m4s", "030.m4s", "-1.m4s", "x", "..%2f..%2fcatalogue.sqlite", "whole", "source.json"] {
        let url = Url::parse(&format!("{other}{nothing}")).expect("an address");
        assert_eq!(ask(&url, &[]).await.status(), StatusCode::NOT_FOUND, "{url}");
    }
    for (url, wanted) in [
        (below(&library.base, "96k.m3u8"), "no_rendition"),
        (below(&library.base, "x"), "no_rendition"),
        (library.base.join("recordings/none@20261120T0500Z/hls/master.m3u8").expect("an address"), "no_recording"),
    ] {
        assert_eq!(code(ask(&url, &[]).await).await, (StatusCode::NOT_FOUND, wanted.to_owned()), "{url}");
    }
    let version = segment.path_segments().expect("a path").nth(4).expect("a version").to_owned();
    let of_another = Url::parse(&segment.as_str().replace(&version, "0123456789abcdef")).expect("an address");
    assert_eq!(ask(&of_another, &[]).await.status(), StatusCode::NOT_FOUND);

    // In the bin it has none, and what was made of it is gone.
    let one = library.base.join(&format!("api/v1/recordings/{ID}")).expect("a path");
    assert_eq!(Client::new().delete(one).send().await.expect("an answer").status(), StatusCode::OK);
    for url in [&list, &init, &segment] {
        assert_eq!(ask(url, &[]).await.status(), StatusCode::NOT_FOUND, "{url}");
    }
    let folder = library.aircheck.path("state/hls");
    until("an empty cache", SOON, async || std::fs::read_dir(&folder).is_ok_and(|mut all| all.next().is_none())).await;

    // Without the key there is none either, and it is said how to get it.
    library.aircheck.write(&yaml(""));
    let off = async || code(ask(&below(&library.base, "master.m3u8"), &[]).await).await.1;
    let restored = library.base.join(&format!("api/v1/recordings/{ID}/restore")).expect("a path");
    assert_eq!(Client::new().post(restored).send().await.expect("an answer").status(), StatusCode::OK);
    until("no HLS", SOON, async || off().await == "hls_off").await;
}

/// Returns a `PATH` with an ffmpeg that writes down that it was called, and gives no more than 128 KiB until the file `gate` is
/// there.
fn gated(aircheck: &Aircheck) -> std::ffi::OsString {
    let real = process::find("ffmpeg").expect("ffmpeg is installed");
    let (real, called, gate) = (real.display(), aircheck.path("called"), aircheck.path("gate"));
    let (called, gate) = (called.display(), gate.display());
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {called}\n\
         {real} \"$@\" | {{ head -c 131072; while [ ! -e {gate} ] && [ -e {called} ]; do sleep 0.05; done; cat; }}\n"
    );
    aircheck.put_program("ffmpeg", &script)
}

#[tokio::test]
async fn many_who_ask_at_once_hear_the_beginning_before_the_end_is_encoded_and_a_kill_leaves_nothing_broken() {
    let mut library = library("hls: { renditions: [128k], segment: 2s }").await;
    let restart = async |library: &mut Library, name: &str, path: Option<&std::ffi::OsString>| {
        library.service.signal(Signal::KILL);
        library.service.end().await;
        let variables: Vec<_> = path.iter().map(|path| ("PATH", path.as_os_str())).collect();
        library.service = library.aircheck.start_with(name, &["run"], &variables);
        library.base = address(&library.service).await;
    };
    let path = gated(&library.aircheck);
    restart(&mut library, "gated", Some(&path)).await;
    let list = below(&library.base, "128k.m3u8");
    let (_, segments) = media(&text(&list).await);
    let of = |number: usize| list.join(&segments[number].1).expect("an address");
    let (one, other) = (of(0), of(1));
    let asked: Vec<_> = (0..4).flat_map(|_| [bytes(&one), bytes(&other)]).collect();
    let heard = join_all(asked).await;
    assert!(heard.iter().step_by(2).all(|segment| *segment == heard[0] && !segment.is_empty()));
    let called = std::fs::read_to_string(library.aircheck.path("called")).expect("it was called");
    assert_eq!(called.lines().count(), 1, "{called}");

    // Killed in the middle of it.
    let parts = |library: &Library| -> Vec<_> {
        let versions = std::fs::read_dir(library.aircheck.path("state/hls")).into_iter().flatten().flatten();
        versions.map(|version| version.path().join("128k/0")).filter(|part| part.exists()).collect()
    };
    assert!(parts(&library).iter().all(|part| !part.join("whole").exists()) && parts(&library).len() == 1);
    restart(&mut library, "again", None).await;
    assert!(parts(&library).is_empty(), "what was half made is gone");
    is_whole(&played(below(&library.base, "master.m3u8").to_string()).await);
}

#[tokio::test]
async fn it_is_open_to_those_to_whom_the_recording_is_open() {
    let hash = PasswordHash::of("secret").expect("a hash");
    let base_url = "https://radio.example.org/radio/";
    let web = format!(
        "web: {{ listen: \"127.0.0.1:0\", password: \"{}\", base_url: \"{base_url}\" }}\nhls: [64k]",
        hash.as_str()
    );
    let library = library(&web).await;
    let base = library.base.join("/radio/").expect("an address");
    let at = below(&base, "master.m3u8");
    assert_eq!(ask(&at, &[]).await.status(), StatusCode::UNAUTHORIZED);
    let signed = async |path: &str| {
        let request = Client::new().get(base.join(path).expect("a path")).basic_auth("me", Some("secret"));
        request.send().await.expect("an answer")
    };
    let text_of_master = signed(&format!("recordings/{ID}/hls/master.m3u8")).await.text().await.expect("text");
    assert_eq!(master(&text_of_master)[0].uri, "64k.m3u8");

    // The page on which it is shared has the address, with the one of the page in front.
    let page = signed(&format!("share/{ID}")).await.text().await.expect("text").replace("&#x2f;", "/");
    assert!(page.contains(&format!("value=\"{base_url}recordings/{ID}/hls/master.m3u8\"")), "{page}");

    // The token of its feed opens it as it opens the sound, and goes along with every address.
    let feeds: Value = signed("api/v1/feeds").await.json().await.expect("JSON");
    let feed = feeds.as_array().expect("feeds").iter().find(|feed| feed["show"] == "news").expect("its feed");
    let token = feed["address"].as_str().and_then(|address| address.split_once('?')).expect("a token").1.to_owned();
    let with_token = Url::parse(&format!("{at}?{token}")).expect("an address");
    is_whole(&played(with_token.to_string()).await);
    let wrong = Url::parse(&format!("{at}?token=wrong")).expect("an address");
    assert_eq!(ask(&wrong, &[]).await.status(), StatusCode::UNAUTHORIZED);

    // A link to share opens it until it is withdrawn.
    let links = base.join(&format!("api/v1/recordings/{ID}/links")).expect("a path");
    let made = Client::new().post(links).basic_auth("me", Some("secret")).send().await.expect("an answer");
    let made: Value = made.json().await.expect("JSON");
    let path = Url::parse(made["url"].as_str().expect("an address")).expect("a URL").path().to_owned();
    let shared = library.base.join(&format!("{path}/hls/master.m3u8")).expect("an address");
    is_whole(&played(shared.to_string()).await);
    let list = shared.join("64k.m3u8").expect("an address");
    let segment = list.join(&media(&text(&list).await).1[0].1).expect("an address");
    let answer = ask(&segment, &[]).await;
    assert_eq!(
        (answer.status(), answer.headers()[CACHE_CONTROL].to_str().ok()),
        (StatusCode::OK, Some("private, no-cache"))
    );
    let link = base.join(&format!("api/v1/links/{}", made["id"])).expect("a path");
    assert!(
        Client::new()
            .delete(link)
            .basic_auth("me", Some("secret"))
            .send()
            .await
            .expect("an answer")
            .status()
            .is_success()
    );
    for url in [&shared, &list, &segment] {
        assert_eq!(ask(url, &[]).await.status(), StatusCode::NOT_FOUND, "{url}");
    }
}

#[tokio::test]
async fn new_recordings_are_made_ahead_and_old_ones_are_not() {
    let _ = tokio::task::spawn_blocking(sound).await;
    let start = SystemClock::shared().now().trunc_subsecs(0) - TimeDelta::hours(1);
    let new = Shelved { start, ..news() };
    let yaml = yaml("hls: { renditions: [64k, 128k], ahead: true }");
    let library = Library::of(sound(), &yaml, &[news(), new.clone()]).await;
    library.service.says("renditions are made", SOON).await;
    let folder = library.aircheck.path("state/hls");
    let versions: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().map(|it| it.path()).collect();
    assert_eq!(versions.len(), 1, "{versions:?}");
    assert!(["64k", "128k"].iter().all(|rate| versions[0].join(rate).join("0/whole").exists()));
    let source = std::fs::read_to_string(versions[0].join("source.json")).expect("it is there");
    assert!(source.contains(new.id().as_str()), "{source}");
}

#[tokio::test]
async fn the_command_makes_a_folder_that_any_player_plays_and_overwrites_none() {
    let library = library("hls: [128k, 32k]").await;
    let (aircheck, output) = (&library.aircheck, library.aircheck.path("뉴스"));
    let run = async |args: &[&str]| aircheck.run(&[&["hls"], args].concat()).await;
    let made = run(&[ID, "--output", "뉴스", "--json"]).await;
    assert_eq!(made.code, 0, "{made}");
    let report = made.json();
    assert_eq!(report["playlist"].as_str().map(Path::new), Some(&*output.join("master.m3u8")), "{report}");
    assert_eq!((&report["id"], &report["renditions"][1]["segments"]), (&ID.into(), &7.into()), "{report}");
    let listed = master(&std::fs::read_to_string(output.join("master.m3u8")).expect("it is there"));
    let told = report["renditions"][1]["bandwidth"].as_f64().expect("a number");
    assert!((listed[1].peak - told).abs() < 0.5, "{report}");
    for name in ["32k.m3u8", "master.m3u8"] {
        is_whole(&played(output.join(name).to_str().expect("UTF-8").to_owned()).await);
    }
    for (args, code, words) in [
        (&[ID, "--output", "뉴스"][..], 2, "exists and is not added to"),
        (&[ID, "--output", "none/x"], 2, "there is no folder"),
        (&["none@20261120T0500Z", "--output", "x"], 2, "there is no recording"),
    ] {
        let ran = run(args).await;
        assert!(ran.code == code && ran.stderr.contains(words), "{ran}");
    }
    std::fs::write(aircheck.path(&format!("recordings/{ID}.mp3")), "this is no sound").expect("written");
    let ran = run(&[ID, "--output", "x"]).await;
    assert!(ran.code == 1 && ran.stderr.contains("cannot be made HLS"), "{ran}");
    let left: Vec<_> =
        std::fs::read_dir(aircheck.path("")).expect("a folder").flatten().map(|it| it.file_name()).collect();
    assert!(!left.iter().any(|name| name == "x" || name.to_string_lossy().starts_with(".aircheck")), "{left:?}");
}
