//! Why something is missing: the cause of a lost segment, or a trouble of that time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::model::{Cause, CauseKind, Gap, Span};
use crate::tape::index::entry::{Entry, Trouble};

/// How much later than the sound stops a trouble may be noticed: by a reload, a timeout, or the lag between air and
/// stream.
const NOTICED_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// An entry of a view whose sound is lost.
#[derive(Debug, Clone)]
struct Loss {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    /// Which entry of the view it is.
    entry: u64,
}

/// What is lost in a view, by when it was on the air. So the cause of a hole is found without a look at all entries: a day
/// may have thousands of holes.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses {
    /// By their starts.
    losses: Vec<Loss>,
    /// For each of them: the latest end of those up to it.
    reach: Vec<DateTime<Utc>>,
}

impl Losses {
    /// The losses among these entries, each with when it was on the air.
    pub(super) fn of<'a>(timed: impl Iterator<Item = (DateTime<Utc>, &'a Entry)>) -> Self {
        let lost = (0..).zip(timed).filter(|(_, (_, entry))| entry.sound.is_err());
        let mut losses: Vec<_> = lost
            .map(|(entry, (start, lost))| Loss {
                start,
                end: start.checked_add_signed(delta(lost.duration)).unwrap_or(start),
                entry,
            })
            .collect();
        losses.sort_by_key(|loss| loss.start);
        let mut latest = DateTime::<Utc>::MIN_UTC;
        let reach = losses.iter().map(|loss| {
            latest = latest.max(loss.end);
            latest
        });
        Self { reach: reach.collect(), losses }
    }

    /// The first entry of the view that was lost in `hole`.
    pub(super) fn first_in(&self, hole: &Span) -> Option<u64> {
        self.near(hole).iter().filter(|loss| loss.end > hole.start).map(|loss| loss.entry).min()
    }

    /// Those among which all are that lie in `hole`.
    fn near(&self, hole: &Span) -> &[Loss] {
        let first = self.reach.partition_point(|end| *end <= hole.start);
        let behind = self.losses.partition_point(|loss| loss.start < hole.end);
        self.losses.get(first..behind).unwrap_or_default()
    }
}

/// The gap that reports a hole. Its cause is that of what was `lost` there, else the first trouble in the hole, else the
/// last one shortly before it, else the next one. The troubles are in order.
pub(super) fn gap(hole: &Span, lost: Option<&Cause>, troubles: &[Trouble]) -> Gap {
    let cause = lost.or_else(|| of_trouble(hole, troubles)).cloned();
    Gap {
        start: hole.start,
        length: hole.length().to_std().unwrap_or(Duration::ZERO),
        cause: cause.unwrap_or_else(|| Cause::new(CauseKind::Nothing, "nothing arrived from the station")),
    }
}

fn of_trouble<'a>(hole: &Span, troubles: &'a [Trouble]) -> Option<&'a Cause> {
    let before = |at: DateTime<Utc>| troubles.partition_point(|trouble| trouble.at < at);
    let inside = troubles.get(before(hole.start)).filter(|trouble| trouble.at <= hole.end);
    let near = || {
        let behind = troubles.partition_point(|trouble| trouble.at <= hole.end + NOTICED_WITHIN);
        troubles.get(behind.checked_sub(1)?).filter(|trouble| trouble.at >= hole.start - NOTICED_WITHIN)
    };
    inside.or_else(near).map(|trouble| &trouble.cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn lost(seconds: u64) -> Entry {
        Entry {
            duration: Duration::from_secs(seconds),
            arrived: at(0),
            programme_time: None,
            discontinuity: false,
            follows: true,
            sequence: None,
            sound: Err(Cause::default()),
        }
    }

    fn losses(given: &[(i64, u64)]) -> Losses {
        let entries: Vec<_> = given.iter().map(|(start, seconds)| (at(*start), lost(*seconds))).collect();
        Losses::of(entries.iter().map(|(start, entry)| (*start, entry)))
    }

    #[test]
    fn the_causes_of_thousands_of_holes_cost_a_look_at_each_loss_and_no_more() {
        let given: Vec<_> = (0..5_000).map(|number| (number * 4, 2)).collect();
        let losses = losses(&given);
        let hole = |number: i64| Span::new(at(number * 4), at(number * 4 + 2));
        let looked_at: usize = (0..5_000).map(|number| losses.near(&hole(number)).len()).sum();
        assert_eq!(looked_at, 5_000);
        assert!((0..5_000).all(|number| losses.first_in(&hole(number)) == u64::try_from(number).ok()));
        assert_eq!(losses.first_in(&Span::new(at(2), at(4))), None, "between two");
    }

    #[test]
    fn the_loss_that_came_first_counts_whatever_its_time_and_a_long_one_hides_none() {
        let losses = losses(&[(0, 100), (50, 2), (40, 2), (60, 0)]);
        let first = |from, to| losses.first_in(&Span::new(at(from), at(to)));
        assert_eq!((first(41, 51), first(99, 120), first(100, 120)), (Some(0), Some(0), None));
        let losses = self::losses(&[(50, 2), (40, 2), (60, 0)]);
        let first = |from, to| losses.first_in(&Span::new(at(from), at(to)));
        assert_eq!((first(30, 55), first(30, 50), first(42, 50)), (Some(0), Some(1), None));
        assert_eq!((first(55, 65), first(60, 65)), (Some(2), None), "one of no length lies within, not at the edge");
    }
}
