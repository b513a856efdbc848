//! What may go, and in which order. Pure.
//!
//! - Tape goes first: what is on it is encoded, or can be no longer. Of each station stays what arrived within its horizon,
//!   and what an airing that is not finished needs.
//! - The bin goes next: a person has said that it may.
//! - Recordings go last, and only those that the `keep` of their show does not keep.
//!
//! When room is short, horizon and time in the bin do not count; what an airing needs and what `keep` keeps stays.

use chrono::{DateTime, TimeDelta, Utc};

use super::retention;
use crate::config::Keep;
use crate::library::catalogue::Recording;
use crate::model::{AiringId, ShowId, StationId};

/// A cut may be anchored by arrivals of this long before it.
const ANCHORED_BY: TimeDelta = TimeDelta::hours(1);

/// What there is of which some may go.
#[derive(Debug)]
pub(super) struct Inventory {
    /// The horizon of tape: how long it is kept after it arrived.
    pub tape_kept: TimeDelta,
    /// How long what is in the bin can be brought back.
    pub bin_kept: TimeDelta,
    /// The tapes that somebody has asked for since the process began.
    pub stations: Vec<StationTape>,
    /// The recordings of shows that have a rule.
    pub shows: Vec<ShowRecordings>,
}

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

/// Why something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its time is over.
    Due,
    /// The room is needed.
    Room,
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

/// What goes of `inventory` at `now`, the least missed first.
pub(super) fn plan(inventory: Inventory, reason: Reason, now: DateTime<Utc>) -> Vec<Step> {
    let Inventory { tape_kept, bin_kept, stations, shows } = inventory;
    let (horizon, binned) = match reason {
        Reason::Due => (now - tape_kept, now - bin_kept),
        Reason::Room => (now, now),
    };
    let tapes = stations.into_iter().map(|StationTape { station, needed }| {
        let needed = needed.map_or(horizon, |instant| instant - ANCHORED_BY);
        Step::Tape { station, before: horizon.min(needed) }
    });
    let recordings = shows.into_iter().map(|ShowRecordings { show, keep, recordings }| {
        let gone = retention::not_kept(&recordings, &keep, now);
        Step::Recordings { show, gone }
    });
    let recordings = recordings.filter(|step| !matches!(step, Step::Recordings { gone, .. } if gone.is_empty()));
    let unused = Step::UnusedTape { before: horizon };
    std::iter::once(unused).chain(tapes).chain([Step::Bin { before: binned }]).chain(recordings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}:00:00Z").parse().unwrap()
    }

    fn inventory() -> Inventory {
        let tape = |station: &str, needed: Option<&str>| StationTape {
            station: StationId::new(station),
            needed: needed.map(at),
        };
        Inventory {
            tape_kept: TimeDelta::hours(24),
            bin_kept: TimeDelta::hours(24),
            stations: vec![tape("idle", None), tape("recording", Some("20T11")), tape("held", Some("18T11"))],
            shows: Vec::new(),
        }
    }

    #[test]
    fn tape_goes_before_the_bin_and_what_an_airing_needs_stays() {
        let step = |station: &str, before: &str| Step::Tape { station: StationId::new(station), before: at(before) };
        assert_eq!(
            plan(inventory(), Reason::Due, at("20T12")),
            [
                Step::UnusedTape { before: at("19T12") },
                step("idle", "19T12"),
                step("recording", "19T12"),
                step("held", "18T10"),
                Step::Bin { before: at("19T12") },
            ]
        );
        assert_eq!(
            plan(inventory(), Reason::Room, at("20T12")),
            [
                Step::UnusedTape { before: at("20T12") },
                step("idle", "20T12"),
                step("recording", "20T10"),
                step("held", "18T10"),
                Step::Bin { before: at("20T12") },
            ]
        );
    }
}
