//! Days, as people say them in a language.

use chrono::{Datelike, NaiveDate};

use crate::language::Language;

/// Formats a day as `Friday, 20 November 2026`, by the pattern `day_pattern` of the messages.
pub fn long(day: NaiveDate, language: &Language) -> String {
    said(day, "day_pattern", language)
}

/// Formats a day as `Fri, 20 Nov`, by the pattern `day_pattern_short`.
pub fn short(day: NaiveDate, language: &Language) -> String {
    said(day, "day_pattern_short", language)
}

/// Returns the weekday in short: `Fri`.
pub fn weekday(day: NaiveDate, language: &Language) -> &str {
    language.word("weekdays_short", day.weekday().num_days_from_monday() as usize)
}

fn said(day: NaiveDate, pattern: &str, language: &Language) -> String {
    let weekday = day.weekday().num_days_from_monday() as usize;
    let month = day.month0() as usize;
    let values = [
        ("weekday", language.word("weekdays", weekday)),
        ("weekday_short", language.word("weekdays_short", weekday)),
        ("day", &day.day().to_string()),
        ("month", language.word("months", month)),
        ("month_short", language.word("months_short", month)),
        ("year", &day.year().to_string()),
    ];
    language.say(pattern, &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_as_each_language_says_them() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let (english, korean) = (Language::english(), Language::liked("ko"));
        assert_eq!(long(day, english), "Friday, 20 November 2026");
        assert_eq!(short(day, english), "Fri, 20 Nov");
        assert_eq!(long(day, korean), "2026년 11월 20일 금요일");
        assert_eq!(short(day, korean), "11월 20일 (금)");
    }
}
