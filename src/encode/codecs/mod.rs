//! The encoders: samples in, a file out. One file per codec.

mod ffmpeg;
mod mp3;
mod piped;

use std::path::Path;
use std::time::Duration;

use super::error::EncodeError;
use crate::base::clock::SharedClock;
use crate::config::Encoding;
use crate::model::Codec;

use mp3::Mp3Encoder;
use piped::PipedEncoder;

pub use mp3::RESERVED_FOR_TAGS;
pub(super) use mp3::lame;

/// An encoder that runs.
#[derive(Debug)]
pub(super) enum Encoder {
    /// LAME.
    Mp3(Box<Mp3Encoder>),
    /// One whose packets are written into a file here.
    Piped(Box<PipedEncoder>),
    /// No file: 16-bit samples that are kept in memory.
    Samples(Vec<u8>),
}

impl Encoder {
    /// Starts the encoder that `settings` ask for, which writes `target`, that plays for `length` at most, and reserves
    /// `cover_space` bytes for a picture.
    pub(super) fn start(
        target: &Path,
        settings: Encoding,
        length: Duration,
        cover_space: u32,
        clock: &SharedClock,
    ) -> Result<Self, EncodeError> {
        match settings.codec {
            Codec::Mp3 => Mp3Encoder::start(target, settings, cover_space, clock).map(Box::new).map(Self::Mp3),
            Codec::Aac | Codec::Opus | Codec::Vorbis => {
                let room = RESERVED_FOR_TAGS.saturating_add(cover_space);
                PipedEncoder::start(target, settings, length, room, clock).map(Box::new).map(Self::Piped)
            }
        }
    }

    /// Encodes more samples.
    pub(super) async fn write(&mut self, samples: &[u8]) -> Result<(), EncodeError> {
        match self {
            Self::Mp3(encoder) => encoder.write(samples).await,
            Self::Piped(encoder) => encoder.write(samples).await,
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
            Self::Piped(encoder) => encoder.finish().await,
            Self::Samples(_) => Ok(()),
        }
    }

    /// Gives the file up; the encoder is gone when this returns.
    pub(super) async fn abandon(self) {
        match self {
            Self::Mp3(encoder) => encoder.abandon().await,
            Self::Piped(encoder) => encoder.abandon().await,
            Self::Samples(_) => {}
        }
    }
}

/// Returns a 32-bit float sample as one of 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
fn sample(bytes: [u8; 4]) -> i16 {
    (f32::from_le_bytes(bytes).clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16
}
