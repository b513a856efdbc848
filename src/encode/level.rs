//! How loud a stretch of tape is, for a meter that moves during the recording.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::decoder::Decoder;
use super::error::EncodeError;
use super::feed::frames_of;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::config::Encoding;
use crate::model::Codec;
use crate::tape::Sound;

/// The format that is decoded to: good enough for a meter.
const COARSE: Encoding = Encoding { codec: Codec::Mp3, bitrate: 32_000, channels: 1, sample_rate: 8_000, quality: 9 };
/// Levels per second.
pub const PER_SECOND: u32 = 10;
/// The longest that the decoding of one stretch may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Returns the loudest sample of each tenth of a second of `sound`, 1.0 being full scale; empty if it cannot be
/// decoded.
///
/// # Errors
/// The tape cannot be read, or ffmpeg cannot be started.
pub async fn levels(sound: &Sound, clock: &SharedClock) -> Result<Vec<f32>, EncodeError> {
    let (mut decoder, input, mut samples) = Decoder::start(&sound.reel, COARSE, clock)?;
    let stretch = sound.clone();
    let (init, bytes) = blocking(move || Ok::<_, EncodeError>((stretch.reel.read_init()?, stretch.read()?))).await?;
    let pouring = async {
        if let Some(mut input) = input {
            // If something is missing, the levels show it.
            let _ = input.write_all(&init).await;
            let _ = input.write_all(frames_of(&bytes, sound.reel.container)).await;
        }
    };
    let mut heard = Vec::new();
    let hearing = async {
        while let Ok(Some(more)) = samples.next_frames(u64::MAX).await {
            heard.extend(
                more.chunks_exact(4)
                    .map(|sample| f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]).abs()),
            );
        }
    };
    let _ = clock.timeout(WITHIN, futures::future::join(pouring, hearing)).await;
    decoder.stop().await;
    let stretch = (COARSE.sample_rate / PER_SECOND) as usize;
    let loudest = |part: &[f32]| part.iter().copied().filter(|level| level.is_finite()).fold(0.0, f32::max).min(1.0);
    Ok(heard.chunks(stretch).map(loudest).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::base::process::Invocation;
    use crate::model::Container;
    use crate::tape::Reel;

    /// One second at half of full scale, one of silence.
    const SOUND: &str = "-nostdin -v error -f lavfi -i aevalsrc=0.5*sin(2*PI*440*t)*lt(t\\,1):d=2:s=48000 \
                         -c:a libmp3lame -b:a 128k -write_xing 0 -id3v2_version 0 -f mp3 pipe:1";

    #[tokio::test]
    async fn the_meter_shows_the_level_and_nothing_if_that_is_unknown() {
        // It stands still, however long the meter takes.
        let clock: SharedClock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let mut ffmpeg = Invocation::new("ffmpeg").args(SOUND.split_whitespace()).with_stdout().spawn(&clock).unwrap();
        let mut bytes = Vec::new();
        ffmpeg.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reel.mp3");
        std::fs::write(&path, &bytes).unwrap();
        let reel = Arc::new(Reel { path: path.clone(), container: Container::Mp3, detail: String::new(), init: 0 });
        let sound = Sound { reel, offset: 0, length: bytes.len() as u64 };

        let measured = levels(&sound, &clock).await.unwrap();
        assert!((19..=22).contains(&measured.len()), "{measured:?}");
        assert!(measured[1..9].iter().all(|level| (0.4..0.6).contains(level)), "{measured:?}");
        assert!(measured[12..19].iter().all(|level| *level < 0.01), "{measured:?}");

        std::fs::write(&path, vec![7; bytes.len()]).unwrap();
        assert_eq!(levels(&sound, &clock).await.unwrap(), Vec::<f32>::new());
    }
}
