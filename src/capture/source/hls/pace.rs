//! When to reload, how long an answer may take, when to renew. How often anything is retried is said in
//! [`policy`](crate::capture::source::policy).

use std::time::Duration;

/// The shortest time from one reload to the next.
const LEAST: Duration = Duration::from_millis(250);
/// The longest silence that is waited for.
const LONGEST_IDLE: Duration = Duration::from_secs(10);
/// How long a playlist may take: the bounds of the first limit, and the last limit.
const PLAYLIST_LIMITS: (Duration, Duration, Duration) =
    (Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(20));

/// How long a playlist of this target duration may take after it was `slow` so often in a row. A connection that hangs
/// must not outlast the window, so the first limits are short; a server that is always slow gets more in the end.
pub fn playlist_limit(target: Option<Duration>, slow: u32) -> Duration {
    let (least, most, longest) = PLAYLIST_LIMITS;
    let first = target.map_or(most, |target| target.mul_f32(1.5).clamp(least, most));
    first.saturating_mul(2_u32.saturating_pow(slow.min(20) / 4)).min(longest)
}

/// How long one try of a segment of this length may take: long enough for a slow server, not for an endless body.
pub fn segment_limit(duration: Duration) -> Duration {
    duration.saturating_mul(4).clamp(Duration::from_secs(15), Duration::from_mins(1))
}

/// The longest silence while a segment comes, after it failed so often. It is short at first, because a window is short
/// and a second request often helps; then longer, because some servers think for a while before they begin.
pub fn segment_idle(failures: u32) -> Duration {
    Duration::from_secs(3).saturating_mul(failures.saturating_add(1)).min(LONGEST_IDLE)
}

/// How long before it expires an address with this much life left is renewed.
pub fn renewal_lead(life: Duration) -> Duration {
    (life / 5).clamp(Duration::from_secs(2), Duration::from_secs(30))
}

/// How long a list may stand still before the station is resolved again.
pub fn quiet_patience(target: Duration) -> Duration {
    target.saturating_mul(3).max(Duration::from_secs(5))
}

/// How long the list of a variant may stand still before it is left for another: less, because the window of the other
/// is short too, but no less than half as long again as its steps (RFC 8216 section 6.2.1 asks for a new list that
/// soon).
pub fn variant_patience(target: Duration) -> Duration {
    quiet_patience(target).min(Duration::from_secs(8)).max(target.mul_f64(1.5))
}

/// For how long all segments of a variant may fail before it is left for another.
pub fn segments_patience(target: Option<Duration>) -> Duration {
    let (least, most) = (Duration::from_secs(3), Duration::from_secs(6));
    target.map_or(least, |target| target.mul_f64(1.5).clamp(least, most))
}

/// How far apart a station's segments come: the target duration, or less if its list says no lengths (`unsaid`) and
/// they turn out to `play` shorter. Until that is known it is taken to be a second.
pub fn step(target: Duration, unsaid: bool, plays: Option<Duration>) -> Duration {
    let unknown = unsaid.then_some(Duration::from_secs(1));
    plays.or(unknown).map_or(target, |plays| plays.clamp(LEAST * 2, target.max(LEAST * 2)))
}

/// How long to wait for the next reload, counted from the beginning of the last (RFC 8216 section 6.3.4): the target
/// duration after a change, else half of it.
///
/// If no dates are believed (`dated` is false), only the moment at which a segment is first listed says when it was on
/// the air. Then the reloads come a little early until one finds nothing, and the next one comes right after. So they
/// settle shortly after the station's own steps, for hardly more requests.
pub fn pace(target: Duration, unchanged: u32, dated: bool) -> Duration {
    let share = match (dated, unchanged) {
        (true, 0) => 1.0,
        (false, 0) => 0.85,
        (false, 1) => 0.15,
        _ => 0.5,
    };
    target.mul_f64(share).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_standards_where_there_are_dates() {
        let target = Duration::from_secs(6);
        assert_eq!((pace(target, 0, true), pace(target, 1, true)), (target, target / 2));
        assert!(pace(Duration::ZERO, 0, true) >= LEAST);
        // Without dates: less than a step and a bit more than a step together.
        assert_eq!(pace(target, 0, false) + pace(target, 1, false), target);
        assert_eq!(pace(target, 2, false), target / 2);
    }

    #[test]
    fn a_hanging_playlist_is_dropped_in_time_and_a_slow_one_is_read_in_the_end() {
        let limit = |slow| playlist_limit(Some(Duration::from_secs(2)), slow).as_secs();
        assert_eq!((limit(0), limit(3), limit(4), limit(8), limit(u32::MAX)), (3, 3, 6, 12, 20));
        assert_eq!(playlist_limit(None, 0), Duration::from_secs(5));
    }

    #[test]
    fn segments_that_say_no_length_come_as_often_as_they_play() {
        let (target, two) = (Duration::from_secs(10), Duration::from_secs(2));
        assert_eq!((step(target, false, None), step(target, true, Some(two))), (target, two));
        assert_eq!(step(target, true, None), Duration::from_secs(1));
        assert_eq!(step(target, true, Some(Duration::from_secs(60))), target);
    }

    #[test]
    fn a_variant_is_left_within_ten_seconds_but_not_before_its_next_list_is_due() {
        let patience = |target| variant_patience(Duration::from_secs(target)).as_secs();
        assert_eq!((patience(1), patience(2), patience(5), patience(10)), (5, 6, 8, 15));
    }

    #[test]
    fn short_lives_are_renewed_late_and_long_ones_early() {
        assert_eq!(renewal_lead(Duration::from_secs(15)), Duration::from_secs(3));
        assert_eq!(renewal_lead(Duration::from_hours(24)), Duration::from_secs(30));
    }
}
