//! What time it is by the head of an answer (`Date` and `Age`, RFC 9110 section 6.6.1 and RFC 9111 section 5.1).

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AGE, DATE, HeaderMap, HeaderName};

/// An answer that caches have kept for longer says too little about the present.
const OLDEST: TimeDelta = TimeDelta::hours(1);
/// `Date` leaves out what is less than a second. This is the middle of that.
const LEFT_OUT: TimeDelta = TimeDelta::milliseconds(500);

/// Returns the time in a header.
pub(super) fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()
}

/// Returns what time it was by the clock of the server when it answered: its date, and how long caches have kept the answer
/// since. `None` if it does not say, or if that cannot be understood.
pub(super) fn told(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date: DateTime<Utc> = date(headers, DATE)?.into();
    let age = headers.get(AGE).map_or(Some(0), |age| age.to_str().ok()?.trim().parse::<u32>().ok())?;
    let age = TimeDelta::seconds(age.into());
    (age <= OLDEST).then(|| date.checked_add_signed(age + LEFT_OUT))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_an_answer_is_its_date_and_how_long_caches_have_kept_it() {
        let told = |lines: &[(HeaderName, &str)]| {
            let headers = lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
            told(&headers).map(|at| at.to_rfc3339())
        };
        let noon = (DATE, "Sat, 28 Nov 2026 12:00:00 GMT");
        let said = |text: &str| Some(format!("2026-11-28T{text}.500+00:00"));
        assert_eq!(told(std::slice::from_ref(&noon)), said("12:00:00"));
        assert_eq!(told(&[noon.clone(), (AGE, " 95 ")]), said("12:01:35"));
        for age in ["-5", "soon", "3601", "99999999999999"] {
            assert_eq!(told(&[noon.clone(), (AGE, age)]), None, "{age}");
        }
        assert_eq!(told(&[(AGE, "1")]), None);
        assert_eq!(told(&[(DATE, "noon")]), None);
    }
}
