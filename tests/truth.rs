//! A report about a recording is true: what is missing, what is silent, how loud it is. A crash of ffmpeg costs nothing
//! that is on tape.

use std::path::Path;
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::config::{DeadAirRule, Encoding, GapPolicy};
use aircheck::encode::{self, Encoded, Job};
use aircheck::model::{Cause, CauseKind, MediaEvent, Span};
use aircheck::tape::Tape;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::aircheck::{Aircheck, Ran, chapters, ffprobe, until};
use crate::support::ffmpeg;
use crate::support::origin::{Act, Codec, Container, Fault, Mix, Origin, Part, ProgrammeTime, Setup, StationHandle};
use crate::support::taped::{self, FRAMES, frames};
use crate::support::timecode::Report;

/// How much an encoder may add, in seconds.
const FRAME: f64 = 0.024;

fn stamped(container: Container) -> Setup {
    Setup { programme_time: ProgrammeTime::Every, ..Setup::of(container) }
}

/// Returns a station of sound (0) and silence (1), in the order of segments that `order` gives.
fn silent(order: &[usize]) -> Setup {
    let act = |silent| Act { container: Container::Ts, codec: Codec::Aac, rate: 48_000, channels: 1, silent };
    let mix = Mix { acts: vec![act(false), act(true)], order: order.to_vec(), announced: false, shift: None };
    Setup { mix: Some(mix), ..stamped(Container::Ts) }
}

/// A recording `a.mp3`, the report of the command, and what can be heard.
struct Recorded {
    aircheck: Aircheck,
    ran: Ran,
    said: Value,
    heard: Report,
}

impl Recorded {
    /// Records `station`, with `keys` at the top of the YAML, and a program in place of ffmpeg.
    async fn of(station: &StationHandle, keys: &str, seconds: u32, program: Option<&str>) -> Self {
        let aircheck = Aircheck::new(&format!("{keys}stations:\n  s:\n    hls: \"{}\"\nshows: []\n", station.url()));
        let own = std::env::var_os("PATH").expect("a PATH");
        let path = program.map_or(own, |script| aircheck.put_program("ffmpeg", script));
        let length = format!("{seconds}s");
        let args = ["record", "s", "--for", &length, "--output", "a.mp3", "--json"];
        let ran = aircheck.run_with(&args, &[("PATH", &path)]).await;
        let said = ran.json();
        let file = aircheck.path("a.mp3");
        let heard = tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("it is listened to");
        Self { aircheck, ran, said, heard }
    }

    fn start(&self) -> DateTime<Utc> {
        instant(&self.said["start"])
    }

    fn tags(&self) -> Value {
        ffprobe(&self.aircheck.path("a.mp3"))["format"]["tags"].clone()
    }

    /// Checks that `segment` and nothing else is missing, and reported.
    fn misses_only(&self, segment: (DateTime<Utc>, DateTime<Utc>), cause: &str) {
        let missing = self.said["missing"].as_array().expect("a list");
        let [gap] = &missing[..] else { panic!("{:?}", self.ran) };
        let length = (segment.1 - segment.0).as_seconds_f64();
        assert!((instant(&gap["start"]) - segment.0).num_milliseconds().abs() < 60, "{gap}, not {segment:?}");
        assert!((number(&gap["seconds"]) - length).abs() < 0.06, "{gap}, not {segment:?}");
        assert!(gap["cause"].as_str().is_some_and(|said| said.contains(cause)), "{gap}");
        assert_eq!((&self.said["verdict"], self.ran.code), (&"partial".into(), 3), "{:?}", self.ran);
    }
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|at| at.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

/// Reads a number of JSON, or a text with a number as ffprobe writes it.
fn number(value: &Value) -> f64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value.as_f64().or(text).unwrap_or_else(|| panic!("{value} is no number"))
}

#[tokio::test]
async fn a_gap_is_left_out_or_kept_as_silence_and_marked_by_chapters() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Adts));
    let lost = station.newest() + 4;
    station.gap(lost);
    let segment = station.on_air(lost);
    let length = (segment.1 - segment.0).as_seconds_f64();
    let (skipped, filled) =
        tokio::join!(Recorded::of(&station, "", 18, None), Recorded::of(&station, "gaps: silence\n", 18, None));

    skipped.misses_only(segment, "");
    let heard = &skipped.heard;
    assert!((heard.length - 18.0 + length).abs() < FRAME * 2.0, "{heard}");
    assert!((heard.missing - length).abs() < 0.06 && heard.doubled == 0.0, "{heard}");

    filled.misses_only(segment, "");
    let heard = &filled.heard;
    assert!((heard.length - 18.0).abs() < FRAME, "as long as planned: {heard}");
    assert!(
        heard.missing < 0.01 && heard.doubled < 0.01 && !heard.unreadable.is_empty(),
        "it keeps the clock: {heard}"
    );
    assert!((number(&filled.said["seconds"]) - 18.0 + length).abs() < 0.06, "silence is no sound: {}", filled.said);

    for (recorded, silence) in [(&skipped, 0.0), (&filled, length)] {
        let back = (segment.0 - recorded.start()).as_seconds_f64() + silence;
        let chapters = chapters(&recorded.aircheck.path("a.mp3"));
        let [first, second] = &chapters[..] else { panic!("{chapters:?}") };
        assert!(
            number(&first["start_time"]) == 0.0 && (number(&first["end_time"]) - back).abs() < 0.06,
            "{chapters:?}"
        );
        assert!((number(&second["start_time"]) - back).abs() < 0.06, "{chapters:?}");
        let title = second["tags"]["title"].as_str().expect("a title");
        assert!(title.contains(&format!(", after {length:.1} s missing: ")), "{title}");
    }
}

#[tokio::test]
async fn dead_air_is_reported_with_its_time_and_a_recording_of_silence_is_called_silent() {
    let origin = Origin::start();
    let changing = origin.station("changing", silent(&[0, 0, 0, 1, 1, 1]));
    let dead = origin.station("dead", silent(&[1]));
    let keys = "dead_air: { below: -60 dB, longer_than: 4s }\n";
    let (changing_one, dead_one, off) = tokio::join!(
        Recorded::of(&changing, keys, 30, None),
        Recorded::of(&dead, keys, 8, None),
        Recorded::of(&dead, "dead_air: false\n", 8, None),
    );

    let said = &changing_one.said;
    assert_eq!((&said["verdict"], &said["missing"]), (&"complete".into(), &serde_json::json!([])), "{said}");
    let told = said["silent"].as_array().expect("a list");
    let cut = (changing_one.start(), changing_one.start() + TimeDelta::seconds(30));
    // Each run of three silent segments within the recording; a run of about 4 s may or may not be reported.
    let first = changing.newest() - 60;
    let first = first - (first - 1_000) % 6 + 3;
    let stretches = (first..first + 72).step_by(6).map(|number| {
        let (from, to) = (changing.on_air(number).0.max(cut.0), changing.on_air(number + 2).1.min(cut.1));
        (from, (to - from).as_seconds_f64())
    });
    let must: Vec<_> = stretches.filter(|(_, length)| *length > 4.05).collect();
    assert!(must.len() >= 2, "thirty seconds have two whole ones: {must:?}");
    for (from, length) in &must {
        let near = |told: &&Value| {
            (instant(&told["start"]) - from).num_milliseconds().abs() < 60
                && (number(&told["seconds"]) - length).abs() < 0.08
        };
        assert!(told.iter().find(near).is_some(), "{length} s from {from} are not told in {told:?}");
    }
    assert!(told.len() <= must.len() + 1, "{told:?}, not {must:?}");
    let comment = changing_one.tags()["comment"].as_str().unwrap_or_default().to_owned();
    assert!(comment.contains("s of dead air"), "{comment}");

    let said = &dead_one.said;
    assert_eq!((&said["verdict"], dead_one.ran.code), (&"silent".into(), 3), "{said}");
    assert_eq!((number(&said["silent"][0]["seconds"]), &said["loudness"]), (8.0, &Value::Null), "{said}");
    assert_eq!((&off.said["verdict"], &off.said["silent"]), (&"silent".into(), &serde_json::json!([])), "{}", off.said);
}

#[tokio::test]
async fn a_decoder_that_crashes_on_one_segment_costs_that_segment_and_no_more() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Adts));
    let hostile = station.newest() + 4;
    let spoil = |mut bytes: Vec<u8>| {
        bytes.extend(b"HOSTILE");
        bytes
    };
    station.fault(Fault::edit(Part::Segment, spoil).sequence(hostile));
    // A decoder that crashes on one segment, whatever comes before and after it.
    let program = "#!/bin/sh\ncase \"$*\" in *pipe:1*) ;; *) exec /usr/bin/ffmpeg \"$@\" ;; esac\n\
                   all=$(mktemp)\ncat > \"$all\"\nexec 3< \"$all\"\n\
                   if grep -q HOSTILE \"$all\"; then rm \"$all\"; kill -SEGV $$; fi\n\
                   rm \"$all\"\nexec /usr/bin/ffmpeg \"$@\" <&3\n";
    let recorded = Recorded::of(&station, "", 18, Some(program)).await;
    let (from, to) = station.on_air(hostile);
    recorded.misses_only((from, to), "could not be decoded");
    let heard = &recorded.heard;
    assert!((heard.missing - (to - from).as_seconds_f64()).abs() < 0.06 && heard.doubled == 0.0, "{heard}");
}

#[tokio::test]
async fn loudness_is_what_ffmpeg_measures_and_is_in_the_tags() {
    let origin = Origin::start();
    let station = origin.station("s", stamped(Container::Mp3));
    let recorded = Recorded::of(&station, "", 8, None).await;
    let integrated = number(&recorded.said["loudness"]);
    let file = recorded.aircheck.path("a.mp3");
    let filter = "ebur128=metadata=1,ametadata=print:key=lavfi.r128.I:file=-";
    let args = ["-i", file.to_str().expect("UTF-8"), "-af", filter, "-f", "null", "/dev/null"];
    let printed = String::from_utf8(ffmpeg::run(&args, &[])).expect("text");
    let last = printed.lines().filter_map(|line| line.strip_prefix("lavfi.r128.I=")).next_back().expect("a loudness");
    let theirs: f64 = last.parse().expect("a number");
    // LAME at 128 kbit/s takes 0.45 LU off these bare tones; aircheck measures the sound before the encoder.
    assert!((0.0..0.7).contains(&(integrated - theirs)), "{integrated} LUFS, ffmpeg says {theirs}");
    let tags = recorded.tags();
    assert_eq!(tags["REPLAYGAIN_TRACK_GAIN"], format!("{:.2} dB", -18.0 - integrated), "{tags}");
    assert_eq!(tags["REPLAYGAIN_REFERENCE_LOUDNESS"], "-18.00 LUFS");
    assert!((0.1..=1.5).contains(&number(&tags["REPLAYGAIN_TRACK_PEAK"])), "{tags}");
    assert_eq!(tags["comment"], "complete: 8.000 s", "nothing is said of what is not");
}

/// A tape with half of 44 s of timecode, and the chunks of the other half.
struct HalfTape {
    folder: tempfile::TempDir,
    tape: Tape,
    rest: Vec<MediaEvent>,
    cut: Span,
}

impl HalfTape {
    /// Returns a tape whose chunks went through `spoil`, which gets their numbers.
    fn record(spoil: impl Fn(usize, Vec<u8>) -> Vec<u8>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let first = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let (format, mut chunks) = taped::timecode(first, 44, spoil);
        let rest = chunks.split_off(chunks.len() / 2);
        let tape = Tape::open(&folder.path().join("tape"), Duration::ZERO, first).expect("a tape");
        for event in [format].into_iter().chain(chunks) {
            tape.write(event, first).expect("written");
        }
        let cut = Span::new(first + TimeDelta::milliseconds(500), first + TimeDelta::milliseconds(40_500));
        Self { folder, tape, rest, cut }
    }

    /// Encodes forty seconds of the tape, and runs `meanwhile` when half of them are on tape.
    async fn encode(self, encoding: Encoding, meanwhile: impl AsyncFn(&Path)) -> Made {
        let target = self.folder.path().join("a.mp3.part");
        let job = Job {
            cut: self.cut,
            encoding,
            gaps: GapPolicy::default(),
            dead_air: Some(DeadAirRule::default()),
            target: target.clone(),
            cover_space: 0,
        };
        let sealed = CancellationToken::new();
        let go_on = async {
            meanwhile(&target).await;
            for chunk in self.rest.clone() {
                self.tape.write(chunk, self.cut.end).expect("written");
            }
            sealed.cancel();
        };
        let clock = SystemClock::shared();
        let (encoded, ()) = tokio::join!(encode::encode(&job, &self.tape, sealed.clone(), &clock), go_on);
        let heard = tokio::task::spawn_blocking(move || Report::of_file(&target)).await.expect("it is listened to");
        Made { encoded: encoded.expect("encoded"), heard, tape: self }
    }
}

/// The recording of a [`HalfTape`].
struct Made {
    encoded: Encoded,
    heard: Report,
    tape: HalfTape,
}

impl Made {
    /// Checks that all forty seconds are there, and that no encoder is left.
    fn is_whole(&self, name: &str) {
        let Self { encoded, heard, tape } = self;
        assert!(heard.is_whole() && (heard.length - 40.0).abs() < FRAME * 2.0, "{name}: {heard}");
        assert!(encoded.gaps.is_empty() && (encoded.seconds - 40.0).abs() < 1e-9, "{name}: {encoded:?}");
        let off = heard.begins(tape.cut.start).expect("a beginning") - tape.cut.start;
        assert!(off.num_milliseconds().abs() < 5, "{name}: begins {off} off");
        let target = tape.folder.path().join("a.mp3.part");
        assert_eq!(child(&[target.to_str().expect("UTF-8")]), None, "{name}: an encoder is left");
    }
}

/// Waits for the child of this process whose arguments contain all of `words`, and sends it `signal`.
async fn strike(signal: Signal, words: &[&str]) {
    let what = format!("an ffmpeg with {words:?}");
    until(&what, Duration::from_secs(60), async || child(words).is_some_and(|id| kill_process(id, signal).is_ok()))
        .await;
}

fn child(words: &[&str]) -> Option<Pid> {
    let own = format!("PPid:\t{}\n", std::process::id());
    std::fs::read_dir("/proc").expect("/proc").flatten().find_map(|entry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).ok();
        let (arguments, status) = (read("cmdline")?, read("status")?);
        let ours = status.contains(&own) && !status.contains("State:\tZ");
        if ours && words.iter().all(|word| arguments.contains(word)) { Pid::from_raw(id) } else { None }
    })
}

#[tokio::test]
async fn a_killed_or_stopped_ffmpeg_costs_nothing() {
    // No other test has these encodings, by which the processes are found.
    let odd =
        |sample_rate, channels| Encoding { sample_rate, channels, bitrate: 112_000, quality: 9, ..Encoding::default() };
    let cases = [
        ("decoder killed", odd(44_100, 1), Some(["aresample=44100", "-ac\x001\0", "pipe:1"]), Signal::KILL),
        ("decoder stopped", odd(32_000, 1), Some(["aresample=32000", "-ac\x001\0", "pipe:1"]), Signal::STOP),
        ("encoder killed", odd(44_100, 2), None, Signal::KILL),
        ("encoder stopped", odd(32_000, 2), None, Signal::STOP),
    ];
    let runs = cases.map(|(name, mp3, words, signal)| async move {
        let tape = tokio::task::spawn_blocking(|| HalfTape::record(|_, bytes| bytes)).await.expect("recorded");
        let meanwhile = async |target: &Path| match words {
            Some(words) => strike(signal, &words).await,
            None => strike(signal, &[target.to_str().expect("UTF-8")]).await,
        };
        (name, tape.encode(mp3, meanwhile).await)
    });
    for (name, made) in join_all(runs).await {
        made.is_whole(name);
    }
}

#[tokio::test]
async fn garbage_costs_its_segment_and_moves_nothing_else() {
    const SPOILT: usize = 7;
    let garbage = |length: u32| (0..length).map(|n| (n * n / 7 % 251) as u8).collect::<Vec<_>>();
    let spoil = |number, bytes: Vec<u8>| {
        if number == SPOILT { garbage(u32::try_from(bytes.len()).expect("short")) } else { bytes }
    };
    let Made { encoded, heard, tape } = HalfTape::record(spoil).encode(Encoding::default(), async |_| {}).await;
    let [gap] = &encoded.gaps[..] else { panic!("{encoded:?}") };
    // The cut begins half a second after the sound.
    let from = tape.cut.start - TimeDelta::milliseconds(500)
        + TimeDelta::from_std(frames(SPOILT * FRAMES - 1)).expect("short");
    let segment = frames(FRAMES).as_secs_f64();
    assert!((gap.start - from).num_milliseconds().abs() < 60, "{gap:?}, not {from}");
    assert!((gap.length.as_secs_f64() - segment).abs() < 0.06 && gap.cause.words.contains("decoded"), "{gap:?}");
    assert!((heard.missing - segment).abs() < 0.06 && heard.doubled == 0.0, "{heard}");
    // The last sound is what was on the air last.
    let ends = heard.ends(tape.cut.end).expect("an end");
    assert!((ends - tape.cut.end).num_milliseconds().abs() < 40, "{heard} ends at {ends}, not {}", tape.cut.end);
    let peaks = encoded.measured.peaks.expect("a picture");
    assert!((peaks.levels.len() as f64 / peaks.per_second - encoded.length.as_secs_f64()).abs() < 0.06);
}

/// Holes that are shorter than the rounding of a clock, as long as what a codec loses at a seam, and longer.
#[tokio::test]
async fn sound_in_the_file_and_gaps_add_up_however_short_a_hole_is() {
    for milliseconds in [0, 30, 52, 58, 70, 300] {
        let mut half = HalfTape::record(|_, bytes| bytes);
        let hole = TimeDelta::milliseconds(milliseconds);
        for event in &mut half.rest {
            let MediaEvent::Chunk(chunk) = event else { panic!("{event:?}") };
            chunk.programme_time = chunk.programme_time.map(|at| at + hole);
        }
        let (duration, arrived, cause) = (Duration::ZERO, half.cut.start, Cause::new(CauseKind::Connection, "gone"));
        half.rest.insert(
            0,
            MediaEvent::Gap { duration, arrived, programme_time: None, discontinuity: false, follows: true, cause },
        );
        let Made { encoded, heard, .. } = half.encode(Encoding::default(), async |_| {}).await;
        let told: f64 = encoded.gaps.iter().map(|gap| gap.length.as_secs_f64()).sum();
        assert_eq!(told > 0.0, milliseconds > 50, "{milliseconds}: {encoded:?}");
        assert!((encoded.seconds + told - 40.0).abs() < 0.001, "{milliseconds}: {} and {told}", encoded.seconds);
        assert!((heard.length - encoded.seconds).abs() < FRAME * 2.0, "{milliseconds}: {heard}");
    }
}
