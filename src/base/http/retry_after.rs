//! When a busy server wants to be asked again (`Retry-After`, RFC 9110 section 10.2.3).

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::dates::date;

/// Returns how long a server that answers with `status` wants not to be asked; `now` counts if it does not say what time it
/// is. `None` if it is not busy, or says nothing that can be understood.
pub(super) fn wait(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let said = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(said.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(said).ok()?;
    // By its own clock: ours may be another.
    let begins = date(headers, DATE).unwrap_or_else(|| now.into());
    Some(until.duration_since(begins).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_says_it_in_seconds_or_as_a_date_by_its_own_clock() {
        let now = "2026-11-28T12:00:00Z".parse().unwrap();
        let asked = |status: u16, said: &str, date: Option<&str>| {
            let mut headers = HeaderMap::from_iter([(RETRY_AFTER, said.parse().unwrap())]);
            headers.extend(date.map(|date| (DATE, date.parse().unwrap())));
            wait(StatusCode::from_u16(status).unwrap(), &headers, now)
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(asked(429, "7", None), seconds(7));
        assert_eq!(asked(503, " 120 ", None), seconds(120));
        assert_eq!(asked(503, "99999999999999999999999", None), seconds(u64::MAX));
        let noon = "Sat, 28 Nov 2026 12:00:30 GMT";
        assert_eq!(asked(503, noon, None), seconds(30));
        assert_eq!(asked(503, noon, Some("Sat, 28 Nov 2026 12:00:20 GMT")), seconds(10));
        assert_eq!(asked(429, "Fri, 27 Nov 2026 12:00:00 GMT", None), seconds(0));
        for said in ["", "soon", "-5", "1.5"] {
            assert_eq!(asked(503, said, None), None, "{said}");
        }
        assert_eq!(asked(404, "7", None), None, "it is not busy");
    }
}
