//! Why something cannot be changed by hand.

use std::fmt;

use thiserror::Error;

use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;
use crate::model::{AiringId, ShowId, StationId};

/// Why something cannot be changed by hand: what it is about is not there, it cannot be done now, or what was asked for
/// makes no sense.
#[derive(Debug, Error)]
pub enum ControlError {
    /// Nobody knows the airing.
    NoAiring(AiringId),
    /// The file has no such station.
    NoStation(StationId),
    /// The file has no such show.
    NoShow(ShowId),
    /// It has ended.
    Over(AiringId),
    /// It has ended, and its recording is being made.
    Finishing(AiringId),
    /// It is being recorded, so it can be neither skipped nor removed.
    Recording(AiringId),
    /// It is not being recorded, so it cannot be stopped.
    NotBegun(AiringId),
    /// It is skipped already, or has to be recorded for what was asked.
    Skipped(AiringId),
    /// There is no skip to take back.
    NotSkipped(AiringId),
    /// It comes from the file, so it cannot be removed.
    OfFile(AiringId),
    /// There is an airing of the same show at that second already.
    Taken(AiringId),
    /// There are too many changes to look through.
    TooMany(usize),
    /// What was asked for makes no sense; the sentence says what to write.
    Wrong(Sentence),
    /// With the list.
    Catalogue(#[from] CatalogueError),
}

impl ControlError {
    /// What to tell a person, without paths and secrets.
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
            Self::TooMany(count) => Sentence::new("problem_too_many").with("count", count),
            Self::Wrong(sentence) => sentence.clone(),
            Self::Catalogue(_) => Sentence::new("problem_catalogue"),
        }
    }
}

impl fmt::Display for ControlError {
    /// For the log: in English, and in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(error) => error.fmt(f),
            refused => refused.sentence().fmt(f),
        }
    }
}
