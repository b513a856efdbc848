//! What a clip sounds like, by timecode: the right seconds at the right positions and none else, nothing of what is
//! covered, and silence for what is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::config::{DeadAirRule, Encoding};
use aircheck::encode::{ClipJob, ClipSource, EncodeError, EncodedClip, FileSound, encode_clip};
use aircheck::model::{Cover, Covering, Gap, MediaEvent, Span, Stretch};
use aircheck::tape::Tape;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::support::ffmpeg;
use crate::support::taped::{self, FRAMES};
use crate::support::timecode::{self, Report};

/// The first second on the tape and in the recording.
const FIRST: i64 = 1_800_000_000;
/// How much sound a second needs from its beginning on to be read.
const READABLE: f64 = 0.965;
/// How exactly a second is found (s).
const EXACT: f64 = 0.003;
/// When clips begin on their own time line.
const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn on_air(seconds: f64) -> DateTime<Utc> {
    DateTime::from_timestamp(FIRST, 0).expect("a time") + TimeDelta::from_std(length(seconds)).expect("short")
}

fn length(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn cover(from: f64, to: f64, with: Covering) -> Cover {
    Cover { stretch: Stretch { at: length(from), length: length(to - from) }, with }
}

/// Half a minute of timecode on tape, and the same as a recording.
struct Bench {
    folder: TempDir,
    tape: Tape,
}

impl Bench {
    /// A tape whose chunks went through `spoil` with their numbers.
    async fn new(spoil: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>> + Send + 'static) -> Self {
        tokio::task::spawn_blocking(|| Self::blocking_new(spoil)).await.expect("made")
    }

    fn blocking_new(spoil: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tape = Tape::open(&folder.path().join("tape"), Duration::ZERO, on_air(0.0)).expect("a tape");
        let (format, chunks) = taped::timecode(on_air(0.0), 33, |_, bytes| bytes);
        tape.write(format, on_air(0.0)).expect("written");
        for (number, event) in chunks.into_iter().enumerate() {
            let MediaEvent::Chunk(mut chunk) = event else { panic!("{event:?}") };
            let event = match spoil(number, chunk.bytes.to_vec()) {
                Some(bytes) => {
                    chunk.bytes = bytes.into();
                    MediaEvent::Chunk(chunk)
                }
                None => taped::lost(&chunk),
            };
            tape.write(event, on_air(60.0)).expect("written");
        }
        let bench = Self { folder, tape };
        let recording = bench.recording();
        let args = "-f s16le -ar 48000 -ac 1 -i - -c:a libmp3lame -b:a 128k -ac 2 -metadata_header_padding 65536";
        let args: Vec<_> = args.split(' ').chain([recording.to_str().expect("UTF-8")]).collect();
        let samples = timecode::seconds(FIRST.cast_unsigned(), 30);
        ffmpeg::run(&args, &samples.into_iter().flat_map(i16::to_le_bytes).collect::<Vec<_>>());
        bench
    }

    async fn whole() -> Self {
        Self::new(|_, bytes| Some(bytes)).await
    }

    /// The recording has thirty seconds.
    fn recording(&self) -> PathBuf {
        self.folder.path().join("recording.mp3")
    }

    fn tape(&self, from: f64, to: f64) -> ClipSource {
        ClipSource::Tape { tape: self.tape.clone(), span: Span::new(on_air(from), on_air(to)) }
    }

    fn file(&self, from: f64, to: f64) -> ClipSource {
        let sound = FileSound::open(&self.recording(), length(from), length(to)).expect("a recording");
        ClipSource::File { sound }
    }

    fn job(&self, covers: &[Cover]) -> ClipJob {
        let dead_air = Some(DeadAirRule { longer_than: Duration::from_secs(1), ..DeadAirRule::default() });
        let (encoding, target) = (Encoding::default(), self.folder.path().join("clip.mp3"));
        ClipJob { encoding, dead_air, target, cover_space: 0, start: START, covers: covers.to_vec() }
    }

    async fn clip(&self, sources: &[ClipSource], covers: &[Cover]) -> Clip {
        let job = self.job(covers);
        let made = encode_clip(&job, sources, &SystemClock::shared()).await.expect("encoded");
        // ffmpeg joins two channels that are the same to one that is louder.
        let as_loud = |sample: f32| sample * std::f32::consts::FRAC_1_SQRT_2;
        let decode = move |file: &Path| ffmpeg::decode(file, 48_000).into_iter().map(as_loud).collect::<Vec<_>>();
        let listen = move || (Report::of_file(&job.target), decode(&job.target));
        let (report, samples) = tokio::task::spawn_blocking(listen).await.expect("it is listened to");
        Clip { made, report, samples }
    }
}

/// A clip, what is heard in it, and its samples at 48 kHz, both channels as one.
struct Clip {
    made: EncodedClip,
    report: Report,
    samples: Vec<f32>,
}

impl Clip {
    /// Checks that the seconds of these stretches (from, to, position in the clip) are heard where they must be, and no
    /// others.
    fn has(&self, stretches: &[(f64, f64, f64)]) {
        let heard: Vec<(f64, f64)> =
            self.report.heard.iter().map(|heard| (f64::from(heard.second), heard.at)).collect();
        let first = f64::from(u16::try_from(FIRST % 65_536).expect("a remainder"));
        let mut wanted = Vec::new();
        for (from, to, at) in stretches {
            let mut second = from.ceil();
            while second + READABLE <= *to {
                wanted.push((first + second, at + second - from));
                second += 1.0;
            }
        }
        let near = heard.len() == wanted.len()
            && heard
                .iter()
                .zip(&wanted)
                .all(|(one, other)| (one.0 - other.0).abs() < 0.5 && (one.1 - other.1).abs() < EXACT);
        assert!(near, "heard {heard:?}, not {wanted:?}: {}", self.report);
    }

    /// The loudest sample between two positions.
    fn loudest(&self, from: f64, to: f64) -> f32 {
        self.between(from, to).iter().map(|sample| sample.abs()).fold(0.0, f32::max)
    }

    fn between(&self, from: f64, to: f64) -> &[f32] {
        let [from, to] = [from, to].map(|at| usize::try_from(length(at).as_micros() * 48 / 1_000).expect("small"));
        &self.samples[from..to]
    }

    /// The gaps, as position, length and cause.
    fn gaps(&self) -> Vec<(f64, f64, &str)> {
        let told = |gap: &Gap| ((gap.start - START).as_seconds_f64(), gap.length.as_secs_f64());
        let gaps = self.made.encoded.gaps.iter().map(|gap| (told(gap), gap.cause.words.as_str()));
        gaps.map(|((at, length), words)| (at, length, words)).collect()
    }

    fn is_as_long_as(&self, frames: usize) {
        // If the last sound reaches a little into a frame, the header that ffmpeg writes declares that little too much.
        let has = self.samples.len();
        assert!((frames..frames + 50).contains(&has), "{has} samples, not {frames}: {}", self.report);
        assert_eq!(self.made.encoded.length, Duration::from_secs_f64(frames as f64 / 48_000.0));
    }
}

#[tokio::test]
async fn a_clip_has_its_pieces_in_order_to_the_sample_and_nothing_else() {
    let bench = Bench::whole().await;
    let sources = [
        bench.tape(10.0, 14.0),
        bench.file(20.25, 23.6),
        bench.tape(3.5, 5.75),
        bench.file(1.0, 3.0),
        bench.file(3.0, 4.123_456),
        bench.tape(0.25, 2.0),
    ];
    let clip = bench.clip(&sources, &[]).await;
    clip.has(&[
        (10.0, 14.0, 0.0),
        (20.25, 23.6, 4.0),
        (3.5, 5.75, 7.35),
        (1.0, 3.0, 9.6),
        (3.0, 4.123_456, 11.6),
        (0.25, 2.0, 12.723_456),
    ]);
    clip.is_as_long_as(694_726);
    assert_eq!(clip.gaps(), []);
    let EncodedClip { encoded, pieces } = &clip.made;
    assert!((encoded.seconds - 694_726.0 / 48_000.0).abs() < 1e-9, "{encoded:?}");
    for (piece, wanted) in pieces.iter().zip([4.0, 3.35, 2.25, 2.0, 1.123_456, 1.75]) {
        assert!((piece - wanted).abs() <= 1.0 / 48_000.0, "{pieces:?}");
    }
    assert_eq!(pieces.len(), 6);
    // Sound that is as loud as it can be on one side is faint right at the joint.
    for joint in [4.0, 7.35, 9.6, 11.6, 12.723_456] {
        let loudest = clip.loudest(joint - 0.000_2, joint + 0.000_2);
        assert!(loudest < 0.1, "{loudest} at {joint}");
    }
}

#[tokio::test]
async fn many_pieces_of_odd_lengths_add_up_to_the_sample() {
    let bench = Bench::whole().await;
    // Each is 12,345.678 samples long.
    let odd = 12_345.678 / 48_000.0;
    let mut sources: Vec<_> =
        (0..40).map(|number| bench.file(f64::from(number) * 0.5, f64::from(number) * 0.5 + odd)).collect();
    sources.push(bench.tape(20.0, 22.0));
    let clip = bench.clip(&sources, &[]).await;
    let before = 40.0 * odd;
    let last: Vec<_> = clip.report.heard.iter().rev().take(2).map(|heard| heard.at - before).collect();
    assert!(last.iter().rev().zip([0.0, 1.0]).all(|(at, wanted)| (at - wanted).abs() < EXACT), "{last:?}");
    clip.is_as_long_as(493_827 + 96_000);
    assert_eq!(clip.made.pieces.len(), 41);
}

#[tokio::test]
async fn what_is_covered_is_gone_and_what_is_beside_it_is_whole() {
    let bench = Bench::whole().await;
    let covers = [
        cover(3.0, 5.4, Covering::Tone),
        cover(7.0, 8.5, Covering::Silence),
        // Over the joint.
        cover(9.5, 10.98, Covering::Tone),
    ];
    let clip = bench.clip(&[bench.tape(0.0, 10.0), bench.file(15.0, 20.0)], &covers).await;
    clip.has(&[(0.0, 3.0, 0.0), (6.0, 7.0, 6.0), (16.0, 20.0, 11.0)]);
    clip.is_as_long_as(15 * 48_000);
    for (from, to) in [(3.0, 5.4), (9.5, 10.98)] {
        let heard = clip.between(from + 0.03, to - 0.03);
        let (tone, all) = (level_at(heard, 1_000.0), level(heard));
        assert!((tone - 0.1).abs() < 0.01, "from {from}: a tone of {tone}");
        // What LAME adds is far below the tone.
        assert!((all - tone).abs() < 0.003, "from {from}: {all}, of which {tone} is the tone");
    }
    let silence = clip.loudest(7.03, 8.47);
    assert!(silence < 0.001, "{silence}");
    let EncodedClip { encoded, .. } = &clip.made;
    assert!((encoded.seconds - 15.0).abs() < 1e-9 && encoded.gaps.is_empty(), "what is covered was there: {encoded:?}");
    // All that is told of the sound is of what is in the file.
    let peaks = encoded.measured.peaks.as_ref().expect("a picture");
    assert!(peaks.levels[141..169].iter().all(|level| *level == 0), "{:?}", peaks.levels);
    assert!(peaks.levels[61..107].iter().all(|level| (25..=26).contains(level)), "{:?}", peaks.levels);
    let dead: Vec<_> = encoded.measured.dead_air.iter().map(|dead| (dead.start - START, dead.length)).collect();
    let [(start, silent)] = dead[..] else { panic!("{dead:?}") };
    // Every second is silent at its end.
    assert!((start.as_seconds_f64() - 6.96).abs() < 0.05 && (silent.as_secs_f64() - 1.54).abs() < 0.06, "{dead:?}");
}

/// The loudness of a sine that is as loud as this sound.
fn level(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(sample * sample)).sum();
    (2.0 * energy / samples.len() as f64).sqrt()
}

/// The loudness of one tone in this sound.
fn level_at(samples: &[f32], pitch: f64) -> f64 {
    let angle = |at: usize| std::f64::consts::TAU * pitch * at as f64 / 48_000.0;
    let sum = |wave: fn(f64) -> f64| -> f64 {
        samples.iter().enumerate().map(|(at, sample)| f64::from(*sample) * wave(angle(at))).sum()
    };
    2.0 * sum(f64::sin).hypot(sum(f64::cos)) / samples.len() as f64
}

#[tokio::test]
async fn what_is_missing_is_silence_of_its_length_and_a_gap_at_its_position() {
    const LOST: usize = 4;
    let bench = Bench::new(|number, bytes| (number != LOST).then_some(bytes)).await;
    let from = taped::frames(LOST * FRAMES - 1).as_secs_f64();
    let lost = taped::frames(FRAMES).as_secs_f64();
    let sources = [
        bench.file(2.0, 4.0),
        bench.tape(5.0, 13.0),
        // Nothing of it is there, and it is so short that it would be no hole in a longer piece.
        bench.tape(from + 0.5, from + 0.54),
        bench.tape(0.0, 1.0),
        bench.tape(from + 0.5, from + 1.5),
        bench.file(28.0, 32.0),
        bench.file(6.0, 8.0),
    ];
    let clip = bench.clip(&sources, &[]).await;
    clip.has(&[
        (2.0, 4.0, 0.0),
        (5.0, from, 2.0),
        // The first of it is heard without its first few milliseconds.
        ((from + lost).floor(), 13.0, (from + lost).floor() - 3.0),
        (0.0, 1.0, 10.04),
        (28.0, 30.0, 12.04),
        (6.0, 8.0, 16.04),
    ]);
    clip.is_as_long_as(865_920);
    let gaps = clip.gaps();
    let wanted = [
        (2.0 + from - 5.0, lost, "404"),
        (10.0, 0.04, "so short a piece gave no sound"),
        (11.04, 1.0, "404"),
        (14.04, 2.0, "the recording ends before that"),
    ];
    assert_eq!(gaps.len(), wanted.len(), "{gaps:?}");
    for (gap, wanted) in gaps.iter().zip(&wanted) {
        let is_right = (gap.0 - wanted.0).abs() < 0.001 && (gap.1 - wanted.1).abs() < 0.001 && gap.2.contains(wanted.2);
        assert!(is_right, "{gap:?}, not {wanted:?}");
        let silence = clip.loudest(gap.0 + 0.1 * gap.1, gap.0 + 0.9 * gap.1);
        assert!(silence < 0.05, "{silence} in {gap:?}");
    }
    let EncodedClip { encoded, pieces } = &clip.made;
    let sound: f64 = pieces.iter().sum();
    assert!((encoded.seconds - sound).abs() < 0.001 && (sound - 18.04 + lost + 3.04).abs() < 0.001, "{pieces:?}");
    for (piece, wanted) in pieces.iter().zip([2.0, 8.0 - lost, 0.0, 1.0, 0.0, 2.0, 2.0]) {
        assert!((piece - wanted).abs() < 0.001, "{pieces:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_decoded_costs_itself_and_moves_nothing_else() {
    const SPOILT: usize = 3;
    let garbage =
        |length: usize| (0..length).map(|n| u8::try_from(n * n / 7 % 251).expect("a byte")).collect::<Vec<_>>();
    let spoil = move |number, bytes: Vec<u8>| Some(if number == SPOILT { garbage(bytes.len()) } else { bytes });
    let bench = Bench::new(spoil).await;
    let recording = bench.recording();
    let mut bytes = fs::read(&recording).expect("a recording");
    // Frames of 384 bytes: four seconds from about second 12 on.
    let at = bytes.len() - 18 * 16_000;
    bytes[at..at + 4 * 16_000].copy_from_slice(&garbage(4 * 16_000));
    fs::write(&recording, bytes).expect("written");
    let clip = bench.clip(&[bench.tape(2.0, 12.0), bench.file(5.0, 25.0), bench.tape(13.0, 15.0)], &[]).await;
    let from = taped::frames(SPOILT * FRAMES - 1).as_secs_f64();
    let to = from + taped::frames(FRAMES).as_secs_f64();
    let heard: Vec<f64> = clip.report.heard.iter().map(|heard| heard.at).collect();
    // A frame that is lost at the end of what is spoilt moves no more than the next chunks, by as much.
    let told = clip.gaps();
    assert!(told.iter().all(|gap| gap.2.contains("could not be decoded")), "{told:?}");
    let of_tape: f64 = told.iter().filter(|gap| gap.0 < 10.0).map(|gap| gap.1).sum();
    let of_file: f64 = told.iter().filter(|gap| gap.0 >= 10.0).map(|gap| gap.1).sum();
    assert!((of_tape - (to - from)).abs() < 0.06, "{told:?}");
    // By the pieces in which a file is decoded.
    assert!((3.9..9.0).contains(&of_file), "{told:?}");
    for second in [0.0, 1.0, 2.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 26.0, 27.0, 29.0, 30.0, 31.0] {
        assert!(heard.iter().any(|at| (at - second).abs() < EXACT), "nothing at {second}: {heard:?}");
    }
    clip.is_as_long_as(32 * 48_000);
}

#[tokio::test]
async fn a_recording_of_another_rate_and_a_torn_one_keep_their_seconds_in_place() {
    let bench = Bench::whole().await;
    let (whole, other) = (bench.recording(), bench.folder.path().join("other.mp3"));
    let convert = ["-i", whole.to_str().expect("UTF-8"), "-ar", "44100", "-ac", "1", "-b:a", "64k"];
    let args = [&convert[..], &[other.to_str().expect("UTF-8")]].concat();
    ffmpeg::run(&args, &[]);
    let bytes = fs::read(&whole).expect("a recording");
    fs::write(&whole, &bytes[..bytes.len() - 10 * 16_000]).expect("written");
    let of_other = |from, to| {
        let sound = FileSound::open(&other, length(from), length(to)).expect("a recording");
        ClipSource::File { sound }
    };
    let sources = [of_other(7.5, 10.25), bench.file(18.0, 24.0), of_other(28.0, 30.0)];
    let clip = bench.clip(&sources, &[]).await;
    clip.has(&[(7.5, 10.25, 0.0), (18.0, 19.97, 2.75), (28.0, 30.0, 8.75)]);
    clip.is_as_long_as(516_000);
    let gaps = clip.gaps();
    let [(at, length, words)] = gaps[..] else { panic!("{gaps:?}") };
    assert!((at - 4.75).abs() < 0.06 && (at + length - 8.75).abs() < 0.001 && words.contains("torn"), "{gaps:?}");
}

#[tokio::test]
async fn a_recording_that_goes_away_meanwhile_is_named() {
    let bench = Bench::whole().await;
    let sources = [bench.tape(1.0, 2.0), bench.file(1.0, 2.0)];
    fs::remove_file(bench.recording()).expect("removed");
    let error = encode_clip(&bench.job(&[]), &sources, &SystemClock::shared()).await.expect_err("it is gone");
    assert!(matches!(error, EncodeError::Recording { .. }), "{error:?}");
    assert!(error.to_string().contains("recording.mp3 cannot be read: No such file"), "{error}");
}
