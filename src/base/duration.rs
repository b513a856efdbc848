//! A length of time as a difference of instants.

use std::time::Duration;

use chrono::TimeDelta;

/// `duration` for sums with instants. One that is too long for a [`TimeDelta`] counts as the longest.
pub fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
