//! From when a recording of a station may begin that is started now: what its tape has of the last hour, or what it may
//! still offer. Nothing is read from a disk.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use crate::config::Station;
use crate::language::Language;
use crate::model::{Planned, Span};
use crate::web::Site;

/// How long ago a recording may begin, in minutes.
const MINUTES: [i64; 4] = [5, 15, 30, 60];
/// The most shows of a station that are named: more are seldom on the air at the same time.
const MOST_SHOWS: usize = 3;

/// A choice.
#[derive(Debug, Hash, Serialize)]
pub(super) struct Choice {
    /// As the interface reads it: `-5m`, or RFC 3339.
    since: String,
    /// `from 5 minutes ago`.
    said: String,
}

/// Returns the airings of shows that are on the air at `now`, recorded or not.
pub(super) fn on_air(site: &Site, now: DateTime<Utc>) -> Vec<Planned> {
    let programme = site.programme();
    let mut planned = programme.airings(Span::new(now, now + TimeDelta::nanoseconds(1)));
    planned.retain(|Planned { airing, .. }| {
        airing.on_air.contains(now) && programme.config().show(&airing.show).is_some()
    });
    planned
}

/// Returns the choices for `station`, whose shows are among those `on_air`; none if it can only be recorded from now on.
pub(super) fn choices(
    site: &Site,
    on_air: &[Planned],
    station: &Station,
    now: DateTime<Utc>,
    language: &Language,
) -> Vec<Choice> {
    let tape = site.decks.known(&station.id);
    let has = |at: DateTime<Utc>| tape.as_ref().is_some_and(|tape| tape.has_around(at));
    let shows = on_air.iter().filter(|planned| planned.airing.station == station.id);
    let shows = shows.filter(|planned| has(planned.airing.on_air.start)).map(|Planned { airing, title, .. }| {
        let at = airing.on_air.start.with_timezone(&airing.timezone).format("%H:%M").to_string();
        let since = airing.on_air.start.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Choice { since, said: language.say("since_show", &[("title", title), ("at", &at)]) }
    });
    let minutes = MINUTES.into_iter().filter(|minutes| has(now - TimeDelta::minutes(*minutes)));
    let minutes = minutes.map(|minutes| Choice {
        since: format!("-{minutes}m"),
        said: language.say("since_minutes", &[("n", &minutes.to_string())]),
    });
    let choices: Vec<_> = shows.take(MOST_SHOWS).chain(minutes).collect();
    // Its window is read when it begins to be taped.
    let has_window = station.source.kind() == "hls" && site.decks.connecting(&station.id).is_some();
    if choices.is_empty() && has_window {
        let [.., longest] = MINUTES;
        return vec![Choice { since: format!("-{longest}m"), said: language.say("since_offered", &[]) }];
    }
    choices
}
