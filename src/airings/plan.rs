//! The plan: the airings of any stretch of time, computed from the crons of the shows. Pure: it reads no clock and
//! holds no state, so that early padding, missed starts, clock steps, suspend and reloads are all answered in one way.
//!
//! Several answers may contain the same airing; its derived id tells that. Work is bounded: a stretch is at most
//! [`LONGEST_LOOK`] long, and the configuration bounds the length of a show, so a show that starts every minute costs
//! some ten thousand steps at most.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Show;
use crate::model::{Airing, AiringId, Span};

/// The longest stretch that is searched; of a longer one, only its end. What a daemon missed a month ago interests
/// nobody.
pub const LONGEST_LOOK: TimeDelta = TimeDelta::days(31);

/// Returns all airings whose cut (with padding) overlaps `window`, by the start of their cuts. Of a window longer than
/// [`LONGEST_LOOK`], only its end is searched.
pub fn airings(shows: &[Arc<Show>], window: Span) -> Vec<Airing> {
    let window = Span::new(window.start.max(before(window.end, LONGEST_LOOK)), window.end);
    let mut airings: Vec<Airing> = Vec::new();
    for show in shows {
        let reach = reach(show);
        let latest = after(window.end, reach.early);
        // An airing that starts at this instant or earlier has ended when the window begins.
        let from = before(before(window.start, reach.late), reach.length);
        let starts = starts(show, from).take_while(|start| *start < latest);
        airings.extend(starts.filter_map(|start| airing(show, &reach, start)));
    }
    airings.sort_by(|one, other| (one.cut().start, &one.id).cmp(&(other.cut().start, &other.id)));
    airings
}

/// Returns the next `count` airings that go on the air after `now`, by their starts.
pub fn coming(shows: &[Arc<Show>], now: DateTime<Utc>, count: usize) -> Vec<Airing> {
    ahead(shows, now).take(count).collect()
}

/// Returns the airings that go on the air after `now`, by their starts, without end. It computes the next start of each
/// show, and another one only when that is consumed: `count` airings of `n` shows cost `n + count` starts.
pub fn ahead(shows: &[Arc<Show>], now: DateTime<Utc>) -> impl Iterator<Item = Airing> {
    let next = |index: usize, after: DateTime<Utc>| {
        let show = shows.get(index)?;
        let start = starts(show, after).next()?;
        // The id decides the order of airings that start together.
        Some(Reverse((start, AiringId::derive(&show.id, start), index)))
    };
    let mut heap: BinaryHeap<_> = (0..shows.len()).filter_map(|index| next(index, now)).collect();
    let airings = std::iter::from_fn(move || {
        let Reverse((start, _, index)) = heap.pop()?;
        heap.extend(next(index, start));
        let show = shows.get(index)?;
        Some(airing(show, &reach(show), start))
    });
    airings.flatten()
}

/// Returns when the next cut of `show` begins after `instant`.
pub(super) fn next_cut(show: &Show, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let early = reach(show).early;
    Some(before(starts(show, after(instant, early)).next()?, early))
}

/// Returns the airing of `show` that starts at `start`. `None` if its cron has no such start.
pub fn at(show: &Show, start: DateTime<Utc>) -> Option<Airing> {
    // Crons have a resolution of one minute.
    let first = starts(show, before(start, TimeDelta::seconds(1))).next()?;
    if first == start { airing(show, &reach(show), start) } else { None }
}

/// The durations of a show, as the calendar computes with them.
struct Reach {
    early: TimeDelta,
    length: TimeDelta,
    late: TimeDelta,
}

fn reach(show: &Show) -> Reach {
    // The configuration bounds all three by a week.
    let delta = |duration| TimeDelta::from_std(duration).unwrap_or(LONGEST_LOOK).min(LONGEST_LOOK);
    Reach { early: delta(show.early), length: delta(show.length), late: delta(show.late) }
}

/// Returns the starts of `show` strictly after `from`, in order.
fn starts(show: &Show, from: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    // Not `successors`: that computes one more start than it is asked for.
    let mut last = Some(from);
    std::iter::from_fn(move || {
        last = next_start(show, last?);
        last
    })
}

fn next_start(show: &Show, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    #[cfg(test)]
    COMPUTED.set(COMPUTED.get() + 1);
    show.cron.next_after(after, show.timezone)
}

#[cfg(test)]
thread_local! {
    /// Counts the starts that this thread has computed.
    static COMPUTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Returns what `work` returns, and how many starts it computed.
#[cfg(test)]
pub(crate) fn counting_starts<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = COMPUTED.get();
    let done = work();
    (done, COMPUTED.get() - before)
}

fn airing(show: &Show, reach: &Reach, start: DateTime<Utc>) -> Option<Airing> {
    Some(Airing {
        id: AiringId::derive(&show.id, start),
        show: show.id.clone(),
        station: show.station.clone(),
        on_air: Span::new(start, start.checked_add_signed(reach.length)?),
        early: reach.early,
        late: reach.late,
        timezone: show.timezone,
    })
}

fn before(instant: DateTime<Utc>, delta: TimeDelta) -> DateTime<Utc> {
    instant.checked_sub_signed(delta).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

pub(super) fn after(instant: DateTime<Utc>, delta: TimeDelta) -> DateTime<Utc> {
    instant.checked_add_signed(delta).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::clock::SystemClock;
    use crate::config::Config;

    fn shows(shows: &str) -> Vec<Arc<Show>> {
        let text = format!("timezone: UTC\nstations:\n  s: {{ hls: https://h.example/x }}\nshows:\n{shows}");
        Config::parse(&text, Path::new("stations.yaml")).unwrap().shows.to_vec()
    }

    fn show(id: &str, cron: &str, more: &str) -> String {
        format!("  - {{ title: {id}, station: s, cron: \"{cron}\", {more} }}\n")
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-20T{text}Z").parse().unwrap()
    }

    fn ids(airings: &[Airing]) -> Vec<&str> {
        airings.iter().map(|airing| airing.id.as_str()).collect()
    }

    #[test]
    fn a_window_finds_every_cut_that_touches_it_and_no_other() {
        let shows = shows(
            &(show("a", "0 14 * * *", "length: 1h, early: 30s, late: 1m")
                + &show("b", "0 15 * * *", "length: 1h, early: 30s")),
        );
        let find = |from: &str, to: &str| {
            let airings = airings(&shows, Span::new(at(from), at(to)));
            airings.iter().map(|airing| airing.show.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(find("13:00:00", "13:59:30"), Vec::<String>::new());
        assert_eq!(find("13:00:00", "13:59:31"), ["a"]);
        // `a` runs on until 15:01:00, and `b` began at 14:59:30.
        assert_eq!(find("15:00:59", "15:01:10"), ["a", "b"]);
        assert_eq!(find("15:01:00", "15:01:10"), ["b"]);
        assert_eq!(find("16:00:00", "17:00:00"), Vec::<String>::new());
        let night = airings(&shows, Span::new(at("00:00:00"), at("23:59:59")));
        assert_eq!(ids(&night), ["a@20261120T1400Z", "b@20261120T1500Z"]);
        assert_eq!(night[0].cut(), Span::new(at("13:59:30"), at("15:01:00")));
    }

    #[test]
    fn coming_airings_are_sorted_across_shows() {
        let shows = shows(&(show("a", "0 14 * * *", "length: 1h") + &show("b", "0 */6 * * *", "length: 1h")));
        let ids = coming(&shows, at("12:00:00"), 4);
        let ids: Vec<&str> = ids.iter().map(|airing| airing.id.as_str()).collect();
        assert_eq!(ids, ["a@20261120T1400Z", "b@20261120T1800Z", "b@20261121T0000Z", "b@20261121T0600Z"]);
        assert!(coming(&shows, at("12:00:00"), 0).is_empty());
    }

    #[test]
    fn a_show_keeps_its_hour_and_its_ids_through_the_change_of_the_clocks() {
        let shows = shows(
            "  - { title: p, station: s, cron: \"0 9 * * *\", length: 1h, timezone: Europe/Paris }\n\
             \x20 - { title: n, station: s, cron: \"30 2 * * *\", length: 1h, timezone: America/New_York }\n\
             \x20 - { title: h, station: s, cron: \"*/30 2 * * *\", length: 10m, timezone: Australia/Lord_Howe }\n",
        );
        let of = |title: &str, from: &str, to: &str| {
            let window = Span::new(from.parse().unwrap(), to.parse().unwrap());
            let mut airings = airings(&shows, window);
            airings.retain(|airing| airing.show.as_str() == title);
            airings.iter().map(|airing| airing.id.to_string()).collect::<Vec<_>>()
        };
        // 09:00 in Paris is 08:00 UTC in winter and 07:00 in summer.
        assert_eq!(of("p", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z"), ["p@20260328T0800Z", "p@20260329T0700Z"]);
        assert_eq!(of("p", "2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z"), ["p@20261024T0700Z", "p@20261025T0800Z"]);
        // 02:30 does not exist in New York on 8 March: 03:00 EDT is 07:00 UTC.
        assert_eq!(of("n", "2026-03-08T00:00:00Z", "2026-03-09T12:00:00Z"), ["n@20260308T0700Z", "n@20260309T0630Z"]);
        // Half an hour is skipped in Lord Howe on 4 October, so only 02:30 is left of that hour.
        assert_eq!(of("h", "2026-10-03T00:00:00Z", "2026-10-04T14:00:00Z"), ["h@20261003T1530Z"]);
        // And in April 01:30 to 02:00 comes twice, the hour of two o'clock once.
        assert_eq!(of("h", "2026-04-04T12:00:00Z", "2026-04-05T00:00:00Z"), ["h@20260404T1530Z", "h@20260404T1600Z"]);
    }

    #[test]
    fn an_airing_slept_through_is_in_the_window_of_the_sleep() {
        let shows = shows(&show("a", "0 * * * *", "length: 10m"));
        let slept = Span::new(at("11:05:00"), at("13:30:00"));
        assert_eq!(ids(&airings(&shows, slept)), ["a@20261120T1100Z", "a@20261120T1200Z", "a@20261120T1300Z"]);
    }

    #[test]
    fn work_is_bounded_for_the_densest_schedule_and_the_longest_sleep() {
        let shows = shows(&show("a", "* * * * *", "length: 1d"));
        let clock = SystemClock::shared();
        assert_eq!(airings(&shows, Span::new(at("12:00:30"), at("12:00:40"))).len(), 24 * 60);
        let years = Span::new("1990-01-01T00:00:00Z".parse().unwrap(), at("12:00:00"));
        let found = airings(&shows, years);
        assert_eq!(found.len(), 32 * 24 * 60 - 1);
        assert_eq!(coming(&shows, at("12:00:00"), 10).len(), 10);
        assert!(clock.monotonic().as_secs() < 20, "took {:?}", clock.monotonic());
        let ends = Span::new(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        assert!(airings(&shows, ends).is_empty());
    }
}
