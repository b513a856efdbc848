//! Airings that begin soon, and shows that are not on the air while a test runs.

use aircheck::base::clock::SystemClock;
use aircheck::base::zone::Zone;
use chrono::{DateTime, TimeDelta, Timelike, Utc};

/// Returns the next full minute that is at least `seconds` away, and its cron in UTC.
pub fn next_minute(seconds: i64) -> (DateTime<Utc>, String) {
    let at = SystemClock::shared().now() + TimeDelta::seconds(seconds + 60);
    let minute = at.with_second(0).and_then(|at| at.with_nanosecond(0)).expect("a full minute");
    (minute, format!("{} {} * * *", minute.minute(), minute.hour()))
}

/// Returns the cron of a daily show of at most two hours that is not on during the test: in Seoul it begins in twelve
/// hours, in London in twenty or twenty-one. With a fixed hour, tests would fail at that hour.
pub fn quiet() -> String {
    let at = (SystemClock::shared().now() + TimeDelta::hours(12))
        .with_timezone(&"Asia/Seoul".parse::<Zone>().expect("a zone"));
    format!("{} {} * * *", at.minute(), at.hour())
}
