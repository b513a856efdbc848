//! Sums over all airings that were ever finished, also those whose recordings are deleted by now; and which files the list
//! has, for sums over what is there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::Connection;

use super::Catalogue;
use super::error::CatalogueError;
use crate::model::CauseKind;

/// The sums.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    /// Airings by the word of their verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Seconds of sound in the recordings.
    pub seconds: f64,
    /// Seconds that are missing from them, by the kinds of their causes.
    pub missing: BTreeMap<CauseKind, f64>,
    /// Seconds in them in which nothing can be heard.
    pub dead_air: f64,
}

impl Catalogue {
    /// The sums.
    pub async fn totals(&self) -> Result<Totals, CatalogueError> {
        self.run(|connection| sums(connection).map_err(|source| CatalogueError::Sqlite { doing: "read", source })).await
    }

    /// The files of all recordings on the list, relative to the output folder, and the seconds of sound in each.
    pub async fn files(&self) -> Result<Vec<(PathBuf, f64)>, CatalogueError> {
        self.run(|connection| files(connection).map_err(|source| CatalogueError::Sqlite { doing: "read", source }))
            .await
    }
}

fn files(connection: &Connection) -> rusqlite::Result<Vec<(PathBuf, f64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT file, seconds FROM airings WHERE file IS NOT NULL AND binned IS NULL AND finished_at IS NOT NULL",
    )?;
    let files = statement.query_map([], |row| Ok((PathBuf::from(row.get::<_, String>(0)?), row.get(1)?)))?;
    files.collect()
}

fn sums(connection: &Connection) -> rusqlite::Result<Totals> {
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
            "missing" => totals.missing.entry(CauseKind::named(&cause).unwrap_or_default()).or_default(),
            _ => &mut totals.dead_air,
        };
        *sum += seconds;
    }
    Ok(totals)
}
