//! Airings that begin soon.

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Timelike, Utc};

/// The next full minute that is at least `seconds` away, and its cron in UTC.
pub fn next_minute(seconds: i64) -> (DateTime<Utc>, String) {
    let at = SystemClock::shared().now() + TimeDelta::seconds(seconds + 60);
    let minute = at.with_second(0).and_then(|at| at.with_nanosecond(0)).expect("a full minute");
    (minute, format!("{} {} * * *", minute.minute(), minute.hour()))
}
