//! For tests of the service as a whole: airings on the next minute, dice that can be thrown again, whole recordings.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use aircheck::base::clock::SystemClock;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde_json::Value;

use super::timecode::Report;

/// What an encoder may add, in seconds.
const FRAME: f64 = 0.024;

/// The next full minute that is at least `seconds` away, and its cron in UTC.
pub fn minute(seconds: i64) -> (DateTime<Utc>, String) {
    let at = SystemClock::shared().now() + TimeDelta::seconds(seconds + 60);
    let minute = at.with_second(0).and_then(|at| at.with_nanosecond(0)).expect("a full minute");
    (minute, format!("{} {} * * *", minute.minute(), minute.hour()))
}

/// Random numbers from a seed that is printed; `AIRCHECK_SEED` gives it again.
pub struct Dice(AtomicU64);

impl Dice {
    pub fn thrown() -> Self {
        let given = std::env::var("AIRCHECK_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| SystemClock::shared().now().timestamp_micros().unsigned_abs());
        println!("AIRCHECK_SEED={seed}");
        Self(AtomicU64::new(seed))
    }

    /// A number below `limit` (SplitMix64).
    pub fn below(&self, limit: u64) -> u64 {
        let step = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// The recording of `show` in what `list --json` says.
pub fn by_show<'a>(list: &'a [Value], show: &str) -> &'a Value {
    list.iter().find(|recording| recording["show"] == show).unwrap_or_else(|| panic!("no {show} in {list:?}"))
}

/// What is to be heard in a recording.
pub fn heard(recording: &Value) -> Report {
    Report::of_file(Path::new(recording["file"].as_str().unwrap_or_else(|| panic!("no file: {recording}"))))
}

/// Checks that a recording is complete in word and deed, `seconds` long, and where it is given begins at `start`.
pub fn whole(recording: &Value, start: Option<DateTime<Utc>>, seconds: f64) -> Report {
    let heard = heard(recording);
    assert_eq!(recording["verdict"], "complete", "{recording}: {heard}");
    assert_eq!(recording["missing"], serde_json::json!([]), "{recording}");
    assert!(heard.is_whole(), "{recording}: {heard}");
    assert!((heard.length - seconds).abs() <= FRAME, "{recording}: {heard}");
    if let Some(start) = start {
        let off = heard.begins(start).map(|begins| (begins - start).as_seconds_f64());
        assert!(off.is_some_and(|off| off.abs() < 0.03), "{recording}: {heard}, off by {off:?}");
    }
    heard
}
