//! Compares aircheck with other recorders under the same faults: `tests/compare/run` says how to run it.
//!
//! Every tool records every case from its own station, all at the same origin, with the same fault at the same moment,
//! for the same time. The reader listens to the file: from the first second in it on, a second that is not there is
//! missing, and one that is there twice is doubled.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::TimeDelta;
use futures::future::join_all;
use tokio::process::Command;

use crate::support::aircheck::{Aircheck, until};
use crate::support::origin::{
    Container, Fault, Kind, Origin, Part, ProgrammeTime, Redundant, Setup, StationHandle, Titles, Token, Written,
};
use crate::support::timecode::Report;

/// How long after the first segment was asked for a fault strikes.
const MOMENT: Duration = Duration::from_secs(10);
/// A tool that has not asked for sound by then never does.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);
/// How many cases run at a time, each by all tools: on a crowded processor, programs start late.
const AT_A_TIME: usize = 4;
/// How much longer than planned a tool may take.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Debug, Clone, Copy)]
enum Tool {
    Ffmpeg,
    Streamlink,
    Aircheck,
}

const TOOLS: [Tool; 3] = [Tool::Ffmpeg, Tool::Streamlink, Tool::Aircheck];

/// Which stream of a station is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Its live HLS.
    Hls,
    /// Its endless body, of MP3.
    Endless,
}

/// A fault: its name, the setup of its station, and how it is switched on once the tool has played for [`MOMENT`].
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    source: Source,
    setup: fn(Setup) -> Setup,
    strike: fn(&Origin, &StationHandle),
}

impl Source {
    fn container(self) -> Container {
        match self {
            Self::Hls => Container::Ts,
            Self::Endless => Container::Mp3,
        }
    }

    fn url(self, station: &StationHandle) -> String {
        match self {
            Self::Hls => station.url(),
            Self::Endless => station.live_url(),
        }
    }

    /// The file, whose name tells ffmpeg the container.
    fn file(self) -> &'static str {
        match self {
            Self::Hls => "a.ts",
            Self::Endless => "a.mp3",
        }
    }
}

fn cases() -> Vec<Case> {
    fn next_segment(station: &StationHandle, kind: Kind, times: u32) {
        let sequence = station.newest() + 1;
        station.fault(Fault::new(Part::Segment, kind).sequence(sequence).times(times));
    }
    const TOKEN: Token = Token { lifetime: Duration::from_secs(15), written: Written::Opaque, status: 403 };
    let case = |name, strike| Case { name, source: Source::Hls, setup: |plain| plain, strike };
    let endless = |name, setup| Case { name, source: Source::Endless, setup, strike: |_, _| {} };
    vec![
        case("nothing goes wrong", |_, _| {}),
        case("one reload of the playlist fails (503)", |_, station| {
            station.fault(Fault::new(Part::Playlist, Kind::Status(503)).times(1));
        }),
        case("a segment answers 404 once", |_, station| next_segment(station, Kind::Status(404), 1)),
        case("a segment answers 503 twice", |_, station| next_segment(station, Kind::Status(503), 2)),
        Case {
            name: "the address expires after 15 s",
            source: Source::Hls,
            setup: |plain| Setup { token: Some(TOKEN), ..plain },
            strike: |_, _| {},
        },
        case("the encoder restarts and counts anew", |_, station| station.restart_encoder(1, false)),
        case("a segment is an HTML page, once", |_, station| next_segment(station, Kind::Html, 1)),
        case("a segment is listed twice", |_, station| station.list_twice(station.newest() + 1)),
        case("a segment stalls half-way, once", |_, station| next_segment(station, Kind::Stall, 1)),
        case("every second reload is 10 s old", |_, station| {
            station.fault(Fault::new(Part::Playlist, Kind::Stale(Duration::from_secs(10))).every(2));
        }),
        case("the port is closed for 6 s", |origin, _| {
            origin.close_port(true);
            std::thread::sleep(Duration::from_secs(6));
            origin.close_port(false);
        }),
        Case {
            name: "an advertisement is on the air again",
            source: Source::Hls,
            setup: |plain| Setup { container: Container::Adts, ..plain },
            strike: |_, station| [1, 6, 11].into_iter().for_each(|ahead| station.advertise(station.newest() + ahead)),
        },
        Case {
            name: "the encoder's clock is set back by 30 s",
            source: Source::Hls,
            setup: |plain| Setup { programme_time: ProgrammeTime::Every, ..plain },
            strike: |_, station| {
                let next = station.newest() + 1;
                let set_back = TimeDelta::seconds(30);
                let redate = move |number, date| if number < next { date } else { date - set_back };
                station.fault(Fault::redate(redate));
            },
        },
        Case {
            name: "the first of two hosts is down",
            source: Source::Hls,
            setup: |plain| Setup { variants: vec![64_000], redundant: Redundant::HostDown, ..plain },
            strike: |_, _| {},
        },
        endless("one odd line in the head of a stream", |plain| Setup { odd_lines: &["icy name: Radio"], ..plain }),
        endless("titles announced that are not there", |plain| Setup { titles: Titles::Missing, ..plain }),
    ]
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: start this with tests/compare/run"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures other programs: tests/compare/run"]
async fn the_same_faults() {
    let seconds: u32 = setting("COMPARE_SECONDS").parse().expect("a number of seconds");
    let streamlink = setting("COMPARE_STREAMLINK");
    let mut rows = Vec::new();
    for cases in cases().chunks(AT_A_TIME) {
        let by_all = |case| join_all(TOOLS.map(|tool| record(tool, case, seconds, &streamlink)));
        rows.extend(join_all(cases.iter().map(by_all)).await);
    }
    println!("{}", SystemClock::shared().now().format("%Y-%m-%d"));
    println!("{}", first_line("ffmpeg", &["-version"]).await);
    println!("{}", first_line(&streamlink, &["--version"]).await);
    println!("aircheck {}\n", env!("CARGO_PKG_VERSION"));
    println!(
        "| {seconds} s on the air | ffmpeg: missing | doubled | streamlink: missing | doubled | aircheck: missing | doubled |"
    );
    println!("| --- |{}", " ---: |".repeat(2 * TOOLS.len()));
    for (case, row) in cases().iter().zip(rows) {
        let cells = row.iter().map(|(missing, doubled)| format!(" {missing:.1} s | {doubled:.1} s |"));
        println!("| {} |{}", case.name, cells.collect::<String>());
    }
}

/// Runs one tool in one case, and returns the seconds missing and doubled.
async fn record(tool: Tool, &case: &Case, seconds: u32, streamlink: &str) -> (f64, f64) {
    // Each tool has its own origin, whose port can be closed for it alone.
    let (origin, station) = aside(move || {
        let origin = Origin::start();
        let station = origin.station("s", (case.setup)(Setup::of(case.source.container())));
        (origin, station)
    })
    .await;
    let url = case.source.url(&station);
    let find = station.address_url();
    let striking = async {
        let begun = async || station.log().iter().any(|entry| matches!(entry.part, Part::Segment | Part::Live));
        // A tool that finds no sound asks for none.
        let asked = until("the first request for sound", 2 * GIVEN_UP_AFTER, begun);
        if SystemClock::shared().timeout(GIVEN_UP_AFTER, asked).await.is_err() {
            return (origin, station);
        }
        SystemClock::shared().sleep(MOMENT).await;
        aside(move || {
            (case.strike)(&origin, &station);
            (origin, station)
        })
        .await
    };
    let recording = async {
        match tool {
            Tool::Aircheck => {
                let yaml = match case.source {
                    Source::Hls => format!("hls:\n      find:\n        - get: {find}"),
                    Source::Endless => format!("icecast: {url}"),
                };
                with_aircheck(&yaml, seconds).await
            }
            Tool::Ffmpeg => {
                let length = seconds.to_string();
                let args = ["-nostdin", "-v", "error", "-i", &url, "-t", &length, "-c", "copy"];
                with("ffmpeg", &args, case.source, seconds).await
            }
            Tool::Streamlink => {
                let length = seconds.to_string();
                // streamlink has no length for an endless body, so it is stopped when the time is up.
                let (url, duration) = match case.source {
                    Source::Hls => (format!("hls://{url}"), vec!["--hls-duration", &length]),
                    Source::Endless => (format!("httpstream://{url}"), Vec::new()),
                };
                let args = [duration, vec![&url, "best", "-o"]].concat();
                with(streamlink, &args, case.source, seconds).await
            }
        }
    };
    let (report, kept) = tokio::join!(recording, striking);
    drop(kept);
    let Some(report) = report else { return (f64::from(seconds), 0.0) };
    let reached = report.length + report.missing - report.doubled;
    (report.missing + (f64::from(seconds) - reached).max(0.0), report.doubled)
}

async fn with_aircheck(source: &str, seconds: u32) -> Option<Report> {
    let yaml = format!("stations:\n  s:\n    name: S\n    {source}\nshows: []\n");
    let aircheck = Aircheck::new(&yaml);
    aircheck.run(&["record", "s", "--for", &format!("{seconds}s"), "--output", "a.mp3"]).await;
    listen(aircheck.path("a.mp3")).await
}

/// Runs `program` with `args` and, last, the file to write.
async fn with(program: &str, args: &[&str], source: Source, seconds: u32) -> Option<Report> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(source.file());
    let limit = Duration::from_secs(seconds.into()) + PATIENCE;
    let _ = SystemClock::shared().timeout(limit, command(program).args(args).arg(&file).status()).await;
    listen(file).await
}

#[expect(clippy::disallowed_methods, reason = "other programs are run as a user would")]
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Returns what is in the file. `None` if there is none that can be played.
async fn listen(file: PathBuf) -> Option<Report> {
    let playable = |file: &Path| file.metadata().is_ok_and(|data| data.len() > 0);
    aside(move || playable(&file).then(|| catch_unwind(|| Report::of_file(&file)).ok())?).await
}

async fn first_line(program: &str, args: &[&str]) -> String {
    let output = command(program).args(args).stdout(Stdio::piped()).output().await.expect("it runs");
    String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}
