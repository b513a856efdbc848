//! The JSON of what is held of a tape.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::recording::stamp;
use crate::base::zone::Zone;
use crate::tape;

/// A stretch of tape that is kept until it is released: the objects of `hold --json`. Times are RFC 3339, by the clocks of
/// the station.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    /// Its number among those of the station, which is never used again.
    pub id: u32,
    /// The station's id.
    pub station: String,
    /// When the stretch begins.
    #[schema(format = DateTime)]
    pub start: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub end: String,
    /// How many seconds of it are on tape.
    pub on_tape: f64,
    /// Why it is held.
    pub why: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// When it was released; null while it holds.
    #[schema(format = DateTime)]
    pub released: Option<String>,
}

impl Hold {
    /// Returns `hold` of a tape of `station`, of which so much is on tape, by the clocks of `zone`.
    pub fn of(hold: tape::Hold, station: &str, on_tape: Duration, released: Option<DateTime<Utc>>, zone: Zone) -> Self {
        Self {
            id: hold.id,
            station: station.to_owned(),
            start: stamp(hold.span.start, zone),
            end: stamp(hold.span.end, zone),
            on_tape: on_tape.as_secs_f64(),
            why: hold.why,
            since: stamp(hold.since, zone),
            released: released.map(|at| stamp(at, zone)),
        }
    }
}
