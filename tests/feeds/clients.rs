//! Real podcast clients at real feeds: they download exactly what was recorded.
//!
//! podget is part of the suite. `tests/feeds/run` runs the other clients and the validators.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use aircheck::model::EncodingKind;
use reqwest::Url;
use tokio::process::Command;

use super::KOREAN;
use crate::encodings::made;
use crate::support::collection::{Collection, kept, sound};
use crate::support::folder;

/// How many recordings a collection has, and how many are of the Korean show.
const ALL: usize = 4;
const KOREAN_ONES: usize = 2;

/// Returns how many MP3s below `folder` are a recording, byte for byte; fails if there is another MP3.
fn downloaded(folder: &Path) -> usize {
    let mut found = Vec::new();
    mp3s(folder, &mut found);
    for file in &found {
        let bytes = std::fs::read(file).expect("a file");
        assert!(bytes == sound(), "{} has {} bytes and is no recording", file.display(), bytes.len());
    }
    found.len()
}

fn mp3s(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            mp3s(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "mp3") {
            found.push(path);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
async fn run(program: &str, args: &[&str], home: &Path) -> Output {
    let mut command = Command::new(program);
    // A folder for temporary files that all users share may be that of another user.
    command.args(args).env("HOME", home).env("TMPDIR", home).env("GPODDER_HOME", home.join("gpodder"));
    command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Downloads a feed with podget, with few settings of our own; returns how many recordings are there then.
async fn podget(feed: &Url, home: &Path) -> (usize, String) {
    let settings = home.join("podget");
    let folder = settings.to_str().expect("UTF-8");
    if !settings.exists() {
        run("podget", &["-d", folder, "--create-config", "podgetrc"], home).await;
        let rc = std::fs::read_to_string(settings.join("podgetrc")).expect("its settings");
        // The disk of this machine may be fuller than podget accepts.
        std::fs::write(settings.join("podgetrc"), rc.replace("MIN_SPACE=614400", "MIN_SPACE=0")).expect("written");
        std::fs::write(settings.join("serverlist"), format!("{feed} radio show\n")).expect("written");
    }
    let output = run("podget", &["-d", folder, "-vv"], home).await;
    (downloaded(&home.join("POD")), said(&output))
}

#[tokio::test]
async fn podget_subscribes_and_downloads_every_recording_as_it_is() {
    let collection = Collection::usual("").await;
    let (_service, base) = collection.serve().await;
    // podget writes its paths into settings that a shell reads.
    let home = folder::plain();
    let (came, words) = podget(&base.join("feed.xml").expect("a path"), home.path()).await;
    assert_eq!(came, ALL, "{words}");
    let (again, words) = podget(&base.join("feed.xml").expect("a path"), home.path()).await;
    assert_eq!(again, ALL, "a second time nothing is new: {words}");
    let home = folder::plain();
    let (came, words) = podget(&base.join(&format!("{KOREAN}/feed.xml")).expect("a path"), home.path()).await;
    assert_eq!(came, KOREAN_ONES, "{words}");
}

#[tokio::test]
async fn podget_downloads_recordings_of_every_codec_and_the_feed_says_what_they_are() {
    let collection = Collection::new("").await;
    let codecs = [(EncodingKind::Aac, "m4a", "audio/mp4"), (EncodingKind::Opus, "opus", "audio/ogg")];
    for (hours, (kind, extension, _)) in (0..).zip(codecs) {
        let file = format!("{hours}.{extension}");
        made(kind, collection.aircheck.path("recordings").join(&file)).await;
        collection.list(&kept("evening-news", "Evening News", hours), &file).await;
    }
    let (_service, base) = collection.serve().await;
    let feed = base.join("feed.xml").expect("a path");
    let text = reqwest::get(feed.clone()).await.expect("an answer").text().await.expect("text");
    let channel: rss::Channel = text.parse().expect("a feed");
    let home = folder::plain();
    let (_, words) = podget(&feed, home.path()).await;
    let mut files = Vec::new();
    below(&home.path().join("POD"), &mut files);
    for (hours, (_, extension, kind)) in (0..).zip(codecs) {
        let file = collection.aircheck.path("recordings").join(format!("{hours}.{extension}"));
        let bytes = std::fs::read(file).expect("a file");
        let enclosures = channel.items().iter().filter_map(rss::Item::enclosure);
        let said = enclosures.filter(|it| it.url().ends_with(&format!(".{extension}"))).collect::<Vec<_>>();
        let [enclosure] = said[..] else { panic!("{text}") };
        assert_eq!((enclosure.mime_type(), enclosure.length()), (kind, bytes.len().to_string().as_str()));
        let answer = reqwest::get(enclosure.url()).await.expect("an answer");
        assert_eq!(answer.headers()[reqwest::header::CONTENT_TYPE], kind);
        let same = files.iter().filter(|path| std::fs::read(path).expect("a file") == bytes).count();
        assert_eq!(same, 1, "{extension}: {files:?}: {words}");
    }
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() { below(&path, files) } else { files.push(path) }
    }
}

#[tokio::test]
#[ignore = "asks other people's programs: tests/feeds/run"]
async fn validators_and_clients() {
    let place = PathBuf::from(std::env::var("FEEDS_PLACE").expect("start this with tests/feeds/run"));
    let tool = |name: &str| place.join("venv/bin").join(name).to_str().expect("UTF-8").to_owned();
    let collection = Collection::usual("").await;
    let (_service, base) = collection.serve().await;
    let home = tempfile::tempdir().expect("a folder");
    let validator = place.join("validator");
    let args = ["tests/feeds/check.py", base.as_str(), validator.to_str().expect("UTF-8")];
    let checked = run(&tool("python"), &args, home.path()).await;
    println!("{}", said(&checked));

    let feed = base.join("feed.xml").expect("a path");
    let mut results = vec![("podget", podget(&feed, home.path()).await)];
    let (folder, settings) = (home.path().join("greg"), home.path().join("greg.conf"));
    let greg = format!(
        "[DEFAULT]\nData directory = {}\nDownload directory = {}\nfirstsync = all\n",
        home.path().join("greg-data").display(),
        folder.display()
    );
    std::fs::write(&settings, greg).expect("written");
    let settings = ["--configfile", settings.to_str().expect("UTF-8")];
    let mut words = String::new();
    for args in [&["add", "radio", feed.as_str()][..], &["sync"]] {
        words += &said(&run(&tool("greg"), &[&settings[..], args].concat(), home.path()).await);
    }
    results.push(("greg", (downloaded(&folder), words)));
    let mut words = String::new();
    if Path::new("/usr/bin/gpo").exists() {
        for args in [&["subscribe", feed.as_str()][..], &["update"], &["download"]] {
            words += &said(&run("gpo", args, home.path()).await);
        }
        results.push(("gPodder", (downloaded(&home.path().join("gpodder")), words)));
    }
    for (client, (came, words)) in &results {
        println!("{client}: {came} of {ALL} recordings, byte for byte");
        assert_eq!(*came, ALL, "{client}: {words}");
    }
    assert!(checked.status.success(), "a validator complains");
}
