//! The plan of what may be deleted. Pure.
//!
//! - Tape is deleted first: it is encoded already, or can no longer be. Of each station, the tape stays that arrived
//!   within the horizon, and the tape that an unfinished airing needs.
//! - The bin is emptied next: a person has deleted what is in it.
//! - Recordings are deleted last, and only those that the `keep` of their show does not keep. They are read only then:
//!   if space is short, tape does not wait for an output folder that may be away.
//!
//! If space is short, the horizon is now, and time in the bin does not count. What an airing needs and what `keep`
//! keeps stays.

use chrono::{DateTime, TimeDelta, Utc};

use super::retention;
use crate::config::Keep;
use crate::library::catalogue::Recording;
use crate::model::{AiringId, ShowId, StationId};

/// How long before a cut the arrivals may be that anchor it.
const ANCHORED_BY: TimeDelta = TimeDelta::hours(1);

/// What an airing still needs of the tape of a station.
#[derive(Debug)]
pub(super) struct StationTape {
    /// The station.
    pub station: StationId,
    /// The earliest instant that an airing still needs.
    pub needed: Option<DateTime<Utc>>,
}

/// The recordings of a show with its rule.
#[derive(Debug)]
pub(super) struct ShowRecordings {
    /// The show.
    pub show: ShowId,
    /// The rule of the show.
    pub keep: Keep,
    /// The recordings; `file` is set only if the file exists.
    pub recordings: Vec<Recording>,
}

/// One step of the plan: what is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The tape of a station that arrived before an instant.
    Tape {
        /// The station.
        station: StationId,
        /// The instant.
        before: DateTime<Utc>,
    },
    /// The tape that arrived before an instant of stations that nobody has asked for since the process began.
    UnusedTape {
        /// The instant.
        before: DateTime<Utc>,
    },
    /// What was put into the bin at an instant or before.
    Bin {
        /// The instant.
        before: DateTime<Utc>,
    },
    /// Recordings of a show.
    Recordings {
        /// The show.
        show: ShowId,
        /// The recordings.
        gone: Vec<AiringId>,
    },
}

/// Returns what is deleted of the tapes of `stations` with the horizon at `horizon`.
pub(super) fn tape(stations: Vec<StationTape>, horizon: DateTime<Utc>) -> Vec<Step> {
    let tapes = stations.into_iter().map(|StationTape { station, needed }| {
        let needed = needed.map_or(horizon, |instant| instant - ANCHORED_BY);
        Step::Tape { station, before: horizon.min(needed) }
    });
    std::iter::once(Step::UnusedTape { before: horizon }).chain(tapes).collect()
}

/// Returns what is deleted of the recordings of a show at `now`. `None` if nothing is.
pub(super) fn recordings(of: ShowRecordings, now: DateTime<Utc>) -> Option<Step> {
    let ShowRecordings { show, keep, recordings } = of;
    let gone = retention::not_kept(&recordings, &keep, now);
    (!gone.is_empty()).then_some(Step::Recordings { show, gone })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}:00:00Z").parse().unwrap()
    }

    #[test]
    fn tape_within_the_horizon_and_tape_that_an_airing_needs_stay() {
        let tape_of = |station: &str, needed: Option<&str>| StationTape {
            station: StationId::new(station),
            needed: needed.map(at),
        };
        let stations =
            || vec![tape_of("idle", None), tape_of("recording", Some("20T11")), tape_of("held", Some("18T11"))];
        let step = |station: &str, before: &str| Step::Tape { station: StationId::new(station), before: at(before) };
        assert_eq!(
            tape(stations(), at("19T12")),
            [
                Step::UnusedTape { before: at("19T12") },
                step("idle", "19T12"),
                step("recording", "19T12"),
                step("held", "18T10"),
            ]
        );
        assert_eq!(
            tape(stations(), at("20T12")),
            [
                Step::UnusedTape { before: at("20T12") },
                step("idle", "20T12"),
                step("recording", "20T10"),
                step("held", "18T10"),
            ],
            "space is short"
        );
    }
}
