//! A stretch of wall-clock time.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

use crate::base::zone::Zone;

/// From `start` (included) to `end` (excluded), in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

impl Span {
    /// The span from `start` to `end`; empty if `end` is not after `start`.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Its length.
    pub fn length(&self) -> TimeDelta {
        self.end - self.start
    }

    /// Whether `instant` lies in it.
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// The part that both have, if any.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let start = self.start.max(other.start);
        let end = self.end.min(other.end);
        (start < end).then_some(Self { start, end })
    }

    /// Its parts between the full hours of the clocks of `zone`, in order. An hour that the clocks show twice is there
    /// twice, and one that they leave out is not there.
    pub fn hours(&self, zone: Zone) -> Vec<Self> {
        let (mut hours, mut start) = (Vec::new(), self.start);
        while start < self.end {
            let local = start.with_timezone(&zone);
            let passed = TimeDelta::seconds(i64::from(local.minute() * 60 + local.second()))
                + TimeDelta::nanoseconds(i64::from(local.nanosecond()));
            let end = (start + TimeDelta::hours(1) - passed).min(self.end);
            hours.push(Self { start, end });
            start = end;
        }
        hours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The hours of a stretch: what the clocks show when each begins, and how many minutes it has.
    fn shown(start: &str, end: &str, zone: &str) -> Vec<(String, i64)> {
        let zone: Zone = zone.parse().unwrap();
        let hours = Span::new(at(start), at(end)).hours(zone);
        assert!(hours.windows(2).all(|two| two[0].end == two[1].start), "nothing is between them");
        let clock = |hour: &Span| hour.start.with_timezone(&zone).format("%H:%M").to_string();
        hours.iter().map(|hour| (clock(hour), hour.length().num_minutes())).collect()
    }

    #[test]
    fn a_stretch_is_divided_at_the_full_hours_of_the_clocks_also_when_they_change() {
        let few = shown("2026-11-20T03:40:00Z", "2026-11-20T05:30:00Z", "Asia/Kolkata");
        assert_eq!(few, [("09:10".into(), 50), ("10:00".into(), 60)], "half an hour beside UTC");
        let autumn = shown("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "Europe/Berlin");
        let labels: Vec<_> = autumn.iter().map(|(clock, _)| clock.as_str()).collect();
        assert_eq!((autumn.len(), &labels[1..5]), (25, &["01:00", "02:00", "02:00", "03:00"][..]));
        let spring = shown("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "Europe/Berlin");
        let labels: Vec<_> = spring.iter().map(|(clock, _)| clock.as_str()).collect();
        assert_eq!((spring.len(), &labels[1..3]), (23, &["01:00", "03:00"][..]));
        assert!(Span::new(at("2026-11-20T03:00:00Z"), at("2026-11-20T03:00:00Z")).hours(Zone::utc()).is_empty());
    }
}
