//! Times and lengths, as people write them in a request.

use std::time::Duration;

use crate::base::zone::Zone;
use axum::http::StatusCode;
use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};

use crate::config::{parse_duration, parse_moment};
use crate::language::Sentence;
use crate::web::answer::Problem;

/// Parses the instant under `key`: in RFC 3339, or without an offset by the clocks of `zone`, as browsers send it. If a
/// time occurs twice because the clocks go back, the first counts.
pub(super) fn moment(key: &str, text: &str, zone: Zone) -> Result<DateTime<Utc>, Problem> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = local.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let local = local.ok_or_else(|| {
        let sentence = Sentence::new("problem_no_time").with("key", key).with("zone", zone);
        unacceptable(sentence.with("text", format_args!("{text:?}")))
    })?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.with_timezone(&Utc)),
        LocalResult::None => {
            let sentence = Sentence::new("problem_time_left_out").with("key", key).with("zone", zone);
            Err(unacceptable(sentence.with("text", format_args!("{text:?}"))))
        }
    }
}

/// Parses the instant under `key` as people write one that has passed, seen from `now`: `-30m`, `yesterday 22:15` by the
/// clocks of `zone`, RFC 3339. A time that the clocks show twice or leave out is refused with what may be meant.
pub(super) fn past_moment(key: &str, text: &str, zone: Zone, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    // The page offers times, so nobody types one there.
    let wrong = |error| Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, format!("`{key}`: {error}"));
    parse_moment(text, zone, now).map_err(wrong)
}

/// Parses the length under `key`, written as in the YAML.
pub(super) fn length(key: &str, text: &str) -> Result<Duration, Problem> {
    // The page offers lengths, so nobody types one there.
    let wrong = |words| Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, format!("`{key}`: {words}"));
    parse_duration(text).map_err(wrong)
}

/// Returns the problem of a request that is understood and makes no sense.
pub(super) fn unacceptable(sentence: Sentence) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn said(problem: &Problem) -> serde_json::Value {
        serde_json::to_value(problem.written(Language::english())).unwrap()
    }

    fn at(text: &str, zone: Zone) -> Result<String, String> {
        moment("start", text, zone)
            .map(|at| at.to_rfc3339())
            .map_err(|problem| said(&problem)["detail"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_time_has_an_offset_or_is_meant_by_the_clocks_of_the_zone() {
        let (seoul, paris) = ("Asia/Seoul".parse().unwrap(), "Europe/Paris".parse().unwrap());
        for (text, zone, instant) in [
            ("2026-11-21T14:00:00+09:00", paris, "2026-11-21T05:00:00+00:00"),
            ("2026-11-21T14:00:07Z", seoul, "2026-11-21T14:00:07+00:00"),
            (" 2026-11-21T14:00 ", seoul, "2026-11-21T05:00:00+00:00"),
            ("2026-07-21T14:00:30", paris, "2026-07-21T12:00:30+00:00"),
            // This time occurs twice; the first counts.
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
    fn a_time_that_has_passed_is_written_as_on_the_command_line() {
        let (seoul, now) = ("Asia/Seoul".parse().unwrap(), "2026-11-21T05:00:00Z".parse().unwrap());
        let at = |text: &str| past_moment("since", text, seoul, now).map(|at| at.to_rfc3339());
        assert_eq!(at("-30m").unwrap(), "2026-11-21T04:30:00+00:00");
        assert_eq!(at("yesterday 22:15").unwrap(), "2026-11-20T13:15:00+00:00");
        let problem = said(&at("half an hour ago").unwrap_err());
        assert_eq!(problem["status"], 422);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("`since`: ") && detail.contains("`-30m`"), "{detail}");
    }

    #[test]
    fn a_length_is_written_as_in_the_file() {
        assert_eq!(length("by", "1h30m").unwrap(), Duration::from_mins(90));
        let problem = said(&length("by", "90").unwrap_err());
        assert_eq!(problem["status"], 422);
        assert_eq!(
            problem["detail"],
            "`by`: `90` has no unit: seconds, minutes or hours?: write `90s`, `90m` or `90h`"
        );
    }
}
