//! What may go. Pure.
//!
//! - Tape goes first: what is on it is encoded, or can be no longer. Of each station stays what arrived within the horizon,
//!   and what an airing that is not finished needs.
//! - The bin goes next: a person has said that it may.
//! - Recordings go last, and only those that the `keep` of their show does not keep. They are read only then: where room is
//!   short, tape does not wait for an output folder that may be away.
//!
//! When room is short, the horizon is now, and time in the bin does not count; what an airing needs and what `keep` keeps
//! stays.

use chrono::{DateTime, TimeDelta, Utc};

use super::retention;
use crate::config::Keep;
use crate::library::catalogue::Recording;
use crate::model::{AiringId, ShowId, StationId};

/// A cut may be anchored by arrivals of this long before it.
const ANCHORED_BY: TimeDelta = TimeDelta::hours(1);

/// The tape of a station.
#[derive(Debug)]
pub(super) struct StationTape {
    /// The station.
    pub station: StationId,
    /// The earliest instant of it that an airing still needs.
    pub needed: Option<DateTime<Utc>>,
}

/// The recordings of a show.
#[derive(Debug)]
pub(super) struct ShowRecordings {
    /// The show.
    pub show: ShowId,
    /// Its rule.
    pub keep: Keep,
    /// Its recordings, with a file only if that is there.
    pub recordings: Vec<Recording>,
}

/// What goes.
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
    /// What is in the bin since an instant or longer.
    Bin {
        /// The instant.
        before: DateTime<Utc>,
    },
    /// Recordings.
    Recordings {
        /// Of this show.
        show: ShowId,
        /// These.
        gone: Vec<AiringId>,
    },
}

/// What goes of the tapes of `stations`, if the horizon is at `horizon`.
pub(super) fn tape(stations: Vec<StationTape>, horizon: DateTime<Utc>) -> Vec<Step> {
    let tapes = stations.into_iter().map(|StationTape { station, needed }| {
        let needed = needed.map_or(horizon, |instant| instant - ANCHORED_BY);
        Step::Tape { station, before: horizon.min(needed) }
    });
    std::iter::once(Step::UnusedTape { before: horizon }).chain(tapes).collect()
}

/// What goes of the recordings of a show at `now`. `None` if nothing does.
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
    fn of_tape_stays_what_is_within_the_horizon_and_what_an_airing_needs() {
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
            "room is needed"
        );
    }
}
