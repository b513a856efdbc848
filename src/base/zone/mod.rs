//! Time zones: those of the machine, or if it has none those that were compiled in.
//!
//! Governments change the rules of zones several times a year, often weeks ahead. Distributions follow within days. So
//! the machine's zoneinfo (RFC 8536) is asked first: then a program that nobody updates stays right, and it never
//! disagrees with `date`. A zone is read once and kept for the life of the process; [`reread`] looks whether it has
//! changed on disk.

mod database;
mod machine;

pub use database::Release;
pub use machine::{Machine, UnknownZone, machine};

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc,
};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone as Rules};
use thiserror::Error;

use database::Database;

/// A time zone of the IANA database, such as `Asia/Seoul`. Zones with the same name are equal.
#[derive(Clone, Copy)]
pub struct Zone(&'static Named);

struct Named {
    name: String,
    rules: Rules,
}

/// A name that no zone has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a time zone")]
pub struct NoZone(String);

/// There are few zones, and they live as long as the process: so they can be copied like numbers.
static KNOWN: LazyLock<Mutex<HashMap<String, Zone>>> = LazyLock::new(Mutex::default);

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        "UTC".parse().unwrap_or_else(|_| keep("UTC", Rules::UTC))
    }

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        &self.0.name
    }

    /// The names of all zones in alphabetical order. Blocks on the disk.
    pub fn names() -> Vec<String> {
        Database::of_machine().names()
    }

    /// The release of the database. Blocks on the disk.
    pub fn release() -> Release {
        Database::of_machine().release()
    }

    /// The release of the rules that were compiled in, if it is newer than the machine's and disagrees about this zone
    /// at some time in the year from `now` on. Blocks on the disk.
    pub fn newer_rules(self, now: DateTime<Utc>) -> Option<&'static str> {
        Database::of_machine().newer_rules(self.name(), now.timestamp())
    }

    /// The two moments that somebody may mean by a time that the clocks of this zone leave out because they go forward:
    /// by the clocks after the change, and by those before it, in the order of time. `None` if the clocks show `local`.
    pub fn around_left_out(self, local: NaiveDateTime) -> Option<[DateTime<Utc>; 2]> {
        let AmbiguousOffset::Gap { before, after } = self.0.rules.to_ambiguous_timestamp(civil_of(&local)?).offset()
        else {
            return None;
        };
        let moment = |offset: jiff::tz::Offset| {
            local.checked_sub_signed(TimeDelta::seconds(offset.seconds().into())).map(|utc| utc.and_utc())
        };
        Some([moment(after)?, moment(before)?])
    }

    fn offset_at(self, seconds: i64) -> ZoneOffset {
        self.offset(self.0.rules.to_offset(timestamp(seconds)), seconds)
    }

    /// `offset` at `seconds` of Unix time.
    fn offset(self, offset: jiff::tz::Offset, seconds: i64) -> ZoneOffset {
        let fixed = FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| chrono::Utc.fix());
        ZoneOffset { zone: self, fixed, seconds }
    }
}

/// Reads every zone in use again; what is asked from now on follows the disk. Blocks on the disk.
pub fn reread() {
    let database = Database::of_machine();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, zone) in known.iter_mut() {
        if let Some(rules) = database.rules(name).filter(|rules| *rules != zone.0.rules) {
            *zone = keep(name, rules);
        }
    }
}

fn keep(name: &str, rules: Rules) -> Zone {
    Zone(Box::leak(Box::new(Named { name: name.to_owned(), rules })))
}

impl FromStr for Zone {
    type Err = NoZone;

    /// Finds the zone with exactly this name. Reads its file when the name is asked for the first time.
    fn from_str(name: &str) -> Result<Self, NoZone> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = known.get(name) {
            return Ok(*zone);
        }
        let rules = Database::of_machine().rules(name).ok_or_else(|| NoZone(name.to_owned()))?;
        let zone = keep(name, rules);
        known.insert(name.to_owned(), zone);
        Ok(zone)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

/// The offset of a zone from UTC at some moment; shown as its abbreviation (`KST`).
#[derive(Debug, Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    fixed: FixedOffset,
    /// The moment, in seconds of Unix time.
    seconds: i64,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.fixed
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.0.rules.to_offset_info(timestamp(self.seconds)).abbreviation())
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&NaiveDateTime::from(*local))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let seconds = local.and_utc().timestamp();
        let Some(civil) = civil_of(local) else { return LocalResult::Single(self.offset_at(seconds)) };
        let offset = |it: jiff::tz::Offset| self.offset(it, seconds - i64::from(it.seconds()));
        match self.0.rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset: only } => LocalResult::Single(offset(only)),
            AmbiguousOffset::Gap { .. } => LocalResult::None,
            // The offset before the clocks went back gives the earlier moment.
            AmbiguousOffset::Fold { before, after } => LocalResult::Ambiguous(offset(before), offset(after)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&NaiveDateTime::from(*utc))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.offset_at(utc.and_utc().timestamp())
    }
}

/// The moment at `seconds` of Unix time, or the first or last one that exists.
fn timestamp(seconds: i64) -> Timestamp {
    let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// jiff's years have four digits.
fn civil_of(local: &NaiveDateTime) -> Option<civil::DateTime> {
    let small = |number: u32| i8::try_from(number).ok();
    civil::DateTime::new(
        i16::try_from(local.year()).ok()?,
        small(local.month())?,
        small(local.day())?,
        small(local.hour())?,
        small(local.minute())?,
        small(local.second())?,
        0,
    )
    .ok()
}

/// An instant in a zone.
pub type Local = DateTime<Zone>;

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[test]
    fn clocks_are_those_of_the_zone_also_where_they_change() {
        let at = |name: &str, text: &str| {
            let at: DateTime<Utc> = text.parse().unwrap();
            at.with_timezone(&zone(name)).format("%F %T %:z %Z").to_string()
        };
        assert_eq!(at("Asia/Seoul", "2026-11-20T05:00:00Z"), "2026-11-20 14:00:00 +09:00 KST");
        assert_eq!(at("Europe/Paris", "2026-03-29T00:59:59Z"), "2026-03-29 01:59:59 +01:00 CET");
        assert_eq!(at("Europe/Paris", "2026-03-29T01:00:00Z"), "2026-03-29 03:00:00 +02:00 CEST");
        assert_eq!(at("Australia/Lord_Howe", "2040-01-01T00:00:00Z"), "2040-01-01 11:00:00 +11:00 +11");
        let local = |name: &str, text: &str| {
            let local: NaiveDateTime = text.parse().unwrap();
            zone(name).from_local_datetime(&local).map(|at| at.to_rfc3339())
        };
        assert_eq!(local("Europe/Paris", "2026-03-29T02:30:00"), LocalResult::None);
        assert_eq!(
            local("Europe/Paris", "2026-10-25T02:30:00"),
            LocalResult::Ambiguous("2026-10-25T02:30:00+02:00".to_owned(), "2026-10-25T02:30:00+01:00".to_owned())
        );
        assert_eq!(
            local("America/New_York", "2026-07-01T12:00:00"),
            LocalResult::Single("2026-07-01T12:00:00-04:00".to_owned())
        );
    }

    #[test]
    fn a_time_that_is_left_out_lies_between_two_that_are_not() {
        let around = |name: &str, text: &str| {
            let around = zone(name).around_left_out(text.parse().unwrap());
            around.map(|around| around.map(|at| at.with_timezone(&zone(name)).to_rfc3339()))
        };
        assert_eq!(
            around("Europe/Paris", "2026-03-29T02:30:00"),
            Some(["2026-03-29T01:30:00+01:00".to_owned(), "2026-03-29T03:30:00+02:00".to_owned()])
        );
        assert_eq!(
            around("Australia/Lord_Howe", "2026-10-04T02:10:00"),
            Some(["2026-10-04T01:40:00+10:30".to_owned(), "2026-10-04T02:40:00+11:00".to_owned()])
        );
        for shown in ["2026-03-29T03:00:00", "2026-03-29T01:59:59", "2026-10-25T02:30:00"] {
            assert_eq!(around("Europe/Paris", shown), None, "{shown}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_have_offsets_too() {
        for instant in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let local = instant.with_timezone(&zone("Pacific/Kiritimati"));
            assert_eq!(local.to_utc(), instant);
            let _ = zone("Asia/Seoul").offset_from_local_datetime(&instant.naive_utc()).earliest().unwrap();
        }
    }

    #[test]
    fn a_name_is_known_letter_by_letter_and_nothing_else_is() {
        for name in ["Asia/Seoul", "UTC", "Etc/GMT+9", "EST5EDT", "America/Argentina/Buenos_Aires", "US/Pacific"] {
            assert_eq!(zone(name).name(), name);
        }
        for name in ["", "asia/seoul", "Asia", "../zoneinfo/UTC", "/usr/share/zoneinfo/UTC", "posix/UTC", "right/UTC"] {
            assert_eq!(name.parse::<Zone>(), Err(NoZone(name.to_owned())));
        }
        assert!("localtime".parse::<Zone>().is_err() && "Factory".parse::<Zone>().is_err());
        assert_eq!((Zone::utc().name(), zone("UTC") == Zone::utc()), ("UTC", true));
    }
}
