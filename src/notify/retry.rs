//! When a message is tried again.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The pauses after the first tries.
const FIRST: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(60),
];
/// The pause after each later try.
const LATER: Duration = Duration::from_hours(6);
/// For how long a message is tried with the later pauses.
const LASTS: Duration = Duration::from_hours(72);
/// The longest pause that a receiver may ask for.
const LONGEST: Duration = Duration::from_hours(24);

/// Returns the pause after a message was tried in vain `tries` times, of which the last is counted. `None` if it is given
/// up.
pub(super) fn pause(tries: u32) -> Option<Duration> {
    let tries = usize::try_from(tries).unwrap_or(usize::MAX);
    let most = FIRST.len() + usize::try_from(LASTS.as_secs() / LATER.as_secs()).unwrap_or(usize::MAX);
    if tries > most {
        return None;
    }
    Some(tries.checked_sub(1).and_then(|index| FIRST.get(index)).copied().unwrap_or(LATER))
}

/// Returns the pause that a receiver asks for by `Retry-After` (RFC 9110 section 10.2.3). `None` if it cannot be read.
pub(super) fn asked(retry_after: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = retry_after.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?) - now).to_std().unwrap_or_default(),
    };
    Some(pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_soon_then_rarely_and_for_three_days() {
        let pauses: Vec<u64> = (1..).map_while(pause).map(|pause| pause.as_secs()).collect();
        assert_eq!(pauses[..6], [5, 30, 120, 600, 3600, 21_600]);
        assert!(pauses[5..].iter().all(|pause| *pause == 21_600), "{pauses:?}");
        assert_eq!(pauses[5..].iter().sum::<u64>(), 72 * 3600);
    }

    #[test]
    fn a_receiver_may_ask_for_a_pause_in_seconds_or_until_a_time() {
        let now = "2026-11-20T05:00:00Z".parse().unwrap();
        assert_eq!(asked(" 90 ", now), Some(Duration::from_secs(90)));
        assert_eq!(asked("Fri, 20 Nov 2026 05:02:00 GMT", now), Some(Duration::from_mins(2)));
        assert_eq!(asked("Fri, 20 Nov 2026 04:00:00 GMT", now), Some(Duration::ZERO), "it is over");
        assert_eq!(asked("99999999", now), Some(LONGEST));
        assert_eq!(asked("soon", now), None);
    }
}
