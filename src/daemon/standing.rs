//! How things stand, in one line for `systemctl status`.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use crate::airings::Running;
use crate::airings::programme::Programme;
use crate::model::{Planned, Span};

/// So many skipped airings in a row are looked past.
const LOOK_AHEAD: usize = 100;
/// Every day begins at such a quarter of an hour, in whichever time zone.
const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// How things stand, and for how long that is so where nothing changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    line: String,
    holds: Option<Span>,
}

impl Standing {
    /// How things stand at `now`.
    pub(super) fn of(recording: &[Running], programme: &Programme, now: DateTime<Utc>) -> Self {
        let taken = |next: &Planned| recording.iter().any(|current| current.airing.id == next.airing.id);
        let mut coming = programme.ahead(now).take(LOOK_AHEAD + recording.len());
        let next = coming.find(|next| !next.skipped && !taken(next));
        let (next, told_until) = next.map_or_else(
            || ("nothing is planned".to_owned(), DateTime::<Utc>::MAX_UTC),
            |next| describe(&next, programme, now),
        );
        let ends = recording.iter().map(|current| current.airing.cut().end).filter(|end| *end > now);
        let until = ends.fold(told_until, DateTime::min);
        let now_on = recording.iter().map(|current| {
            let until = current.airing.cut().end.with_timezone(&current.airing.timezone);
            let verb = if current.airing.cut().end <= now { "finishing" } else { "recording" };
            format!("{verb} {} until {}", current.station, until.format("%H:%M"))
        });
        let line = now_on.chain([next]).collect::<Vec<_>>().join("; ");
        Self { line, holds: Some(Span::new(now, until)) }
    }

    /// For example `recording KBS 1FM until 16:00; next EBS FM 20:00`. Times are by the clocks of the shows.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Whether it is so at `now` as well, where nothing has changed.
    pub(super) fn holds(&self, now: DateTime<Utc>) -> bool {
        self.holds.is_some_and(|holds| holds.contains(now))
    }
}

/// The next airing in words, and until when they are right.
fn describe(next: &Planned, programme: &Programme, now: DateTime<Utc>) -> (String, DateTime<Utc>) {
    let (airing, config) = (&next.airing, programme.config());
    let start = airing.on_air.start.with_timezone(&airing.timezone);
    let today = start.date_naive() == now.with_timezone(&airing.timezone).date_naive();
    let format = if today { "%H:%M" } else { "%a %d %b %H:%M" };
    let words = format!("next {} {}", config.station_name(&airing.station), start.format(format));
    // Before it is on, only the day can change.
    let quarter = now.duration_trunc(QUARTER).ok().filter(|_| !today).map(|quarter| quarter + QUARTER);
    (words, quarter.map_or(airing.on_air.start, |quarter| quarter.min(airing.on_air.start)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::airings::plan::counting_starts;
    use crate::config::Config;

    fn programme(shows: &str) -> Programme {
        let text = format!("timezone: UTC\nstations:\n  s: {{ name: S, hls: https://h.example/x }}\nshows:\n{shows}");
        Programme::new(Arc::new(Config::parse(&text, Path::new("stations.yaml")).unwrap()), Arc::default())
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}Z").parse().unwrap()
    }

    /// What is said at `now` of an airing that is recorded as `id` says.
    fn said(programme: &Programme, id: Option<&str>, now: &str) -> (String, Option<DateTime<Utc>>) {
        let airing = id.map(|id| programme.get(&crate::model::AiringId::new(id)).unwrap().airing);
        let current = airing.map(|airing| Running {
            airing,
            title: "A".to_owned(),
            station: "S".to_owned(),
            held: None,
            taped: false,
        });
        let standing = Standing::of(current.as_slice(), programme, at(now));
        assert!(standing.holds(at(now)));
        let until = standing.holds.unwrap().end;
        assert!(!standing.holds(until));
        (standing.line, Some(until).filter(|until| *until < DateTime::<Utc>::MAX_UTC))
    }

    #[test]
    fn the_line_is_right_until_something_begins_or_ends_or_the_day_does() {
        let shows = "  - { title: a, station: s, cron: \"0 14 * * *\", length: 1h }\n";
        let daily = programme(shows);
        let told = |line: &str, until: &str| (line.to_owned(), Some(at(until)));
        assert_eq!(said(&daily, None, "20T13:07:09"), told("next S 14:00", "20T14:00:00"));
        let on = Some("a@20261120T1400Z");
        let words = "recording S until 15:00; next S Sat 21 Nov 14:00";
        assert_eq!(said(&daily, on, "20T14:07:09"), told(words, "20T14:15:00"));
        assert_eq!(said(&daily, on, "20T14:50:00"), told(words, "20T15:00:00"));
        let words = "finishing S until 15:00; next S Sat 21 Nov 14:00";
        assert_eq!(said(&daily, on, "20T15:00:00"), told(words, "20T15:15:00"));
        assert_eq!(said(&daily, None, "20T23:59:59"), told("next S Sat 21 Nov 14:00", "21T00:00:00"));
        assert_eq!(said(&daily, None, "21T00:00:00"), told("next S 14:00", "21T14:00:00"));
        assert_eq!(said(&programme("  []\n"), None, "20T14:00:00"), ("nothing is planned".to_owned(), None));
    }

    #[test]
    fn the_next_of_a_thousand_shows_is_found_by_one_start_of_each() {
        let shows: String = (0..1_000)
            .map(|n| format!("  - {{ title: s{n}, station: s, cron: \"{} {} * * *\", length: 5m }}\n", n % 60, n % 24))
            .collect();
        let programme = programme(&shows);
        let (standing, count) = counting_starts(|| Standing::of(&[], &programme, at("20T13:07:09")));
        assert!(count <= 1_001, "{count} starts");
        assert!(standing.line().starts_with("next S 13:"), "{}", standing.line());
    }
}
