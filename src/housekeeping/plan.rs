//! The plan of what may be deleted. Pure.
//!
//! - Tape is deleted first: it is encoded already, or can no longer be. Of each station, the tape stays that arrived
//!   within the horizon, that was promised to be kept, or that an unfinished airing needs.
//! - The bin is emptied next: a person has deleted what is in it.
//! - Recordings are deleted next, and only those that `keep` does not keep (`super::retention`). They are read only then:
//!   if space is short, tape does not wait for an output folder that may be away.
//! - Last of all, if space is short, the oldest tape is deleted that was promised to be kept.
//!
//! If space is short, the horizon is now, and time in the bin does not count. What an airing needs and what `keep`
//! keeps stays.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::model::StationId;

/// How long before a cut the arrivals may be that anchor it.
pub(super) const ANCHORED_BY: TimeDelta = TimeDelta::hours(1);

/// How much of promised tape goes at a time.
const STEP: TimeDelta = TimeDelta::hours(1);

/// How far back tape stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Horizon {
    /// The present.
    pub now: DateTime<Utc>,
    /// How long every tape is kept.
    pub kept: TimeDelta,
    /// The most that a promise counts for.
    pub most: TimeDelta,
}

impl Horizon {
    /// Returns the instant before which a tape is deleted that is promised to be kept for `promised`.
    pub(super) fn of(self, promised: Duration) -> DateTime<Utc> {
        self.now - self.kept.max(delta(promised).min(self.most))
    }
}

/// What of the tape of a station must stay.
#[derive(Debug)]
pub(super) struct StationTape {
    /// The station.
    pub station: StationId,
    /// The earliest instant that an airing still needs.
    pub needed: Option<DateTime<Utc>>,
    /// How long it is promised to be kept.
    pub promised: Duration,
}

/// One step of the plan: what is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The tape of a station that arrived before an instant.
    Tape {
        /// The station.
        station: StationId,
        /// The instant.
        before: DateTime<Utc>,
    },
    /// The tape of stations that nobody has asked for since the process began.
    UnusedTape {
        /// How far back it stays.
        horizon: Horizon,
    },
    /// What was put into the bin at an instant or before.
    Bin {
        /// The instant.
        before: DateTime<Utc>,
    },
}

/// Returns what is deleted of the tapes of `stations`.
pub(super) fn tape(stations: Vec<StationTape>, horizon: Horizon) -> Vec<Step> {
    let tapes = stations.into_iter().map(|StationTape { station, needed, promised }| {
        let old = horizon.of(promised);
        let needed = needed.map_or(old, |instant| instant - ANCHORED_BY);
        Step::Tape { station, before: old.min(needed) }
    });
    std::iter::once(Step::UnusedTape { horizon }).chain(tapes).collect()
}

/// Returns what promises count for, one after another, if space is short until enough of the tape is gone whose `ages` are
/// given: an hour less of it each time. Where nothing may go, no time is spent: what is held may be weeks older than the
/// rest. Nothing younger than `least` goes.
pub(super) fn shortened(mut ages: Vec<TimeDelta>, least: TimeDelta) -> Vec<TimeDelta> {
    ages.retain(|age| *age > least);
    ages.sort_by_key(|age| std::cmp::Reverse(*age));
    let mut steps: Vec<TimeDelta> = Vec::new();
    for age in ages {
        if steps.last().is_none_or(|most| age <= *most) {
            steps.push((age - STEP).max(least));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}:00:00Z").parse().unwrap()
    }

    fn step(station: &str, before: &str) -> Step {
        Step::Tape { station: StationId::new(station), before: at(before) }
    }

    #[test]
    fn tape_within_the_horizon_and_tape_that_is_promised_or_needed_stays() {
        let tape_of = |station: &str, needed: Option<&str>, days: u64| StationTape {
            station: StationId::new(station),
            needed: needed.map(at),
            promised: Duration::from_hours(24 * days),
        };
        let stations = || {
            vec![
                tape_of("idle", None, 0),
                tape_of("recording", Some("20T11"), 0),
                tape_of("held", Some("18T11"), 0),
                tape_of("always", None, 10),
            ]
        };
        let now = at("20T12");
        let day = TimeDelta::days(1);
        for (kept, most, expected) in [
            (day, TimeDelta::MAX, [("idle", "19T12"), ("recording", "19T12"), ("held", "18T10"), ("always", "10T12")]),
            // Space is short.
            (
                TimeDelta::zero(),
                TimeDelta::MAX,
                [("idle", "20T12"), ("recording", "20T10"), ("held", "18T10"), ("always", "10T12")],
            ),
            // It is still short.
            (
                TimeDelta::zero(),
                day * 3,
                [("idle", "20T12"), ("recording", "20T10"), ("held", "18T10"), ("always", "17T12")],
            ),
        ] {
            let horizon = Horizon { now, kept, most };
            let steps = tape(stations(), horizon);
            assert_eq!(steps[0], Step::UnusedTape { horizon });
            assert_eq!(steps[1..], expected.map(|(station, before)| step(station, before)));
        }
    }

    #[test]
    fn promises_are_shortened_only_where_tape_is_that_may_go() {
        let minutes = |ages: &[i64]| ages.iter().map(|age| TimeDelta::minutes(*age)).collect::<Vec<_>>();
        let steps = |ages: &[i64]| shortened(minutes(ages), TimeDelta::days(1));
        let day = 24 * 60;
        assert_eq!(steps(&[day, 600, 5]), []);
        // Three reels of one hour six weeks ago, and two of yesterday; the weeks between are held.
        let old = 42 * day;
        assert_eq!(
            steps(&[day + 30, old - 10, old, old - 60, day + 100, 600]),
            minutes(&[old - 60, old - 120, day + 40, day])
        );
        let whole: Vec<_> = (0..42 * 24).map(|hour| hour * 60).collect();
        let steps = steps(&whole);
        assert_eq!((steps.len(), steps.last()), (41 * 24 - 1, Some(&TimeDelta::days(1))));
    }
}
