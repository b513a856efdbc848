//! What wrong durations, sizes and bit rates were probably meant to be. The caller parses it: nothing is proposed that
//! would be refused.

use std::time::Duration;

use crate::config::values::confusables;

/// Reads `1:30`, `1.5h`, `1h30`, `90mins`, `PT1H30M` and `1시간 30분`, if it is at least one second.
pub fn duration(text: &str) -> Option<Duration> {
    let plain = confusables::to_ascii(text).trim().trim_matches(['"', '\'']).to_lowercase();
    let seconds = clock(&plain).or_else(|| {
        let iso = plain.strip_prefix('p').map(|rest| rest.replace('t', ""));
        worded(&iso.unwrap_or(plain.replace(" and ", " ")))
    })?;
    Duration::try_from_secs_f64(seconds).ok().filter(|it| it.as_secs() > 0)
}

/// Reads hours and minutes, and perhaps seconds, as of a clock.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts[..] {
        [hours, minutes] => Some(f64::from(hours) * 3_600.0 + f64::from(minutes) * 60.0),
        [hours, minutes, seconds] => Some(f64::from(hours) * 3_600.0 + f64::from(minutes) * 60.0 + f64::from(seconds)),
        _ => None,
    }
}

/// Reads numbers with units in any words. A last number without a unit has the next smaller one.
fn worded(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    let mut before = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale = match (unit, before) {
            ("", Some(60)) | ("s" | "sec" | "secs" | "second" | "seconds" | "초", _) => 1,
            ("", Some(3_600)) | ("m" | "mn" | "min" | "mins" | "minute" | "minutes" | "분", _) => 60,
            ("h" | "hr" | "hrs" | "hour" | "hours" | "시간", _) => 3_600,
            ("d" | "day" | "days" | "일", _) => 86_400,
            ("w" | "week" | "weeks" | "주", _) => 604_800,
            _ => return None,
        };
        total += number.replace(',', ".").parse::<f64>().ok()? * f64::from(scale);
        before = Some(scale);
        rest = after.trim_start();
    }
    before.map(|_| total)
}

/// Splits a number, which may have a comma for its point, from the rest in lower case.
fn number_and_unit(text: &str) -> (String, String) {
    let plain = confusables::to_ascii(text).trim().trim_matches(['"', '\'']).replace(',', ".").to_lowercase();
    let end = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at(end);
    (number.to_owned(), unit.trim().to_owned())
}

/// Returns what `500mb`, `1,5 gib` or a number without a unit may mean.
pub fn sizes(text: &str) -> Vec<String> {
    let (number, unit) = number_and_unit(text);
    let units: &[&str] = match unit.as_str() {
        "" if number.len() > 6 => &["B"],
        "" => &["MiB", "GiB"],
        "b" | "byte" | "bytes" => &["B"],
        "kb" | "kilobytes" => &["kB"],
        "mb" | "megabyte" | "megabytes" => &["MB"],
        "gb" | "gigabyte" | "gigabytes" => &["GB"],
        "tb" | "terabyte" | "terabytes" => &["TB"],
        "k" | "kib" | "ki" => &["KiB"],
        "m" | "mib" | "mi" => &["MiB"],
        "g" | "gib" | "gi" => &["GiB"],
        "t" | "tib" | "ti" => &["TiB"],
        _ => &[],
    };
    units.iter().map(|unit| format!("{number} {unit}")).collect()
}

/// Returns what `128 kbit` or `1.5mbps` means.
pub fn rate(text: &str) -> Option<String> {
    let (number, unit) = number_and_unit(text);
    match unit.as_str() {
        "bps" | "bit/s" | "b/s" => Some(number),
        "k" | "kb" | "kbit" | "kbits" | "kbps" | "kbit/s" | "kb/s" => Some(format!("{number}k")),
        "m" | "mb" | "mbit" | "mbits" | "mbps" | "mbit/s" | "mb/s" => Some(format!("{number}M")),
        _ => None,
    }
}
