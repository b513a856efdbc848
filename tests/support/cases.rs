//! Recordings side by side: the real binary records many stations at the same time, each with its own fault, and each
//! recording is judged by its sound.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::aircheck::{Aircheck, Ran};
use super::origin::{Container, Entry, Fault, Part, ProgrammeTime, Setup, StationHandle};
use super::pace::Pace;
use super::timecode::Report;

/// An MP3 frame at 48 kHz, in seconds, which an encoder may add.
pub const FRAME: f64 = 0.024;
/// How exact a cut by dates is (s): dates are rounded to milliseconds, and the reader has an error.
pub const STAMPED: f64 = 0.03;
/// How much too early (s) an endless stream, which is timed by arrival, may begin.
const ENDLESS: f64 = 0.3;
/// How far (s) gaps and sound may differ about a hole whose ends are timed by arrival.
const ROUGHLY: f64 = 0.2;
/// The most memory that a recording may take, whatever its station sends.
const MEMORY: u64 = 200 << 20;

type Deed<'a> = (Duration, Box<dyn FnOnce() + Send + 'a>);

/// One recording to make, what happens meanwhile, and what the result must be.
pub struct Case<'a> {
    name: &'static str,
    source: String,
    within: f64,
    station: Option<&'a StationHandle>,
    faults: Vec<Fault>,
    deeds: Vec<Deed<'a>>,
    lost: Option<(f64, &'static str)>,
    at_most: Option<(f64, &'static str)>,
    says: Vec<&'static str>,
    never: Option<u16>,
    asks: Vec<(bool, &'static str)>,
    ends_on: Option<&'static str>,
    once: bool,
    starts: Option<f64>,
}

impl<'a> Case<'a> {
    /// The station's playlist has dates.
    pub fn stamped(name: &'static str, source: String) -> Self {
        Self::placed(name, source, STAMPED)
    }

    /// The station is timed by arrival: its recording may begin this much (s) earlier on the air than it says.
    pub fn placed(name: &'static str, source: String, within: f64) -> Self {
        Self {
            name,
            source,
            within,
            station: None,
            faults: Vec::new(),
            deeds: Vec::new(),
            lost: None,
            at_most: None,
            says: Vec::new(),
            never: None,
            asks: Vec::new(),
            ends_on: None,
            once: false,
            starts: None,
        }
    }

    /// Returns a case of the HLS of `station`, whose requests are counted; timed as its setup allows.
    pub fn hls(name: &'static str, station: &'a StationHandle) -> Self {
        let case = if station.stamped() {
            Self::stamped(name, hls(station))
        } else {
            Self::placed(name, hls(station), station.segment().as_secs_f64())
        };
        case.at(station)
    }

    /// Returns a case of the HLS of `station`, found on its page.
    pub fn page(name: &'static str, station: &'a StationHandle) -> Self {
        Self { source: find(station, ""), ..Self::hls(name, station) }
    }

    /// Returns a case of an endless stream of `station` at `url`.
    pub fn endless(name: &'static str, station: &'a StationHandle, url: &str) -> Self {
        Self::placed(name, format!("icecast: {url}"), ENDLESS).at(station)
    }

    /// Sets the station whose requests are counted and whose faults happen.
    #[must_use]
    pub fn at(mut self, station: &'a StationHandle) -> Self {
        self.station = Some(station);
        self
    }

    /// Adds a fault, timed from the beginning of the recording.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Adds an action `seconds` after the beginning; in the order of time.
    #[must_use]
    pub fn then(mut self, seconds: u64, deed: impl FnOnce() + Send + 'a) -> Self {
        self.deeds.push((Duration::from_secs(seconds), Box::new(deed)));
        self
    }

    /// Expects one gap of `seconds`, whose cause contains these words.
    #[must_use]
    pub fn loses(mut self, seconds: f64, cause: &'static str) -> Self {
        self.lost = Some((seconds, cause));
        self
    }

    /// Allows gaps of at most `seconds` in all, which the report gives to the frame, with these words in the causes.
    #[must_use]
    pub fn loses_at_most(mut self, seconds: f64, cause: &'static str) -> Self {
        self.at_most = Some((seconds, cause));
        self
    }

    /// Expects these words in the log.
    #[must_use]
    pub fn says(mut self, words: &'static str) -> Self {
        self.says.push(words);
        self
    }

    /// Expects that the station never gives this answer.
    #[must_use]
    pub fn never(mut self, status: u16) -> Self {
        self.never = Some(status);
        self
    }

    /// Expects a request for `target`.
    #[must_use]
    pub fn asks(mut self, target: &'static str) -> Self {
        self.asks.push((true, target));
        self
    }

    /// Expects no request for `target`.
    #[must_use]
    pub fn never_asks(mut self, target: &'static str) -> Self {
        self.asks.push((false, target));
        self
    }

    /// Expects that no segment is requested twice.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Expects these words in the last address of the playlist.
    #[must_use]
    pub fn ends_on(mut self, target: &'static str) -> Self {
        self.ends_on = Some(target);
        self
    }

    /// Expects that the recording begins within `seconds`.
    #[must_use]
    pub fn starts_within(mut self, seconds: f64) -> Self {
        self.starts = Some(seconds);
        self
    }

    async fn run(self, seconds: u32) -> (&'static str, Result<String, String>) {
        let yaml = format!("stations:\n  s:\n    name: 시험 {}\n    {}\nshows: []\n", self.name, self.source);
        let aircheck = Aircheck::new(&yaml);
        if let Some(station) = self.station {
            self.faults.into_iter().for_each(|fault| station.fault(fault));
        }
        let clock = SystemClock::shared();
        let asked = clock.now();
        let misfortune = async {
            for (at, deed) in self.deeds {
                clock.sleep(at.saturating_sub(clock.monotonic())).await;
                deed();
            }
        };
        let length = format!("{seconds}s");
        let args = ["record", "s", "--for", &length, "--output", "a.mp3", "--json"];
        let variables = [("RUST_LOG", OsStr::new("warn,aircheck=debug"))];
        let ((ran, peak), ()) = tokio::join!(aircheck.run_watched(&args, &variables), misfortune);
        let (within, lost, at_most) = (self.within, self.lost, self.at_most);
        let expected = Expected { within, lost, at_most, seconds: f64::from(seconds) };
        let (file, words) = (aircheck.path("a.mp3"), ran.clone());
        let judged = tokio::task::spawn_blocking(move || expected.judge(&words, &file)).await.expect("a judgement");
        let mut line = format!("{}; {} MiB", judged.as_ref().unwrap_or_else(|line| line), peak >> 20);
        let mut fine = judged.is_ok() && peak < MEMORY;
        let start = serde_json::from_str::<Value>(&ran.stdout).unwrap_or_default()["start"]
            .as_str()
            .and_then(|at| at.parse::<DateTime<Utc>>().ok())
            .unwrap_or(asked);
        let waited = (start - asked).as_seconds_f64();
        if self.starts.is_some_and(|within| waited > within) {
            let _ = write!(line, "; begins only {waited:.1} s after it was asked for");
            fine = false;
        }
        for words in self.says {
            if !ran.stderr.contains(words) {
                let _ = write!(line, "; the log does not say {words:?}");
                fine = false;
            }
        }
        if let Some(station) = self.station {
            let log = station.log();
            let _ = write!(line, "; {}", requests(&log, station.segment().as_secs_f64()));
            let struck = log.iter().filter(|entry| Some(entry.status) == self.never).count();
            for (wanted, target) in self.asks {
                let asked = log.iter().filter(|entry| entry.target.contains(target)).count();
                if (asked > 0) != wanted {
                    let _ = write!(line, "; {target:?} was asked for {asked} times");
                    fine = false;
                }
            }
            let mut seen = HashSet::new();
            let again = log.iter().filter(|entry| entry.part == Part::Segment && !seen.insert(&entry.target)).count();
            if self.once && again > 0 {
                let _ = write!(line, "; {again} segments were asked for again");
                fine = false;
            }
            let last = log.iter().rfind(|entry| entry.part == Part::Playlist).map_or("", |entry| &entry.target);
            if self.ends_on.is_some_and(|target| !last.contains(target)) {
                let _ = write!(line, "; in the end {last:?} was asked for");
                fine = false;
            }
            if struck > 0 {
                let _ = write!(line, "; {struck} answers that should never have been given");
                fine = false;
            }
        }
        let outcome = if fine { Ok(line) } else { Err(format!("{line}\n{ran}")) };
        (self.name, outcome)
    }
}

/// How many recordings run at the same time.
const RECORDINGS: usize = 48;
/// The pause between the starts of two recordings, which keep the processors busy.
const BEGINNING: Duration = Duration::from_millis(350);

/// The right to make a number of recordings side by side.
pub struct Turn {
    recordings: usize,
    _leave: SemaphorePermit<'static>,
}

/// Waits until this many `recordings` can run beside those of other tests, so that no station is starved. Call it
/// before the first station is put on the air, because its programme ends some minutes later.
pub async fn turn(recordings: usize) -> Turn {
    static LEAVE: Semaphore = Semaphore::const_new(RECORDINGS);
    static BEGINNINGS: Pace = Pace::new();
    let many = recordings.try_into().expect("few");
    let leave = LEAVE.acquire_many(many).await.expect("never closed");
    BEGINNINGS.keep(BEGINNING * many).await;
    Turn { recordings, _leave: leave }
}

impl Turn {
    /// Records all cases at the same time for `seconds`, and checks each result.
    pub async fn record(&self, cases: impl IntoIterator<Item = Case<'_>>, seconds: u32) {
        let runs: Vec<_> = cases.into_iter().map(|case| case.run(seconds)).collect();
        assert_eq!(runs.len(), self.recordings, "the turn is for another number of recordings");
        let mut failed = Vec::new();
        for (name, outcome) in join_all(runs).await {
            match outcome {
                Ok(line) => println!("{name:<40} {line}"),
                Err(problem) => failed.push(format!("{name}: {problem}")),
            }
        }
        assert!(failed.is_empty(), "{} failed\n\n{}", failed.len(), failed.join("\n\n"));
    }
}

struct Expected {
    within: f64,
    lost: Option<(f64, &'static str)>,
    at_most: Option<(f64, &'static str)>,
    seconds: f64,
}

impl Expected {
    fn judge(&self, ran: &Ran, file: &Path) -> Result<String, String> {
        let said: Value = serde_json::from_str(&ran.stdout).map_err(|error| error.to_string())?;
        let start: DateTime<Utc> = said["start"].as_str().and_then(|at| at.parse().ok()).ok_or("no start")?;
        if said["file"].is_null() {
            return Err("there is no recording".to_owned());
        }
        let heard = Report::of_file(file);
        let begins = heard.begins(start).ok_or("no second was heard")?;
        let off = (begins - start).as_seconds_f64();
        let line = format!("{heard}; begins {:+.0} ms from where it should", off * 1000.0);
        if let Some((most, cause)) = self.at_most {
            let line = format!("{line}; {} {}", said["verdict"], said["missing"]);
            return if self.costs_little(&said, &heard, (most, cause)) { Ok(line) } else { Err(line) };
        }
        let (lost, cause) = self.lost.unwrap_or_default();
        let long = self.seconds - lost;
        // A stream without dates is timed by arrival: later than on the air by its delay, never earlier.
        let placed = off >= -self.within && off <= STAMPED;
        let exact = (heard.length - long).abs() <= FRAME;
        let true_length =
            (said["seconds"].as_f64().unwrap_or_default() - long).abs() <= if lost > 0.0 { FRAME } else { 1e-4 };
        let gaps = said["missing"].as_array().cloned().unwrap_or_default();
        let truthful = if lost > 0.0 {
            // A second that the edge of a gap cuts in two cannot be read.
            let heard_so = (heard.missing - lost).abs() <= FRAME && heard.doubled == 0.0 && heard.unreadable.len() <= 2;
            let told_so = matches!(gaps.as_slice(), [gap] if (gap["seconds"].as_f64().unwrap_or_default() - lost).abs() <= FRAME
                && gap["cause"].as_str().unwrap_or_default().contains(cause));
            heard_so && told_so && said["verdict"] == "partial" && ran.code == 3
        } else {
            heard.is_whole() && gaps.is_empty() && said["verdict"] == "complete" && ran.code == 0
        };
        if placed && exact && true_length && truthful { Ok(line) } else { Err(line) }
    }
}

impl Expected {
    /// Checks that at most `most` seconds are lost, and all of them reported.
    fn costs_little(&self, said: &Value, heard: &Report, (most, cause): (f64, &str)) -> bool {
        let gaps = said["missing"].as_array().cloned().unwrap_or_default();
        let told: f64 = gaps.iter().filter_map(|gap| gap["seconds"].as_f64()).sum();
        let causes = gaps.iter().all(|gap| gap["cause"].as_str().unwrap_or_default().contains(cause));
        let verdict = if gaps.is_empty() { "complete" } else { "partial" };
        let there = (heard.length + told - self.seconds).abs() < ROUGHLY;
        let sound = heard.doubled < ROUGHLY && heard.missing < told + ROUGHLY;
        told <= most && causes && said["verdict"] == verdict && there && sound && heard.unreadable.len() <= 2
    }
}

/// Counts requests, and unnecessary ones: repeated segments, and reloads beyond one per length of a segment.
fn requests(log: &[Entry], segment: f64) -> String {
    let of = |part| log.iter().filter(move |entry| entry.part == part && entry.status != 302);
    let distinct: HashSet<_> =
        of(Part::Segment).map(|entry| (entry.sequence, entry.target.rsplit('/').next())).collect();
    let again = of(Part::Segment).count() - distinct.len();
    let reloads: Vec<_> = of(Part::Playlist).collect();
    let span = reloads.first().zip(reloads.last()).map_or(0.0, |(first, last)| (last.at - first.at).as_seconds_f64());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
    let needed = (span / segment).ceil() as usize + 1;
    format!(
        "{} segments, {again} again; {} reloads, {} too many; {} pages",
        distinct.len(),
        reloads.len(),
        reloads.len().saturating_sub(needed),
        of(Part::Page).count(),
    )
}

/// Returns the YAML of a station at its URL.
pub fn hls(station: &StationHandle) -> String {
    format!("hls: {}", station.url())
}

/// Returns the YAML of a station that is found on its page.
pub fn find(station: &StationHandle, more: &str) -> String {
    format!(
        "hls:\n      find:\n        - get: {}\n        - match: 'service_url\\\\\":\\\\\"(.*?)\\\\\"'\n{more}",
        station.page_url()
    )
}

/// Returns the setup of a plain station with dates.
pub fn stamped(container: Container) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) }
}
