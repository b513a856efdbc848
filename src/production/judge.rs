//! The verdict on what was encoded.

use crate::encode::Encoded;
use crate::model::{Span, Verdict};

/// Below this no sound is meant to be heard: −60 dBFS.
pub const SILENCE: f32 = 0.001;

/// Judges what was decoded against what was planned.
pub fn judge(cut: &Span, encoded: &Encoded) -> Verdict {
    Verdict::judge(cut.length().as_seconds_f64(), encoded.seconds, is_silent(encoded))
}

/// Whether there is nothing to be heard: by the level of −60 dBFS, however short it is, or because all of it is dead air
/// by the rule of the show.
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
    fn silent_is_what_has_nothing_in_it_and_partial_what_is_not_all_there() {
        assert_eq!(verdict(60.0, 0.5, 0.0), Verdict::Complete);
        assert_eq!(verdict(60.0, 0.5, 59.0), Verdict::Complete, "a second of it can be heard");
        assert_eq!(verdict(60.0, 0.01, 60.0), Verdict::Silent, "by a rule of the show's own");
        assert_eq!(verdict(60.0, 0.000_9, 0.0), Verdict::Silent);
        assert_eq!(verdict(30.0, 0.0, 30.0), Verdict::Partial(50.0), "what is missing comes first");
        assert_eq!(verdict(0.0, 0.0, 0.0), Verdict::Failed);
        assert_eq!(verdict(59.96, 0.5, 0.0), Verdict::Complete, "less than the tolerance");
        assert_eq!(verdict(59.94, 0.5, 0.0), Verdict::Partial(99.9));
        assert_eq!(verdict(59.999 - 0.05, 0.5, 0.0).to_string(), "partial (99.9 %)", "never rounded up to 100");
    }
}
