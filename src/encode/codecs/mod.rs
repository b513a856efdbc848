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
    Mp3(Mp3Encoder),
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
            Codec::Mp3 => Mp3Encoder::start(target, settings, cover_space, clock).map(Self::Mp3),
        }
    }

    /// Encodes more samples.
    pub(super) async fn write(&mut self, samples: &[u8]) -> Result<(), EncodeError> {
        let Self::Mp3(encoder) = self;
        encoder.write(samples).await
    }

    /// Ends the file.
    pub(super) async fn finish(self) -> Result<(), EncodeError> {
        let Self::Mp3(encoder) = self;
        encoder.finish().await
    }

    /// Gives the file up; the encoder is gone when this returns.
    pub(super) async fn abandon(self) {
        let Self::Mp3(encoder) = self;
        encoder.abandon().await;
    }
}
