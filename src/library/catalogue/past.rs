//! How the stations have done, from what became of their airings; also of those whose recordings are deleted by now.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::error::CatalogueError;
use super::{Catalogue, rows};
use crate::model::{AiringId, Gap, StationId};

/// How a station has done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// Until when there is sound in the newest recording that has any.
    pub sound: Option<DateTime<Utc>>,
    /// The newest recording with every second, and when it ended.
    pub complete: Option<(AiringId, DateTime<Utc>)>,
    /// The newest of what is missing through no fault of ours, and the airing it is missing from.
    pub failure: Option<(AiringId, Gap)>,
}

impl Catalogue {
    /// How each of `stations` has done.
    pub async fn past(&self, stations: Vec<StationId>) -> Result<Vec<Past>, CatalogueError> {
        self.run(move |connection| stations.iter().map(|station| past(connection, station)).collect()).await
    }
}

fn past(connection: &Connection, station: &StationId) -> Result<Past, CatalogueError> {
    let newest = |condition: &str| {
        let condition =
            format!("station = ?1 AND finished_at IS NOT NULL AND {condition} ORDER BY on_air_start DESC, id LIMIT 1");
        let found = rows::select(connection, &condition, &[Value::Text(station.as_str().to_owned())])?;
        Ok::<_, CatalogueError>(found.into_iter().next().map(rows::Entry::into_recording))
    };
    let heard = newest("seconds > 0")?.map(|recording| {
        let end = recording.cut.end;
        let last = recording.gaps.last().filter(|gap| gap.start + gap.length + TimeDelta::seconds(1) > end);
        last.map_or(end, |gap| gap.start)
    });
    let complete = newest("verdict = 'complete'")?.map(|recording| (recording.id, recording.cut.end));
    Ok(Past { sound: heard, complete, failure: failure(connection, station)? })
}

fn failure(connection: &Connection, station: &StationId) -> Result<Option<(AiringId, Gap)>, CatalogueError> {
    let read = |source| CatalogueError::Sqlite { doing: "read", source };
    // That we were not there is no failure of the station, and every such cause begins with who it was.
    let found = connection
        .query_row(
            "SELECT airing FROM gaps JOIN airings ON airings.id = airing WHERE station = ?1 AND finished_at IS NOT NULL \
             AND kind = 'missing' AND cause NOT LIKE 'aircheck %' ORDER BY start DESC LIMIT 1",
            [station.as_str()],
            |row| row.get::<_, String>(0),
        )
        .optional()
        .map_err(read)?;
    let Some(id) = found else { return Ok(None) };
    let rows = rows::select(connection, rows::BY_ID, &[Value::Text(id)])?;
    let recording = rows.into_iter().next().map(rows::Entry::into_recording);
    Ok(recording.and_then(|it| {
        let theirs = it.gaps.into_iter().rev().find(|gap| !gap.cause.starts_with("aircheck "));
        theirs.map(|gap| (it.id, gap))
    }))
}
