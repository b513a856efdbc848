//! Counts and measures the samples on their way through.

use chrono::{DateTime, TimeDelta, Utc};

use super::dead_air::Detector;
use super::frames::frames_to_duration;
use super::loudness::LoudnessMeter;
use super::waveform::Waveform;
use crate::config::{DeadAirRule, Encoding};
use crate::model::{DeadAir, Measured};

/// Counts and measures interleaved 32-bit float samples.
pub(super) struct Meter {
    settings: Encoding,
    /// When the first frame of the cut was on the air.
    start: DateTime<Utc>,
    heard: u64,
    written: u64,
    peak: f32,
    loudness: LoudnessMeter,
    dead_air: Detector,
    waveform: Waveform,
    samples: Vec<f32>,
}

impl Meter {
    /// A meter for a cut that begins at `start`.
    pub(super) fn new(settings: Encoding, rule: Option<DeadAirRule>, start: DateTime<Utc>) -> Self {
        Self {
            settings,
            start,
            heard: 0,
            written: 0,
            peak: 0.0,
            loudness: LoudnessMeter::new(settings),
            dead_air: Detector::new(rule, settings.sample_rate),
            waveform: Waveform::new(settings.sample_rate),
            samples: Vec::new(),
        }
    }

    /// Measures whole sample frames, the first of which is at `position` in the cut. Returns how many they are. A
    /// sample that is no number, which damaged sound can decode to, becomes silence: it would spoil every sum it is
    /// added to.
    pub(super) fn measure(&mut self, position: u64, bytes: &mut [u8]) -> u64 {
        let channels = usize::from(self.settings.channels.max(1));
        self.samples.clear();
        let (whole, _) = bytes.as_chunks_mut::<4>();
        for bytes in whole {
            let mut sample = f32::from_le_bytes(*bytes);
            if !sample.is_finite() {
                (sample, *bytes) = (0.0, [0; 4]);
            }
            self.peak = self.peak.max(sample.abs());
            self.samples.push(sample);
        }
        self.loudness.add(&self.samples);
        self.dead_air.add(position, &self.samples, channels);
        self.waveform.add(&self.samples, channels);
        let frames = (self.samples.len() / channels) as u64;
        self.heard += frames;
        self.written += frames;
        frames
    }

    /// Counts silence that stands in the file for something that is missing.
    pub(super) fn count_silence(&mut self, frames: u64) {
        self.waveform.add_silence(frames);
        self.written += frames;
    }

    /// How many sample frames of sound there were.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// How many sample frames are in the file.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// The loudest sample.
    pub(super) fn peak(&self) -> f32 {
        self.peak
    }

    /// All that was measured.
    pub(super) fn finish(self) -> Measured {
        let rate = self.settings.sample_rate;
        let delta = |frames| TimeDelta::from_std(frames_to_duration(frames, rate)).unwrap_or_default();
        let dead_air = |(from, to): (u64, u64)| DeadAir {
            start: self.start + delta(from),
            length: frames_to_duration(to - from, rate),
        };
        Measured {
            length: Some(frames_to_duration(self.written(), rate)),
            loudness: self.loudness.finish(self.peak),
            dead_air: self.dead_air.finish().into_iter().map(dead_air).collect(),
            peaks: Some(self.waveform.finish()).filter(|peaks| !peaks.levels.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_has_the_loudness_of_the_standard_despite_bad_samples() {
        // ITU-R BS.1770-4: a 997 Hz sine of 0 dBFS in one of two channels is −3.01 LKFS; in both, 3.01 LU more.
        let settings = Encoding::default();
        let mut meter = Meter::new(settings, Some(DeadAirRule::default()), DateTime::UNIX_EPOCH);
        let sine = |frame: u32| (f64::from(frame) * 997.0 * std::f64::consts::TAU / 48_000.0).sin();
        for second in 0..10_u32 {
            #[expect(clippy::cast_possible_truncation, reason = "sound")]
            let mut bytes: Vec<u8> = (0..48_000)
                .flat_map(|frame| [sine(second * 48_000 + frame) as f32, 0.0])
                .flat_map(f32::to_le_bytes)
                .collect();
            if second == 4 {
                bytes[..16]
                    .copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0].map(f32::to_le_bytes).concat());
            }
            assert_eq!(meter.measure(u64::from(second) * 48_000, &mut bytes), 48_000);
            assert!(bytes.as_chunks::<4>().0.iter().all(|four| f32::from_le_bytes(*four).is_finite()));
        }
        assert_eq!((meter.heard(), meter.written()), (480_000, 480_000));
        let measured = meter.finish();
        let loudness = measured.loudness.unwrap();
        assert!((loudness.integrated + 3.01).abs() < 0.1, "{loudness:?}");
        assert!(loudness.range < 0.2 && (loudness.peak - 1.0).abs() < 0.001, "{loudness:?}");
        assert_eq!(measured.dead_air, []);
    }

    #[test]
    fn silence_has_no_loudness() {
        let mut meter = Meter::new(Encoding::default(), Some(DeadAirRule::default()), DateTime::UNIX_EPOCH);
        for second in 0..31 {
            meter.measure(second * 48_000, &mut vec![0; 48_000 * 8]);
        }
        let measured = meter.finish();
        assert_eq!(measured.loudness, None);
        assert_eq!(measured.dead_air.len(), 1);
        assert_eq!(measured.dead_air[0].length, std::time::Duration::from_secs(31));
    }
}
