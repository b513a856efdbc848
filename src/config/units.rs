//! Durations, sizes and bit rates as people write them.

use std::time::Duration;

use super::problem::Complaint;

/// Longer than this is a slip of the pen; it also bounds the work of the schedule.
pub(super) const LONGEST: Duration = Duration::from_hours(7 * 24);

/// How a duration looks, for the JSON Schema, whose patterns know no other way to say that case does not matter.
pub(super) const DURATION_PATTERN: &str = "^\\s*([0-9]+\\s*([dD]([aA][yY][sS]?)?|[hH]([oO][uU][rR][sS]?)?|[mM]([iI][nN]([uU][tT][eE][sS]?)?)?|[sS]([eE][cC]([oO][nN][dD][sS]?)?)?)\\s*)+$";
/// How a size looks, for the JSON Schema.
pub(super) const SIZE_PATTERN: &str =
    "^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*(B|[kK]B|[MGT]B|[kK]iB|[MGT]iB|[kKMGT])\\s*$";
/// How a bit rate looks, for the JSON Schema.
pub(super) const RATE_PATTERN: &str = "^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*(k|K|kbps|kbit/s|kb/s|M|Mbps|Mbit/s)?\\s*$";

/// How a level looks, for the JSON Schema.
pub(super) const LEVEL_PATTERN: &str = "^\\s*-[0-9]+(\\.[0-9]+)?\\s*(dB|dBFS)?\\s*$";

/// A duration: `15s`, `2h`, `1h30m`, `90m`, `1d`; at most [`LONGEST`].
pub(super) fn duration(text: &str) -> Result<Duration, Complaint> {
    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.chars().all(|c| c.is_ascii_digit()) {
        return Err(Complaint::new(format!("`{trimmed}` has no unit: seconds, minutes or hours?"))
            .hint(format!("write `{trimmed}s`, `{trimmed}m` or `{trimmed}h`")));
    }
    let seconds = seconds(trimmed).ok_or_else(|| {
        Complaint::new(format!("`{trimmed}` is not a duration")).hint(match clock(trimmed) {
            Some(meant) => format!("write `{meant}`"),
            None => "write it like `15s`, `90m`, `2h`, `1h30m` or `1d`".to_owned(),
        })
    })?;
    let duration = Duration::from_secs(seconds);
    if duration > LONGEST {
        return Err(Complaint::new(format!("`{trimmed}` is too long: the most is {}", words(LONGEST))));
    }
    Ok(duration)
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

/// What `1:30` or `01:30:00` or `1.5h` was meant to be.
fn clock(text: &str) -> Option<String> {
    if let Some(hours) = text.strip_suffix('h').and_then(|number| number.trim().parse::<f64>().ok()) {
        let whole = Duration::try_from_secs_f64(hours * 3_600.0).ok()?;
        return Some(words(Duration::from_secs(whole.as_secs())));
    }
    let parts: Vec<u64> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let total = hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?;
    Some(words(Duration::from_secs(total)))
}

/// `duration` in whole seconds as it would be written in the file: `1h30m`. Hours are not gathered into days.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let mut text = String::new();
    for (number, unit) in parts.iter().filter(|(number, _)| *number > 0) {
        text.push_str(&number.to_string());
        text.push_str(unit);
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A size in bytes: `1 GiB`, `500 MB`.
pub(super) fn size(text: &str) -> Result<u64, Complaint> {
    let wrong = |message: String| Complaint::new(message).hint("write it like `500 MiB` or `1 GiB`");
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

/// Bits per second: `128k`, `1.5M`, `128000`.
pub(super) fn rate(text: &str) -> Result<u64, Complaint> {
    let trimmed = text.trim();
    let (number, unit) = split(trimmed, |c| c.is_ascii_digit() || c == '.');
    let wrong = || Complaint::new(format!("`{trimmed}` is not a bit rate")).hint("write it like `128k`");
    let scale = match unit.trim() {
        "" => 1.0,
        "k" | "K" | "kbps" | "kbit/s" | "kb/s" => 1e3,
        "M" | "Mbps" | "Mbit/s" => 1e6,
        _ => return Err(wrong()),
    };
    match scaled(number, scale).ok_or_else(wrong)? {
        bits @ 0..1_000 => Err(Complaint::new(format!("`{trimmed}` would be {bits} bits per second"))
            .hint(format!("write `{number}k` for {number},000 bits per second"))),
        bits => Ok(bits),
    }
}

/// A level in dB relative to full scale: `-60`, `-60 dB`; below 0, at the least −120.
pub(super) fn level(text: &str) -> Result<f64, Complaint> {
    let trimmed = text.trim();
    let number = trimmed.strip_suffix("FS").unwrap_or(trimmed);
    let number = number.strip_suffix("dB").unwrap_or(number).trim_end();
    let wrong = |message: String| Complaint::new(message).hint("write it like `-60 dB`");
    match number.parse::<f64>() {
        Ok(level) if (-120.0..0.0).contains(&level) => Ok(level),
        Ok(level) if level > 0.0 && level <= 120.0 => {
            Err(Complaint::new(format!("`{trimmed}` is louder than full scale")).hint(format!("write `-{number} dB`")))
        }
        Ok(_) => Err(wrong(format!("`{trimmed}` is not between -120 dB and 0 dB"))),
        Err(_) => Err(wrong(format!("`{trimmed}` is not a level"))),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range, never negative")]
fn scaled(number: &str, scale: f64) -> Option<u64> {
    let value = number.parse::<f64>().ok()? * scale;
    // Up to 2^53 a float is exact enough for bytes.
    (0.0..=9_007_199_254_740_992.0).contains(&value).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(duration("90").unwrap_err().hint.unwrap(), "write `90s`, `90m` or `90h`");
        assert_eq!(duration("1:30").unwrap_err().hint.unwrap(), "write `1h30m`");
        assert_eq!(duration("1.5h").unwrap_err().hint.unwrap(), "write `1h30m`");
        for text in ["", "h", "2x", "-5m", "99999999999999999999h", "18446744073709551615d", "8d", "5m5"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_rates() {
        assert_eq!(size("1 GiB").unwrap(), 1 << 30);
        assert_eq!(size("1.5GB").unwrap(), 1_500_000_000);
        assert_eq!(size("2T").unwrap(), 2 << 40);
        assert!(size("1").is_err() && size("GiB").is_err() && size("1e9 GiB").is_err() && size("-1 GiB").is_err());
        assert_eq!(rate("128k").unwrap(), 128_000);
        assert_eq!(rate("1.5M").unwrap(), 1_500_000);
        assert_eq!(rate("128").unwrap_err().hint.unwrap(), "write `128k` for 128,000 bits per second");
    }
}
