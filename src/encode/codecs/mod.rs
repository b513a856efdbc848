//! The encoders: samples in, a file out. One file per codec.

mod mp3;

use super::error::EncodeError;
use super::job::Job;
use crate::base::clock::SharedClock;
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
    /// Starts the encoder that `job` asks for, which writes its file.
    pub(super) fn start(job: &Job, clock: &SharedClock) -> Result<Self, EncodeError> {
        match job.encoding.codec {
            Codec::Mp3 => Mp3Encoder::start(&job.target, job.encoding, job.cover_space, clock).map(Self::Mp3),
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
