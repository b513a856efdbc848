//! What is measured in the samples on their way through.

use crate::config::Mp3;

/// Counts and measures interleaved 32-bit float samples.
#[derive(Debug, Default)]
pub(super) struct Meter {
    frames: u64,
    peak: f32,
}

impl Meter {
    /// Measures whole sample frames of `channels` channels; returns how many frames they are.
    pub(super) fn count(&mut self, bytes: &[u8], channels: u16) -> u64 {
        let (samples, _) = bytes.as_chunks::<4>();
        for sample in samples {
            self.peak = self.peak.max(f32::from_le_bytes(*sample).abs());
        }
        let frames = samples.len() as u64 / u64::from(channels.max(1));
        self.frames += frames;
        frames
    }

    /// How much was counted, in seconds.
    pub(super) fn seconds(&self, settings: &Mp3) -> f64 {
        self.frames as f64 / f64::from(settings.sample_rate.max(1))
    }

    /// The loudest sample.
    pub(super) fn peak(&self) -> f32 {
        self.peak
    }
}
