//! Stretches of files that are not MP3, decoded, beside what ffmpeg plays of the whole file.

use std::path::Path;

use tokio::io::AsyncReadExt as _;

use super::*;
use crate::base::clock::{SharedClock, SystemClock};
use crate::base::process::Invocation;
use crate::config::Encoding;
use crate::encode::decoder::Decoding;
use crate::encode::feed::Feed;

const RATE: u32 = 48_000;
/// How long the file is, in seconds.
const LENGTH: f64 = 40.0;

async fn ffmpeg(words: &str, last: &[&str]) -> Vec<u8> {
    let args = words.split_whitespace().chain(last.iter().copied());
    let ffmpeg = Invocation::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).with_stdout();
    let mut running = ffmpeg.spawn(&SystemClock::shared()).unwrap();
    let mut output = Vec::new();
    running.take_stdout().unwrap().read_to_end(&mut output).await.unwrap();
    assert!(running.wait().await.unwrap().success(), "{words}: {}", running.last_words());
    output
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

async fn decoded(path: &Path, from: f64, to: f64) -> Vec<f32> {
    let sound = FileSound::open(path, Duration::from_secs_f64(from), Duration::from_secs_f64(to)).unwrap();
    let clock: SharedClock = SystemClock::shared();
    let mut feed = Feed::of_steps(sound.steps(), clock.clone());
    let Step::Run(run) = feed.next().await else { return Vec::new() };
    let settings = Encoding { sample_rate: RATE, channels: 1, ..Encoding::default() };
    let decoding = Decoding { samples: settings, behind_all: false, clock: &clock };
    let (mut decoder, input, mut from_decoder) = decoding.start(&run.reel).unwrap();
    from_decoder.skip(frames(run.skip, RATE));
    let mut left = frames(sound.there(), RATE);
    let take = async {
        let mut all = Vec::new();
        while let Some(bytes) = from_decoder.next_frames(left).await.unwrap().filter(|_| left > 0) {
            left -= bytes.len() as u64 / 4;
            all.extend(samples(&bytes));
        }
        all
    };
    let (poured, all) = tokio::join!(feed.pour(input, &run.reel, || true), take);
    poured.unwrap();
    decoder.stop().await;
    all
}

#[tokio::test]
async fn a_stretch_of_aac_opus_or_vorbis_is_what_a_player_plays_there() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        ("a.m4a", "-c:a aac -b:a 96k -f ipod -movflags +faststart", 48_000),
        ("a.opus", "-c:a libopus -b:a 96k", 48_000),
        ("a.ogg", "-c:a libvorbis -b:a 96k", 48_000),
    ];
    for (name, encoding, rate) in kinds {
        let path = folder.path().join(name);
        let input = format!("-f lavfi -i anoisesrc=d={LENGTH}:r={rate}:seed=7:a=0.3 -ac 1 {encoding}");
        ffmpeg(&input, &[path.to_str().unwrap()]).await;
        let played = samples(&ffmpeg("-i", &[path.to_str().unwrap(), "-f", "f32le", "-ac", "1", "pipe:1"]).await);
        for (from, to) in [(0.0, 0.7), (0.3, 1.9), (7.123_456, 9.9), (31.0, 33.25), (LENGTH - 0.5, LENGTH)] {
            let decoded = decoded(&path, from, to).await;
            let [first, last] =
                [from, to].map(|at| usize::try_from(frames(Duration::from_secs_f64(at), RATE)).unwrap());
            assert_eq!(decoded.len(), last - first, "{name}: {from} to {to}");
            let off =
                decoded.iter().zip(&played[first..last]).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
            assert!(off < 2e-3, "{name}: {from} to {to}: {off} off");
        }
        let behind = FileSound::open(&path, Duration::from_secs(39), Duration::from_secs(44)).unwrap();
        let (stretch, _) = behind.missing().unwrap();
        assert!((stretch.at.as_secs_f64() - 1.0).abs() < 0.03, "{name}: {stretch:?}");
    }
}
