//! `aircheck record --encoding original` with every way in which a station can send its sound: whole, where it belongs, and
//! in the codec of the station.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::Value;

use crate::support::aircheck::{Aircheck, ffprobe};
use crate::support::cases::{hls, stamped, turn};
use crate::support::icecast::{self, Icecast};
use crate::support::origin::{Container, Origin};
use crate::support::timecode::Report;

/// How long each is recorded, in seconds.
const LENGTH: f64 = 16.0;

/// Records `source`, and says what is wrong with it, or what it is like. `within`: how much (s) it may begin earlier on the
/// air than it says, besides half a frame.
async fn record(source: String, extension: &str, codec: &str, within: f64) -> Result<String, String> {
    let aircheck = Aircheck::new(&format!("stations:\n  s:\n    name: 시험\n    {source}\nshows: []\n"));
    let length = format!("{LENGTH}s");
    let args = ["record", "s", "--for", &length, "--output", "a.mp3", "--encoding", "original", "--json"];
    let ran = aircheck.run(&args).await;
    let said: Value = serde_json::from_str(&ran.stdout).map_err(|error| format!("{error}: {ran:?}"))?;
    let file = aircheck.path(&format!("a.{extension}"));
    if said["file"].as_str().is_none_or(|path| !path.ends_with(&format!("a.{extension}"))) || !file.exists() {
        return Err(format!("{extension}: {said}"));
    }
    let probed = ffprobe(&file);
    let listened = file.clone();
    let heard =
        tokio::task::spawn_blocking(move || Report::of_file(&listened)).await.map_err(|error| error.to_string())?;
    let start: DateTime<Utc> = said["start"].as_str().and_then(|at| at.parse().ok()).ok_or("no start")?;
    let begins = heard.begins(start).ok_or("no second was heard")?;
    let off = (begins - start).as_seconds_f64();
    let line = format!("{source:<60} {heard}; begins {:+.0} ms off; {}", off * 1e3, said["notes"][0]["reason"]);
    let truthful = said["verdict"] == "complete" && said["notes"][0]["kind"] == "original" && ran.code == 0;
    let whole = heard.is_whole() && (heard.length - LENGTH).abs() < 0.05;
    let placed = off > -within - 0.03 && off < 0.03;
    let sound = probed["streams"].as_array().into_iter().flatten().find(|it| it["codec_type"] == "audio");
    let is_it = sound.is_some_and(|it| it["codec_name"] == codec);
    if truthful && whole && placed && is_it { Ok(line) } else { Err(format!("{line}\n{said}\n{probed}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_original_of_every_container_is_whole_and_where_it_belongs() {
    type Run = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;
    let _turn = turn(6).await;
    let origin = Origin::start();
    let stations = [
        (Container::Ts, "ts", "m4a", "aac"),
        (Container::Adts, "adts", "m4a", "aac"),
        (Container::Fmp4, "fmp4", "m4a", "aac"),
        (Container::Mp3, "mp3", "mp3", "mp3"),
    ];
    let stations = stations
        .map(|(container, name, extension, codec)| (origin.station(name, stamped(container)), extension, codec));
    let icecast = |codec| tokio::task::spawn_blocking(move || Icecast::start(codec));
    let (opus, vorbis) = tokio::join!(icecast(icecast::OPUS), icecast(icecast::VORBIS));
    let (opus, vorbis) = (opus.expect("started"), vorbis.expect("started"));
    let mut runs: Vec<Run> = Vec::new();
    for (station, extension, codec) in &stations {
        let (source, extension, codec) = (hls(station), *extension, *codec);
        runs.push(Box::pin(async move { record(source, extension, codec, 0.0).await }));
    }
    for (server, extension, codec) in [(&opus, "opus", "opus"), (&vorbis, "ogg", "vorbis")] {
        let source = format!("icecast: {}", server.url());
        // Timed by arrival, and the source encodes in the background. Icecast joins pages of Vorbis to 0.4 s, and sends each
        // at its end: nobody can know how late that is.
        runs.push(Box::pin(async move { record(source, extension, codec, 1.5).await }));
    }
    let mut failed = Vec::new();
    for outcome in join_all(runs).await {
        match outcome {
            Ok(line) => println!("{line}"),
            Err(line) => failed.push(line),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // Servers are stopped on a thread that may wait.
    tokio::task::spawn_blocking(move || drop((opus, vorbis))).await.expect("stopped");
}
