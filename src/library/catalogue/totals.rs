//! Totals over all finished airings, also those whose recordings are deleted; and the files on the list, for totals
//! over those that exist.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::Connection;

use super::Catalogue;
use super::error::{CatalogueError, read_error};
use crate::model::CauseKind;

/// Totals over all finished airings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    /// The number of airings by the word of their verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// The sound in the recordings, in seconds.
    pub seconds: f64,
    /// What is missing from them, in seconds, by the kind of the cause.
    pub missing: BTreeMap<CauseKind, f64>,
    /// The dead air in them, in seconds.
    pub dead_air: f64,
}

impl Catalogue {
    /// Returns the totals.
    pub async fn totals(&self) -> Result<Totals, CatalogueError> {
        self.run(|connection| totals(connection).map_err(read_error)).await
    }

    /// Returns the files of all recordings on the list, relative to the output folder, with the seconds of sound in
    /// each.
    pub async fn files(&self) -> Result<Vec<(PathBuf, f64)>, CatalogueError> {
        self.run(|connection| files(connection).map_err(read_error)).await
    }
}

fn files(connection: &Connection) -> rusqlite::Result<Vec<(PathBuf, f64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT file, seconds FROM airings WHERE file IS NOT NULL AND binned IS NULL AND finished_at IS NOT NULL",
    )?;
    let files = statement.query_map([], |row| Ok((PathBuf::from(row.get::<_, String>(0)?), row.get(1)?)))?;
    files.collect()
}

fn totals(connection: &Connection) -> rusqlite::Result<Totals> {
    let mut totals = Totals::default();
    let mut statement = connection.prepare_cached(
        "SELECT verdict, count(*), sum(seconds) FROM airings WHERE finished_at IS NOT NULL GROUP BY verdict",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(1)?;
        totals.verdicts.insert(row.get(0)?, count.unsigned_abs());
        totals.seconds += row.get::<_, f64>(2)?;
    }
    let mut statement = connection.prepare_cached(
        "SELECT kind, cause_kind, sum(gaps.seconds) FROM gaps JOIN airings ON airings.id = airing \
         WHERE finished_at IS NOT NULL GROUP BY kind, cause_kind",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, cause, seconds) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, f64>(2)?);
        let sum = match kind.as_str() {
            "missing" => totals.missing.entry(CauseKind::by_name(&cause).unwrap_or_default()).or_default(),
            _ => &mut totals.dead_air,
        };
        *sum += seconds;
    }
    Ok(totals)
}
