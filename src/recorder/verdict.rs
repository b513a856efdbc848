//! The verdict on a take.

use super::take::Taken;
use crate::model::{Span, Verdict};

/// Below this no sound is meant to be heard: −60 dBFS.
pub const SILENCE: f32 = 0.001;

/// Judges what was decoded against what was planned.
pub fn judge(cut: &Span, taken: &Taken) -> Verdict {
    Verdict::judge(cut.length().as_seconds_f64(), taken.seconds, taken.peak < SILENCE)
}
