//! What is heard of AAC. A station that sends HE-AAC in ADTS says only what its core is: half the rate, and of parametric
//! stereo one channel. A file must say more, or players take it for what its core is: so a little of it is decoded.

use crate::base::adts::{AacConfig, Extension};
use crate::base::clock::SharedClock;
use crate::base::fields::be32;
use crate::encode::error::EncodeError;

use super::bytes::RunBytes;
use super::run::SoundOfRun;

/// Whose core has a higher rate than this adds nothing to it: nobody hears more than 48 kHz have.
const HIGHEST_CORE: u32 = 24_000;
/// How many decoded bytes are looked at: ten seconds in stereo. A stereo effect may begin later than the sound.
const ENOUGH: usize = 10 * 48_000 * 4;
/// The bytes of a sample of all channels, of two.
const STEREO: usize = 4;

/// Returns `core`, which the frames of `run` say, with what is added to it.
pub(super) async fn heard(run: &SoundOfRun, core: AacConfig, clock: &SharedClock) -> Result<AacConfig, EncodeError> {
    if core.rate() > HIGHEST_CORE {
        return Ok(core);
    }
    // A header says rate and channels; then samples of 16 bits follow.
    let output = ["-c:a", "pcm_s16be", "-f", "au"].map(str::to_owned);
    let mut bytes = RunBytes::made(&run.run.reel, run.sounds.clone(), &output, clock)?;
    let mut decoded = Vec::new();
    while decoded.len() < ENOUGH
        && let Some(more) = bytes.next().await?
    {
        decoded.extend(more);
    }
    Ok(core.extended(added(&decoded, core)))
}

/// What a decoder has added to `core`, by a file of Sun's audio format.
fn added(decoded: &[u8], core: AacConfig) -> Extension {
    let number = |at: usize| be32(decoded, at).filter(|_| decoded.starts_with(b".snd"));
    let (Some(begins), Some(rate), Some(channels)) = (number(4), number(16), number(20)) else {
        return Extension::Plain;
    };
    if rate != 2 * core.rate() {
        return Extension::Plain;
    }
    // A decoder makes two channels of one in case there will be a second. So one asks whether there is.
    let samples = decoded.get(usize::try_from(begins).unwrap_or(usize::MAX)..).unwrap_or_default();
    let differ = || samples.as_chunks::<STEREO>().0.iter().any(|[a, b, c, d]| [a, b] != [c, d]);
    if core.channels == 1 && channels == 2 && differ() { Extension::SbrAndPs } else { Extension::Sbr }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with these samples.
    fn file(rate: u32, channels: u32, samples: &[i16]) -> Vec<u8> {
        let head = [24, u32::MAX, 3, rate, channels].map(u32::to_be_bytes);
        let samples = samples.iter().flat_map(|sample| sample.to_be_bytes());
        b".snd".iter().copied().chain(head.into_iter().flatten()).chain(samples).collect()
    }

    #[test]
    fn twice_the_rate_is_sbr_and_a_second_channel_that_differs_is_parametric_stereo() {
        let (mono, stereo) = (AacConfig::low_complexity(24_000, 1), AacConfig::low_complexity(24_000, 2));
        let alike = [5, 5, -7, -7];
        for (core, file, expected) in [
            (mono, file(24_000, 1, &alike), Extension::Plain),
            (mono, file(48_000, 2, &alike), Extension::Sbr),
            (mono, file(48_000, 2, &[5, 5, -7, 7]), Extension::SbrAndPs),
            (stereo, file(48_000, 2, &[5, 6]), Extension::Sbr),
            (mono, Vec::new(), Extension::Plain),
            (mono, b".snd".to_vec(), Extension::Plain),
        ] {
            assert_eq!(added(&file, core), expected, "{file:?}");
        }
    }
}
