//! When every entry of a tape was on the air.
//!
//! A *session* is a stretch of entries whose media time is continuous. If the station stamps its segments
//! (`EXT-X-PROGRAM-DATE-TIME`, RFC 8216 section 4.3.2.6) with a clock that agrees with ours, an entry was on the air
//! when its stamp says. Otherwise only arrivals are known. An arrival is an upper bound on when an entry had ended, so
//! `arrival − media time` is an upper bound on when the session began. The least of these bounds is the tightest: its
//! error is one reload of the playlist, not one segment. It is computed over the whole capture, not entry by entry. So
//! the last segment improves the time of the first.

use chrono::{DateTime, TimeDelta, Utc};

use super::index::entry::Entry;
use crate::base::duration::delta;

/// When an entry was on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// When its first sample was on the air.
    pub start: DateTime<Utc>,
    /// Which session it belongs to, counted from 0.
    pub session: usize,
    /// Whether a stamp says so: its own, or that of an entry before it.
    pub stamped: bool,
}

/// Computes when each of `entries`, which are in programme order, was on the air. `delay` is how much later than on the
/// air the stream arrives; it counts if there are no stamps.
pub fn on_air_times<'a>(entries: impl IntoIterator<Item = &'a Entry, IntoIter: Clone>, delay: TimeDelta) -> Vec<Timed> {
    let mut rest = entries.into_iter();
    let mut timed = Vec::with_capacity(rest.size_hint().0);
    let mut session = 0;
    while rest.clone().next().is_some() {
        let length = 1 + rest.clone().skip(1).take_while(|entry| !entry.discontinuity).count();
        let mut whole = Anchor::default();
        rest.clone().take(length).for_each(|entry| whole.learn(entry));
        let mut passed = Anchor { elapsed: TimeDelta::zero(), stamped: None, ..whole };
        for entry in rest.by_ref().take(length) {
            let (start, stamped) = passed.next_start(entry, delay);
            timed.push(Timed { start, session, stamped });
            passed.advance(entry);
        }
        session += 1;
    }
    timed
}

/// What is known of when a session began, as the session grows. The cost of an entry does not depend on how many came
/// before it.
#[derive(Debug, Default, Clone)]
pub(super) struct Anchor {
    /// How long everything so far plays.
    elapsed: TimeDelta,
    /// When media time 0 was on the air, by the first stamp.
    by_stamp: Option<DateTime<Utc>>,
    /// The tightest bounds of that by arrivals: the one of earlier reels, and the one of this reel.
    by_arrival: [Option<DateTime<Utc>>; 2],
    /// Where the newest entry ended, by a stamp.
    stamped: Option<DateTime<Utc>>,
}

impl Anchor {
    /// Learns from the next entry.
    pub(super) fn learn(&mut self, entry: &Entry) {
        self.by_stamp = self.by_stamp.or(entry.programme_time.and_then(|stamp| stamp.checked_sub_signed(self.elapsed)));
        self.advance(entry);
        if let Some(bound) = entry.arrived.checked_sub_signed(self.elapsed) {
            self.by_arrival[1] = Some(self.by_arrival[1].map_or(bound, |tightest| tightest.min(bound)));
        }
    }

    /// Adds the length of an entry, without learning from it.
    fn advance(&mut self, entry: &Entry) {
        let (start, length) = (entry.programme_time.or(self.stamped), delta(entry.duration));
        self.stamped = start.and_then(|start| start.checked_add_signed(length));
        self.elapsed = self.elapsed.checked_add(&length).unwrap_or(TimeDelta::MAX);
    }

    /// When the next entry was on the air, and whether a stamp says so.
    fn next_start(&self, entry: &Entry, delay: TimeDelta) -> (DateTime<Utc>, bool) {
        let by_stamp = entry.programme_time.or(self.stamped);
        let by_arrival = self.by_arrival.iter().flatten().min().and_then(|bound| bound.checked_sub_signed(delay));
        let began = self.by_stamp.or(by_arrival).unwrap_or(DateTime::UNIX_EPOCH);
        (by_stamp.unwrap_or_else(|| began.checked_add_signed(self.elapsed).unwrap_or(began)), by_stamp.is_some())
    }

    /// When the next entry was on the air, from what it says itself and what is known already.
    pub(super) fn estimate(&self, entry: &Entry, delay: TimeDelta) -> DateTime<Utc> {
        let mut with = if entry.discontinuity { Self::default() } else { self.clone() };
        let Self { elapsed, stamped, .. } = with;
        with.learn(entry);
        Self { elapsed, stamped, ..with }.next_start(entry, delay).0
    }

    /// Another reel begins. Only arrivals of this one and of the one before count from now on, because clocks drift.
    pub(super) fn begin_reel(&mut self) {
        self.by_arrival = [self.by_arrival[1].or(self.by_arrival[0]), None];
    }

    /// The dates so far are wrong.
    pub(super) fn withdraw_dates(&mut self) {
        (self.by_stamp, self.stamped) = (None, None);
    }

    /// Moves all arrivals so far by `by`.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        for bound in self.by_arrival.iter_mut().flatten() {
            *bound = bound.checked_add_signed(by).unwrap_or(*bound);
        }
    }
}

/// Removes the dates of the newest entries, back to a break of unknown length: they were wrong. Returns whether there
/// is such a break.
pub(super) fn withdraw_dates(entries: &mut [Entry]) -> bool {
    for entry in entries.iter_mut().rev() {
        entry.programme_time = None;
        if entry.discontinuity && !entry.follows {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Cause;

    fn at(seconds: f64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::from_std(Duration::from_secs_f64(seconds)).unwrap()
    }

    fn entry(duration: f64, arrived: f64, programme: Option<f64>, discontinuity: bool) -> Entry {
        Entry {
            duration: Duration::from_secs_f64(duration),
            arrived: at(arrived),
            programme_time: programme.map(at),
            discontinuity,
            follows: !discontinuity,
            sequence: None,
            sound: Err(Cause::default()),
        }
    }

    #[test]
    fn the_tightest_arrival_of_the_capture_times_the_first_segment() {
        // Segments end at 104, 108, 112; polls saw them 3.0, 0.2 and 1.5 s later.
        let entries = [entry(4.0, 107.0, None, false), entry(4.0, 108.2, None, false), entry(4.0, 113.5, None, false)];
        let timed = on_air_times(&entries, TimeDelta::zero());
        assert_eq!(timed[0].start, at(100.2));
        assert_eq!(timed[2].start, at(108.2));
        assert_eq!(on_air_times(&entries, TimeDelta::seconds(15))[0].start, at(85.2));
    }

    #[test]
    fn a_window_that_reaches_back_is_timed_by_its_newest_segment() {
        let entries: Vec<_> = (0..10).map(|_| entry(4.0, 140.5, None, false)).collect();
        assert_eq!(on_air_times(&entries, TimeDelta::zero())[0].start, at(100.5));
    }

    #[test]
    fn stamps_win_over_arrivals_and_delay_and_reach_to_their_unstamped_neighbours() {
        let entries = [
            entry(4.0, 120.0, None, false),
            entry(4.0, 120.0, Some(104.0), false),
            entry(4.0, 124.0, None, false),
            entry(4.0, 130.0, Some(112.5), false),
        ];
        let timed = on_air_times(&entries, TimeDelta::seconds(15));
        assert_eq!(timed.iter().map(|p| p.start).collect::<Vec<_>>(), [at(100.0), at(104.0), at(108.0), at(112.5)]);
    }

    #[test]
    fn a_new_connection_is_timed_by_its_own_arrivals() {
        let entries = [entry(4.0, 104.0, None, false), entry(4.0, 120.0, None, true), entry(4.0, 124.0, None, false)];
        let timed = on_air_times(&entries, TimeDelta::zero());
        assert_eq!((timed[1].start, timed[1].session), (at(116.0), 1));
        assert_eq!((timed[2].start, timed[2].session), (at(120.0), 1));
    }
}
