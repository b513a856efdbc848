//! AAC, Opus and the original: as long as the sound to the sample, or cut between two frames and said so; tags, cover and
//! chapters that other programs read; gaps and changes of format.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::base::image::ImageKind;
use aircheck::config::{Encoding, Encodings, GapPolicy, Id3};
use aircheck::encode::{ClipJob, ClipSource, Encoded, FileSound, Job, encode, encode_clip};
use aircheck::library::artwork::Picture;
use aircheck::library::imprint::{self, FRAME};
use aircheck::model::{Codec, Container, EncodingKind, Format, MediaEvent, NoteKind, Span};
use aircheck::production::tagging;
use aircheck::production::tags::{Chapter, Tags, space_for};
use aircheck::tape::Tape;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::aircheck::{chapters, ffprobe};
use crate::support::ffmpeg;
use crate::support::taped;
use crate::support::timecode::{self, Report};

/// The first second on the tape.
const FIRST: i64 = 1_800_000_000;

fn on_air(seconds: f64) -> DateTime<Utc> {
    let after = TimeDelta::from_std(Duration::from_secs_f64(seconds)).expect("short");
    DateTime::from_timestamp(FIRST, 0).expect("a time") + after
}

fn encoding(kind: EncodingKind) -> Encoding {
    Encodings::default().of(kind)
}

/// Half a minute of timecode on tape: AAC at 48 kHz, one channel.
struct Bench {
    folder: TempDir,
    tape: Tape,
}

impl Bench {
    /// Writes the events that `change` makes of each chunk and its number.
    async fn new(change: impl Fn(usize, MediaEvent) -> Vec<MediaEvent> + Send + 'static) -> Self {
        let make = move || {
            let folder = tempfile::tempdir().expect("a folder");
            let tape = Tape::open(&folder.path().join("tape"), Duration::ZERO, on_air(0.0)).expect("a tape");
            let (format, chunks) = taped::timecode(on_air(0.0), 33, |_, bytes| bytes);
            tape.write(format, on_air(0.0)).expect("written");
            for (number, event) in chunks.into_iter().enumerate() {
                for event in change(number, event) {
                    tape.write(event, on_air(60.0)).expect("written");
                }
            }
            Self { folder, tape }
        };
        tokio::task::spawn_blocking(make).await.expect("made")
    }

    async fn whole() -> Self {
        Self::new(|_, event| vec![event]).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Encodes twenty seconds, from the fifth and a half on.
    async fn encode(&self, encoding: Encoding, gaps: GapPolicy, target: PathBuf) -> Encoded {
        let cut = Span::new(on_air(5.5), on_air(25.5));
        let job = Job { cut, encoding, gaps, dead_air: None, target, cover_space: 100_000 };
        let sealed = CancellationToken::new();
        sealed.cancel();
        encode(&job, &self.tape, sealed, &SystemClock::shared()).await.expect("encoded")
    }
}

/// Makes twenty seconds of timecode into `target`, with tags, a cover and chapters. Returns how long it plays.
pub async fn made(kind: EncodingKind, target: PathBuf) -> Duration {
    let bench = Bench::whole().await;
    let encoded = bench.encode(encoding(kind), GapPolicy::Skip, target.clone()).await;
    tagging::write(&target, &tags()).await.expect("tagged");
    encoded.length
}

async fn heard(file: &Path) -> (Report, usize) {
    let file = file.to_owned();
    let listen = move || (Report::of_file(&file), ffmpeg::decode(&file, 48_000).len());
    tokio::task::spawn_blocking(listen).await.expect("it is listened to")
}

/// How much later than the half second after the fifth a file begins, in seconds.
fn late(report: &Report) -> f64 {
    (report.begins(on_air(5.5)).expect("a second is heard") - on_air(5.5)).as_seconds_f64()
}

#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
fn mutagen(file: &Path) -> String {
    let output = std::process::Command::new("mutagen-inspect").arg(file).output().expect("mutagen is installed");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tags() -> Tags {
    let chapter = |from: u64, to: u64, title: &str| Chapter {
        start: Duration::from_secs(from),
        end: Duration::from_secs(to),
        title: title.to_owned(),
    };
    Tags {
        version: Id3::V24,
        title: "명연주 명음반 🎻".to_owned(),
        artist: "KBS Classic FM".to_owned(),
        album: "명연주".to_owned(),
        genre: "Classical".to_owned(),
        recorded: Some("2026-11-20T14:00:05".parse().expect("a time")),
        station: "KBS 1FM".to_owned(),
        comment: "complete: 20.000 s".to_owned(),
        encoded_by: "aircheck".to_owned(),
        length: Some(Duration::from_secs(20)),
        extra: vec![(FRAME.to_owned(), imprint_text()), ("REPLAYGAIN_TRACK_GAIN".to_owned(), "-6.20 dB".to_owned())],
        chapters: vec![chapter(0, 8, "Romanze"), chapter(8, 20, "발라드")],
        cover: Some(cover()),
    }
}

/// An imprint as recordings have it.
fn imprint_text() -> String {
    serde_json::json!({
        "airing": "news@20261120T0300Z", "show": "news", "station": "kbs", "title": "뉴스", "timezone": "Asia/Seoul",
        "on_air": ["2026-11-20T05:00:00Z", "2026-11-20T05:00:20Z"],
        "cut": ["2026-11-20T05:00:00Z", "2026-11-20T05:00:20Z"],
        "verdict": "complete", "percent": null, "seconds": 20.0, "length": 20.0, "loudness": null,
        "missing": [], "dead_air": []
    })
    .to_string()
}

fn cover() -> Picture {
    let picture = ffmpeg::run(
        &["-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-frames:v", "1", "-f", "image2", "-c:v", "png", "-"],
        &[],
    );
    Picture { kind: ImageKind::Png, bytes: picture.into() }
}

#[tokio::test]
async fn aac_and_opus_are_as_long_as_the_sound_to_the_sample() {
    let bench = Bench::whole().await;
    for (kind, name, codec) in [(EncodingKind::Aac, "a.m4a", Codec::Aac), (EncodingKind::Opus, "a.opus", Codec::Opus)] {
        let file = bench.path(name);
        let encoded = bench.encode(encoding(kind), GapPolicy::Skip, file.clone()).await;
        assert_eq!((encoded.codec, encoded.length, encoded.notes.len()), (codec, Duration::from_secs(20), 0), "{name}");
        let (report, samples) = heard(&file).await;
        assert!(report.is_whole() && late(&report).abs() < 0.004, "{name}: {report}");
        // ffmpeg decodes the last frame of MP4 whole, whatever the edit list says.
        let more = if kind == EncodingKind::Aac { 1_024 } else { 1 };
        assert!((960_000..960_000 + more).contains(&samples), "{name}: {samples}");
        let seconds: f64 =
            ffprobe(&file)["format"]["duration"].as_str().and_then(|it| it.parse().ok()).expect("a length");
        // ffprobe counts what Opus leaves out before the first sample.
        let before = if kind == EncodingKind::Opus { 0.006_5 } else { 0.0 };
        assert!((seconds - before - 20.0).abs() < 1e-4, "{name}: {seconds}");
    }
}

#[tokio::test]
async fn the_original_is_cut_between_frames_and_a_note_says_how_far_beside() {
    let bench = Bench::whole().await;
    let file = bench.path("a.m4a");
    let encoded = bench.encode(encoding(EncodingKind::Original), GapPolicy::Skip, file.clone()).await;
    assert_eq!((encoded.codec, encoded.seconds), (Codec::Aac, 20.0));
    let (report, samples) = heard(&file).await;
    // A frame is 1,024 samples.
    assert!(report.is_whole() && late(&report).abs() < 0.012, "{report}");
    assert!(samples.is_multiple_of(1_024) && samples.abs_diff(20 * 48_000) <= 1_024, "{samples}");
    assert_eq!(encoded.length, Duration::from_nanos(samples as u64 * 1_000_000_000 / 48_000));
    let [note] = &encoded.notes[..] else { panic!("{:?}", encoded.notes) };
    let milliseconds = (late(&report) * 1_000.0).round();
    let said = match milliseconds {
        0.0 => "begins when asked".to_owned(),
        late => format!("begins {} ms {}", late.abs(), if late > 0.0 { "late" } else { "early" }),
    };
    assert!(note.kind == NoteKind::Original && note.reason.contains(&said), "{note}, not {said}");
    // No byte of a frame has changed: what is in the file is on the tape.
    let frames = ffmpeg::run(&["-i", file.to_str().expect("UTF-8"), "-c", "copy", "-f", "adts", "-"], &[]);
    let reel = std::fs::read_dir(bench.path("tape")).expect("a tape").flatten().map(|entry| entry.path());
    let reel = reel.filter(|path| path.extension().is_some_and(|extension| extension == "aac"));
    let taped = reel.map(|path| std::fs::read(path).expect("a reel")).next().expect("a reel");
    let middle = &frames[frames.len() / 2..frames.len() / 2 + 4_000];
    assert!(taped.windows(middle.len()).any(|part| part == middle), "the frames are others");
}

#[tokio::test]
async fn tags_cover_and_chapters_of_every_container_are_read_by_others() {
    let bench = Bench::whole().await;
    for (kind, name) in
        [(EncodingKind::Aac, "a.m4a"), (EncodingKind::Opus, "a.opus"), (EncodingKind::Original, "b.m4a")]
    {
        let file = bench.path(name);
        bench.encode(encoding(kind), GapPolicy::Skip, file.clone()).await;
        let (before, _) = heard(&file).await;
        let length = std::fs::metadata(&file).expect("a file").len();
        assert!(space_for(&cover()) < 100_000);
        tagging::write(&file, &tags()).await.expect("tagged");
        assert_eq!(std::fs::metadata(&file).expect("a file").len(), length, "{name}: no byte of sound moves");
        let (after, _) = heard(&file).await;
        assert_eq!(after, before, "{name}");

        let probed = ffprobe(&file);
        let of = |key: &str| {
            let places = [&probed["format"]["tags"], &probed["streams"][0]["tags"]];
            let known = places.into_iter().filter_map(serde_json::Value::as_object).flatten();
            let found = known.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone());
            found.into_iter().next().unwrap_or_default()
        };
        assert_eq!(of("title"), "명연주 명음반 🎻", "{probed}");
        assert_eq!((of("artist"), of("album")), ("KBS Classic FM".into(), "명연주".into()), "{probed}");
        assert_eq!((of("genre"), of("comment")), ("Classical".into(), "complete: 20.000 s".into()), "{probed}");
        assert_eq!(of("station"), "KBS 1FM", "{probed}");
        assert_eq!(of("date"), "2026-11-20T14:00:05", "{probed}");
        let gain =
            if name.ends_with("opus") { ("R128_TRACK_GAIN", "-2867") } else { ("replaygain_track_gain", "-6.20 dB") };
        assert_eq!(of(gain.0), gain.1, "{probed}");
        let pictures =
            probed["streams"].as_array().expect("streams").iter().filter(|it| it["disposition"]["attached_pic"] == 1);
        assert_eq!(pictures.count(), 1, "{probed}");
        let told: Vec<_> =
            chapters(&file).iter().map(|it| (it["start_time"].clone(), it["tags"]["title"].clone())).collect();
        assert_eq!(told, [("0.000000".into(), "Romanze".into()), ("8.000000".into(), "발라드".into())], "{name}");

        let said = mutagen(&file);
        for words in ["명연주 명음반 🎻", "KBS Classic FM", "complete: 20.000 s", "KBS 1FM"] {
            assert!(said.contains(words), "{name}: {words} is not in {said}");
        }
        assert!(said.contains("covr") || said.to_lowercase().contains("metadata_block_picture"), "{said}");

        let open = || std::fs::File::open(&file).expect("a file");
        assert!(imprint::is_likely(open()), "{name}");
        let found = imprint::read(open()).expect("an imprint");
        assert_eq!((found.airing.id.as_str(), found.title.as_str()), ("news@20261120T0300Z", "뉴스"), "{name}");
    }
}

#[tokio::test]
async fn a_gap_in_the_original_is_left_out_or_silence_as_the_show_has_it() {
    let lost = |number: usize, event: MediaEvent| match event {
        MediaEvent::Chunk(chunk) if number == 6 => vec![taped::lost(&chunk)],
        event => vec![event],
    };
    let bench = Bench::new(lost).await;
    let missing = taped::frames(taped::FRAMES).as_secs_f64();
    for (gaps, name, length) in
        [(GapPolicy::Skip, "skip.m4a", 20.0 - missing), (GapPolicy::Silence, "silence.m4a", 20.0)]
    {
        let file = bench.path(name);
        let encoded = bench.encode(encoding(EncodingKind::Original), gaps, file.clone()).await;
        assert_eq!((encoded.codec, encoded.gaps.len()), (Codec::Aac, 1), "{name}: {:?}", encoded.notes);
        let (report, _) = heard(&file).await;
        assert!((report.length - length).abs() <= 0.022, "{name}: {report}");
        assert!(late(&report).abs() < 0.012 && report.doubled == 0.0, "{name}: {report}");
        // Behind the gap everything is where it belongs, to half a frame.
        let last = report.heard.last().expect("a second");
        let belongs = f64::from(last.second) - f64::from(u16::try_from(FIRST % 65_536).expect("small")) - 5.5;
        let belongs = if gaps == GapPolicy::Skip { belongs - missing } else { belongs };
        assert!((last.at - belongs).abs() < 0.016, "{name}: {last:?}, not at {belongs}");
    }
}

#[tokio::test]
async fn a_part_in_another_format_is_encoded_to_fit_and_nothing_is_doubled() {
    /// The chunks that the part takes the place of.
    const CHUNKS: [usize; 2] = [5, 6];
    /// The bytes of a frame of MP3 at 128 kbit/s and 48 kHz, which plays for 24 ms.
    const BYTES: usize = 384;
    let encode = || {
        let sound = timecode::seconds(FIRST.cast_unsigned(), 33);
        let samples = |chunk: usize| (chunk * taped::FRAMES - 1) * 1_024;
        let part = &sound[samples(CHUNKS[0])..samples(CHUNKS[1] + 1) + 9_600];
        let args = "-c:a libmp3lame -b:a 128k -reservoir 0 -write_xing 0 -id3v2_version 0 -f mp3";
        ffmpeg::encode(part, &args.split(' ').collect::<Vec<_>>())
    };
    let mp3 = tokio::task::spawn_blocking(encode).await.expect("made");
    let other = move |number: usize, event: MediaEvent| {
        let MediaEvent::Chunk(chunk) = event else { return vec![event] };
        let format =
            |container, detail: &str| MediaEvent::Format(Format { container, detail: detail.to_owned(), init: None });
        let frames = match CHUNKS.iter().position(|chunk| *chunk == number) {
            // The first frame is the encoder's own: a station has been encoding for ever.
            Some(0) => 1..85,
            Some(_) => 85..168,
            None if number == CHUNKS[1] + 1 => {
                return vec![format(Container::Adts, "aac 48000 Hz 1 ch"), MediaEvent::Chunk(chunk)];
            }
            None => return vec![MediaEvent::Chunk(chunk)],
        };
        let duration = Duration::from_millis(24) * u32::try_from(frames.len()).expect("few");
        let bytes = mp3[frames.start * BYTES..frames.end * BYTES].to_vec().into();
        let part = MediaEvent::Chunk(aircheck::model::Chunk { bytes, duration, ..chunk });
        if number == CHUNKS[0] { vec![format(Container::Mp3, "mp3 48000 Hz 1 ch"), part] } else { vec![part] }
    };
    let bench = Bench::new(other).await;
    for gaps in [GapPolicy::Skip, GapPolicy::Silence] {
        let file = bench.path("a.m4a");
        let encoded = bench.encode(encoding(EncodingKind::Original), gaps, file.clone()).await;
        let kinds: Vec<_> = encoded.notes.iter().map(|note| note.kind).collect();
        assert_eq!(
            (encoded.codec, kinds),
            (Codec::Aac, vec![NoteKind::Original, NoteKind::PartlyEncoded]),
            "{:?}",
            encoded.notes
        );
        let (report, _) = heard(&file).await;
        // At each of the two seams half a frame of AAC, at most.
        assert!(report.doubled < 0.022 && report.missing < 0.022, "{report}");
        assert!((report.length - 20.0).abs() <= 0.022 && late(&report).abs() < 0.012, "{report}");
        // A second with a seam in it may not be readable.
        assert!(report.heard.len() >= 17 && report.unreadable.len() <= 2, "{report}");
        for one in &report.heard {
            let belongs = f64::from(one.second) - f64::from(u16::try_from(FIRST % 65_536).expect("small")) - 5.5;
            // The part is 3 ms shorter than what it takes the place of.
            assert!((one.at - belongs).abs() < 0.016, "{one:?}, not at {belongs}: {report}");
        }
    }
}

#[tokio::test]
async fn a_codec_of_which_no_file_is_written_is_encoded_and_that_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = Tape::open(&folder.path().join("tape"), Duration::ZERO, on_air(0.0)).expect("a tape");
    let sound = ffmpeg::run(&["-f", "lavfi", "-i", "sine=440:d=10:r=48000", "-c:a", "ac3", "-f", "ac3", "-"], &[]);
    let format = Format { container: Container::Ac3, detail: "ac3 48000 Hz 1 ch".to_owned(), init: None };
    tape.write(MediaEvent::Format(format), on_air(0.0)).expect("written");
    let chunk = aircheck::model::Chunk::new(sound, Duration::from_secs(10), on_air(10.0));
    tape.write(MediaEvent::Chunk(chunk), on_air(10.0)).expect("written");
    let bench = Bench { folder, tape };
    let job = Job {
        cut: Span::new(on_air(0.0), on_air(9.0)),
        encoding: encoding(EncodingKind::Original),
        gaps: GapPolicy::Skip,
        dead_air: None,
        target: bench.path("a.mp3"),
        cover_space: 0,
    };
    let sealed = CancellationToken::new();
    sealed.cancel();
    let encoded = encode(&job, &bench.tape, sealed, &SystemClock::shared()).await.expect("encoded");
    assert_eq!(encoded.codec, Codec::Mp3);
    assert!(
        encoded.notes.iter().any(|note| note.kind == NoteKind::NotOriginal && note.reason.contains("ac3")),
        "{:?}",
        encoded.notes
    );
    assert_eq!(ffprobe(&job.target)["streams"][0]["codec_name"], "mp3");
}

#[tokio::test]
async fn a_clip_is_cut_out_of_recordings_of_every_codec_and_may_keep_them() {
    let bench = Bench::whole().await;
    for (kind, name) in
        [(EncodingKind::Aac, "r.m4a"), (EncodingKind::Opus, "r.opus"), (EncodingKind::Original, "o.m4a")]
    {
        let recording = bench.path(name);
        bench.encode(encoding(kind), GapPolicy::Skip, recording.clone()).await;
        // From the tenth second to the sixteenth: the recording begins at the fifth and a half.
        let (from, to) = (Duration::from_millis(4_500), Duration::from_millis(10_500));
        for (as_kind, target) in [(EncodingKind::Mp3, "clip.mp3"), (EncodingKind::Original, "clip.part")] {
            let sound = FileSound::open(&recording, from, to).expect("a recording");
            let job = ClipJob {
                encoding: encoding(as_kind),
                dead_air: None,
                target: bench.path(target),
                cover_space: 0,
                start: on_air(0.0),
                covers: Vec::new(),
            };
            let made = encode_clip(&job, &[ClipSource::File { sound }], &SystemClock::shared()).await.expect("encoded");
            let (report, _) = heard(&job.target).await;
            let seconds: Vec<_> = report.heard.iter().map(|heard| i64::from(heard.second)).collect();
            let wanted: Vec<i64> = (10..16).map(|second| (FIRST + second) % 65_536).collect();
            assert!(
                seconds == wanted || seconds == wanted[1..] || seconds == wanted[..5],
                "{name} as {target}: {report}"
            );
            assert!((report.length - 6.0).abs() < 0.03, "{name} as {target}: {report}");
            let kept = made.encoded.notes.iter().any(|note| note.kind == NoteKind::Original);
            assert_eq!(kept, as_kind == EncodingKind::Original, "{name}: {:?}", made.encoded.notes);
            if kept {
                assert_eq!(made.encoded.codec.extension(), name.rsplit('.').next().unwrap_or_default());
            }
        }
    }
}
