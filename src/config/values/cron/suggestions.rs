//! What a wrong cron expression was probably meant to be. All usual mistakes are corrected, so that a hint can show the
//! whole expression. The caller parses it: nothing is proposed that would be refused.

use super::fields::{MONTHS, WEEKDAYS};
use crate::config::values::confusables;

/// An expression that may have been meant.
pub(super) struct Suggestion {
    /// What to do, as the beginning of a hint.
    pub advice: &'static str,
    /// The whole expression.
    pub text: String,
}

/// The days of the week in Korean, from Sunday on.
const KOREAN: [char; 7] = ['일', '월', '화', '수', '목', '금', '토'];

/// Returns what `text` may have been meant to be, the likeliest first.
pub(super) fn suggestions(text: &str) -> Vec<Suggestion> {
    let plain = confusables::to_ascii(text);
    let plain = plain.trim().trim_matches(['"', '\'']).trim();
    let with = |advice, text: String| Suggestion { advice, text };
    if let Some(found) = nickname(plain) {
        return vec![with("write", found)];
    }
    // `MON, WED` is one field.
    let joined = plain.replace(", ", ",").replace(" ,", ",");
    let parts: Vec<&str> = joined.split_whitespace().collect();
    let five = |parts: &[&str]| parts.try_into().ok().map(corrected);
    let of = |advice, parts: &[&str]| five(parts).map(|text| with(advice, text));
    match &parts[..] {
        [clock] => daily(clock).map(|text| with("write", text)).into_iter().collect(),
        parts if parts.len() == 5 => of("write", parts).into_iter().collect(),
        [seconds, before_year @ .., year] if before_year.len() == 4 => {
            let is_year = year.len() == 4 && year.parse::<u16>().is_ok();
            let without_year: Vec<&str> = std::iter::once(*seconds).chain(before_year.iter().copied()).collect();
            let without_seconds: Vec<&str> = before_year.iter().copied().chain([*year]).collect();
            let without_year = of("leave the year out", &without_year).filter(|_| is_year);
            without_year.into_iter().chain(of("leave the seconds out", &without_seconds)).collect()
        }
        [_, both_out @ .., _] if both_out.len() == 5 => {
            of("leave the seconds and the year out", both_out).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Corrects `@Daily`, and `@every 2h`, which other crons have.
fn nickname(text: &str) -> Option<String> {
    let word = text.strip_prefix('@')?.to_ascii_lowercase();
    let Some(every) = word.strip_prefix("every ") else { return Some(format!("@{}", word.trim())) };
    let (number, unit) = every.trim().split_at(every.trim().find(|c: char| !c.is_ascii_digit())?);
    let number: u8 = number.parse().ok().filter(|number| *number > 0)?;
    match unit.trim() {
        "m" if 60 % number == 0 => Some(format!("*/{number} * * * *")),
        "h" if 24 % number == 0 => Some(format!("0 */{number} * * *")),
        _ => None,
    }
}

/// Takes a time of day alone for a daily show.
fn daily(clock: &str) -> Option<String> {
    let (hour, minute) = clock.split_once(':')?;
    Some(format!("{} {} * * *", minute.parse::<u8>().ok()?, hour.parse::<u8>().ok()?))
}

fn corrected(parts: [&str; 5]) -> String {
    let [minute, hour, day, month, weekday] = parts;
    let month_name = |word: &str| named(word.trim_end_matches('월'), &MONTHS);
    let fields = [
        field(minute, 0, 59, |word| word.trim_end_matches('분').to_owned()),
        field(hour, 0, 23, |word| word.trim_end_matches('시').to_owned()),
        field(day, 1, 31, |word| word.trim_end_matches('일').to_uppercase()),
        field(month, 1, 12, month_name),
        field(weekday, 0, 6, self::weekday),
    ];
    fields.join(" ")
}

/// Corrects a field of values from `lowest` to `highest`, and each of its words by `word`.
fn field(text: &str, lowest: u8, highest: u8, word: impl Fn(&str) -> String) -> String {
    let items = text.split(',').filter(|item| !item.is_empty()).map(|item| {
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(step)),
            None => (item, None),
        };
        let step = step.map_or_else(String::new, |step| format!("/{step}"));
        match base.split_once('-') {
            _ if base == "?" => format!("*{step}"),
            Some((first, last)) => range(&word(first), &word(last), &step, lowest, highest),
            None if step.is_empty() || base == "*" => format!("{}{step}", word(base)),
            None => format!("{}-{highest}{step}", word(base)),
        }
    });
    items.collect::<Vec<_>>().join(",")
}

/// Corrects a range: one that runs over the end becomes two.
fn range(first: &str, last: &str, step: &str, lowest: u8, highest: u8) -> String {
    let as_written = || format!("{first}-{last}{step}");
    let value = |word: &str| -> Option<u8> {
        let name = |names: &[&str]| names.iter().position(|name| name.eq_ignore_ascii_case(word));
        let named = if highest == 12 {
            name(&MONTHS).map(|it| it + 1)
        } else if highest == 6 {
            name(&WEEKDAYS)
        } else {
            None
        };
        named.and_then(|it| u8::try_from(it).ok()).or_else(|| word.parse().ok())
    };
    let (Some(from), Some(to)) = (value(first), value(last)) else { return as_written() };
    // 7 is Sunday, as 0 is.
    let (from, sunday) = if highest == 6 && from == 7 { (0, true) } else { (from, false) };
    let right = from <= to || highest == 6 && to == 0;
    if right && !sunday || from > highest || to > highest.max(if highest == 6 { 7 } else { 0 }) {
        return as_written();
    }
    let part = |from: u8, to: u8| if from == to { from.to_string() } else { format!("{from}-{to}") };
    if from <= to {
        return format!("{}{step}", part(from, to));
    }
    match step.strip_prefix('/').and_then(|step| step.parse::<usize>().ok()).filter(|step| *step > 0) {
        None => format!("{},{}", part(from, highest), part(lowest, to)),
        // The step goes on over the end, so the second half does not begin at the lowest value.
        Some(step) => {
            let values: Vec<String> =
                (from..=highest).chain(lowest..=to).step_by(step).map(|it| it.to_string()).collect();
            values.join(",")
        }
    }
}

fn weekday(word: &str) -> String {
    let mut letters = word.trim_end_matches("요일").chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && let Some(name) = KOREAN.iter().zip(WEEKDAYS).find(|(korean, _)| **korean == letter)
    {
        return name.1.to_owned();
    }
    let (base, which) = word.split_at(word.find('#').unwrap_or(word.len()));
    if base.len() > 1 && base.ends_with(['l', 'L']) && which.is_empty() {
        return format!("{}L", named(&base[..base.len() - 1], &WEEKDAYS));
    }
    format!("{}{which}", named(base, &WEEKDAYS))
}

/// Shortens a name that is written out: `Monday`, `thurs`, `september`.
fn named(word: &str, names: &[&'static str]) -> String {
    let long = word.len() > 3 && word.chars().all(|c| c.is_ascii_alphabetic());
    let short = word.get(..3).filter(|_| long);
    let name = short.and_then(|short| names.iter().find(|name| name.eq_ignore_ascii_case(short)));
    name.map_or_else(|| word.to_owned(), |name| (*name).to_owned())
}
