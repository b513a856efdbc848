//! Times and lengths as people write them in a request.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::problem::Problem;
use crate::config::parse_duration;

/// An instant under `key`: in RFC 3339, or without an offset by the clocks of `zone`, as browsers send it. Of a time that
/// is there twice, when the clocks go back, the first counts.
pub(super) fn moment(key: &str, text: &str, zone: Tz) -> Result<DateTime<Utc>, Problem> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = local.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let local = local.ok_or_else(|| {
        unacceptable(format!(
            "`{key}` is {text:?}, which is no time; write for example 2026-11-21T14:00:00+09:00, or 2026-11-21T14:00 for \
             the clocks of {zone}"
        ))
    })?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.with_timezone(&Utc)),
        LocalResult::None => Err(unacceptable(format!(
            "`{key}` is {text:?}, and the clocks of {zone} leave that time out; write an earlier or a later one"
        ))),
    }
}

/// A length under `key`, written as in the file.
pub(super) fn length(key: &str, text: &str) -> Result<Duration, Problem> {
    parse_duration(text).map_err(|words| unacceptable(format!("`{key}`: {words}")))
}

/// What is asked for is understood, and makes no sense.
pub(super) fn unacceptable(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: Tz) -> Result<String, String> {
        let problem = |problem| serde_json::to_value(problem).unwrap()["detail"].as_str().unwrap().to_owned();
        moment("start", text, zone).map(|at| at.to_rfc3339()).map_err(problem)
    }

    #[test]
    fn a_time_has_an_offset_or_is_meant_by_the_clocks_of_the_zone() {
        let (seoul, paris) = (chrono_tz::Asia::Seoul, chrono_tz::Europe::Paris);
        for (text, zone, instant) in [
            ("2026-11-21T14:00:00+09:00", paris, "2026-11-21T05:00:00+00:00"),
            ("2026-11-21T14:00:07Z", seoul, "2026-11-21T14:00:07+00:00"),
            (" 2026-11-21T14:00 ", seoul, "2026-11-21T05:00:00+00:00"),
            ("2026-07-21T14:00:30", paris, "2026-07-21T12:00:30+00:00"),
            // Twice there: the first.
            ("2026-10-25T02:30", paris, "2026-10-25T00:30:00+00:00"),
        ] {
            assert_eq!(at(text, zone).as_deref(), Ok(instant), "{text}");
        }
        assert!(at("2026-03-29T02:30", paris).unwrap_err().contains("Europe/Paris leave that time out"));
        for wrong in ["", "tomorrow", "14:00", "2026-11-21", "2026-13-21T14:00", "2026-11-21T25:00"] {
            assert!(at(wrong, seoul).unwrap_err().contains("write for example 2026-11-21T14:00:00+09:00"), "{wrong}");
        }
    }

    #[test]
    fn a_length_is_written_as_in_the_file() {
        assert_eq!(length("by", "1h30m").unwrap(), Duration::from_mins(90));
        let problem = serde_json::to_value(length("by", "90").unwrap_err()).unwrap();
        assert_eq!(problem["status"], 422);
        assert_eq!(
            problem["detail"],
            "`by`: `90` has no unit: seconds, minutes or hours?: write `90s`, `90m` or `90h`"
        );
    }
}
