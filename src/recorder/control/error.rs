//! Why something cannot be changed by hand.

use thiserror::Error;

use crate::library::catalogue::CatalogueError;
use crate::model::{AiringId, ShowId, StationId};

/// Why something cannot be changed by hand: what it is about is not there, it cannot be done now, or what was asked for
/// makes no sense.
#[derive(Debug, Error)]
pub enum ControlError {
    /// Nobody knows the airing.
    #[error("there is no airing {0}")]
    NoAiring(AiringId),
    /// The file has no such station.
    #[error("there is no station {0}")]
    NoStation(StationId),
    /// The file has no such show.
    #[error("there is no show {0}")]
    NoShow(ShowId),
    /// It has ended.
    #[error("{0} is over")]
    Over(AiringId),
    /// It has ended, and its recording is being made.
    #[error("{0} has ended and is being finished")]
    Finishing(AiringId),
    /// It is being recorded, so it can be neither skipped nor removed.
    #[error("{0} is being recorded; stop it, and what has been heard until then is kept")]
    Recording(AiringId),
    /// It is not being recorded, so it cannot be stopped.
    #[error("{0} has not begun; skip it, and it is not recorded")]
    NotBegun(AiringId),
    /// It is skipped already, or has to be recorded for what was asked.
    #[error("{0} is skipped; take that back first")]
    Skipped(AiringId),
    /// There is no skip to take back.
    #[error("{0} is not skipped")]
    NotSkipped(AiringId),
    /// It comes from the file, so it cannot be removed.
    #[error("{0} is not a one-time airing; skip it instead")]
    OfFile(AiringId),
    /// There is an airing of the same show at that second already.
    #[error("there is an airing {0} already; give this one another title or start")]
    Taken(AiringId),
    /// There are too many changes to look through.
    #[error("{0} airings are added or changed by hand already; remove some, or wait until some are over")]
    TooMany(usize),
    /// What was asked for makes no sense; the sentence says what to write.
    #[error("{0}")]
    Wrong(String),
    /// With the list.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}
