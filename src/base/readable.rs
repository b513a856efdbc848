//! Sizes and lengths as people read them, written alike in messages, lists and on the page.

use std::time::Duration;

/// Bytes as `1.5 GiB`, `700 MiB`, `0.3 MiB` or `40 KiB`.
pub fn bytes(bytes: u64) -> String {
    amount(bytes as f64)
}

/// As [`bytes()`], for a rate or another part of a number.
pub fn amount(bytes: f64) -> String {
    let mib = bytes / f64::from(1_u32 << 20);
    match mib {
        1024.0.. => format!("{:.1} GiB", mib / 1024.0),
        10.0.. => format!("{mib:.0} MiB"),
        0.1.. => format!("{mib:.1} MiB"),
        _ => format!("{:.0} KiB", mib * 1024.0),
    }
}

/// Seconds as `1:02:03` or `2:03`; `0:00` if they are no length.
pub fn clock(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_lengths_read_as_people_say_them() {
        assert_eq!((bytes(5 << 30), bytes(700 << 20)), ("5.0 GiB".to_owned(), "700 MiB".to_owned()));
        let amounts = [5_000.0, 300_000.0, 50e6, 3e9].map(amount);
        assert_eq!(amounts, ["5 KiB", "0.3 MiB", "48 MiB", "2.8 GiB"]);
        assert_eq!((clock(3723.9), clock(59.0), clock(-1.0)), ("1:02:03".into(), "0:59".into(), "0:00".into()));
    }
}
