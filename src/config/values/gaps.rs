//! What becomes of gaps, and what counts as dead air.

use std::time::Duration;

/// What stands in the file in the place of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GapPolicy {
    /// Nothing: what comes after the gap follows at once.
    #[default]
    Skip,
    /// Silence of the same length, so that the file keeps the clock.
    Silence,
}

/// What counts as dead air.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeadAirRule {
    /// No sample is louder than this, in dB relative to full scale; below 0.
    pub below: f64,
    /// The silence lasts at least as long as this.
    pub longer_than: Duration,
}

impl Default for DeadAirRule {
    fn default() -> Self {
        Self { below: -60.0, longer_than: Duration::from_secs(30) }
    }
}
