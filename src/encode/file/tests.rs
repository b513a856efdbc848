//! Stretches of files that ffmpeg made, decoded, beside what ffmpeg plays of the whole file.

use tempfile::TempDir;

use super::*;
use crate::base::read_at::read_at_most;
use crate::config::Encoding;
use crate::encode::testing::{decoded, ffmpeg, samples};
use crate::testing::Random;

/// Sound that is different everywhere, as ffmpeg makes it.
const NOISE: &str = "-f lavfi -i anoisesrc=d=12.3:r=48000:seed=7:a=0.3";
/// How long it is.
const LENGTH: f64 = 12.3;
/// LAME as recordings have it.
const RECORDING: &str = "-c:a libmp3lame -b:a 128k -ar 48000 -ac 2 -metadata_header_padding 65536";

/// An MP3 file, and what ffmpeg plays of it, in two channels at `rate`.
struct Made {
    folder: TempDir,
    path: PathBuf,
    rate: u32,
    played: Vec<f32>,
}

impl Made {
    async fn of(encoding: &str, rate: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp3");
        ffmpeg(&format!("{NOISE} {encoding}"), &[path.to_str().unwrap()]).await;
        let mut made = Self { folder, path, rate, played: Vec::new() };
        made.listen().await;
        made
    }

    /// Has ffmpeg play the file as it is now.
    async fn listen(&mut self) {
        let path = self.path.to_str().unwrap();
        self.played = samples(&ffmpeg("-i", &[path, "-f", "f32le", "-ac", "2", "pipe:1"]).await);
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    fn write(&self, bytes: &[u8]) {
        std::fs::write(&self.path, bytes).unwrap();
    }

    fn open(&self, from: f64, to: f64) -> FileSound {
        FileSound::open(&self.path, Duration::from_secs_f64(from), Duration::from_secs_f64(to)).unwrap()
    }

    /// Checks that a stretch is what ffmpeg plays there, sample by sample.
    async fn is_played(&self, from: f64, to: f64) {
        let sound = self.open(from, to);
        assert!(sound.missing().is_none(), "{from} to {to}: {:?}", sound.missing());
        self.has(&sound, from, to).await;
    }

    async fn has(&self, sound: &FileSound, from: f64, to: f64) {
        let decoded = decoded(sound, Encoding { sample_rate: self.rate, ..Encoding::default() }).await;
        let [first, last] = [from, to].map(|at| at_sample(at, self.rate));
        assert_eq!(decoded.len(), last - first, "{from} to {to}");
        let played = self.played.get(first..last).unwrap_or_else(|| panic!("{to} is behind {}", self.played.len()));
        let off = decoded.iter().zip(played).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "{from} to {to}: {off} off");
    }
}

/// The number of the first of the samples of both channels at this position.
fn at_sample(at: f64, rate: u32) -> usize {
    2 * usize::try_from(frames(Duration::from_secs_f64(at), rate)).unwrap()
}

#[tokio::test]
async fn a_stretch_is_to_the_sample_what_a_player_plays_there() {
    let kinds = [
        (RECORDING, 48_000),
        ("-c:a libmp3lame -b:a 64k -ar 44100 -ac 1", 44_100),
        ("-c:a libmp3lame -b:a 320k -ar 32000 -ac 2", 32_000),
        ("-c:a libmp3lame -b:a 24k -ar 22050 -ac 1", 22_050),
        ("-c:a libmp3lame -b:a 8k -ar 24000 -ac 1", 24_000),
        ("-c:a libmp3lame -q:a 4 -ar 44100 -ac 2", 44_100),
        // Without the header that says what the encoder added.
        ("-c:a libmp3lame -b:a 96k -ar 44100 -ac 2 -write_xing 0 -id3v2_version 0", 44_100),
        ("-c:a libmp3lame -q:a 2 -ar 48000 -ac 2 -write_xing 0 -write_id3v1 1", 48_000),
    ];
    for (encoding, rate) in kinds {
        let made = Made::of(encoding, rate).await;
        let length = made.played.len() as f64 / 2.0 / f64::from(rate);
        assert!(length >= LENGTH - 0.001, "{encoding}: {length}");
        for (from, to) in [(0.0, 0.7), (0.001, 0.02), (0.3, 1.9), (7.123_456, 9.9), (length - 0.5, length)] {
            made.is_played(from, to).await;
        }
    }
}

#[tokio::test]
async fn frames_of_a_constant_bitrate_are_where_all_headers_together_say() {
    for (encoding, rate) in [(RECORDING, 48_000), ("-c:a libmp3lame -b:a 56k -ar 44100 -ac 1", 44_100)] {
        let made = Made::of(encoding, rate).await;
        let file = File::open(&made.path).unwrap();
        let head = Head::read(&file, file.metadata().unwrap().len()).unwrap().unwrap();
        for wanted in [0..10, 0..400, 48..49, 49..98, 130..460, 400..10_000, 9_000..10_000] {
            let computed = finder::computed(&file, &head, wanted.clone()).unwrap();
            assert_eq!(computed, Some(finder::walked(&file, &head, wanted.clone()).unwrap()), "{encoding}: {wanted:?}");
        }
    }
}

#[tokio::test]
async fn what_lies_behind_the_end_is_missing_and_a_torn_file_says_so() {
    let mut made = Made::of(RECORDING, 48_000).await;
    let sound = made.open(11.3, 14.0);
    made.has(&sound, 11.3, LENGTH).await;
    let (stretch, cause) = sound.missing().unwrap();
    assert_eq!((stretch.at, sound.length()), (Duration::from_secs(1), Duration::from_secs_f64(2.7)));
    assert_eq!((stretch.length, cause.kind), (Duration::from_secs_f64(1.7), CauseKind::Other));
    let behind = made.open(100.0, 101.0);
    assert_eq!(behind.missing().unwrap().0, Stretch { at: Duration::ZERO, length: Duration::from_secs(1) });
    assert_eq!(behind.steps().count(), 0);

    let whole = made.bytes();
    made.write(&whole[..whole.len() / 2 + 12_345]);
    made.listen().await;
    let torn = made.open(1.0, 12.0);
    let (stretch, cause) = torn.missing().unwrap();
    assert!(cause.words.contains("torn"), "{cause}");
    assert!((3.0..5.0).contains(&stretch.at.as_secs_f64()), "{stretch:?}");
    made.has(&torn, 1.0, 1.0 + stretch.at.as_secs_f64()).await;
    made.is_played(2.0, 3.0).await;
}

#[tokio::test]
async fn what_is_no_sound_between_frames_moves_nothing() {
    let made = Made::of(RECORDING, 48_000).await;
    let file = File::open(&made.path).unwrap();
    let head = Head::read(&file, file.metadata().unwrap().len()).unwrap().unwrap();
    // Five seconds of sound, then something in which a place only looks like a frame, then the rest.
    let at = usize::try_from(head.first).unwrap() + 208 * head.frame.length;
    let mut bytes = made.bytes();
    let junk = [&[7; 1_000][..], &[0xff, 0xfb, 0x94, 0x44], &[7; 2_000]].concat();
    bytes.splice(at..at, junk);
    made.write(&bytes);
    made.is_played(1.0, 2.0).await;
    made.is_played(7.5, 9.25).await;
    made.is_played(4.0, 6.0).await;
}

#[test]
fn what_is_no_mp3_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let told = |bytes: &[u8]| {
        let path = folder.path().join("a.mp3");
        std::fs::write(&path, bytes).unwrap();
        FileSound::open(&path, Duration::ZERO, Duration::from_secs(1)).unwrap_err().to_string()
    };
    let long = vec![0; 100_000];
    for bytes in [&b""[..], b"\xff\xfb\x94", b"a text", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", &[0xff; 5_000], &long] {
        let words = told(bytes);
        assert!(words.contains("a.mp3") && words.contains("that can be cut"), "{words}");
    }
    let absent = FileSound::open(&folder.path().join("b.mp3"), Duration::ZERO, Duration::MAX).unwrap_err().to_string();
    assert!(absent.contains("b.mp3 cannot be read: No such file"), "{absent}");
}

#[tokio::test]
async fn a_spoilt_file_is_read_within_its_bounds_wherever_one_looks() {
    let made = Made::of("-c:a libmp3lame -b:a 64k -ar 44100 -ac 1 -t 4", 44_100).await;
    let whole = made.bytes();
    let mut random = Random::new(20_261_128);
    for number in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(4) {
            // Mostly in the headers at the beginning.
            let within = if random.below(2) == 0 { 600 } else { bytes.len() };
            let at = random.below(within).min(bytes.len());
            match random.below(4) {
                0 => bytes.truncate(at.max(1)),
                1 => drop(bytes.drain(at..(at + random.below(900)).min(bytes.len()))),
                _ => bytes.iter_mut().skip(at).take(1 + random.below(8)).for_each(|byte| *byte = random.byte()),
            }
            if bytes.is_empty() {
                bytes.push(0xff);
            }
        }
        made.write(&bytes);
        let (from, to) = match random.below(4) {
            0 => (Duration::ZERO, Duration::MAX),
            1 => (Duration::from_secs(u64::from(u32::MAX)), Duration::MAX),
            _ => {
                let from = Duration::from_millis(random.below(5_000) as u64);
                (from, from + Duration::from_millis(random.below(5_000) as u64))
            }
        };
        let Ok(sound) = FileSound::open(&made.path, from, to) else { continue };
        assert_eq!(Some(sound.length()), to.checked_sub(from), "{number}");
        assert!(sound.there() <= sound.length(), "{number}");
        let file = File::open(&made.path).unwrap();
        for step in sound.steps() {
            let Step::Feed { sound, .. } = step else { continue };
            let length = usize::try_from(sound.length).unwrap();
            assert!(length < 200_000, "{number}: a chunk of {length} bytes");
            assert_eq!(read_at_most(&file, sound.offset, length).unwrap().len(), length, "{number}");
        }
    }
    drop(made.folder);
}
