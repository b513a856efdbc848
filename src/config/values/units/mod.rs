//! Durations, sizes and bit rates as people write them.

mod suggestions;

use std::time::Duration;

use chrono::TimeDelta;

use super::{Complaint, parse_or_suggest};
use crate::base::duration::delta;

/// The longest that an airing can be. What is longer is a mistake; the bound also limits the work of the plan.
pub const LONGEST: Duration = Duration::from_hours(7 * 24);

/// The pattern of a duration, for the JSON Schema, whose patterns cannot ignore case otherwise.
pub const DURATION_PATTERN: &str = "^\\s*([0-9]+\\s*([dD]([aA][yY][sS]?)?|[hH]([oO][uU][rR][sS]?)?|[mM]([iI][nN]([uU][tT][eE][sS]?)?)?|[sS]([eE][cC]([oO][nN][dD][sS]?)?)?)\\s*)+$";
/// The pattern of a duration with a sign, for the JSON Schema.
pub const OFFSET_PATTERN: &str = "^\\s*[-+]?\\s*([0-9]+\\s*([dD]([aA][yY][sS]?)?|[hH]([oO][uU][rR][sS]?)?|[mM]([iI][nN]([uU][tT][eE][sS]?)?)?|[sS]([eE][cC]([oO][nN][dD][sS]?)?)?)\\s*)+$";
/// The pattern of a size, for the JSON Schema.
pub const SIZE_PATTERN: &str = "^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*(B|[kK]B|[MGT]B|[kK]iB|[MGT]iB|[kKMGT])\\s*$";
/// The pattern of a bit rate, for the JSON Schema.
pub const RATE_PATTERN: &str = "^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*(k|K|kbps|kbit/s|kb/s|M|Mbps|Mbit/s)?\\s*$";

/// The pattern of a level, for the JSON Schema.
pub const LEVEL_PATTERN: &str = "^\\s*-[0-9]+(\\.[0-9]+)?\\s*(dB|dBFS)?\\s*$";

/// Parses a duration: `15s`, `2h`, `1h30m`, `90m`, `1d`; at most [`LONGEST`].
pub fn duration(text: &str) -> Result<Duration, Complaint> {
    duration_up_to(text, LONGEST)
}

/// Parses a duration of at most `longest`.
pub fn duration_up_to(text: &str, longest: Duration) -> Result<Duration, Complaint> {
    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.chars().all(|c| c.is_ascii_digit()) {
        return Err(Complaint::new(format!("`{trimmed}` has no unit: seconds, minutes or hours?"))
            .hint("write it like `15s`, `90m` or `2h`")
            .suggest(["s", "m", "h"].map(|unit| format!("{trimmed}{unit}"))));
    }
    let seconds = seconds(trimmed).ok_or_else(|| {
        Complaint::new(format!("`{trimmed}` is not a duration"))
            .hint("write it like `15s`, `90m`, `2h`, `1h30m` or `1d`")
            .suggest(suggestions::duration(trimmed).map(words))
    })?;
    let duration = Duration::from_secs(seconds);
    if duration > longest {
        return Err(Complaint::new(format!("`{trimmed}` is too long: the most is {}", words(longest))));
    }
    Ok(duration)
}

/// Parses a duration with or without a sign: `5s`, `-5s`; at most [`LONGEST`], either way.
pub fn offset(text: &str) -> Result<TimeDelta, Complaint> {
    let trimmed = text.trim();
    let (sign, rest) = match trimmed.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    match duration(rest) {
        Ok(duration) => Ok(if sign.is_empty() { delta(duration) } else { -delta(duration) }),
        Err(complaint) => {
            let suggestions = complaint.suggestions.iter().map(|text| format!("{sign}{text}")).collect();
            Err(Complaint { suggestions, ..complaint })
        }
    }
}

/// Parses a duration as it is written in the file and on the command line, such as `15s` or `1h30m`.
///
/// # Errors
/// A sentence that says how to write it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse_duration_up_to(text, LONGEST)
}

/// Parses a duration like [`parse_duration`], of at most `longest`.
///
/// # Errors
/// A sentence that says how to write it.
pub fn parse_duration_up_to(text: &str, longest: Duration) -> Result<Duration, String> {
    parse_or_suggest(text, |text| duration_up_to(text, longest)).map_err(sentence)
}

/// Parses a size as it is written in the file and on the command line, such as `20 GiB`.
///
/// # Errors
/// A sentence that says how to write it.
pub fn parse_size(text: &str) -> Result<u64, String> {
    parse_or_suggest(text, size).map_err(sentence)
}

/// Parses a bit rate as it is written in the file and on the command line, such as `128k`.
///
/// # Errors
/// A sentence that says how to write it.
pub fn parse_rate(text: &str) -> Result<u64, String> {
    parse_or_suggest(text, rate).map_err(sentence)
}

fn sentence(complaint: Complaint) -> String {
    match complaint.hint {
        Some(hint) => format!("{}: {hint}", complaint.message),
        None => complaint.message,
    }
}

fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        let scale = match unit.to_lowercase().as_str() {
            "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(scale)?)?;
        rest = after.trim_start();
    }
    (!text.is_empty()).then_some(total)
}

fn split(text: &str, part: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !part(c)).unwrap_or(text.len()))
}

/// Writes `duration` in whole seconds as in the file: `1h30m`. Hours are not gathered into days.
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let mut text = String::new();
    for (number, unit) in parts.iter().filter(|(number, _)| *number > 0) {
        text.push_str(&number.to_string());
        text.push_str(unit);
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Parses a size in bytes: `1 GiB`, `500 MB`.
pub fn size(text: &str) -> Result<u64, Complaint> {
    let wrong = |message: String| {
        Complaint::new(message).hint("write it like `500 MiB` or `1 GiB`").suggest(suggestions::sizes(text))
    };
    let (number, unit) = split(text.trim(), |c| c.is_ascii_digit() || c == '.');
    let scale: u32 = match unit.trim() {
        "" => return Err(wrong(format!("`{text}` has no unit"))),
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" | "kiB" | "K" | "k" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "TB" => return scaled(number, 1e12).ok_or_else(|| wrong(format!("`{text}` is not a size"))),
        "TiB" | "T" => return scaled(number, 1024_f64.powi(4)).ok_or_else(|| wrong(format!("`{text}` is not a size"))),
        _ => return Err(wrong(format!("`{text}` is not a size"))),
    };
    scaled(number, f64::from(scale)).ok_or_else(|| wrong(format!("`{text}` is not a size")))
}

/// The least bytes that recordings may be bound to: nobody means less, and a unit is soon mistaken.
const LEAST_KEPT: u64 = 1_000_000;

/// Parses how many bytes the recordings that are kept may take.
pub fn size_kept(text: &str) -> Result<u64, Complaint> {
    let bytes = size(text)?;
    if bytes < LEAST_KEPT {
        return Err(Complaint::new(format!("`{}` is less than a recording takes", text.trim()))
            .hint("write it like `20 GiB`, or leave it out to keep recordings whatever they take"));
    }
    Ok(bytes)
}

/// Parses bits per second: `128k`, `1.5M`, `128000`.
pub fn rate(text: &str) -> Result<u64, Complaint> {
    let trimmed = text.trim();
    let (number, unit) = split(trimmed, |c| c.is_ascii_digit() || c == '.');
    let wrong = || {
        let complaint = Complaint::new(format!("`{trimmed}` is not a bit rate")).hint("write it like `128k`");
        complaint.suggest(suggestions::rate(trimmed))
    };
    let scale = match unit.trim() {
        "" => 1.0,
        "k" | "K" | "kbps" | "kbit/s" | "kb/s" => 1e3,
        "M" | "Mbps" | "Mbit/s" => 1e6,
        _ => return Err(wrong()),
    };
    match scaled(number, scale).ok_or_else(wrong)? {
        bits @ 0..1_000 => Err(Complaint::new(format!("`{trimmed}` would be {bits} bits per second"))
            .hint("write it like `128k`")
            .suggest([format!("{number}k")])),
        bits => Ok(bits),
    }
}

/// Parses a level in dB relative to full scale: `-60`, `-60 dB`; below 0, and at least −120.
pub fn level(text: &str) -> Result<f64, Complaint> {
    let trimmed = text.trim();
    let unit = trimmed.find(|c: char| c.is_alphabetic()).map_or("", |at| trimmed.split_at(at).1);
    let number = if matches!(unit, "dB" | "dBFS") { trimmed.trim_end_matches(unit).trim_end() } else { trimmed };
    let negative =
        format!("-{} dB", trimmed.trim_end_matches(char::is_alphabetic).trim_end().trim_start_matches(['-', '+', ' ']));
    let wrong = |message: String| Complaint::new(message).hint("write it like `-60 dB`").suggest([negative.clone()]);
    match number.parse::<f64>() {
        Ok(level) if (-120.0..0.0).contains(&level) => Ok(level),
        Ok(level) if level > 0.0 && level <= 120.0 => Err(wrong(format!("`{trimmed}` is louder than full scale"))),
        Ok(_) => Err(wrong(format!("`{trimmed}` is not between -120 dB and 0 dB"))),
        Err(_) => Err(wrong(format!("`{trimmed}` is not a level"))),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range, never negative")]
fn scaled(number: &str, scale: f64) -> Option<u64> {
    let value = number.parse::<f64>().ok()? * scale;
    // Up to 2^53 every whole number is a float.
    (0.0..=9_007_199_254_740_992.0).contains(&value).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::parse_or_suggest;
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, seconds) in [
            ("15s", 15),
            ("2h", 7_200),
            ("1h30m", 5_400),
            ("90m", 5_400),
            ("1d", 86_400),
            ("1 h 5 min", 3_900),
            ("0s", 0),
        ] {
            assert_eq!(duration(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn a_wrong_duration_says_what_to_write() {
        let hint = |text: &str| parse_or_suggest(text, duration).unwrap_err().hint.unwrap();
        assert_eq!(hint("90"), "write `90s`, `90m` or `90h`");
        // 900 hours are too long.
        assert_eq!(hint("900"), "write `900s` or `900m`");
        for (text, right) in [
            ("1:30", "1h30m"),
            ("01:30:05", "1h30m5s"),
            ("1.5h", "1h30m"),
            ("1,5 hours", "1h30m"),
            ("1h30", "1h30m"),
            ("5m30", "5m30s"),
            ("90mins", "1h30m"),
            ("2 hrs", "2h"),
            ("30 secs", "30s"),
            ("PT1H30M", "1h30m"),
            ("1시간 30분", "1h30m"),
            ("１ｈ", "1h"),
            ("1 hour and 5 minutes", "1h5m"),
        ] {
            assert_eq!(hint(text), format!("write `{right}`"), "{text}");
        }
        assert!(hint("0:00").starts_with("write it like") && hint("200:00").starts_with("write it like"));
        for text in ["", "h", "2x", "-5m", "99999999999999999999h", "18446744073709551615d", "8d", "5m5"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_offset_is_a_duration_with_a_sign() {
        let seconds = |text: &str| offset(text).unwrap().num_seconds();
        assert_eq!((seconds("5s"), seconds("+5s"), seconds(" -1m30s "), seconds("0s")), (5, 5, -90, 0));
        let hint = |text: &str| parse_or_suggest(text, offset).unwrap_err().hint.unwrap();
        assert_eq!((hint("-5"), hint("-1:30")), ("write `-5s`, `-5m` or `-5h`".into(), "write `-1h30m`".into()));
        assert!(offset("--5s").is_err() && offset("-").is_err() && offset("8d").is_err());
    }

    #[test]
    fn sizes_and_rates() {
        assert_eq!(size("1 GiB").unwrap(), 1 << 30);
        assert_eq!(size("1.5GB").unwrap(), 1_500_000_000);
        assert_eq!(size("2T").unwrap(), 2 << 40);
        assert!(size("1").is_err() && size("GiB").is_err() && size("1e9 GiB").is_err() && size("-1 GiB").is_err());
        assert_eq!(rate("128k").unwrap(), 128_000);
        assert_eq!(rate("1.5M").unwrap(), 1_500_000);
        let hint = |text: &str| parse_or_suggest(text, rate).unwrap_err().hint.unwrap();
        assert_eq!(hint("128"), "write `128k`");
        assert_eq!(
            (hint("128 Kbit"), hint("1.5mbps"), hint("0.5")),
            ("write `128k`".into(), "write `1.5M`".into(), "write it like `128k`".into())
        );
        let hint = |text: &str| parse_or_suggest(text, size).unwrap_err().hint.unwrap();
        assert_eq!(
            (hint("500"), hint("1073741824")),
            ("write `500 MiB` or `500 GiB`".into(), "write `1073741824 B`".into())
        );
        assert_eq!(
            (hint("500mb"), hint("1,5 gib"), hint("2 gigabytes")),
            ("write `500 MB`".into(), "write `1.5 GiB`".into(), "write `2 GB`".into())
        );
        let hint = |text: &str| parse_or_suggest(text, level).unwrap_err().hint.unwrap();
        assert_eq!((hint("60 dB"), hint("-60db")), ("write `-60 dB`".into(), "write `-60 dB`".into()));
    }
}
