//! A position in a sound, as people write it: `00:10:00`, `1:02:03.250`, `4:30`, `12.5`.

use std::time::Duration;

use thiserror::Error;

use crate::base::text::cut;

/// The farthest position: longer than any recording.
const FARTHEST: Duration = Duration::from_hours(1_000);
/// The most columns of what was written that a message repeats.
const REPEATED: usize = 40;

/// Why a text is no position.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PositionError {
    /// It is not written like one.
    #[error("`{0}` is no position: write hours, minutes and seconds, such as `00:10:00` or `00:11:05.2`")]
    NoPosition(String),
    /// Minutes or seconds are too many.
    #[error("`{0}` is no position: minutes and seconds go from 00 to 59")]
    TooMany(String),
    /// It is farther than any sound.
    #[error("`{0}` is too far: no recording plays for so long")]
    TooFar(String),
}

/// Reads `text` as a position: hours, minutes and seconds with colons between them, of which the hours and the minutes
/// may be left out, and parts of a second behind a point.
///
/// # Errors
/// What is wrong, and what to write.
pub fn parse_position(text: &str) -> Result<Duration, PositionError> {
    let text = text.trim();
    let shown = || cut(&text.replace(char::is_control, " "), REPEATED).into_owned();
    let no_position = || PositionError::NoPosition(shown());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str| part.parse::<u64>().ok().filter(|_| is_number(part)).ok_or_else(no_position);
    number(fraction)?;
    let nanos = format!("{fraction:0<9}").parse::<u32>().map_err(|_| no_position())?;
    let parts: Vec<&str> = whole.split(':').collect();
    let (hours, minutes, seconds) = match parts[..] {
        [seconds] => (0, 0, number(seconds)?),
        [minutes, seconds] => (0, number(minutes)?, number(seconds)?),
        [hours, minutes, seconds] => (number(hours)?, number(minutes)?, number(seconds)?),
        _ => return Err(no_position()),
    };
    // `4:5` may be the beginning of `4:50`, and 90 minutes are an hour and a half.
    if parts.iter().skip(1).any(|part| part.len() != 2) {
        return Err(no_position());
    }
    if parts.len() > 1 && seconds > 59 || parts.len() > 2 && minutes > 59 {
        return Err(PositionError::TooMany(shown()));
    }
    let position = Duration::new(hours * 3_600 + minutes * 60 + seconds, nanos);
    if position > FARTHEST { Err(PositionError::TooFar(shown())) } else { Ok(position) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_hours_minutes_and_seconds_or_only_the_last_of_them() {
        for (text, seconds) in [
            ("00:10:00", 600.0),
            ("1:02:03.250", 3_723.25),
            ("100:00:00", 360_000.0),
            ("4:30", 270.0),
            ("90:00", 5_400.0),
            ("12.5", 12.5),
            ("665.2", 665.2),
            (" 0 ", 0.0),
            ("0.000000001", 0.000_000_001),
        ] {
            assert_eq!(parse_position(text).map(|position| position.as_secs_f64()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_position_is_refused_with_what_to_write() {
        for wrong in
            ["", "soon", "-1", "+1", "1:2", "1:2:3:4", "10:0", ":30", "1.", ".5", "1:00.", "1e3", "١", "1.5.5", "NaN"]
        {
            let message = parse_position(wrong).unwrap_err().to_string();
            assert!(message.contains("such as `00:10:00`"), "{wrong:?}: {message}");
        }
        assert_eq!(parse_position("00:60:00"), Err(PositionError::TooMany("00:60:00".to_owned())));
        assert_eq!(parse_position("4:75"), Err(PositionError::TooMany("4:75".to_owned())));
        assert!(matches!(parse_position("999999999:00:00"), Err(PositionError::TooFar(_))));
    }
}
