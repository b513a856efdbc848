//! The encoders: samples in, a file out. One file per codec.

mod mp3;

use std::path::Path;

use super::error::EncodeError;
use crate::base::clock::SharedClock;
use crate::config::Encoding;
use crate::model::Codec;

use mp3::Mp3Encoder;

pub use mp3::RESERVED_FOR_TAGS;
pub(super) use mp3::lame;

/// An encoder that runs.
#[derive(Debug)]
pub(super) enum Encoder {
    /// LAME.
    Mp3(Box<Mp3Encoder>),
    /// No file: 16-bit samples that are kept in memory.
    Samples(Vec<u8>),
}

impl Encoder {
    /// Starts the encoder that `settings` ask for, which writes `target` and reserves `cover_space` bytes for a picture.
    pub(super) fn start(
        target: &Path,
        settings: Encoding,
        cover_space: u32,
        clock: &SharedClock,
    ) -> Result<Self, EncodeError> {
        match settings.codec {
            Codec::Mp3 => Mp3Encoder::start(target, settings, cover_space, clock).map(Box::new).map(Self::Mp3),
        }
    }

    /// Encodes more samples.
    pub(super) async fn write(&mut self, samples: &[u8]) -> Result<(), EncodeError> {
        match self {
            Self::Mp3(encoder) => encoder.write(samples).await,
            Self::Samples(kept) => {
                kept.extend(samples.as_chunks::<4>().0.iter().flat_map(|bytes| sample(*bytes).to_le_bytes()));
                Ok(())
            }
        }
    }

    /// Ends the file.
    pub(super) async fn finish(self) -> Result<(), EncodeError> {
        match self {
            Self::Mp3(encoder) => encoder.finish().await,
            Self::Samples(_) => Ok(()),
        }
    }

    /// Gives the file up; the encoder is gone when this returns.
    pub(super) async fn abandon(self) {
        if let Self::Mp3(encoder) = self {
            encoder.abandon().await;
        }
    }
}

/// Returns a 32-bit float sample as one of 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
fn sample(bytes: [u8; 4]) -> i16 {
    (f32::from_le_bytes(bytes).clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16
}
