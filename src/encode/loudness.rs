//! Loudness by EBU R 128: integrated (ITU-R BS.1770-4) and range (EBU Tech 3342), through the `ebur128` crate.

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
