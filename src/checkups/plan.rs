//! When a station is checked. Pure.
//!
//! A station with something due is checked an hour and again ten minutes before it is put on tape, and every station once
//! a day. The moments of each station are a little earlier than that, by its id, so that a hundred shows at the full hour
//! do not make a hundred requests at once. After a failure a station is checked again soon, so that one lost request is no
//! alarm, and then until it answers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::StationId;

/// So long before its cut begins a show has its station checked.
const AHEAD: [TimeDelta; 2] = [TimeDelta::minutes(60), TimeDelta::minutes(10)];
/// A moment is earlier by up to this part of how far it lies ahead.
const SPREAD: i32 = 10;
/// A cut that begins within this may have its station checked now.
pub(super) const HORIZON: TimeDelta = TimeDelta::minutes(66);
/// A cut that begins within this has nothing of a check-up: the deck is about to connect anyway.
pub(super) const NEAR: TimeDelta = TimeDelta::minutes(2);
/// How long after a check-up the next one is due, whether or not there is a show.
const DAILY: TimeDelta = TimeDelta::hours(24);
/// The first daily check-ups are spread over so much time, from a little after the start of the service on.
const FIRST: TimeDelta = TimeDelta::hours(1);
/// How long after each failure in a row a station is checked again. The last one repeats.
const AGAIN: [TimeDelta; 5] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(4),
    TimeDelta::minutes(10),
    TimeDelta::minutes(15),
    TimeDelta::minutes(30),
];
/// So many failures in a row mean that the station is down.
pub(super) const DOWN: usize = 2;

/// What is known of the check-ups of a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Record {
    /// When it was checked last, or was on tape.
    pub(super) checked: Option<DateTime<Utc>>,
    /// How often in a row it failed.
    pub(super) failures: usize,
}

/// Returns when `station` is checked next. `begins` is when its next cut begins, if that is within [`HORIZON`] and not
/// [`NEAR`]; `since` is the start of the service.
pub(super) fn next(
    station: &StationId,
    begins: Option<DateTime<Utc>>,
    record: Record,
    since: DateTime<Utc>,
) -> DateTime<Utc> {
    let early = |whole: TimeDelta| whole / 1000 * i32::from(part(station));
    let daily = record.checked.map_or_else(|| since + NEAR + early(FIRST), |checked| checked + DAILY - early(FIRST));
    let again = record
        .checked
        .zip(record.failures.checked_sub(1))
        .map(|(checked, before)| checked + AGAIN[before.min(AGAIN.len() - 1)]);
    let ahead = begins.into_iter().flat_map(|begins| AHEAD.map(|ahead| begins - ahead - early(ahead / SPREAD)));
    let ahead = ahead.filter(|moment| record.checked.is_none_or(|checked| checked < *moment));
    ahead.chain(again).fold(daily, DateTime::min)
}

/// Returns which of a thousand parts of a stretch a station has: always the same, and another than most others.
fn part(station: &StationId) -> u16 {
    let mut hasher = DefaultHasher::new();
    station.as_str().hash(&mut hasher);
    u16::try_from(hasher.finish() % 1000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    /// When a station is checked whose show begins at `begins`, from one check-up to the next, until `until`.
    fn checked(id: &str, begins: i64, until: i64, answers: impl Fn(i64) -> bool) -> Vec<i64> {
        let station = StationId::new(id);
        let (mut record, mut all) = (Record { checked: Some(at(-600)), failures: 0 }, Vec::new());
        for minute in 0..until {
            let due = Some(at(begins)).filter(|begins| at(minute) < *begins && *begins - at(minute) <= HORIZON);
            if next(&station, due, record, at(-1000)) <= at(minute) {
                record.failures = if answers(minute) { 0 } else { record.failures + 1 };
                record.checked = Some(at(minute));
                all.push(minute);
            }
        }
        all
    }

    #[test]
    fn a_station_is_checked_an_hour_and_ten_minutes_ahead_and_again_after_a_day() {
        for id in ["kbs-1fm", "bbc", "명연주"] {
            let all = checked(id, 200, 2400, |_| true);
            let [hour, ten, daily] = all[..] else { panic!("{id}: {all:?}") };
            assert!((134..=140).contains(&hour) && (189..=190).contains(&ten), "{id}: {all:?}");
            assert!((ten + 1380..=ten + 1440).contains(&daily), "{id}: {all:?}");
        }
    }

    #[test]
    fn a_failure_is_confirmed_within_a_minute_and_what_is_down_is_checked_until_it_answers() {
        let all = checked("kbs-1fm", 200, 400, |minute| minute > 300);
        let first = all[0];
        let after: Vec<_> = all.iter().map(|minute| minute - first).collect();
        assert_eq!(after[..5], [0, 1, 5, 15, 30], "{all:?}");
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] <= 30), "{all:?}");
        assert!(all.last().is_some_and(|last| (301..=331).contains(last)), "{all:?}");
    }

    #[test]
    fn the_check_ups_of_many_stations_are_spread() {
        let mut minutes = std::collections::BTreeMap::<i64, u32>::new();
        for number in 0..1000 {
            *minutes.entry(checked(&format!("station-{number}"), 200, 145, |_| true)[0]).or_default() += 1;
        }
        assert!(minutes.len() >= 6 && minutes.values().all(|count| *count < 300), "{minutes:?}");
        let first = |number| next(&StationId::new(format!("s{number}")), None, Record::default(), at(0));
        let last = (0..1000).map(first).max().unwrap();
        assert!(last > at(57) && last <= at(62));
    }
}
