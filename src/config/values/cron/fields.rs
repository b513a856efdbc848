//! The five fields of a cron expression as sets of values.

use std::ops::RangeInclusive;

use chrono::{Datelike, Days, NaiveDate};
use thiserror::Error;

use crate::config::values::Complaint;

/// What is wrong with an expression that is not one of crontab, or never comes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct CrontabError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl From<CrontabError> for Complaint {
    fn from(CrontabError { message, hint }: CrontabError) -> Self {
        Self { message, hint, suggestions: Vec::new() }
    }
}

/// The values of each field, sorted; a field of all values means "every".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub minutes: Vec<u8>,
    pub hours: Vec<u8>,
    pub days: Vec<u8>,
    /// Whether the last day of each month (`L`) is one of the days, besides `days`.
    pub last_day: bool,
    pub months: Vec<u8>,
    /// 0 is Sunday.
    pub weekdays: Vec<u8>,
    /// Weekdays of which one in each month is meant, besides `weekdays`.
    pub some_weekdays: Vec<SomeWeekday>,
    /// Whether a day must suit both day fields.
    pub both_days: bool,
}

/// One weekday of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SomeWeekday {
    /// From 1 to 5; [`Self::LAST`] for the last.
    pub which: u8,
    /// 0 is Sunday.
    pub weekday: u8,
}

impl SomeWeekday {
    /// Stands after the fifth, so that descriptions name it last.
    pub(super) const LAST: u8 = 6;
}

struct Field {
    name: &'static str,
    range: RangeInclusive<u8>,
    names: &'static [&'static str],
}

pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub(super) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTE: Field = Field { name: "minute", range: 0..=59, names: &[] };
const HOUR: Field = Field { name: "hour", range: 0..=23, names: &[] };
const DAY: Field = Field { name: "day of the month", range: 1..=31, names: &[] };
const MONTH: Field = Field { name: "month", range: 1..=12, names: &MONTHS };
const WEEKDAY: Field = Field { name: "day of the week", range: 0..=7, names: &WEEKDAYS };

impl Fields {
    /// Parses the five fields, in the order of crontab.
    pub(super) fn parse(parts: [&str; 5]) -> Result<Self, CrontabError> {
        let [minute, hour, day, month, weekday] = parts;
        let (last_days, day_items): (Vec<&str>, Vec<&str>) = day.split(',').partition(|item| *item == "L");
        let mut some_weekdays = Vec::new();
        let mut weekday_items = Vec::new();
        for item in weekday.split(',') {
            match WEEKDAY.some(item, weekday)? {
                Some(some) => some_weekdays.push(some),
                None => weekday_items.push(item),
            }
        }
        some_weekdays.sort_unstable();
        some_weekdays.dedup();
        // 7 is Sunday, as 0 is.
        let weekdays = WEEKDAY.parse(&weekday_items, weekday)?.into_iter().map(|weekday| weekday % 7);
        Ok(Self {
            minutes: MINUTE.parse(&[minute], minute)?,
            hours: HOUR.parse(&[hour], hour)?,
            days: DAY.parse(&day_items, day)?,
            last_day: !last_days.is_empty(),
            months: MONTH.parse(&[month], month)?,
            weekdays: sorted(weekdays.collect()),
            some_weekdays,
            both_days: day.starts_with('*') || weekday.starts_with('*'),
        })
    }

    /// Whether `date` is one of the days.
    pub(super) fn has(&self, date: NaiveDate) -> bool {
        let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
        let (day, weekday) = (small(date.day()), small(date.weekday().num_days_from_sunday()));
        let is_last =
            |days: u64| date.checked_add_days(Days::new(days)).is_none_or(|next| next.month() != date.month());
        let by_day = self.days.contains(&day) || self.last_day && is_last(1);
        let some = |some: &SomeWeekday| {
            let which = if some.which == SomeWeekday::LAST { is_last(7) } else { some.which == (day - 1) / 7 + 1 };
            which && some.weekday == weekday
        };
        let by_weekday = self.weekdays.contains(&weekday) || self.some_weekdays.iter().any(some);
        let day_suits = if self.both_days { by_day && by_weekday } else { by_day || by_weekday };
        self.months.contains(&small(date.month())) && day_suits
    }
}

fn sorted(mut values: Vec<u8>) -> Vec<u8> {
    values.sort_unstable();
    values.dedup();
    values
}

impl Field {
    /// Parses `items`, which are those of the field `all`.
    fn parse(&self, items: &[&str], all: &str) -> Result<Vec<u8>, CrontabError> {
        let mut values = Vec::new();
        for item in items.iter().flat_map(|items| items.split(',')) {
            values.extend(self.item(item, all)?);
        }
        Ok(sorted(values))
    }

    /// Parses `5#2`, the second Friday, and `5L`, the last one, with names as well. `None` if `item` is neither.
    fn some(&self, item: &str, all: &str) -> Result<Option<SomeWeekday>, CrontabError> {
        if let Some((word, which)) = item.split_once('#') {
            let weekday = self.value(word, all)? % 7;
            return match which.parse::<u8>() {
                Ok(which @ 1..=5) if which.to_string().len() == item.len() - word.len() - 1 => {
                    Ok(Some(SomeWeekday { which, weekday }))
                }
                _ if which.eq_ignore_ascii_case("L") => Ok(Some(SomeWeekday { which: SomeWeekday::LAST, weekday })),
                _ => {
                    Err(self
                        .wrong(all, &format!("after `#` stands which one of the month, from 1 to 5, not `{which}`")))
                }
            };
        }
        let Some(word) = item.strip_suffix('L') else { return Ok(None) };
        if word.is_empty() {
            return Err(self.wrong(all, "before `L` stands the weekday, such as `5L` for the last Friday of the month"));
        }
        Ok(Some(SomeWeekday { which: SomeWeekday::LAST, weekday: self.value(word, all)? % 7 }))
    }

    /// Parses `*`, `5`, `1-5`, `*/10` or `10-40/10`.
    fn item(&self, item: &str, all: &str) -> Result<Vec<u8>, CrontabError> {
        let (base, step) = match item.split_once('/') {
            None => (item, None),
            Some((base, step)) => match step.parse::<u8>() {
                Ok(step) if step > 0 => (base, Some(step)),
                _ => return Err(self.wrong(all, &format!("the step `/{step}` is not a number above 0"))),
            },
        };
        let range = if base == "*" {
            self.range.clone()
        } else if let Some((first, last)) = base.split_once('-') {
            let (first_value, last_value) = (self.value(first, all)?, self.value(last, all)?);
            // Vixie cron takes 7 for Sunday, and `FRI-SUN` reads naturally.
            let last_value = if self.names == WEEKDAYS && last_value == 0 && first_value > 0 { 7 } else { last_value };
            if first_value > last_value {
                return Err(self.wrong(all, &format!("the range `{item}` runs backwards, from {first} to {last}")));
            }
            first_value..=last_value
        } else {
            let value = self.value(base, all)?;
            if step.is_some() {
                return Err(self.wrong(all, &format!("a step needs a range before it, not `{base}`")));
            }
            value..=value
        };
        Ok(range.step_by(usize::from(step.unwrap_or(1))).collect())
    }

    fn value(&self, word: &str, all: &str) -> Result<u8, CrontabError> {
        if let Some(number) = self.names.iter().position(|name| name.eq_ignore_ascii_case(word)) {
            let number = u8::try_from(number).unwrap_or_default();
            return Ok(number + if self.names == WEEKDAYS { 0 } else { *self.range.start() });
        }
        if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
            return match word.parse::<u8>() {
                Ok(value) if self.range.contains(&value) => Ok(value),
                _ => {
                    let (first, last) = (self.range.start(), self.range.end());
                    Err(self.wrong(all, &format!("`{word}` is not between {first} and {last}")))
                }
            };
        }
        let message = match word {
            "" => "a value is missing".to_owned(),
            "L" => "`L` is known of days only, not of a range or a step".to_owned(),
            "W" | "?" | "#" => format!("crontab has no `{word}`"),
            _ => format!("`{word}` means nothing there"),
        };
        Err(self.wrong(all, &message))
    }

    fn wrong(&self, all: &str, message: &str) -> CrontabError {
        CrontabError {
            message: format!("the field `{all}` ({}) of the cron is wrong: {message}", self.name),
            hint: None,
        }
    }
}
