//! Stretches of files that are not MP3, decoded, beside what ffmpeg plays of the whole file.

use std::path::Path;

use super::*;
use crate::config::Encoding;
use crate::encode::testing::{decoded, ffmpeg, samples};

const RATE: u32 = 48_000;
/// How long the file is, in seconds.
const LENGTH: f64 = 40.0;

async fn decoded_from(path: &Path, from: f64, to: f64) -> Vec<f32> {
    let sound = FileSound::open(path, Duration::from_secs_f64(from), Duration::from_secs_f64(to)).unwrap();
    decoded(&sound, Encoding { sample_rate: RATE, channels: 1, ..Encoding::default() }).await
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
            let decoded = decoded_from(&path, from, to).await;
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
