//! Days as people say them, in the words of a language.

use chrono::{Datelike, NaiveDate};

use super::super::language::Messages;

/// `Friday, 20 November 2026`, by the pattern `day_pattern` of the messages.
pub(super) fn long(day: NaiveDate, messages: &Messages) -> String {
    said(day, "day_pattern", messages)
}

/// `Fri, 20 Nov`, by the pattern `day_pattern_short`.
pub(super) fn short(day: NaiveDate, messages: &Messages) -> String {
    said(day, "day_pattern_short", messages)
}

fn said(day: NaiveDate, pattern: &str, messages: &Messages) -> String {
    let message = |key: &str| messages.get(key).map(String::as_str).unwrap_or_default();
    let (weekday, month) = (day.weekday().number_from_monday().to_string(), day.month().to_string());
    let one_of = |key: &str, number: &str| {
        let at = number.parse::<usize>().unwrap_or(1) - 1;
        message(key).split(' ').nth(at).unwrap_or(number).to_owned()
    };
    message(pattern)
        .replace("{weekday}", &one_of("weekdays", &weekday))
        .replace("{weekday_short}", &one_of("weekdays_short", &weekday))
        .replace("{day}", &day.day().to_string())
        .replace("{month}", &one_of("months", &month))
        .replace("{month_short}", &one_of("months_short", &month))
        .replace("{year}", &day.year().to_string())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::ACCEPT_LANGUAGE;

    use super::super::super::language;
    use super::*;

    #[test]
    fn days_are_said_as_each_language_says_them() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let messages =
            |tag: &str| &language::of(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, tag.parse().unwrap())])).messages;
        assert_eq!(long(day, messages("en")), "Friday, 20 November 2026");
        assert_eq!(short(day, messages("en")), "Fri, 20 Nov");
        assert_eq!(long(day, messages("ko")), "2026년 11월 20일 금요일");
        assert_eq!(short(day, messages("ko")), "11월 20일 (금)");
    }
}
