//! The comment of a recording: its verdict, gaps and dead air in words.

use std::fmt::Write as _;

use crate::base::zone::Zone;
use crate::encode::Encoded;
use crate::model::{DeadAir, Gap, Verdict};

/// How many gaps a comment lists; the catalogue has all.
const LISTED: usize = 10;

/// Returns the comment of a file: the verdict, the gaps and the dead air of what was encoded.
pub(super) fn comment(verdict: Verdict, encoded: &Encoded, zone: Zone) -> String {
    let mut text = describe(verdict, encoded.seconds, &encoded.gaps, &encoded.measured.dead_air, zone);
    for note in &encoded.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

/// Returns the verdict, the gaps and the dead air of a recording, a line each, with times by the clock of `zone`.
pub fn describe(verdict: Verdict, seconds: f64, gaps: &[Gap], dead_air: &[DeadAir], zone: Zone) -> String {
    let mut text = line(verdict, seconds, gaps, dead_air);
    for gap in gaps.iter().take(LISTED) {
        let start = gap.start.with_timezone(&zone).format("%H:%M:%S");
        let _ = write!(text, "\n{start} {:.1} s missing: {}", gap.length.as_secs_f64(), gap.cause);
    }
    if let Some(more) = gaps.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = write!(text, "\nand {more} more");
    }
    for dead in dead_air.iter().take(LISTED) {
        let start = dead.start.with_timezone(&zone).format("%H:%M:%S");
        let _ = write!(text, "\n{start} {:.1} s of dead air", dead.length.as_secs_f64());
    }
    text
}

/// Returns the verdict in one line.
pub fn summary(verdict: Verdict, encoded: &Encoded) -> String {
    line(verdict, encoded.seconds, &encoded.gaps, &encoded.measured.dead_air)
}

fn line(verdict: Verdict, seconds: f64, gaps: &[Gap], dead_air: &[DeadAir]) -> String {
    let missing: f64 = gaps.iter().map(|gap| gap.length.as_secs_f64()).sum();
    let mut text = format!("{verdict}: {seconds:.3} s");
    if missing > 0.0 {
        let places = if gaps.len() == 1 { "place" } else { "places" };
        let _ = write!(text, ", {missing:.1} s missing in {} {places}", gaps.len());
    }
    let dead: f64 = dead_air.iter().map(|dead| dead.length.as_secs_f64()).sum();
    if dead > 0.0 {
        let _ = write!(text, ", {dead:.1} s of dead air");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Cause, CauseKind, Measured};

    #[test]
    fn a_comment_says_what_is_missing_by_the_shows_clock() {
        let gap = Gap {
            start: "2026-11-20T05:03:12Z".parse().unwrap(),
            length: Duration::from_millis(4_040),
            cause: Cause::new(CauseKind::Refused, "the segment answered 404"),
        };
        let dead = DeadAir { start: "2026-11-20T05:05:00Z".parse().unwrap(), length: Duration::from_secs(31) };
        let measured = Measured { dead_air: vec![dead], ..Measured::default() };
        let encoded = Encoded { seconds: 95.96, gaps: vec![gap], measured, ..Encoded::default() };
        assert_eq!(
            comment(Verdict::judge(100.0, 95.96, false), &encoded, "Asia/Seoul".parse().unwrap()),
            "partial (95.9 %): 95.960 s, 4.0 s missing in 1 place, 31.0 s of dead air\n\
             14:03:12 4.0 s missing: the segment answered 404\n14:05:00 31.0 s of dead air"
        );
    }
}
