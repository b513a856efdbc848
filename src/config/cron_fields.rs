//! The five fields of a cron expression as sets of values, and what is wrong with them in words.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use thiserror::Error;

/// An expression that is not one of crontab, or never comes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct CrontabError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// The values of each field, sorted; a field of all values means "every".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub minutes: Vec<u8>,
    pub hours: Vec<u8>,
    pub days: Vec<u8>,
    pub months: Vec<u8>,
    /// 0 is Sunday.
    pub weekdays: Vec<u8>,
    /// Whether a day must suit both day fields.
    pub both_days: bool,
}

struct Field {
    name: &'static str,
    range: RangeInclusive<u8>,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTE: Field = Field { name: "minute", range: 0..=59, names: &[] };
const HOUR: Field = Field { name: "hour", range: 0..=23, names: &[] };
const DAY: Field = Field { name: "day of the month", range: 1..=31, names: &[] };
const MONTH: Field = Field { name: "month", range: 1..=12, names: &MONTHS };
const WEEKDAY: Field = Field { name: "day of the week", range: 0..=7, names: &WEEKDAYS };

impl Fields {
    /// Parses the five fields, in the order of crontab.
    pub(super) fn parse(parts: [&str; 5]) -> Result<Self, CrontabError> {
        let [minute, hour, day, month, weekday] = parts;
        // 7 is Sunday, as 0 is.
        let mut weekdays: Vec<u8> = WEEKDAY.parse(weekday)?.into_iter().map(|weekday| weekday % 7).collect();
        weekdays.sort_unstable();
        weekdays.dedup();
        Ok(Self {
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            days: DAY.parse(day)?,
            months: MONTH.parse(month)?,
            weekdays,
            both_days: day.starts_with('*') || weekday.starts_with('*'),
        })
    }
}

impl Field {
    fn parse(&self, text: &str) -> Result<Vec<u8>, CrontabError> {
        let mut values = Vec::new();
        for item in text.split(',') {
            values.extend(self.item(item, text)?);
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    /// `*`, `5`, `1-5`, `*/10` or `10-40/10`.
    fn item(&self, item: &str, all: &str) -> Result<Vec<u8>, CrontabError> {
        let (base, step) = match item.split_once('/') {
            None => (item, None),
            Some((base, step)) => match step.parse::<u8>() {
                Ok(step) if step > 0 => (base, Some(step)),
                _ => return Err(self.wrong(all, format!("the step `/{step}` is not a number above 0"), None)),
            },
        };
        let range = if base == "*" {
            self.range.clone()
        } else if let Some((first, last)) = base.split_once('-') {
            let (first_value, last_value) = (self.value(first, all)?, self.value(last, all)?);
            // `FRI-SUN` reads naturally, and vixie cron takes the 7 for Sunday.
            let last_value = if self.names == WEEKDAYS && last_value == 0 && first_value > 0 { 7 } else { last_value };
            if first_value > last_value {
                return Err(self.reversed(all, item, (first, last), (first_value, last_value), step));
            }
            first_value..=last_value
        } else {
            let value = self.value(base, all)?;
            if let Some(step) = step {
                let last = self.range.end();
                return Err(self.wrong(
                    all,
                    format!("a step needs a range before it, not `{base}`"),
                    Some(format!("write `{base}-{last}/{step}`, or `*/{step}`")),
                ));
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
                    Err(self.wrong(all, format!("`{word}` is not between {first} and {last}"), None))
                }
            };
        }
        let short = word.get(..3).and_then(|short| self.names.iter().find(|name| name.eq_ignore_ascii_case(short)));
        let hint = short.map(|name| format!("write `{name}`"));
        let message = match word {
            "" => "a value is missing".to_owned(),
            "L" | "W" | "?" | "#" => format!("crontab has no `{word}`"),
            _ => format!("`{word}` means nothing there"),
        };
        Err(self.wrong(all, message, hint))
    }

    fn reversed(
        &self,
        all: &str,
        item: &str,
        (first, last): (&str, &str),
        (first_value, last_value): (u8, u8),
        step: Option<u8>,
    ) -> CrontabError {
        let (lowest, highest) = if self.names == WEEKDAYS { (0, 6) } else { (*self.range.start(), *self.range.end()) };
        let mut instead = String::new();
        if let Some(step) = step {
            // A step runs on over the end, so the two halves cannot both be written as ranges.
            let over = (first_value..=highest).chain(lowest..=last_value).step_by(usize::from(step));
            let values: Vec<String> = over.map(|value| value.to_string()).collect();
            instead.push_str(&values.join(","));
        } else {
            let part = |from: u8, to: u8| if from == to { from.to_string() } else { format!("{from}-{to}") };
            let _ = write!(instead, "{},{}", part(first_value, highest), part(lowest, last_value));
        }
        self.wrong(
            all,
            format!("the range `{item}` runs backwards, from {first} to {last}"),
            Some(format!("write `{instead}`")),
        )
    }

    #[expect(clippy::needless_pass_by_value, reason = "the callers make the message for this call")]
    fn wrong(&self, all: &str, message: String, hint: Option<String>) -> CrontabError {
        CrontabError { message: format!("the field `{all}` ({}) of the cron is wrong: {message}", self.name), hint }
    }
}
