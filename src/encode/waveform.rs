//! The picture of a recording or a reel: how high the wave goes in each stretch of it.

use crate::model::Peaks;

/// Draws as samples pass. If there are more levels than are stored, neighbours are joined and stretches become twice as
/// long. So a week takes no more room than an afternoon.
#[derive(Debug)]
pub(super) struct Waveform {
    sample_rate: u32,
    /// The length of a stretch in sample frames.
    stretch: u64,
    passed: u64,
    highest: f32,
    levels: Vec<u8>,
}

impl Waveform {
    /// Draws so many levels for each second, while they are few enough.
    pub(super) fn new(sample_rate: u32, per_second: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far from the limits of its type")]
        let stretch = (f64::from(sample_rate) / per_second) as u64;
        Self { sample_rate, stretch: stretch.max(1), passed: 0, highest: 0.0, levels: Vec::new() }
    }

    /// Adds whole frames of interleaved samples.
    pub(super) fn add(&mut self, mut samples: &[f32], channels: usize) {
        while !samples.is_empty() {
            let room = usize::try_from(self.stretch - self.passed).unwrap_or(usize::MAX).saturating_mul(channels);
            let (now, later) = samples.split_at(room.min(samples.len()));
            self.highest = now.iter().fold(self.highest, |highest, sample| highest.max(sample.abs()));
            self.pass((now.len() / channels) as u64);
            samples = later;
        }
    }

    /// Adds `frames` of silence.
    pub(super) fn add_silence(&mut self, mut frames: u64) {
        while frames > 0 {
            let now = frames.min(self.stretch - self.passed);
            self.pass(now);
            frames -= now;
        }
    }

    fn pass(&mut self, frames: u64) {
        self.passed += frames;
        if self.passed < self.stretch {
            return;
        }
        self.level();
        if self.levels.len() >= Peaks::MOST {
            self.levels = self.levels.chunks(2).map(|two| two.iter().copied().max().unwrap_or_default()).collect();
            self.stretch *= 2;
        }
    }

    fn level(&mut self) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u8")]
        let level = (self.highest * 255.0).round().clamp(0.0, 255.0) as u8;
        self.levels.push(level);
        (self.highest, self.passed) = (0.0, 0);
    }

    /// Returns the waveform. Its last level stands for whatever is left.
    pub(super) fn finish(mut self) -> Peaks {
        if self.passed > 0 {
            self.level();
        }
        Peaks { per_second: f64::from(self.sample_rate) / self.stretch as f64, levels: self.levels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_the_loudest_sample_of_its_twentieth_of_a_second() {
        let mut waveform = Waveform::new(48_000, Peaks::FINEST);
        let mut samples = vec![0.0; 2_400 * 2];
        samples[17] = -0.5;
        waveform.add(&samples, 2);
        waveform.add_silence(2_400);
        // Over full scale, and in pieces that end inside a stretch.
        samples[4_799] = 1.7;
        waveform.add(&samples[..1_000], 2);
        waveform.add(&samples[1_000..], 2);
        waveform.add(&[0.1, 0.2], 2);
        assert_eq!(waveform.finish(), Peaks { per_second: 20.0, levels: vec![128, 0, 255, 51] });
    }

    #[test]
    fn a_week_takes_no_more_room_than_an_afternoon_and_keeps_its_loudest_moment() {
        let mut waveform = Waveform::new(32_000, Peaks::FINEST);
        let hour = 3_600 * 32_000;
        waveform.add_silence(100 * hour);
        waveform.add(&[1.0], 1);
        waveform.add_silence(68 * hour - 1);
        let peaks = waveform.finish();
        let seconds = peaks.levels.len() as f64 / peaks.per_second;
        assert!(peaks.levels.len() <= Peaks::MOST && peaks.levels.len() > Peaks::MOST / 3, "{}", peaks.levels.len());
        assert!((seconds - 168.0 * 3_600.0).abs() <= 1.0 / peaks.per_second, "{seconds}");
        let loudest = peaks.levels.iter().position(|level| *level == 255).unwrap() as f64 / peaks.per_second;
        assert!((loudest - 360_000.0).abs() <= 1.0 / peaks.per_second, "{loudest}");
    }
}
