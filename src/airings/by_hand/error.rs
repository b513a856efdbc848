//! The reasons for which a change by hand is refused.

use std::fmt;

use thiserror::Error;

use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;
use crate::model::{AiringId, ShowId, StationId};
use crate::tape::TapeError;

/// Why a change by hand is refused: its subject does not exist, it is impossible now, or the request makes no sense.
#[derive(Debug, Error)]
pub enum ControlError {
    /// There is no such airing.
    NoAiring(AiringId),
    /// The configuration has no such station.
    NoStation(StationId),
    /// The configuration has no such show.
    NoShow(ShowId),
    /// The airing has ended.
    Over(AiringId),
    /// The airing has ended, and its recording is being made.
    Finishing(AiringId),
    /// The airing is being recorded, so it can be neither skipped nor removed.
    Recording(AiringId),
    /// The airing is not being recorded, so it cannot be stopped.
    NotBegun(AiringId),
    /// The airing is skipped, but the request needs one that is not.
    Skipped(AiringId),
    /// The airing is not skipped, so there is no skip to take back.
    NotSkipped(AiringId),
    /// The airing comes from the configuration, so it cannot be removed.
    OfFile(AiringId),
    /// The show has an airing at that second already.
    Taken(AiringId),
    /// The configuration does not allow stations that are not in it.
    AdHocOff,
    /// A station cannot be asked for like that; the text says what to write.
    Source(String),
    /// A station is at an address of this machine or its network, which the file does not allow; with the reason.
    SourceNear(String),
    /// There are too many stations that are not in the file; this is the most.
    TooManyAdHoc(usize),
    /// There are too many changes by hand; this is the most.
    TooMany(usize),
    /// The request makes no sense; the sentence says what to write.
    Wrong(Sentence),
    /// The tape of the station cannot be read.
    Tape {
        /// The station.
        station: StationId,
        /// Why.
        source: TapeError,
    },
    /// The catalogue cannot be read or written.
    Catalogue(#[from] CatalogueError),
}

impl ControlError {
    /// Returns the message for a person, without paths and secrets.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::NoAiring(airing) => Sentence::new("problem_no_airing").with("airing", airing),
            Self::NoStation(station) => Sentence::new("problem_no_station").with("station", station),
            Self::NoShow(show) => Sentence::new("problem_no_show").with("show", show),
            Self::Over(airing) => Sentence::new("problem_over").with("airing", airing),
            Self::Finishing(airing) => Sentence::new("problem_finishing").with("airing", airing),
            Self::Recording(airing) => Sentence::new("problem_recording").with("airing", airing),
            Self::NotBegun(airing) => Sentence::new("problem_not_begun").with("airing", airing),
            Self::Skipped(airing) => Sentence::new("problem_skipped").with("airing", airing),
            Self::NotSkipped(airing) => Sentence::new("problem_not_skipped").with("airing", airing),
            Self::OfFile(airing) => Sentence::new("problem_of_file").with("airing", airing),
            Self::Taken(airing) => Sentence::new("problem_taken").with("airing", airing),
            Self::AdHocOff => Sentence::new("problem_ad_hoc_off"),
            Self::Source(words) => Sentence::new("problem_source").with("words", words),
            Self::SourceNear(reason) => Sentence::new("problem_source_near").with("reason", reason),
            Self::TooManyAdHoc(count) => Sentence::new("problem_ad_hoc_many").with("count", count),
            Self::TooMany(count) => Sentence::new("problem_too_many").with("count", count),
            Self::Wrong(sentence) => sentence.clone(),
            Self::Tape { station, .. } => Sentence::new("problem_tape").with("station", station),
            Self::Catalogue(_) => Sentence::new("problem_catalogue"),
        }
    }
}

impl fmt::Display for ControlError {
    /// Formats the error for the log: in English, and in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(error) => error.fmt(f),
            Self::Tape { source, .. } => source.fmt(f),
            refused => refused.sentence().fmt(f),
        }
    }
}
