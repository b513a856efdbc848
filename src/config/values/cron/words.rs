//! A schedule in words, so that people see at once whether the five fields say what they mean.
//!
//! This file chooses the messages `cron_*` and their values. In which order a language says them, and how it lists
//! several, stands in its messages.

use super::fields::{Fields, SomeWeekday};
use crate::language::Language;

/// The most times of day that are listed. More are described by minute and hour.
const MAX_TIMES: usize = 4;

/// Describes a schedule: `every Friday at 05:45`, `every 10 minutes`.
pub(super) fn describe(fields: &Fields, language: &Language) -> String {
    Words { fields, language }.schedule()
}

/// Returns the name of a month, 1 for January.
pub(super) fn month(number: u8, language: &Language) -> &str {
    language.word("months", usize::from(number).saturating_sub(1))
}

struct Words<'a> {
    fields: &'a Fields,
    language: &'a Language,
}

enum Times {
    At(String),
    Often(String),
}

impl Words<'_> {
    fn schedule(&self) -> String {
        let (times, days, months) = (self.times(), self.days(), self.months());
        let of_months = ("months", months.as_deref().unwrap_or_default());
        match times {
            Times::At(times) => {
                let days = days.unwrap_or_else(|| self.say("cron_every_day", &[]));
                let key = if months.is_some() { "cron_at_in" } else { "cron_at" };
                self.say(key, &[("days", &days), ("times", &times), of_months])
            }
            Times::Often(often) => {
                let of_days = ("days", days.as_deref().unwrap_or_default());
                let key = match (&days, &months) {
                    (None, None) => return often,
                    (Some(_), None) => "cron_often_on",
                    (None, Some(_)) => "cron_often_in",
                    (Some(_), Some(_)) => "cron_often_on_in",
                };
                self.say(key, &[("often", &often), of_days, of_months])
            }
        }
    }

    fn times(&self) -> Times {
        let Fields { minutes, hours, .. } = self.fields;
        let step = step(minutes, 60);
        // If there is one minute, all the times are listed: at most 23.
        if minutes.len() * hours.len() <= MAX_TIMES || step == Some(60) && hours.len() < 24 {
            let all = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
            return Times::At(self.list("time", all));
        }
        let often = match step {
            Some(1) => self.say("cron_every_minute", &[]),
            Some(60) => self.say("cron_every_hour", &[("minute", &ends(minutes).0.to_string())]),
            Some(step) => self.say("cron_every_minutes", &[("step", &step.to_string())]),
            None if is_run(minutes) => self.run("minute", minutes, two),
            None => {
                self.say("cron_at_minutes", &[("minutes", &self.list("minute", minutes.iter().map(u8::to_string)))])
            }
        };
        let key = if hours.len() == 1 { "cron_within_hour" } else { "cron_within_hours" };
        match hours.len() {
            24 => Times::Often(often),
            _ => Times::Often(self.say(key, &[("often", &often), ("hours", &self.some("hour", hours, two))])),
        }
    }

    /// Describes the days. `None` for every day.
    fn days(&self) -> Option<String> {
        let Fields { days, weekdays, both_days, .. } = self.fields;
        // If either field suffices and one is every day (`0 9 13 * 0-6`), so is the whole.
        if !both_days && (days.len() == 31 || weekdays.len() == 7) {
            return None;
        }
        match (self.dates(), self.weeks()) {
            (None, None) => None,
            (Some(date), None) => Some(date),
            (None, Some((week, _))) => Some(week),
            (Some(date), Some((_, weekdays))) if *both_days => {
                let some = !self.fields.some_weekdays.is_empty();
                let key = if some { "cron_on_both_some" } else { "cron_on_both" };
                Some(self.say(key, &[("date", &date), ("weekdays", &weekdays)]))
            }
            (Some(date), Some((week, _))) => Some(self.say("cron_on_either", &[("date", &date), ("week", &week)])),
        }
    }

    /// Describes the days of the month. `None` for all of them.
    fn dates(&self) -> Option<String> {
        let Fields { days, last_day, months, .. } = self.fields;
        if days.len() == 31 {
            return None;
        }
        let in_months = if months.len() == 12 { "" } else { "_in" };
        if days.is_empty() {
            return last_day.then(|| self.say(&format!("cron_on_last_day{in_months}"), &[]));
        }
        let mut all = self.words("day", days, |day| day.to_string());
        if *last_day {
            all.push(self.say("cron_last_day", &[]));
        }
        let plural = if days.len() == 1 && !last_day { "" } else { "s" };
        Some(self.say(&format!("cron_on_day{plural}{in_months}"), &[("days", &self.join("day", all))]))
    }

    /// Describes the days of the week: when they are (`every Friday`), and the days alone (`Friday`). `None` for all of
    /// them.
    fn weeks(&self) -> Option<(String, String)> {
        let Fields { weekdays, some_weekdays, months, .. } = self.fields;
        if weekdays.len() == 7 {
            return None;
        }
        let mut found = Vec::new();
        if !weekdays.is_empty() {
            let alone = self.join("weekday", self.words("weekday", weekdays, |day| self.weekday(day).to_owned()));
            let key = if is_long_run(weekdays) { "cron_on_weekday_run" } else { "cron_on_weekdays" };
            found.push((self.say(key, &[("weekdays", &alone)]), alone));
        }
        if !some_weekdays.is_empty() {
            let one = |some: &SomeWeekday| {
                let which = self.language.word("ordinals", usize::from(some.which).saturating_sub(1));
                self.say("cron_some_weekday", &[("which", which), ("weekday", self.weekday(some.weekday))])
            };
            let alone = self.join("weekday", some_weekdays.iter().map(one).collect());
            let key = if months.len() == 12 { "cron_on_some_weekdays" } else { "cron_on_some_weekdays_in" };
            found.push((self.say(key, &[("weekdays", &alone)]), alone));
        }
        let (when, alone): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        Some((self.join("weekday", when), self.join("weekday", alone)))
    }

    /// Describes the months. `None` for all of them.
    fn months(&self) -> Option<String> {
        let months = &self.fields.months;
        let named = || months.iter().map(|number| month(*number, self.language).to_owned());
        (months.len() < 12).then(|| self.list("month", named()))
    }

    /// Returns the name of a weekday, 0 for Sunday, with which the list of the messages ends.
    fn weekday(&self, number: u8) -> &str {
        self.language.word("weekdays", usize::from((number + 6) % 7))
    }

    /// Lists `values`: from the first to the last if they are three or more in a row, else all of them.
    fn some(&self, kind: &str, values: &[u8], name: impl Fn(u8) -> String) -> String {
        self.join(kind, self.words(kind, values, name))
    }

    fn words(&self, kind: &str, values: &[u8], name: impl Fn(u8) -> String) -> Vec<String> {
        if is_long_run(values) {
            return vec![self.run(kind, values, name)];
        }
        values.iter().map(|it| self.one(kind, &name(*it))).collect()
    }

    fn run(&self, kind: &str, values: &[u8], name: impl Fn(u8) -> String) -> String {
        let (first, last) = ends(values);
        self.say(&format!("cron_{kind}_run"), &[("first", &name(first)), ("last", &name(last))])
    }

    fn list(&self, kind: &str, values: impl Iterator<Item = String>) -> String {
        self.join(kind, values.map(|value| self.one(kind, &value)).collect())
    }

    fn one(&self, kind: &str, value: &str) -> String {
        self.say(&format!("cron_{kind}"), &[("value", value)])
    }

    fn join(&self, kind: &str, mut all: Vec<String>) -> String {
        let Some(last) = all.pop() else { return String::new() };
        let rest = all.into_iter().reduce(|list, next| self.say("cron_comma", &[("list", &list), ("next", &next)]));
        match rest {
            None => last,
            Some(list) => self.say(&format!("cron_{kind}_last"), &[("list", &list), ("last", &last)]),
        }
    }

    fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.say(key, values)
    }
}

fn two(number: u8) -> String {
    format!("{number:02}")
}

/// Returns the step of evenly spaced values that fill the circle of `size` from 0. A single value is a step of `size`.
fn step(values: &[u8], size: u8) -> Option<u8> {
    match values {
        [_] => Some(size),
        [0, step, ..] => (size.is_multiple_of(*step)
            && values.len() == usize::from(size / step)
            && values.iter().zip((0..size).step_by(usize::from(*step))).all(|(value, even)| *value == even))
        .then_some(*step),
        _ => None,
    }
}

fn is_run(values: &[u8]) -> bool {
    values.iter().zip(values.iter().skip(1)).all(|(one, next)| u16::from(*one) + 1 == u16::from(*next))
}

fn is_long_run(values: &[u8]) -> bool {
    is_run(values) && values.len() > 2
}

fn ends(values: &[u8]) -> (u8, u8) {
    (values.first().copied().unwrap_or_default(), values.last().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::Crontab;
    use super::*;

    #[test]
    fn schedules_in_words() {
        for (cron, english, korean) in [
            ("* * * * *", "every minute", "1분마다"),
            ("45 5 * * 5", "every Friday at 05:45", "매주 금요일 05:45"),
            ("0,20,40 * * * *", "every 20 minutes", "20분마다"),
            ("0-30 1 * * *", "every minute from :00 to :30 in the hour 01", "00~30분에 1분마다, 01시"),
            ("*/10 * * * *", "every 10 minutes", "10분마다"),
            (
                "*/10 2,3,4 5-6 * *",
                "every 10 minutes in the hours from 02 to 04, on days 5 and 6 of the month",
                "10분마다, 02~04시, 매월 5일과 6일",
            ),
            (
                "*/10 2,4 * * 1,3,0",
                "every 10 minutes in the hours 02 and 04, every Sunday, Monday and Wednesday",
                "10분마다, 02시와 04시, 매주 일요일, 월요일과 수요일",
            ),
            ("*/10 * * 6 *", "every 10 minutes in June", "10분마다, 매년 6월"),
            (
                "*/10 * 1-9 6,7,8 *",
                "every 10 minutes, on days 1 to 9 of the month in June, July and August",
                "10분마다, 매년 6월, 7월과 8월 1~9일",
            ),
            ("0 14 * * *", "every day at 14:00", "매일 14:00"),
            ("30 * * * *", "every hour at minute 30", "매시 30분"),
            ("0 9 * * 1-5", "every Monday to Friday at 09:00", "월요일~금요일 09:00"),
            ("0 9,21 * 6,7 *", "every day at 09:00 and 21:00 in June and July", "매년 6월과 7월 매일 09:00, 21:00"),
            ("0 0 1 1 *", "on day 1 of the month at 00:00 in January", "매년 1월 1일 00:00"),
            ("0 0 13 * 5", "on day 13 of the month and every Friday at 00:00", "매월 13일과 매주 금요일 00:00"),
            (
                "0 6-12 * * *",
                "every day at 06:00, 07:00, 08:00, 09:00, 10:00, 11:00 and 12:00",
                "매일 06:00, 07:00, 08:00, 09:00, 10:00, 11:00, 12:00",
            ),
            ("0 9 13 * 0-6", "every day at 09:00", "매일 09:00"),
            (
                "0 9 */2 * 1",
                "on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month that are a Monday at 09:00",
                "매월 1일, 3일, 5일, 7일, 9일, 11일, 13일, 15일, 17일, 19일, 21일, 23일, 25일, 27일, 29일과 31일 중 월요일 09:00",
            ),
            ("0 9 * * 5#2", "on the second Friday of the month at 09:00", "매월 둘째 금요일 09:00"),
            ("0 9 * * 0L", "on the last Sunday of the month at 09:00", "매월 마지막 일요일 09:00"),
            (
                "0 9 * 6,7 1#1,1#3,0L",
                "on the first Monday, the third Monday and the last Sunday of the month at 09:00 in June and July",
                "매년 6월과 7월 첫째 월요일, 셋째 월요일과 마지막 일요일 09:00",
            ),
            (
                "0 9 * * 1,5L",
                "every Monday and on the last Friday of the month at 09:00",
                "매주 월요일과 매월 마지막 금요일 09:00",
            ),
            ("0 9 L * *", "on the last day of the month at 09:00", "매월 말일 09:00"),
            ("0 9 L 6 *", "on the last day of the month at 09:00 in June", "매년 6월 말일 09:00"),
            ("0 9 1,15,L * *", "on days 1, 15 and the last of the month at 09:00", "매월 1일, 15일과 말일 09:00"),
            ("0 9 1-9,L * *", "on days 1 to 9 and the last of the month at 09:00", "매월 1~9일과 말일 09:00"),
            (
                "0 9 L * 5#1",
                "on the last day of the month and on the first Friday of the month at 09:00",
                "매월 말일과 매월 첫째 금요일 09:00",
            ),
            ("@daily", "every day at 00:00", "매일 00:00"),
            ("@hourly", "every hour at minute 0", "매시 0분"),
            ("@yearly", "on day 1 of the month at 00:00 in January", "매년 1월 1일 00:00"),
            ("5,7 * * * *", "at the minutes 5 and 7", "매시 5분과 7분"),
        ] {
            let schedule = Crontab::parse(cron).unwrap();
            assert_eq!(schedule.describe(Language::english()), english, "{cron}");
            assert_eq!(schedule.describe(Language::liked("ko")), korean, "{cron}");
        }
    }
}
