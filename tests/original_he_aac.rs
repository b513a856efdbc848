//! Originals of HE-AAC, of both versions, which stations announce only as its core: players are told what is heard.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aircheck::base::clock::SystemClock;
use aircheck::config::{Encodings, GapPolicy};
use aircheck::encode::{ClipJob, ClipSource, FileSound, encode_clip};
use aircheck::model::{Codec, Container, EncodingKind, NoteKind, Span};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::aircheck::ffprobe;
use crate::support::ffmpeg;
use crate::support::kept::{framed, keep, lose};
use crate::support::timecode::Report;

/// The first second in the sound.
const FIRST: i64 = 1_800_000_000;

/// HE-AAC: its name, and what mutagen calls it.
struct Version {
    name: &'static str,
    mutagen: &'static str,
}

/// What ffprobe calls both, if they are announced.
const PROFILE: &str = "HE-AAC";

const VERSIONS: [Version; 2] = [
    Version { name: "he-aac-v1.aac", mutagen: "AAC LC+SBR)" },
    Version { name: "he-aac-v2.aac", mutagen: "AAC LC+SBR+PS)" },
];

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/he-aac").join(name);
    std::fs::read(path).expect("a fixture")
}

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(FIRST, 0).expect("a time") + TimeDelta::milliseconds(milliseconds)
}

/// The bytes of a fixture in `container`, and when their first sample was on the air.
async fn sent(name: &'static str, container: Container) -> (Vec<u8>, DateTime<Utc>) {
    tokio::task::spawn_blocking(move || {
        let frames = fixture(name);
        let begins = Report::of_bytes("aac", &frames).begins(at(0)).expect("it is timecode");
        let in_packets = ["-f", "aac", "-i", "-", "-c", "copy", "-f", "mpegts", "-"];
        let body = if container == Container::MpegTs { ffmpeg::run(&in_packets, &frames) } else { frames };
        (body, begins)
    })
    .await
    .expect("made")
}

async fn report(file: &Path) -> Report {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || Report::of_file(&file)).await.expect("it is listened to")
}

/// Makes ten seconds of HE-AAC into `target`. Returns how long it plays.
pub async fn made(target: PathBuf) -> Duration {
    let (body, begins) = sent(VERSIONS[1].name, Container::Adts).await;
    let events = framed(Container::Adts, &body, begins);
    let kept = keep(events, Span::new(at(2_400), at(12_400)), GapPolicy::Skip, "a.m4a").await;
    std::fs::copy(&kept.file, target).expect("copied");
    kept.encoded.length
}

#[tokio::test]
async fn he_aac_is_announced_as_it_is_heard_and_as_long_as_it_says() {
    for Version { name, mutagen } in VERSIONS {
        for container in [Container::Adts, Container::MpegTs] {
            let (body, begins) = sent(name, container).await;
            let events = framed(container, &body, begins);
            let cut = Span::new(at(2_400), at(12_400));
            let kept = keep(events, cut, GapPolicy::Skip, "a.m4a").await;
            let what = format!("{name} in {container:?}");
            let encoded = &kept.encoded;
            assert_eq!(
                (encoded.codec, encoded.gaps.len(), encoded.notes.len()),
                (Codec::Aac, 0, 1),
                "{what}: {encoded:?}"
            );
            assert_eq!(encoded.notes[0].kind, NoteKind::Original, "{what}");
            let heard = report(&kept.file).await;
            let late = (heard.begins(cut.start).expect("timecode") - cut.start).as_seconds_f64();
            // A frame is 2,048 samples of what is heard.
            assert!(heard.is_whole() && late.abs() < 0.025 && (heard.length - 10.0).abs() < 0.043, "{what}: {heard}");
            assert!((heard.length - encoded.length.as_secs_f64()).abs() < 0.001, "{what}: {heard}, {encoded:?}");

            let probed = ffprobe(&kept.file);
            let stream = &probed["streams"][0];
            assert_eq!((&stream["profile"], &stream["sample_rate"]), (&PROFILE.into(), &"48000".into()), "{stream}");
            assert_eq!((&stream["channels"], &stream["time_base"]), (&2.into(), &"1/24000".into()), "{stream}");
            let said: f64 = stream["duration"].as_str().and_then(|it| it.parse().ok()).expect("a length");
            assert!((said - encoded.length.as_secs_f64()).abs() < 0.001, "{what}: {said}, {encoded:?}");
            let told = mutagen_says(&kept.file);
            // It counts the frame before the first one that is played.
            let counted = told.split(", ").find_map(|part| part.strip_suffix(" seconds")?.parse::<f64>().ok());
            let more = counted.map(|seconds| seconds - encoded.length.as_secs_f64());
            assert!(told.contains(mutagen) && more.is_some_and(|more| (0.0..0.05).contains(&more)), "{what}: {told}");
            println!("{what}: {heard}; {late:+.3}; {}; {told}", encoded.notes[0].reason);
        }
    }
}

#[tokio::test]
async fn a_hole_in_he_aac_is_left_out_or_silence_and_the_rest_is_where_it_belongs() {
    for Version { name, .. } in VERSIONS {
        let (body, begins) = sent(name, Container::Adts).await;
        let mut events = framed(Container::Adts, &body, begins);
        let lost = lose(&mut events, at(6_000), at(8_000));
        let cut = Span::new(at(2_400), at(12_400));
        for gaps in [GapPolicy::Skip, GapPolicy::Silence] {
            let kept = keep(events.clone(), cut, gaps, "a.m4a").await;
            let heard = report(&kept.file).await;
            let what = format!("{name}, {gaps:?}: {heard}");
            assert_eq!((kept.encoded.codec, kept.encoded.gaps.len()), (Codec::Aac, 1), "{what}");
            assert_eq!(ffprobe(&kept.file)["streams"][0]["profile"], PROFILE, "{what}");
            let removed = if gaps == GapPolicy::Skip { lost.length().as_seconds_f64() } else { 0.0 };
            assert!((heard.length - (10.0 - removed)).abs() < 0.043 && heard.doubled < 0.03, "{what}");
            let (first, last) = (heard.heard.first().expect("a second"), heard.heard.last().expect("a second"));
            let number = |second: u16| f64::from(second) - (FIRST % 65_536) as f64;
            assert!((first.at - (number(first.second) - 2.4)).abs() < 0.025, "{what}");
            assert!((last.at - (number(last.second) - 2.4 - removed)).abs() < 0.025, "{what}");
            assert_eq!((number(first.second), number(last.second)), (3.0, 11.0), "{what}");
        }
    }
}

#[tokio::test]
async fn a_clip_is_cut_out_of_he_aac_and_may_keep_it() {
    for Version { name, .. } in VERSIONS {
        let (body, begins) = sent(name, Container::Adts).await;
        let events = framed(Container::Adts, &body, begins);
        let kept = keep(events, Span::new(at(2_400), at(12_400)), GapPolicy::Skip, "a.m4a").await;
        for (kind, target) in [(EncodingKind::Mp3, "clip.mp3"), (EncodingKind::Original, "clip.m4a")] {
            // From 4.8 s on the air to 9.8 s.
            let sound = FileSound::open(&kept.file, Duration::from_millis(2_400), Duration::from_millis(7_400));
            let job = ClipJob {
                encoding: Encodings::default().of(kind),
                dead_air: None,
                target: kept.file.with_file_name(target),
                cover_space: 0,
                start: at(4_800),
                covers: Vec::new(),
            };
            let sources = [ClipSource::File { sound: sound.expect("a recording") }];
            let made = encode_clip(&job, &sources, &SystemClock::shared()).await.expect("encoded");
            let heard = report(&job.target).await;
            let what = format!("{name} as {target}: {heard}");
            let first = u16::try_from(FIRST % 65_536).expect("small");
            assert_eq!(heard.numbers(), [5, 6, 7, 8].map(|second| first + second), "{what}");
            // Half a frame where the recording begins, and as much where the clip does.
            assert!((heard.heard[0].at - 0.2).abs() < 0.047 && (heard.length - 5.0).abs() < 0.045, "{what}");
            let is_kept = made.encoded.notes.iter().any(|note| note.kind == NoteKind::Original);
            assert_eq!(is_kept, kind == EncodingKind::Original, "{what}: {:?}", made.encoded.notes);
            if is_kept {
                assert_eq!(ffprobe(&job.target)["streams"][0]["profile"], PROFILE, "{what}");
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
fn mutagen_says(file: &Path) -> String {
    let output = std::process::Command::new("mutagen-inspect").arg(file).output().expect("mutagen is installed");
    String::from_utf8_lossy(&output.stdout).lines().find(|line| line.contains("seconds")).unwrap_or_default().to_owned()
}
