//! Marks: where in a recording's file something is missing or silent.
//!
//! By default the file skips gaps, and a gap is a point in the file. With `gaps: silence` the file has silence in place
//! of a gap, which is then a stretch. The length of the file tells which of the two it has.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::causes::{Said, said};
use crate::base::readable::clock;
use crate::language::Language;
use crate::library::catalogue::Recording;

/// A gap of a recording, or dead air in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mark {
    /// `gap` or `dead`.
    pub kind: &'static str,
    /// `14:03:12`, by the clock of the show.
    pub at: String,
    /// `60.0`
    pub seconds: String,
    /// The cause of a gap; `None` for dead air.
    pub cause: Option<Said>,
    /// Where it lies in the file, in seconds, and as the player shows it.
    pub position: f64,
    pub place: String,
    /// Where it lies and how long it is, in thousandths of the file; a point has no length.
    pub from: f64,
    pub length: f64,
}

/// Returns the marks of a recording, in order.
pub fn marks(recording: &Recording, language: &Language) -> Vec<Mark> {
    let plays = recording.plays_for().as_secs_f64();
    let missing: f64 = recording.gaps.iter().map(|gap| gap.length.as_secs_f64()).sum();
    let filled = missing > 0.0 && plays - recording.seconds > missing / 2.0;
    // Returns how much of the cut before `at` is not in the file.
    let skipped = |at: DateTime<Utc>| -> f64 {
        let before = recording.gaps.iter().filter(|gap| !filled && gap.start < at);
        before.map(|gap| gap.length.as_secs_f64()).sum()
    };
    let mark = |kind, start: DateTime<Utc>, length: f64, shown: f64, cause: Option<Said>| {
        let position = ((start - recording.cut.start).as_seconds_f64() - skipped(start)).clamp(0.0, plays.max(0.0));
        let share = |seconds: f64| (seconds / plays.max(0.001) * 10_000.0).round() / 10.0;
        Mark {
            kind,
            at: start.with_timezone(&recording.timezone).format("%H:%M:%S").to_string(),
            seconds: format!("{length:.1}"),
            cause,
            position,
            place: clock(position),
            from: share(position),
            length: share(shown.min(plays - position).max(0.0)),
        }
    };
    let gaps = recording.gaps.iter().map(|gap| {
        let length = gap.length.as_secs_f64();
        mark("gap", gap.start, length, if filled { length } else { 0.0 }, Some(said(&gap.cause, language)))
    });
    let dead = recording.dead_air.iter().map(|dead| {
        let length = dead.length.as_secs_f64();
        mark("dead", dead.start, length, length, None)
    });
    let mut marks: Vec<Mark> = gaps.chain(dead).collect();
    marks.sort_by(|left, right| left.position.total_cmp(&right.position));
    marks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;
    use crate::model::{AiringId, Cause, DeadAir, Gap, ShowId, Span, StationId, Verdict};

    /// Returns a recording of an hour whose file plays for `plays` seconds. Minutes 10 and 30 are missing, and minute
    /// 40 is silent.
    fn hour(plays: u64) -> Recording {
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let span = Span::new(start, start + TimeDelta::hours(1));
        let minute = Duration::from_secs(60);
        let gap = |after| Gap { start: start + TimeDelta::minutes(after), length: minute, cause: Cause::default() };
        Recording {
            id: AiringId::new("x"),
            show: ShowId::new("x"),
            station: StationId::new("x"),
            title: "x".to_owned(),
            timezone: "Asia/Seoul".parse().unwrap(),
            on_air: span,
            cut: span,
            verdict: Some(Verdict::Partial(96.6)),
            seconds: 3480.0,
            length: Some(Duration::from_secs(plays)),
            gaps: vec![gap(10), gap(30)],
            dead_air: vec![DeadAir { start: start + TimeDelta::minutes(40), length: minute }],
            notes: vec![],
            loudness: None,
            file: None,
            bytes: None,
            claimed_at: start,
            finished_at: None,
            deleted_at: None,
            binned: None,
        }
    }

    #[test]
    fn a_skipped_gap_is_a_point_and_moves_what_follows() {
        let marks = marks(&hour(3480), Language::english());
        let seen: Vec<_> = marks.iter().map(|mark| (mark.kind, mark.position, mark.at.as_str())).collect();
        assert_eq!(seen, [("gap", 600.0, "14:10:00"), ("gap", 1740.0, "14:30:00"), ("dead", 2280.0, "14:40:00")]);
        assert_eq!((marks[0].from, marks[0].length, marks[2].length), (172.4, 0.0, 17.2));
    }

    #[test]
    fn a_gap_filled_with_silence_is_a_stretch_and_moves_nothing() {
        let marks = marks(&hour(3600), Language::english());
        let seen: Vec<_> = marks.iter().map(|mark| (mark.position, mark.length)).collect();
        assert_eq!(seen, [(600.0, 16.7), (1800.0, 16.7), (2400.0, 16.7)]);
    }
}
