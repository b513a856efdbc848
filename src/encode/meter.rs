//! Counts and measures the samples on their way through.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::dead_air::Detector;
use super::frames::frames_to_duration;
use super::loudness::{LoudnessMeter, MinuteMeter};
use super::waveform::Waveform;
use crate::base::duration::delta;
use crate::config::{DeadAirRule, Encoding};
use crate::model::{Cause, DeadAir, Levels, Measured, Peaks, Stretch};

/// Counts and measures interleaved 32-bit float samples.
pub(super) struct Meter {
    settings: Encoding,
    heard: u64,
    written: u64,
    peak: f32,
    loudness: Loudnesses,
    dead_air: Detector,
    waveform: Waveform,
    samples: Vec<f32>,
}

/// How loud the sound is: as a whole, or each minute of it.
enum Loudnesses {
    Whole(LoudnessMeter),
    Minutes(MinuteMeter),
}

impl Meter {
    /// A meter for a cut.
    pub(super) fn of_recording(settings: Encoding, rule: Option<DeadAirRule>) -> Self {
        let waveform = Waveform::new(settings.sample_rate, Peaks::FINEST);
        let detector = Detector::new(rule, settings.sample_rate);
        Self::of(settings, Loudnesses::Whole(LoudnessMeter::new(settings)), detector, waveform)
    }

    /// A meter for a reel.
    pub(super) fn of_reel(settings: Encoding, rule: Option<DeadAirRule>) -> Self {
        let waveform = Waveform::new(settings.sample_rate, 1.0);
        let detector = Detector::new(rule, settings.sample_rate).with_ends(u64::from(settings.sample_rate));
        Self::of(settings, Loudnesses::Minutes(MinuteMeter::new(settings)), detector, waveform)
    }

    fn of(settings: Encoding, loudness: Loudnesses, dead_air: Detector, waveform: Waveform) -> Self {
        Self { settings, heard: 0, written: 0, peak: 0.0, loudness, dead_air, waveform, samples: Vec::new() }
    }

    /// Measures whole sample frames, the first of which is at `position`. Returns how many they are. A
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
        match &mut self.loudness {
            Loudnesses::Whole(meter) => meter.add(&self.samples),
            Loudnesses::Minutes(meter) => meter.add(&self.samples),
        }
        self.dead_air.add(position, &self.samples, channels);
        self.waveform.add(&self.samples, channels);
        let frames = (self.samples.len() / channels) as u64;
        self.heard += frames;
        self.written += frames;
        frames
    }

    /// Counts silence that stands for something that is missing.
    pub(super) fn count_silence(&mut self, frames: u64) {
        self.waveform.add_silence(frames);
        self.dead_air.end();
        if let Loudnesses::Minutes(meter) = &mut self.loudness {
            meter.skip(frames);
        }
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

    /// All that was measured in a cut that begins at `start`.
    pub(super) fn finish(self, start: DateTime<Utc>) -> Measured {
        let rate = self.settings.sample_rate;
        let dead_air = |(from, to): (u64, u64)| DeadAir {
            start: start + delta(frames_to_duration(from, rate)),
            length: frames_to_duration(to - from, rate),
        };
        let loudness = match &self.loudness {
            Loudnesses::Whole(meter) => meter.finish(self.peak),
            Loudnesses::Minutes(_) => None,
        };
        Measured {
            length: Some(frames_to_duration(self.written, rate)),
            loudness,
            dead_air: self.dead_air.finish().into_iter().map(dead_air).collect(),
            peaks: Some(self.waveform.finish()).filter(|peaks| !peaks.levels.is_empty()),
        }
    }

    /// All that was measured in a reel of this length.
    pub(super) fn into_levels(self, length: Duration, undecoded: Vec<(Stretch, Cause)>) -> Levels {
        let stretch = |(from, to): (u64, u64)| {
            let [at, length] = [from, to - from].map(|frames| frames_to_duration(frames, self.settings.sample_rate));
            Stretch { at, length }
        };
        let loudness = match self.loudness {
            Loudnesses::Whole(_) => Vec::new(),
            Loudnesses::Minutes(meter) => meter.finish(),
        };
        let silent = self.dead_air.finish().into_iter().map(stretch).collect();
        Levels { length, peaks: self.waveform.finish().levels, loudness, silent, undecoded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_has_the_loudness_of_the_standard_despite_bad_samples() {
        // ITU-R BS.1770-4: a 997 Hz sine of 0 dBFS in one of two channels is −3.01 LKFS; in both, 3.01 LU more.
        let settings = Encoding::default();
        let mut meter = Meter::of_recording(settings, Some(DeadAirRule::default()));
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
        let measured = meter.finish(DateTime::UNIX_EPOCH);
        let loudness = measured.loudness.unwrap();
        assert!((loudness.integrated + 3.01).abs() < 0.1, "{loudness:?}");
        assert!(loudness.range < 0.2 && (loudness.peak - 1.0).abs() < 0.001, "{loudness:?}");
        assert_eq!(measured.dead_air, []);
    }

    #[test]
    fn a_reel_has_a_peak_for_each_second_and_a_loudness_for_each_minute_at_their_positions() {
        const RATE: u32 = 16_000;
        let mut meter = Meter::of_reel(
            Encoding { sample_rate: RATE, ..Encoding::default() },
            Some(DeadAirRule { longer_than: Duration::from_secs(5), ..DeadAirRule::default() }),
        );
        let position = std::cell::Cell::new(0);
        let play = |meter: &mut Meter, loudest: f64, seconds: u32| {
            let sine =
                |frame: u32| loudest * (f64::from(frame) * 997.0 * std::f64::consts::TAU / f64::from(RATE)).sin();
            #[expect(clippy::cast_possible_truncation, reason = "sound")]
            let second: Vec<u8> =
                (0..RATE).flat_map(|frame| [sine(frame) as f32, 0.0]).flat_map(f32::to_le_bytes).collect();
            for _ in 0..seconds {
                position.set(position.get() + meter.measure(position.get(), &mut second.clone()));
            }
        };
        play(&mut meter, 1.0, 60);
        play(&mut meter, 0.1, 14);
        play(&mut meter, 0.0, 6);
        // What cannot be decoded.
        meter.count_silence(u64::from(RATE) * 30);
        position.set(position.get() + u64::from(RATE) * 30);
        play(&mut meter, 0.1, 10);
        play(&mut meter, 0.0, 3);
        let length = Duration::from_secs(123);
        let levels = meter.into_levels(length, Vec::new());
        assert_eq!((levels.length, levels.peaks.len(), levels.loudness.len()), (length, 123, 3));
        let is_loudest = |seconds: std::ops::Range<usize>, loudest: std::ops::RangeInclusive<u8>| {
            levels.peaks[seconds].iter().all(|peak| loudest.contains(peak))
        };
        assert!(is_loudest(0..60, 254..=255) && is_loudest(60..74, 25..=26), "{:?}", levels.peaks);
        assert!(is_loudest(74..110, 0..=0) && is_loudest(110..120, 25..=26), "{:?}", levels.peaks);
        // The standard, as above, and 20 dB less: silence is left out by the gate.
        let [first, second, third] = levels.loudness[..] else { panic!("{:?}", levels.loudness) };
        assert!(first.is_some_and(|loudness| (loudness + 3.01).abs() < 0.1), "{first:?}");
        assert!(second.is_some_and(|loudness| (loudness + 23.01).abs() < 0.1), "{second:?}");
        assert_eq!(third, None);
        let stretch = |at, length| Stretch { at: Duration::from_secs(at), length: Duration::from_secs(length) };
        assert_eq!(levels.silent, [stretch(74, 6), stretch(120, 3)], "and what is missing is not silent");
    }

    #[test]
    fn silence_has_no_loudness() {
        let mut meter = Meter::of_recording(Encoding::default(), Some(DeadAirRule::default()));
        for second in 0..31 {
            meter.measure(second * 48_000, &mut vec![0; 48_000 * 8]);
        }
        let measured = meter.finish(DateTime::UNIX_EPOCH);
        assert_eq!(measured.loudness, None);
        assert_eq!(measured.dead_air.len(), 1);
        assert_eq!(measured.dead_air[0].length, std::time::Duration::from_secs(31));
    }
}
