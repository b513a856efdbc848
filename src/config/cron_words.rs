//! A schedule in words, so that a person sees at once whether the five fields mean what was meant.
//!
//! Here is only which of the messages `cron_*` say it, and what they are about; in which order a language says that, and
//! how it lists several, stands in its messages.

use super::cron_fields::Fields;
use crate::language::Language;

/// More times of day than this are told by minute and hour.
const MOST_TIMES: usize = 4;

/// `every Friday at 05:45`; `every 10 minutes`.
pub(super) fn describe(fields: &Fields, language: &Language) -> String {
    Words { fields, language }.schedule()
}

/// The name of a month, 1 for January.
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
        // One minute of some hours: all the times, however many; there are at most 23.
        if minutes.len() * hours.len() <= MOST_TIMES || step == Some(60) && hours.len() < 24 {
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

    /// The days; nothing for every day.
    fn days(&self) -> Option<String> {
        let Fields { days, weekdays, both_days, .. } = self.fields;
        // Where either suffices and one is every day (`0 9 13 * 0-6`), so is the whole.
        if !both_days && (days.len() == 31 || weekdays.len() == 7) {
            return None;
        }
        let date = (days.len() < 31).then(|| {
            let key = match (days.len(), self.fields.months.len()) {
                (1, 12) => "cron_on_day",
                (_, 12) => "cron_on_days",
                (1, _) => "cron_on_day_in",
                (..) => "cron_on_days_in",
            };
            self.say(key, &[("days", &self.some("day", days, |day| day.to_string()))])
        });
        let week = (weekdays.len() < 7).then(|| self.some("weekday", weekdays, |day| self.weekday(day).to_owned()));
        let every_week = || {
            let key = if is_long_run(weekdays) { "cron_on_weekday_run" } else { "cron_on_weekdays" };
            self.say(key, &[("weekdays", week.as_deref().unwrap_or_default())])
        };
        match (&date, &week) {
            (None, None) => None,
            (Some(_), None) => date,
            (None, Some(_)) => Some(every_week()),
            (Some(date), Some(week)) if *both_days => {
                Some(self.say("cron_on_both", &[("date", date), ("weekdays", week)]))
            }
            (Some(date), Some(_)) => Some(self.say("cron_on_either", &[("date", date), ("week", &every_week())])),
        }
    }

    /// The months; nothing for all of them.
    fn months(&self) -> Option<String> {
        let months = &self.fields.months;
        let named = || months.iter().map(|number| month(*number, self.language).to_owned());
        (months.len() < 12).then(|| self.list("month", named()))
    }

    /// 0 for Sunday, which our lists end with.
    fn weekday(&self, number: u8) -> &str {
        self.language.word("weekdays", usize::from((number + 6) % 7))
    }

    /// From the first to the last where these are three or more in a row, else all of them.
    fn some(&self, kind: &str, values: &[u8], name: impl Fn(u8) -> String) -> String {
        if is_long_run(values) {
            self.run(kind, values, name)
        } else {
            self.list(kind, values.iter().map(|it| name(*it)))
        }
    }

    fn run(&self, kind: &str, values: &[u8], name: impl Fn(u8) -> String) -> String {
        let (first, last) = ends(values);
        self.say(&format!("cron_{kind}_run"), &[("first", &name(first)), ("last", &name(last))])
    }

    fn list(&self, kind: &str, values: impl Iterator<Item = String>) -> String {
        let one = |value: String| self.say(&format!("cron_{kind}"), &[("value", &value)]);
        let mut all: Vec<String> = values.map(one).collect();
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

/// The step of evenly spaced values that fill the circle of `size` from 0; a single value is a step of `size`.
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
            ("5,7 * * * *", "at the minutes 5 and 7", "매시 5분과 7분"),
        ] {
            let schedule = Crontab::parse(cron).unwrap();
            assert_eq!(schedule.describe(Language::english()), english, "{cron}");
            assert_eq!(schedule.describe(Language::liked("ko")), korean, "{cron}");
        }
    }
}
