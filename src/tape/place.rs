//! Where every entry of a tape lies in wall-clock time.
//!
//! A *session* is a stretch of entries whose media time is continuous. Where the station stamps its segments with a
//! clock that agrees with ours (`EXT-X-PROGRAM-DATE-TIME`, RFC 8216 section 4.3.2.6), each entry lies where its stamp
//! says. Elsewhere only arrivals are known. An arrival is an upper bound on when an entry had ended, so
//! `arrival − media time` is an upper bound on when the session began, and the least of them all is the tightest:
//! its error is one poll of the playlist, not one segment. It is computed over the whole capture, not entry by entry,
//! so that the first segment is placed by what the last one taught.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::entry::Entry;

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// When its first sample was on the air.
    pub start: DateTime<Utc>,
    /// Which session it belongs to, counted from 0.
    pub session: usize,
    /// Whether a stamp says so, its own or that of an entry before it.
    pub stamped: bool,
}

/// `duration` as a difference of instants; what no tape can hold counts as the longest difference.
pub(super) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// Places `entries`, which are in programme order. `delay` is how much later than on the air the stream arrives, where
/// the station's stamps do not say.
pub fn place(entries: &[Entry], delay: TimeDelta) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(entries.len());
    let sessions = entries.chunk_by(|_, next| !next.discontinuity);
    for (session, entries) in sessions.enumerate() {
        let began = session_start(entries, delay);
        let mut elapsed = TimeDelta::zero();
        let mut stamped: Option<DateTime<Utc>> = None;
        for entry in entries {
            let by_stamp = entry.programme_time.or(stamped);
            let start = by_stamp.unwrap_or(began + elapsed);
            elapsed += delta(entry.duration);
            stamped = by_stamp.map(|start| start + delta(entry.duration));
            placed.push(Placed { start, session, stamped: by_stamp.is_some() });
        }
    }
    placed
}

/// Takes the dates from the newest entries, back to a break behind which nobody knows what is missing: they are none.
pub(super) fn withdraw_dates(entries: &mut [Entry]) {
    for entry in entries.iter_mut().rev() {
        entry.programme_time = None;
        if entry.discontinuity && !entry.follows {
            return;
        }
    }
}

/// When media time 0 of a session was on the air.
fn session_start(session: &[Entry], delay: TimeDelta) -> DateTime<Utc> {
    let mut elapsed = TimeDelta::zero();
    let mut by_stamp = None;
    let mut by_arrival: Option<DateTime<Utc>> = None;
    for entry in session {
        by_stamp = by_stamp.or(entry.programme_time.map(|stamp| stamp - elapsed));
        elapsed += delta(entry.duration);
        let bound = entry.arrived - elapsed - delay;
        by_arrival = Some(by_arrival.map_or(bound, |tightest| tightest.min(bound)));
    }
    by_stamp.or(by_arrival).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
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
    fn the_tightest_arrival_of_the_capture_places_the_first_segment() {
        // Segments end at 104, 108, 112; polls saw them 3.0, 0.2 and 1.5 s later.
        let entries = [entry(4.0, 107.0, None, false), entry(4.0, 108.2, None, false), entry(4.0, 113.5, None, false)];
        let placed = place(&entries, TimeDelta::zero());
        assert_eq!(placed[0].start, at(100.2));
        assert_eq!(placed[2].start, at(108.2));
        assert_eq!(place(&entries, TimeDelta::seconds(15))[0].start, at(85.2));
    }

    #[test]
    fn a_window_that_reaches_back_is_placed_by_its_newest_segment() {
        let entries: Vec<_> = (0..10).map(|_| entry(4.0, 140.5, None, false)).collect();
        assert_eq!(place(&entries, TimeDelta::zero())[0].start, at(100.5));
    }

    #[test]
    fn stamps_win_over_arrivals_and_delay_and_reach_to_their_unstamped_neighbours() {
        let entries = [
            entry(4.0, 120.0, None, false),
            entry(4.0, 120.0, Some(104.0), false),
            entry(4.0, 124.0, None, false),
            entry(4.0, 130.0, Some(112.5), false),
        ];
        let placed = place(&entries, TimeDelta::seconds(15));
        assert_eq!(placed.iter().map(|p| p.start).collect::<Vec<_>>(), [at(100.0), at(104.0), at(108.0), at(112.5)]);
    }

    #[test]
    fn a_new_connection_is_placed_by_its_own_arrivals() {
        let entries = [entry(4.0, 104.0, None, false), entry(4.0, 120.0, None, true), entry(4.0, 124.0, None, false)];
        let placed = place(&entries, TimeDelta::zero());
        assert_eq!((placed[1].start, placed[1].session), (at(116.0), 1));
        assert_eq!((placed[2].start, placed[2].session), (at(120.0), 1));
    }
}
