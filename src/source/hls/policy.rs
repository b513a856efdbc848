//! What is retried, how soon, and what makes a station be resolved again: one table for the whole engine.
//!
//! Nothing is ever given up by count; only the window a station offers ends the retries of a segment.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use reqwest::StatusCode;

/// The first wait after a failure.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait between two tries of anything.
pub const LONGEST: Duration = Duration::from_secs(10);
/// The longest wait between two tries of a segment: windows are short.
pub const LONGEST_SEGMENT: Duration = Duration::from_secs(2);
/// After so many failures in a row that are no question of rights, the address is found anew as well.
const PATIENT_FAILURES: u32 = 4;
/// How long a playlist may take: the bounds of the first limit, and the last.
const PLAYLIST_LIMITS: (Duration, Duration, Duration) =
    (Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(20));

/// The wait after `failures` in a row (1 for the first): doubling up to `longest`, a fifth more or less, so that many
/// recorders do not come back in step.
pub fn backoff(failures: u32, longest: Duration) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(10)));
    doubled.min(longest).mul_f64(0.8 + 0.4 * chance())
}

/// The longest wait between two tries of a playlist whose segments last `target`, so that none passes by unseen.
pub fn longest_for(target: Option<Duration>) -> Duration {
    target.map_or(LONGEST_SEGMENT, |target| target.clamp(Duration::from_secs(1), LONGEST / 2))
}

/// Whether an answer means that the address is no longer good and a new one has to be found.
pub fn lost_rights(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 404 | 410)
}

/// Whether the same answer to a segment means so; a segment alone may well be missing.
pub fn lost_rights_to_segment(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 410)
}

/// Whether the `failures`-th failure in a row of another kind makes the address be found anew.
pub fn gives_up_address(failures: u32) -> bool {
    failures > 0 && failures.is_multiple_of(PATIENT_FAILURES)
}

/// How long a playlist of this target duration may take after it was `slow` so often in a row. A connection that hangs
/// must not outlast the window, so the first limits are short; a server that is always slow is given more in the end.
pub fn playlist_limit(target: Option<Duration>, slow: u32) -> Duration {
    let (least, most, longest) = PLAYLIST_LIMITS;
    let first = target.map_or(most, |target| target.mul_f32(1.5).clamp(least, most));
    first.saturating_mul(2_u32.saturating_pow(slow.min(20) / 4)).min(longest)
}

/// How long one try of a segment of this length may take: a slow drip is waited for, an endless one is not.
pub fn segment_limit(duration: Duration) -> Duration {
    duration.saturating_mul(4).clamp(Duration::from_secs(15), Duration::from_mins(1))
}

/// The longest silence while a segment comes, after it failed so often: short at first, because a window is short and a
/// second request often helps; longer then, because some servers think for a while before they begin.
pub fn segment_idle(failures: u32) -> Duration {
    Duration::from_secs(3).saturating_mul(failures.saturating_add(1)).min(LONGEST)
}

/// How long before its end an address with this much life left is renewed.
pub fn renewal_lead(life: Duration) -> Duration {
    (life / 5).clamp(Duration::from_secs(2), Duration::from_secs(30))
}

/// How long to wait for the next reload, counted from the beginning of the last (RFC 8216 section 6.3.4): the target
/// duration after a change, half of it else.
///
/// Where no dates are believed (`dated` is false), the moment a segment is first listed is all that places it in time.
/// Then the reloads come a little early until one finds nothing and the next one comes right after: so they settle close
/// behind the station's own steps, for hardly more requests.
pub fn pace(target: Duration, unchanged: u32, dated: bool) -> Duration {
    let share = match (dated, unchanged) {
        (true, 0) => 1.0,
        (false, 0) => 0.85,
        (false, 1) => 0.15,
        _ => 0.5,
    };
    target.mul_f64(share).max(FIRST)
}

/// A number from 0 to 1; the standard library's hash seeds are random enough to spread requests.
fn chance() -> f64 {
    let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let about = |failures, millis: u64| {
            let wait = backoff(failures, LONGEST).as_secs_f64() * 1000.0;
            let expected = Duration::from_millis(millis).as_secs_f64() * 1000.0;
            assert!((wait / expected - 1.0).abs() <= 0.21, "{failures}: {wait} is not about {expected}");
        };
        for (failures, millis) in [(1, 250), (2, 500), (3, 1000), (6, 8000), (7, 10_000), (u32::MAX, 10_000)] {
            about(failures, millis);
        }
    }

    #[test]
    fn answers_are_sorted() {
        let status = |code| StatusCode::from_u16(code).unwrap();
        assert!([400, 401, 403, 404, 410].into_iter().all(|code| lost_rights(status(code))));
        assert!(![429, 500, 503].into_iter().any(|code| lost_rights(status(code))));
        assert!(!lost_rights_to_segment(status(404)));
        assert!(!gives_up_address(0) && !gives_up_address(3) && gives_up_address(4) && gives_up_address(8));
    }

    #[test]
    fn the_pace_is_the_standards_where_there_are_dates() {
        let target = Duration::from_secs(6);
        assert_eq!((pace(target, 0, true), pace(target, 1, true)), (target, target / 2));
        assert!(pace(Duration::ZERO, 0, true) >= FIRST);
        // Without dates: less than a step and a bit more than a step together.
        assert_eq!(pace(target, 0, false) + pace(target, 1, false), target);
        assert_eq!(pace(target, 2, false), target / 2);
    }

    #[test]
    fn a_hanging_playlist_is_dropped_within_its_window_and_a_slow_one_is_had_in_the_end() {
        let limit = |slow| playlist_limit(Some(Duration::from_secs(2)), slow).as_secs();
        assert_eq!((limit(0), limit(3), limit(4), limit(8), limit(u32::MAX)), (3, 3, 6, 12, 20));
        assert_eq!(playlist_limit(None, 0), Duration::from_secs(5));
    }

    #[test]
    fn short_lives_are_renewed_late_and_long_ones_early() {
        assert_eq!(renewal_lead(Duration::from_secs(15)), Duration::from_secs(3));
        assert_eq!(renewal_lead(Duration::from_hours(24)), Duration::from_secs(30));
    }
}
