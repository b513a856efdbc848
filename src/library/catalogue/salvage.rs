//! What becomes of a damaged catalogue: it is set aside, never deleted, and a new one begins with what can be read of it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tracing::{error, warn};

use super::error::CatalogueError;
use super::{Catalogue, open_writing, rows, schema, version, written};
use crate::language::Sentence;

/// The tables, but for what can be found out again, each with the columns along which it can be walked.
const TABLES: [(&str, &str); 4] =
    [("airings", "rowid"), ("gaps", "airing DESC, position"), ("peaks", "rowid"), ("amendments", "rowid")];
/// What the name of one that was set aside has behind its own.
const SET_ASIDE: &str = ".damaged-";
/// So many are kept apart.
const MOST: u32 = 999;

impl Catalogue {
    /// As [`Catalogue::open`], for the service: a damaged file is set aside, with what can be read of it in the new one.
    /// What happened, and which rows cannot be read, is told in the log and by [`Catalogue::troubles`].
    pub async fn open_or_begin(path: impl Into<PathBuf>) -> Result<Self, CatalogueError> {
        let path = path.into();
        let work = move || {
            let mut troubles = Vec::new();
            let connection = match open_writing(&path) {
                Err(CatalogueError::Damaged { reason, .. }) => {
                    let aside = set_aside(&path).map_err(|error| CatalogueError::Unopenable {
                        path: path.clone(),
                        reason: format!("it is damaged and cannot be set aside: {error}"),
                    })?;
                    let mut connection = open_writing(&path)?;
                    let count = salvage(&aside, &mut connection)?;
                    let damaged = Sentence::new("list_set_aside").with("reason", reason);
                    let damaged = damaged.with("aside", aside.display()).with("count", count);
                    error!("{damaged}");
                    troubles.push(damaged);
                    connection
                }
                other => other?,
            };
            for error in rows::unreadable(&connection)? {
                let unreadable = Sentence::new("list_row_unreadable").with("reason", error);
                warn!("{unreadable}");
                troubles.push(unreadable);
            }
            Ok((connection, troubles))
        };
        let (connection, troubles) =
            tokio::task::spawn_blocking(work).await.map_err(|_| CatalogueError::Stopping)??;
        Ok(Self { troubles: troubles.into(), ..Self::of(connection) })
    }

    /// What was wrong with it when it was opened, in sentences.
    pub fn troubles(&self) -> &[Sentence] {
        &self.troubles
    }

    /// The damaged ones that were set aside beside `path`.
    pub fn set_aside(path: &Path) -> Vec<PathBuf> {
        (1..=MOST).map(|number| aside(path, number)).take_while(|aside| aside.exists()).collect()
    }
}

fn aside(path: &Path, number: u32) -> PathBuf {
    with(path, &format!("{SET_ASIDE}{number}"))
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Gives the file, and those that SQLite keeps beside it, another name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let free = (1..=MOST).map(|number| aside(path, number)).find(|aside| !aside.exists());
    let aside = free.ok_or(io::ErrorKind::AlreadyExists)?;
    std::fs::rename(path, &aside)?;
    for end in ["-wal", "-shm"] {
        match std::fs::rename(with(path, end), with(&aside, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Copies what can be read of `damaged`, from both ends of each table up to what cannot; the number of airings.
fn salvage(damaged: &Path, into: &mut Connection) -> Result<i64, CatalogueError> {
    let transaction = into.transaction().map_err(written)?;
    if let Ok(from) = Connection::open_with_flags(damaged, OpenFlags::SQLITE_OPEN_READ_ONLY)
        && version(&from) == schema::NEWEST
    {
        for (table, key) in TABLES {
            for way in ["ASC", "DESC"] {
                // A row that is wrong in itself is left out, too.
                let _ = copy(&from, &transaction, table, &format!("{key} {way}"));
            }
        }
    }
    let count = transaction.query_row("SELECT count(*) FROM airings", [], |row| row.get(0)).map_err(written)?;
    transaction.commit().map_err(written)?;
    Ok(count)
}

/// Copies rows of `table` until one cannot be read.
fn copy(from: &Connection, into: &Connection, table: &str, order: &str) -> rusqlite::Result<()> {
    let columns: Vec<String> = into
        .prepare("SELECT name FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let (names, marks) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
    let mut insert = into.prepare(&format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"))?;
    let mut select = from.prepare(&format!("SELECT {names} FROM {table} ORDER BY {order}"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values: Vec<Value> = (0..columns.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?;
        let _ = insert.execute(params_from_iter(values));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::Filter;
    use super::super::tests::{airing, at, partial};
    use super::*;
    use crate::model::Outcome;
    use crate::model::Verdict;

    #[tokio::test]
    async fn of_a_damaged_file_what_can_be_read_is_read_and_a_row_that_cannot_be_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&path).await.unwrap();
        for number in 0..400 {
            let start = at("2026-11-20T05:00:00Z") + TimeDelta::hours(number);
            let airing = airing("x", &start.to_rfc3339());
            catalogue.claim(&airing, "x", start).await.unwrap();
            let gaps = partial().gaps;
            let nothing = Outcome { verdict: Verdict::Failed, file: None, bytes: None, gaps, ..partial() };
            catalogue.finish(&airing.id, &nothing).await.unwrap();
        }
        drop(catalogue);
        Connection::open(&path).unwrap().pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xAA);
        std::fs::write(&path, bytes).unwrap();
        let catalogue = Catalogue::open_or_begin(&path).await.unwrap();
        let listed = catalogue.list(&Filter::default()).await.unwrap().len();
        assert!(listed > 200 && catalogue.troubles().len() == 1, "{listed}: {:?}", catalogue.troubles());

        let wrong = "UPDATE airings SET timezone = 'Nowhere/At_All' WHERE id = (SELECT max(id) FROM airings)";
        Connection::open(&path).unwrap().execute(wrong, []).unwrap();
        assert_eq!(catalogue.list(&Filter::default()).await.unwrap().len(), listed - 1);
        assert!(Catalogue::open_or_begin(&path).await.unwrap().troubles()[0].to_string().contains("Nowhere/At_All"));
    }
}
