//! Loudness by EBU R 128: integrated (ITU-R BS.1770-4) and range (EBU Tech 3342), of all of the sound or of each minute,
//! through the `ebur128` crate.

use ebur128::{EbuR128, Mode};

use crate::config::Encoding;
use crate::model::Loudness;

/// Measures samples as they pass.
pub(super) struct LoudnessMeter {
    /// `None` if the crate refuses the format, which it does for none that [`Encoding`] can name.
    meter: Option<EbuR128>,
}

impl LoudnessMeter {
    pub(super) fn new(settings: Encoding) -> Self {
        // The histogram takes as much memory for a week as for a minute, with a resolution of 0.1 LU.
        let modes = Mode::I | Mode::LRA | Mode::HISTOGRAM;
        Self { meter: EbuR128::new(u32::from(settings.channels), settings.sample_rate, modes).ok() }
    }

    /// Adds whole frames of interleaved samples, all of them finite.
    pub(super) fn add(&mut self, samples: &[f32]) {
        if let Some(meter) = &mut self.meter
            && meter.add_frames_f32(samples).is_err()
        {
            self.meter = None;
        }
    }

    /// The loudness of all samples, the loudest of which is `peak`.
    pub(super) fn finish(&self, peak: f32) -> Option<Loudness> {
        let meter = self.meter.as_ref()?;
        let integrated = meter.loudness_global().ok().filter(|loudness| loudness.is_finite())?;
        let range = meter.loudness_range().ok().filter(|range| range.is_finite()).unwrap_or_default();
        Some(Loudness { integrated, range, peak: f64::from(peak) })
    }
}

/// Measures the integrated loudness of each minute by itself, as samples pass.
pub(super) struct MinuteMeter {
    /// `None` if the crate refuses the format.
    meter: Option<EbuR128>,
    channels: usize,
    /// The length of a minute in sample frames.
    minute: u64,
    /// How much of the current minute has passed.
    passed: u64,
    minutes: Vec<Option<f64>>,
}

impl MinuteMeter {
    pub(super) fn new(settings: Encoding) -> Self {
        // The histogram keeps the memory small, as above.
        let meter = EbuR128::new(u32::from(settings.channels), settings.sample_rate, Mode::I | Mode::HISTOGRAM).ok();
        let (channels, minute) = (usize::from(settings.channels.max(1)), u64::from(settings.sample_rate.max(1)) * 60);
        Self { meter, channels, minute, passed: 0, minutes: Vec::new() }
    }

    /// Adds whole frames of interleaved samples, all of them finite.
    pub(super) fn add(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let room = usize::try_from(self.minute - self.passed).unwrap_or(usize::MAX).saturating_mul(self.channels);
            let (now, later) = samples.split_at(room.min(samples.len()));
            if let Some(meter) = &mut self.meter
                && meter.add_frames_f32(now).is_err()
            {
                self.meter = None;
            }
            self.pass((now.len() / self.channels) as u64);
            samples = later;
        }
    }

    /// Goes past `frames` that are missing.
    pub(super) fn skip(&mut self, mut frames: u64) {
        while frames > 0 {
            let now = frames.min(self.minute - self.passed);
            self.pass(now);
            frames -= now;
        }
    }

    fn pass(&mut self, frames: u64) {
        self.passed += frames;
        if self.passed >= self.minute {
            self.end_minute();
        }
    }

    fn end_minute(&mut self) {
        let integrated = self.meter.as_ref().and_then(|meter| meter.loudness_global().ok());
        self.minutes.push(integrated.filter(|loudness| loudness.is_finite()));
        self.passed = 0;
        if let Some(meter) = &mut self.meter {
            meter.reset();
        }
    }

    /// The loudness of each minute in LUFS; the last may be shorter. `None` if there is too little sound to have one.
    pub(super) fn finish(mut self) -> Vec<Option<f64>> {
        if self.passed > 0 {
            self.end_minute();
        }
        self.minutes
    }
}
