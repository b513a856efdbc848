//! A cron expression as crontab means it, with the zone kept apart.
//!
//! The format is that of crontab(5) of vixie cron: five fields, names, lists, ranges and steps. If both day fields are
//! restricted, a day that suits either counts; if one of them begins with `*` (`*/2`), a day must suit both. Shows that
//! are on once a month can be written as in Quartz: `L` is the last day of the month, `5#2` the second Friday and `5L` the
//! last one. croner finds the occurrences. It accepts more than that (seconds, `W`), so the fields are checked here first,
//! which also gives messages that say what to write.
//!
//! When the clocks change, a job whose minute and hour have no `*` runs once a day: in the spring gap it moves to the first
//! minute after the gap, in the repeated autumn hour it runs the first time. Every other job follows the clock: it skips
//! the gap and runs through both repeated hours.

mod fields;
mod suggestions;
mod words;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::base::zone::Zone;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::{any_of, nearest};
use crate::language::Language;
pub use fields::CrontabError;
use fields::{Fields, SomeWeekday};
use suggestions::Suggestion;

/// The most fixed times that are parsed one by one: croner takes an expression for one of a fixed time only if it has a
/// single time.
const MAX_FIXED_TIMES: usize = 120;

/// The last year in which starts are searched for.
const LAST_YEAR: i32 = 3_999;

/// A parsed expression. Its clones share what was parsed.
#[derive(Debug, Clone)]
pub struct Crontab(Arc<Schedule>);

#[derive(Debug)]
struct Schedule {
    /// The expression, with single spaces.
    text: String,
    /// `None` in the schedule that never comes.
    fields: Option<Fields>,
    /// Expressions of croner, the union of which is the schedule.
    crons: Box<[Cron]>,
}

const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

impl Crontab {
    /// The expression that never comes, for shows that air once when a person says.
    pub(super) fn never() -> Self {
        Self(Arc::new(Schedule { text: String::new(), fields: None, crons: Box::default() }))
    }

    /// Parses five fields, or a nickname such as `@daily`.
    ///
    /// # Errors
    /// What is wrong, and as a hint what was probably meant: an expression that this function parses.
    pub fn parse(text: &str) -> Result<Self, CrontabError> {
        let schedule = Schedule::parse(text).map_err(|error| {
            let mut suggestions = suggestions::suggestions(text).into_iter();
            match suggestions.find(|suggestion| Schedule::parse(&suggestion.text).is_ok()) {
                Some(Suggestion { advice: "write", text }) => {
                    CrontabError { hint: Some(format!("write `{text}`")), ..error }
                }
                Some(Suggestion { advice, text }) => {
                    CrontabError { hint: Some(format!("{advice}: `{text}`")), ..error }
                }
                None => error,
            }
        })?;
        Ok(Self(Arc::new(schedule)))
    }

    /// Returns the expression as written in the file, with single spaces.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Returns the first start strictly after `after`, by the clocks of `zone`. Nothing airs before 1970 or after 3999:
    /// beyond that, local times overflow.
    pub fn next_after(&self, after: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
        let after = after.max(DateTime::UNIX_EPOCH);
        if after.year() > LAST_YEAR {
            return None;
        }
        let local = after.with_timezone(&zone);
        let next = |cron: &Cron| cron.find_next_occurrence(&local, false).ok().map(|next| next.with_timezone(&Utc));
        // The filter makes sure that the plan moves forward even if croner errs around a change of the clocks.
        self.0.crons.iter().filter_map(next).filter(|next| *next > after).min()
    }

    /// Describes the schedule in words: `every Friday at 05:45`.
    pub fn describe(&self, language: &Language) -> String {
        let once = || language.say("cron_once", &[]);
        self.0.fields.as_ref().map_or_else(once, |fields| words::describe(fields, language))
    }
}

/// Crontabs by their texts, so that the shows of a file with one expression share what was parsed of it. croner takes 5 KB
/// for each of its expressions, and a list of times needs several.
#[derive(Debug, Default)]
pub struct Crontabs(RefCell<HashMap<String, Crontab>>);

impl Crontabs {
    /// Parses `text` as [`Crontab::parse`] does, or returns what was parsed of it before.
    pub fn parse(&self, text: &str) -> Result<Crontab, CrontabError> {
        let key = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(known) = self.0.borrow().get(&key) {
            return Ok(known.clone());
        }
        let crontab = Crontab::parse(text)?;
        self.0.borrow_mut().insert(key, crontab.clone());
        Ok(crontab)
    }
}

impl Schedule {
    fn parse(text: &str) -> Result<Self, CrontabError> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        if let Some((name, fields)) = NICKNAMES.iter().find(|(name, _)| parts == [*name]) {
            return Ok(Self { text: (*name).to_owned(), ..Self::parse(fields)? });
        }
        let [minute, hour, day, month, weekday] = parts[..] else { return Err(wrong_count(text, &parts)) };
        let fields = Fields::parse([minute, hour, day, month, weekday])?;
        check_comes(&fields, [minute, hour, day, month, weekday])?;

        let fixed = !minute.contains('*') && !hour.contains('*');
        let times = fields.minutes.len() * fields.hours.len();
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .dom_and_dow(fields.both_days)
            .build();
        // croner knows neither `FRI-SUN` nor `*/90` nor `*,5`, so it gets the values.
        let plain = |part: &str, values: &[u8], more: Vec<String>| {
            let list = || values.iter().map(u8::to_string).chain(more).collect::<Vec<_>>().join(",");
            if part == "*" { part.to_owned() } else { list() }
        };
        let last_day = if fields.last_day { vec!["L".to_owned()] } else { Vec::new() };
        let some = |some: &SomeWeekday| match some.which {
            SomeWeekday::LAST => format!("{}L", some.weekday),
            which => format!("{}#{which}", some.weekday),
        };
        let days = [
            plain(day, &fields.days, last_day),
            plain(month, &fields.months, Vec::new()),
            plain(weekday, &fields.weekdays, fields.some_weekdays.iter().map(some).collect()),
        ]
        .join(" ");
        let one = |minute: &str, hour: &str| {
            parser.parse(&format!("{minute} {hour} {days}")).map_err(|error| CrontabError {
                message: format!("`{text}` is not a cron expression: {error}"),
                hint: None,
            })
        };
        let crons: Box<[Cron]> = if fixed && times <= MAX_FIXED_TIMES {
            let pairs = fields.hours.iter().flat_map(|hour| fields.minutes.iter().map(move |minute| (minute, hour)));
            pairs.map(|(minute, hour)| one(&minute.to_string(), &hour.to_string())).collect::<Result<_, _>>()?
        } else {
            let (minutes, hours) = (&fields.minutes, &fields.hours);
            Box::new([one(&plain(minute, minutes, Vec::new()), &plain(hour, hours, Vec::new()))?])
        };
        Ok(Self { text: parts.join(" "), fields: Some(fields), crons })
    }
}

fn wrong_count(text: &str, parts: &[&str]) -> CrontabError {
    let text = text.trim();
    let example = "`0 14 * * *` is every day at 14:00";
    if text == "@reboot" {
        let message = "`@reboot` is when the machine starts, which is no hour of a programme".to_owned();
        return CrontabError { message, hint: Some(format!("give minute and hour: {example}")) };
    }
    if text.starts_with('@') {
        let names: Vec<&str> = NICKNAMES.iter().map(|(name, _)| *name).collect();
        let hint = match nearest(text, names.iter().copied()) {
            Some(near) => format!("write `{near}`"),
            None => format!("it can be {}, or five fields: {example}", any_of(names)),
        };
        return CrontabError { message: format!("crontab has no `{text}`"), hint: Some(hint) };
    }
    let hint = format!("the five fields are minute, hour, day of the month, month, day of the week: {example}");
    CrontabError { message: format!("a cron expression has 5 fields, `{text}` has {}", parts.len()), hint: Some(hint) }
}

/// Refuses 31 February and the like. If either day field suffices, some weekday always comes.
fn check_comes(fields: &Fields, parts: [&str; 5]) -> Result<(), CrontabError> {
    let longest = |month: &u8| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let text = parts.join(" ");
    let first = fields.days.first().copied().unwrap_or(1);
    let by_date = fields.last_day || fields.months.iter().any(|month| first <= longest(month));
    if !by_date && fields.both_days {
        let month = fields.months.first().copied().unwrap_or(2);
        let name = words::month(month, Language::english());
        let [minute, hour, _, months, weekday] = parts;
        return Err(CrontabError {
            message: format!("`{text}` never comes: day {first} does not exist in {name}"),
            hint: Some(format!(
                "the last day of that month is {}: write `{minute} {hour} L {months} {weekday}`",
                longest(&month)
            )),
        });
    }
    // The second Friday is never the 15th. The calendar repeats itself after 28 years.
    let [from, to] = [2_000, 2_028].map(|year| NaiveDate::from_yo_opt(year, 1).unwrap_or_default());
    let meet =
        fields.some_weekdays.is_empty() || from.iter_days().take_while(|day| *day < to).any(|day| fields.has(day));
    if meet {
        return Ok(());
    }
    Err(CrontabError { message: format!("`{text}` never comes: no such weekday is one of these days"), hint: None })
}

#[cfg(test)]
mod tests;
