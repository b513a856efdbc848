//! Judges what was encoded.

use crate::encode::Encoded;
use crate::model::{Span, Verdict};

/// The level below which nothing can be heard: −60 dBFS, linear.
pub const SILENCE: f32 = 0.001;

/// Returns the verdict: what was decoded, compared with what was planned.
pub fn judge(cut: &Span, encoded: &Encoded) -> Verdict {
    Verdict::judge(cut.length().as_seconds_f64(), encoded.seconds, is_silent(encoded))
}

/// Returns whether nothing can be heard: no sample is louder than [`SILENCE`], or all of the sound is dead air by the
/// rule of the show.
fn is_silent(encoded: &Encoded) -> bool {
    let dead: f64 = encoded.measured.dead_air.iter().map(|dead| dead.length.as_secs_f64()).sum();
    encoded.peak < SILENCE || dead > 0.0 && encoded.seconds - dead <= Verdict::TOLERANCE_SECONDS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::model::{DeadAir, Measured};

    fn verdict(seconds: f64, peak: f32, dead: f64) -> Verdict {
        let start = DateTime::UNIX_EPOCH;
        let dead_air = vec![DeadAir { start, length: Duration::from_secs_f64(dead) }];
        let measured = Measured { dead_air, ..Measured::default() };
        judge(
            &Span::new(start, start + TimeDelta::seconds(60)),
            &Encoded { seconds, peak, measured, ..Encoded::default() },
        )
    }

    #[test]
    fn a_recording_without_audible_sound_is_silent_and_one_that_lacks_sound_is_partial() {
        assert_eq!(verdict(60.0, 0.5, 0.0), Verdict::Complete);
        assert_eq!(verdict(60.0, 0.5, 59.0), Verdict::Complete, "a second of it can be heard");
        assert_eq!(verdict(60.0, 0.01, 60.0), Verdict::Silent, "by the show's own rule");
        assert_eq!(verdict(60.0, 0.000_9, 0.0), Verdict::Silent);
        assert_eq!(verdict(30.0, 0.0, 30.0), Verdict::Partial(50.0), "what is missing comes first");
        assert_eq!(verdict(0.0, 0.0, 0.0), Verdict::Failed);
        assert_eq!(verdict(59.96, 0.5, 0.0), Verdict::Complete, "less than the tolerance");
        assert_eq!(verdict(59.94, 0.5, 0.0), Verdict::Partial(99.9));
        assert_eq!(verdict(59.999 - 0.05, 0.5, 0.0).to_string(), "partial (99.9 %)", "never rounded up to 100");
    }
}
