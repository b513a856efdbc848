//! RTMP and Icecast, if servers, sources, connections or programs fail: the recording has all sound that was offered,
//! once and at its time; the rest is a gap with its length and cause.

use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::cases::turn;
use crate::support::icecast::{self, Icecast};
use crate::support::rtmp::RtmpServer;
use crate::support::timecode::{Heard, Report};

/// How long a recording may take to finish after its last second.
const PATIENCE: Duration = Duration::from_secs(90);
/// How much the source's encoder, the server and rtmpdump delay the sound; nothing is heard before it is on the air.
const LAG: Range<f64> = -0.05..2.0;
/// How far the gaps and the sound may differ about the length of a hole if only arrivals tell: an encoder's delay
/// differs from one start to the next, and rtmpdump writes blocks.
const TRUE_TO: f64 = 0.5;
/// How far they may differ for each hole if the timestamps of the sound tell: a shorter hole is not reported.
const STAMPED: f64 = 0.06;
/// By how much the delay of another encoder may differ between two holes.
const STEADY: f64 = 0.15;
/// How exactly a source with another clock can follow a source.
const SEAM: f64 = 0.1;

/// A recording and its result.
struct Take {
    code: i32,
    said: Value,
    heard: Report,
}

/// A recording that is being made.
struct Taking {
    aircheck: Aircheck,
    service: Service,
    seconds: f64,
}

impl Taking {
    fn begin(source: &str, seconds: u32) -> Self {
        let aircheck = Aircheck::new(&format!("stations:\n  s:\n    name: S\n    {source}\nshows: []\n"));
        let length = format!("{seconds}s");
        let service = aircheck.start("record", &["record", "s", "--for", &length, "--output", "a.mp3", "--json"]);
        Self { aircheck, service, seconds: f64::from(seconds) }
    }

    /// Waits until `seconds` are on tape.
    async fn on_tape(&self, seconds: usize) {
        let chunks = || {
            let folders = std::fs::read_dir(self.aircheck.path(".")).expect("the folder").flatten();
            let tapes =
                folders.map(|entry| entry.path().join("tape/s")).filter_map(|path| std::fs::read_dir(path).ok());
            let files = tapes.flat_map(Iterator::flatten).map(|entry| entry.path());
            let indexes = files.filter(|path| path.extension().is_some_and(|extension| extension == "m3u8"));
            indexes
                .filter_map(|path| std::fs::read_to_string(path).ok())
                .map(|text| text.matches("#EXTINF").count())
                .sum::<usize>()
        };
        until("sound on tape", PATIENCE, async || chunks() >= seconds).await;
    }

    async fn end(mut self) -> Take {
        let code = self.service.end_within(Duration::from_secs_f64(self.seconds) + PATIENCE).await.code().unwrap_or(-1);
        Take::read(code, &self.service.log(), &self.aircheck.path("a.mp3"))
    }
}

impl Take {
    fn read(code: i32, json: &str, file: &Path) -> Self {
        let said = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"));
        Self { code, said, heard: Report::of_file(file) }
    }

    fn start(&self) -> DateTime<Utc> {
        self.said["start"].as_str().and_then(|at| at.parse().ok()).expect("a start")
    }

    /// Returns the gaps: where each begins in seconds after the start, how long it is, and why.
    fn gaps(&self) -> Vec<(f64, f64, String)> {
        let gaps = self.said["missing"].as_array().expect("gaps");
        let read = |gap: &Value| {
            let at: DateTime<Utc> = gap["start"].as_str()?.parse().ok()?;
            Some(((at - self.start()).as_seconds_f64(), gap["seconds"].as_f64()?, gap["cause"].as_str()?.to_owned()))
        };
        gaps.iter().map(|gap| read(gap).expect("a gap")).collect()
    }

    /// Returns how much later than on the air each second lies, by the start and the gaps. If a hole is almost a whole
    /// number of seconds long, the beginning of its first second and the end of its last read like another second,
    /// which does not count.
    fn lags(&self) -> Vec<f64> {
        let gaps = self.gaps();
        let lag = |heard: &Heard| -> Option<f64> {
            let mut at = heard.at;
            for (begins, length, _) in &gaps {
                // Only whole seconds are read, so one that begins this near lies behind the hole.
                if at + SEAM >= *begins {
                    at += length;
                } else if at + 1.0 > *begins + SEAM {
                    return None;
                }
            }
            let claimed = self.start() + TimeDelta::from_std(Duration::from_secs_f64(at)).expect("short");
            let ahead = (i64::from(heard.second) - claimed.timestamp()).rem_euclid(65_536);
            let second = claimed.timestamp() + if ahead > 32_768 { ahead - 65_536 } else { ahead };
            Some((claimed - DateTime::from_timestamp(second, 0).expect("a time")).as_seconds_f64())
        };
        self.heard.heard.iter().filter_map(lag).collect()
    }

    /// Checks that the recording is whole and at its time, however often the connection was lost.
    fn is_whole(&self, seconds: f64) -> Result<String, String> {
        let line = self.line();
        let whole = self.heard.is_whole() && (self.heard.length - seconds).abs() < 0.05;
        let truthful = self.code == 0 && self.said["verdict"] == "complete" && self.gaps().is_empty();
        let placed = self.is_placed();
        if whole && truthful && placed { Ok(line) } else { Err(line) }
    }

    /// Checks that the recording has this many holes, each a gap with its cause, and nothing else wrong.
    fn has_holes(
        &self,
        seconds: f64,
        (holes, length): (RangeInclusive<usize>, Range<f64>),
        true_to: f64,
        causes: &[&str],
    ) -> Result<String, String> {
        let line = self.line();
        let gaps = self.gaps();
        let told: f64 = gaps.iter().map(|(_, length, _)| length).sum();
        // A busy machine may take longer to connect than a recording waits for its beginning.
        let inside = |gap: &&(f64, f64, String)| gap.0 > 0.0;
        let verdict = if gaps.is_empty() { (0, "complete") } else { (3, "partial") };
        let truthful = (self.code, self.said["verdict"].as_str()) == (verdict.0, Some(verdict.1))
            && holes.contains(&gaps.iter().filter(inside).count())
            && gaps
                .iter()
                .filter(inside)
                .all(|(_, one, said)| length.contains(one) && causes.iter().any(|word| said.contains(word)));
        // After the beginning of the last second that is heard, the sound does not tell what is missing.
        let last = self.heard.heard.last().map_or(0.0, |last| last.at);
        let mut before = 0.0;
        let measured = |gap: &&(f64, f64, String)| {
            let in_file = gap.0 - before;
            before += gap.1;
            in_file <= last + SEAM
        };
        let heard_of: f64 = gaps.iter().filter(measured).filter(inside).map(|(_, length, _)| length).sum();
        let true_to_sound = self.heard.doubled < SEAM
            && (self.heard.missing - heard_of).abs() < true_to
            && (self.heard.length + told - seconds).abs() < 0.1;
        let placed = self.is_placed();
        if truthful && true_to_sound && placed { Ok(line) } else { Err(line) }
    }

    /// Checks that the seconds lie where the start and the gaps say: the delay is constant, except for what a new
    /// encoder changes.
    fn is_placed(&self) -> bool {
        let lags = self.lags();
        let steps = lags.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > STEADY).count();
        lags.iter().all(|lag| LAG.contains(lag)) && steps <= self.gaps().len()
    }

    fn line(&self) -> String {
        let lags = self.lags();
        let (least, most) = lags.iter().fold((f64::MAX, f64::MIN), |(a, b), lag| (a.min(*lag), b.max(*lag)));
        format!(
            "exit {}, {}, {}; {:+.0} to {:+.0} ms from the air; gaps {:?}",
            self.code,
            self.said["verdict"],
            self.heard,
            least * 1000.0,
            most * 1000.0,
            self.gaps()
        )
    }
}

/// Lets `seconds` of the programme pass.
async fn pass(seconds: f64) {
    SystemClock::shared().sleep(Duration::from_secs_f64(seconds)).await;
}

/// Runs blocking work on another thread.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

/// Returns the children of `parent` that run `program`.
fn children(parent: u32, program: &str) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let ours = stats.filter_map(|stat| {
        let (id, rest) = stat.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let of: u32 = rest.split(' ').nth(1)?.parse().ok()?;
        (of == parent && name == program).then(|| id.parse().ok().and_then(Pid::from_raw))?
    });
    ours.collect()
}

type Run<'a> = futures::future::LocalBoxFuture<'a, Result<String, String>>;

/// Runs all cases at the same time, and prints the result of each.
async fn told(cases: Vec<(&str, Run<'_>)>) {
    let _turn = turn(cases.len()).await;
    let mut failed = Vec::new();
    for (name, result) in join_all(cases.into_iter().map(|(name, case)| async move { (name, case.await) })).await {
        match result {
            Ok(line) => println!("{name:<32} {line}"),
            Err(line) => failed.push(format!("{name}: {line}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

async fn rtmp_server() -> RtmpServer {
    aside(RtmpServer::start).await
}

fn rtmp(server: &RtmpServer) -> String {
    format!("rtmp: {}", server.url())
}

/// How much is lost if a server is away for 2 s: a publisher begins with the whole second in which it starts.
const AWAY: Range<f64> = 0.5..7.0;

async fn server_restarted() -> Result<String, String> {
    let mut server = rtmp_server().await;
    let taking = Taking::begin(&rtmp(&server), 24);
    taking.on_tape(6).await;
    let server = aside(move || {
        server.stop();
        std::thread::sleep(Duration::from_secs(2));
        server.restart();
        server
    })
    .await;
    let result = taking.end().await.has_holes(24.0, (1..=1, AWAY), TRUE_TO, &["127.0.0.1"]);
    drop(server);
    result
}

async fn server_frozen() -> Result<String, String> {
    let server = rtmp_server().await;
    let taking = Taking::begin(&rtmp(&server), 32);
    taking.on_tape(6).await;
    server.freeze(true);
    // Much longer than the source waits: a busy machine notices late, and what the old connection would send then lies
    // behind another hole.
    pass(14.0).await;
    server.freeze(false);
    taking.end().await.has_holes(32.0, (1..=1, 0.05..25.0), TRUE_TO, &["no sound for 10 s", "rtmpdump says"])
}

async fn rtmpdump_killed() -> Result<String, String> {
    let server = rtmp_server().await;
    let taking = Taking::begin(&rtmp(&server), 20);
    taking.on_tape(6).await;
    let found = children(taking.service.id(), "rtmpdump");
    if found.len() != 1 {
        return Err(format!("{found:?} are the recorder's rtmpdump"));
    }
    for id in found {
        kill_process(id, Signal::KILL).expect("it is ours");
    }
    // Sometimes the next connection is there before a hole is long enough to count.
    taking.end().await.has_holes(20.0, (0..=1, 0.05..15.0), STAMPED, &["killed by signal 9"])
}

async fn rtmpdump_exits_0() -> Result<String, String> {
    let server = rtmp_server().await;
    let aircheck = Aircheck::new(&format!("stations:\n  s:\n    name: S\n    {}\nshows: []\n", rtmp(&server)));
    let script = "#!/bin/sh\ntimeout 5 /usr/bin/rtmpdump \"$@\"\nexit 0\n";
    let path = aircheck.put_program("rtmpdump", script);
    let args = ["record", "s", "--for", "20s", "--output", "a.mp3", "--json"];
    let ran = aircheck.run_with(&args, &[("PATH", &path)]).await;
    let take = Take::read(ran.code, &ran.stdout, &aircheck.path("a.mp3"));
    take.has_holes(20.0, (0..=5, 0.05..15.0), 4.0 * STAMPED, &["closed the connection"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rtmp_loses_only_what_was_not_offered_and_reports_it() {
    let cases: Vec<(&str, Run<'_>)> = vec![
        ("server 2 s away", Box::pin(server_restarted())),
        ("server frozen for 14 s", Box::pin(server_frozen())),
        ("rtmpdump killed", Box::pin(rtmpdump_killed())),
        ("rtmpdump exits 0 every 5 s", Box::pin(rtmpdump_exits_0())),
    ];
    told(cases).await;
}

async fn icecast(codec: icecast::Codec) -> (Icecast, String) {
    let server = aside(move || Icecast::start(codec)).await;
    let source = format!("icecast: {}", server.url());
    (server, source)
}

/// Disconnects the listeners three times; each time the burst holds what they missed.
async fn thrown_out(codec: icecast::Codec) -> Result<String, String> {
    let (server, source) = icecast(codec).await;
    let taking = Taking::begin(&source, 20);
    let mut server = server;
    for seconds in [5, 9, 13] {
        taking.on_tape(seconds).await;
        server = aside(move || {
            server.throw_out();
            server
        })
        .await;
    }
    taking.end().await.is_whole(20.0)
}

async fn undisturbed(codec: icecast::Codec) -> Result<String, String> {
    let (_server, source) = icecast(codec).await;
    Taking::begin(&source, 12).end().await.is_whole(12.0)
}

async fn icecast_restarted() -> Result<String, String> {
    let (mut server, source) = icecast(icecast::MP3).await;
    let taking = Taking::begin(&source, 24);
    taking.on_tape(6).await;
    let _server = aside(move || {
        server.stop();
        std::thread::sleep(Duration::from_secs(2));
        server.serve();
        server.send(icecast::MP3);
        server
    })
    .await;
    taking.end().await.has_holes(24.0, (1..=1, AWAY), TRUE_TO, &["127.0.0.1"])
}

async fn source_changed(codec: icecast::Codec) -> Result<String, String> {
    let (mut server, source) = icecast(icecast::MP3).await;
    let taking = Taking::begin(&source, 24);
    taking.on_tape(6).await;
    let _server = aside(move || {
        server.send(codec);
        server
    })
    .await;
    taking.end().await.has_holes(24.0, (0..=1, 0.05..15.0), TRUE_TO, &["127.0.0.1"])
}

async fn icecast_frozen() -> Result<String, String> {
    let (server, source) = icecast(icecast::MP3).await;
    let taking = Taking::begin(&source, 32);
    taking.on_tape(6).await;
    server.freeze(true);
    pass(11.5).await;
    server.freeze(false);
    // The connection that was never lost has it.
    taking.end().await.is_whole(32.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn icecast_listeners_that_are_disconnected_miss_nothing() {
    let cases: Vec<(&str, Run<'_>)> = vec![
        ("mp3, thrown out 3 times", Box::pin(thrown_out(icecast::MP3))),
        ("aac, thrown out 3 times", Box::pin(thrown_out(icecast::AAC))),
        ("opus, thrown out 3 times", Box::pin(thrown_out(icecast::OPUS))),
        ("vorbis, undisturbed", Box::pin(undisturbed(icecast::VORBIS))),
        ("flac, undisturbed", Box::pin(undisturbed(icecast::FLAC))),
    ];
    told(cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn icecast_loses_only_what_was_not_offered_and_reports_it() {
    let cases: Vec<(&str, Run<'_>)> = vec![
        ("icecast restarted", Box::pin(icecast_restarted())),
        ("another source, mp3", Box::pin(source_changed(icecast::MP3))),
        ("another source, aac", Box::pin(source_changed(icecast::AAC))),
        ("icecast frozen for 11 s", Box::pin(icecast_frozen())),
    ];
    told(cases).await;
}
