//! A station that is always on tape: for how long its tape is kept, and at which hours it is taped.

use std::time::Duration;

use chrono::{NaiveTime, Timelike as _};

use super::{Complaint, units};

/// The shortest time for which tape is kept: every tape is, for a second look at what went wrong.
const SHORTEST_KEPT: Duration = Duration::from_hours(24);

/// The pattern of hours, for the JSON Schema.
pub const HOURS_PATTERN: &str = "^\\s*[0-9]{1,2}(:[0-9]{2})?\\s*-\\s*[0-9]{1,2}(:[0-9]{2})?(\\s*,\\s*[0-9]{1,2}(:[0-9]{2})?\\s*-\\s*[0-9]{1,2}(:[0-9]{2})?)*\\s*$";

const MINUTES_OF_A_DAY: u32 = 24 * 60;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// The rule of a station that is taped whether or not a show is on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlwaysTaped {
    /// How long its tape is kept: at least a day.
    pub keep: Duration,
    /// When it is taped.
    pub hours: Hours,
}

/// Writes how long tape is kept as in the file: `42d`.
pub fn keep_text(keep: Duration) -> String {
    match (keep.as_secs() / SECONDS_OF_A_DAY, keep.as_secs() % SECONDS_OF_A_DAY) {
        (days, 0) => format!("{days}d"),
        _ => units::words(keep),
    }
}

/// Stretches of the day, by the clock of a station, in minutes after midnight: from inclusive, to exclusive. One that
/// ends before it begins goes on over midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours(Vec<(u32, u32)>);

impl Hours {
    /// The whole day.
    pub fn all() -> Self {
        Self(vec![(0, MINUTES_OF_A_DAY)])
    }

    /// Whether that is the whole day.
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether `time`, by the clock of the station, is in one of the stretches.
    pub fn contains(&self, time: NaiveTime) -> bool {
        let minute = time.hour() * 60 + time.minute();
        self.0.iter().any(
            |&(from, to)| {
                if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
            },
        )
    }
}

/// Parses how long tape is kept: `42d`; at least [`SHORTEST_KEPT`], at most ten years.
pub fn kept(text: &str) -> Result<Duration, Complaint> {
    let keep = units::duration_up_to(text, Duration::from_hours(10 * 365 * 24))?;
    if keep < SHORTEST_KEPT {
        let complaint = Complaint::new(format!("`{}` is too short: every tape is kept for 24h", text.trim()));
        return Err(complaint.hint("write it like `42d`").suggest(["24h".to_owned()]));
    }
    Ok(keep)
}

/// Parses stretches of the day: `6-23`, `06:30-09:00, 17-19:30`, `22-2`.
pub fn hours(text: &str) -> Result<Hours, Complaint> {
    let stretches: Result<Vec<_>, _> = text.split(',').map(stretch).collect();
    Ok(Hours(stretches?))
}

fn stretch(text: &str) -> Result<(u32, u32), Complaint> {
    let trimmed = text.trim();
    let wrong = |why: &str| {
        Complaint::new(format!("`{trimmed}` {why}"))
            .hint("write the hours from and to, such as `6-23` or `06:30-09:00`")
    };
    let (from, to) = trimmed.split_once('-').ok_or_else(|| wrong("are no hours of a day"))?;
    let minute = |text: &str| minute(text).ok_or_else(|| wrong("are no hours of a day"));
    let (from, to) = (minute(from)?, minute(to)?);
    if from == to || from == MINUTES_OF_A_DAY {
        return Err(wrong("is no time"));
    }
    Ok((from, to))
}

/// Reads `6` or `06:30` as minutes after midnight; `24` is the end of the day.
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let digits = |text: &str| text.len() <= 2 && text.chars().all(|c| c.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_OF_A_DAY).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 59).unwrap()
    }

    #[test]
    fn hours_are_from_inclusive_to_exclusive_and_may_go_over_midnight() {
        let cases = [
            ("6-23", vec![(6, 0), (22, 59)], vec![(5, 59), (23, 0)]),
            ("06:30-09:00, 17-19:30", vec![(6, 30), (8, 59), (19, 29)], vec![(6, 29), (9, 0), (16, 59), (19, 30)]),
            ("22-2", vec![(22, 0), (23, 59), (0, 0), (1, 59)], vec![(2, 0), (21, 59)]),
            ("0-24", vec![(0, 0), (23, 59)], vec![]),
        ];
        for (text, inside, outside) in cases {
            let parsed = hours(text).unwrap();
            assert!(inside.into_iter().all(|(hour, minute)| parsed.contains(at(hour, minute))), "{text}");
            assert!(!outside.into_iter().any(|(hour, minute)| parsed.contains(at(hour, minute))), "{text}");
        }
    }

    #[test]
    fn what_are_no_hours_is_told() {
        for text in ["", "6", "6-", "25-26", "6:60-7", "6-6", "24-3", "6-23,", "six-seven", "-6-7", "6:000-7"] {
            assert!(hours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_pattern_of_the_schema_takes_what_is_taken() {
        let pattern = regex::Regex::new(HOURS_PATTERN).unwrap();
        for text in ["6-23", "06:30-09:00, 17-19:30", " 22 - 2 "] {
            assert!(hours(text).is_ok() && pattern.is_match(text), "{text}");
        }
        assert!(!pattern.is_match("6") && !pattern.is_match("6-23,"));
    }

    #[test]
    fn tape_is_kept_for_a_day_at_least_and_for_years_at_most() {
        assert_eq!(kept("42d").unwrap(), Duration::from_hours(42 * 24));
        let written = |text: &str| keep_text(kept(text).unwrap());
        assert_eq!((written("1008h"), written("1d 12h")), ("42d".to_owned(), "36h".to_owned()));
        assert!(kept("23h").is_err() && kept("24h").is_ok() && kept("3650d").is_ok() && kept("3651d").is_err());
    }
}
