//! An instant as people write it: in RFC 3339, by the clocks of a station, or counted from now.
//!
//! | written | meant |
//! | --- | --- |
//! | `2026-11-20T22:15:00+09:00`, `2026-11-20T13:15:00Z` | that instant (RFC 3339; the seconds may be left out) |
//! | `2026-11-20 22:15`, `2026-11-20 22:15:30.250` | by the clocks of the zone; `24:00` ends the day |
//! | `2026-11-20` | when that day begins |
//! | `22:15`, `today 22:15`, `yesterday 22:15`, `tomorrow 6:00` | that day, by the clocks of the zone |
//! | `now`, `-30m`, `-1h30m`, `+2h` | now, before now, after now |
//!
//! Nothing is guessed. A time without a day is today's, also while it is still to come: whoever wants the past says of
//! which day. A time that the clocks leave out or show twice is an error that names both instants that may be meant,
//! because a stretch that is an hour off is the wrong stretch.

mod suggestions;

use std::time::Duration;

use chrono::{DateTime, Datelike as _, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta};
use chrono::{TimeZone as _, Timelike as _, Utc};
use thiserror::Error;

use super::{Complaint, parse_or_suggest, units};
use crate::base::duration::delta;
use crate::base::text::cut;
use crate::base::zone::Zone;
use crate::model::Span;

/// The farthest way from now, as `-30m` says it: as long as tape can be kept.
const FARTHEST: Duration = Duration::from_hours(10 * 365 * 24);
/// The years of which there is anything to say. RFC 3339 has four digits for them, in every zone.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9998;
/// The most columns of what was written that a message repeats.
const REPEATED: usize = 60;

/// Why a text is no instant. Each message says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MomentError {
    /// It is not written like one.
    #[error("`{text}` is no time: write {instead}")]
    NoTime {
        /// What was written.
        text: String,
        /// What to write, in backticks.
        instead: String,
    },
    /// The calendar has no such day.
    #[error("there is no day {text}: write {instead}")]
    NoDay {
        /// The day.
        text: String,
        /// What to write, in backticks.
        instead: String,
    },
    /// No clock shows such a time.
    #[error("no clock shows {text}: hours go from 0 to 23, minutes and seconds from 0 to 59; write {instead}")]
    NoClock {
        /// The time.
        text: String,
        /// What to write, in backticks.
        instead: String,
    },
    /// It begins with a sign, and no length of time follows.
    #[error("{message}: {hint}")]
    NoLength {
        /// What is wrong.
        message: String,
        /// What to write.
        hint: String,
    },
    /// The clocks go forward and leave it out.
    #[error("the clocks of {zone} go forward and leave out {local}: write `{earlier}` or `{later}`")]
    LeftOut {
        /// The zone.
        zone: Zone,
        /// What the clocks never show.
        local: NaiveDateTime,
        /// The time by the clocks after the change, in RFC 3339.
        earlier: String,
        /// The time by the clocks before the change, in RFC 3339.
        later: String,
    },
    /// The clocks go back and show it twice.
    #[error(
        "the clocks of {zone} go back and show {local} twice: write `{first}` for the first time, or `{second}` for the second"
    )]
    Twice {
        /// The zone.
        zone: Zone,
        /// What the clocks show twice.
        local: NaiveDateTime,
        /// The first time, in RFC 3339.
        first: String,
        /// The second time, in RFC 3339.
        second: String,
    },
    /// It is in a year of which there is nothing to say.
    #[error("`{text}` is too far away: write a time from 1970 on, such as {instead}")]
    TooFar {
        /// What was written.
        text: String,
        /// What to write, in backticks.
        instead: String,
    },
}

/// Reads the instant that `text` means at the instant `now`, by the clocks of `zone`; see the head of this file.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn parse_moment(text: &str, zone: Zone, now: DateTime<Utc>) -> Result<DateTime<Utc>, MomentError> {
    let reader = Reader { zone, now };
    reader.read(text).map_err(|error| {
        let better = suggestions::of(text).into_iter().find(|better| reader.read(better).is_ok());
        let better = better.map(|better| format!("`{better}`"));
        match (error, better) {
            (MomentError::NoTime { text, .. }, Some(instead)) => MomentError::NoTime { text, instead },
            (error, _) => error,
        }
    })
}

/// The day `date` by the clocks of `zone`: from its beginning to that of the next.
///
/// # Errors
/// No clock has shown that day, or it is too far away.
pub fn day(date: NaiveDate, zone: Zone) -> Result<Span, MomentError> {
    // A day that is named by its date is the same at any time.
    let reader = Reader { zone, now: DateTime::UNIX_EPOCH };
    let begins = |date: NaiveDate| reader.read(&date.to_string());
    Ok(Span::new(begins(date)?, begins(date.succ_opt().unwrap_or(date))?))
}

/// Where and when a text is read.
#[derive(Clone, Copy)]
struct Reader {
    zone: Zone,
    now: DateTime<Utc>,
}

impl Reader {
    fn read(self, text: &str) -> Result<DateTime<Utc>, MomentError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(self.now);
        }
        let at = if text.starts_with(['-', '+']) {
            self.counted_from_now(text)?
        } else if let Some(at) = rfc3339(text) {
            at
        } else {
            self.by_the_clock(text)?
        };
        if YEARS.contains(&at.year()) {
            return Ok(at);
        }
        Err(MomentError::TooFar { text: shown(text), instead: self.examples() })
    }

    /// Reads `-30m` and `+2h`.
    fn counted_from_now(self, text: &str) -> Result<DateTime<Utc>, MomentError> {
        let length = |text: &str| {
            let (sign, length) = text.split_at(1);
            units::duration_up_to(length, FARTHEST).map_err(|complaint| Complaint {
                hint: Some("write it like `-30m`, `-1h30m` or `-2d`".to_owned()),
                suggestions: complaint.suggestions.iter().map(|length| format!("{sign}{length}")).collect(),
                message: shown(&complaint.message),
            })
        };
        let length = parse_or_suggest(text, length).map_err(|complaint| MomentError::NoLength {
            message: complaint.message,
            hint: complaint.hint.unwrap_or_default(),
        })?;
        let away = delta(length);
        let at =
            if text.starts_with('-') { self.now.checked_sub_signed(away) } else { self.now.checked_add_signed(away) };
        at.ok_or_else(|| MomentError::TooFar { text: shown(text), instead: self.examples() })
    }

    /// Reads a day, a time of day, or both.
    fn by_the_clock(self, text: &str) -> Result<DateTime<Utc>, MomentError> {
        let dated = text.starts_with(|c: char| c.is_ascii_digit());
        let parts = text.split_once(char::is_whitespace);
        let parts = parts.or_else(|| text.split_once(['T', 't']).filter(|_| dated));
        let (day, time) = match parts {
            Some((day, time)) => (Some(day), Some(time.trim())),
            None if dated && text.contains(':') => (None, Some(text)),
            None => (Some(text), None),
        };
        let date = self.day(day.unwrap_or("today"), text)?;
        let Some(time) = time else { return self.beginning_of(date) };
        let (days, time) = self.time(time, text)?;
        let local = date.checked_add_days(days).map(|date| date.and_time(time));
        self.instant(local.ok_or_else(|| MomentError::TooFar { text: shown(text), instead: self.examples() })?)
    }

    fn day(self, day: &str, text: &str) -> Result<NaiveDate, MomentError> {
        let today = self.now.with_timezone(&self.zone).date_naive();
        let named = match day.to_lowercase().as_str() {
            "today" => Some(today),
            "yesterday" => today.pred_opt(),
            "tomorrow" => today.succ_opt(),
            _ => None,
        };
        if let Some(date) = named {
            return Ok(date);
        }
        let parts: Vec<&str> = day.split('-').collect();
        let [year, month, date] = parts[..] else { return Err(self.no_time(text)) };
        let numbers = number(year, 4).filter(|_| year.len() == 4).zip(number(month, 2)).zip(number(date, 2));
        let ((year, month), date) = numbers.ok_or_else(|| self.no_time(text))?;
        let year = year.cast_signed();
        NaiveDate::from_ymd_opt(year, month, date).ok_or_else(|| {
            // A month has 28 days at least.
            let last = (28..date.min(32)).rev().find_map(|date| NaiveDate::from_ymd_opt(year, month, date));
            let instead =
                last.map_or_else(|| self.examples(), |last| format!("`{last}` for the last day of that month"));
            MomentError::NoDay { text: shown(day), instead }
        })
    }

    /// Reads a time of day, and how many days after the day that was named it is: `24:00` is midnight of the next.
    fn time(self, time: &str, text: &str) -> Result<(chrono::Days, NaiveTime), MomentError> {
        let parts: Vec<&str> = time.split(':').collect();
        let (hour, minute, rest) = match parts[..] {
            [hour, minute] => (hour, minute, "00"),
            [hour, minute, rest] => (hour, minute, rest),
            _ => return Err(self.no_time(text)),
        };
        let (second, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
        let nanos = number(fraction, 9).and_then(|_| format!("{fraction:0<9}").parse().ok());
        // `22:5` may be the beginning of `22:50`.
        let whole = [minute, second].iter().all(|part| part.len() == 2);
        let numbers = number(hour, 2).zip(number(minute, 2)).zip(number(second, 2).zip(nanos)).filter(|_| whole);
        match numbers.ok_or_else(|| self.no_time(text))? {
            ((24, 0), (0, 0)) => Ok((chrono::Days::new(1), NaiveTime::MIN)),
            ((hour, minute), (second, nanos)) => NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)
                .map(|time| (chrono::Days::new(0), time))
                .ok_or_else(|| MomentError::NoClock { text: shown(time), instead: self.examples() }),
        }
    }

    /// When a day begins: where the clocks leave midnight out, at the time that they go to; where they show it twice, the
    /// first time.
    fn beginning_of(self, date: NaiveDate) -> Result<DateTime<Utc>, MomentError> {
        let midnight = date.and_time(NaiveTime::MIN);
        if let LocalResult::Ambiguous(first, _) = self.zone.from_local_datetime(&midnight) {
            return Ok(first.to_utc());
        }
        let later = self.zone.around_left_out(midnight).map(|[_, later]| later);
        let same_day = later.filter(|later| later.with_timezone(&self.zone).date_naive() == date);
        same_day.map_or_else(|| self.instant(midnight), Ok)
    }

    fn instant(self, local: NaiveDateTime) -> Result<DateTime<Utc>, MomentError> {
        let zone = self.zone;
        match zone.from_local_datetime(&local) {
            LocalResult::Single(at) => Ok(at.to_utc()),
            LocalResult::Ambiguous(first, second) => {
                let (first, second) = (written(first.to_utc(), zone), written(second.to_utc(), zone));
                Err(MomentError::Twice { zone, local, first, second })
            }
            LocalResult::None => {
                let around = zone.around_left_out(local).ok_or_else(|| self.no_time(&local.to_string()))?;
                let [earlier, later] = around.map(|at| written(at, zone));
                Err(MomentError::LeftOut { zone, local, earlier, later })
            }
        }
    }

    fn no_time(self, text: &str) -> MomentError {
        MomentError::NoTime { text: shown(text), instead: self.examples() }
    }

    /// Says how times are written, with those of an hour ago.
    fn examples(self) -> String {
        let ago = self.now.checked_sub_signed(TimeDelta::hours(1)).unwrap_or(self.now);
        let ago = ago.with_second(0).and_then(|ago| ago.with_nanosecond(0)).unwrap_or(ago);
        let local = ago.with_timezone(&self.zone);
        let (clock, minute) = (local.format("%H:%M"), local.format("%Y-%m-%d %H:%M"));
        let (zone, written) = (self.zone, written(ago, self.zone));
        format!("`{clock}`, `yesterday {clock}` or `{minute}` by the clocks of {zone}, `{written}`, or `-30m`")
    }
}

/// Reads RFC 3339, also without seconds.
fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let with_seconds = || {
        let offset = text.find(['Z', 'z', '+']).or_else(|| text.rfind('-').filter(|at| *at > "2026-11-20".len()))?;
        let (time, offset) = text.split_at(offset);
        read(&format!("{time}:00{offset}"))
    };
    let at = read(text).or_else(with_seconds)?.to_utc();
    // A leap second is the first one after it, as the clocks of machines have it.
    let whole = DateTime::from_timestamp(at.timestamp(), 0)?;
    whole.checked_add_signed(TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into()))
}

/// Reads a number of at most so many digits, and of nothing else.
fn number(text: &str, digits: usize) -> Option<u32> {
    let is_number = !text.is_empty() && text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// An instant in RFC 3339, by the clocks of `zone` if that can be written: its offset has whole minutes.
fn written(at: DateTime<Utc>, zone: Zone) -> String {
    let local = at.with_timezone(&zone).fixed_offset();
    if local.offset().local_minus_utc() % 60 == 0 {
        local.to_rfc3339_opts(SecondsFormat::AutoSi, false)
    } else {
        at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

/// What was written, as a message repeats it.
fn shown(text: &str) -> String {
    cut(&text.replace(char::is_control, " "), REPEATED).into_owned()
}

#[cfg(test)]
mod tests;
