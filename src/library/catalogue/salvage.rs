//! Salvage of a damaged catalogue: the file is renamed, never deleted, and a new one begins with the rows that can be
//! read.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tracing::{error, warn};

use super::error::{CatalogueError, write_error};
use super::{Catalogue, open_writing, rows, schema, version};
use crate::base::blocking::caught;
use crate::language::Sentence;

/// The tables whose content cannot be found out again, each with the columns by which it is ordered.
const TABLES: [(&str, &str); 10] = [
    ("airings", "rowid"),
    ("gaps", "airing DESC, position"),
    ("tracks", "rowid"),
    ("peaks", "rowid"),
    ("amendments", "rowid"),
    ("ad_hoc", "rowid"),
    ("jobs", "rowid"),
    ("transitions", "rowid"),
    ("copies", "rowid"),
    ("marks", "rowid"),
];
/// What is appended, with a number, to the name of a damaged file.
const SET_ASIDE: &str = ".damaged-";
/// The greatest number of damaged files beside a catalogue.
const MOST: u32 = 999;

impl Catalogue {
    /// Opens the catalogue for the service, as [`Catalogue::open`] does, but sets a damaged file aside and copies the
    /// rows that can be read into a new one. The log and [`Catalogue::damage`] say what happened and which rows cannot
    /// be read.
    pub async fn open_or_salvage(path: impl Into<PathBuf>) -> Result<Self, CatalogueError> {
        let path = path.into();
        let work = move || {
            let mut damage = Vec::new();
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
                    damage.push(damaged);
                    connection
                }
                other => other?,
            };
            for error in rows::unreadable(&connection)? {
                let unreadable = Sentence::new("list_row_unreadable").with("reason", error);
                warn!("{unreadable}");
                damage.push(unreadable);
            }
            Ok((connection, damage))
        };
        let (connection, damage) = caught(work).await.ok_or(CatalogueError::Stopping)??;
        Ok(Self { damage: damage.into(), ..Self::of(connection) })
    }

    /// Returns sentences that say what was damaged when the catalogue was opened.
    pub fn damage(&self) -> &[Sentence] {
        &self.damage
    }

    /// Returns the damaged catalogues that were set aside beside `path`.
    pub fn list_set_aside(path: &Path) -> Vec<PathBuf> {
        (1..=MOST).map(|number| aside(path, number)).take_while(|aside| aside.exists()).collect()
    }
}

fn aside(path: &Path, number: u32) -> PathBuf {
    appended(path, &format!("{SET_ASIDE}{number}"))
}

fn appended(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Renames the file and those that SQLite writes beside it. Returns the new name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let free = (1..=MOST).map(|number| aside(path, number)).find(|aside| !aside.exists());
    let aside = free.ok_or(io::ErrorKind::AlreadyExists)?;
    std::fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        match std::fs::rename(appended(path, suffix), appended(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Copies the rows of `damaged`, from both ends of each table up to the first that cannot be read. Returns the number
/// of airings.
fn salvage(damaged: &Path, into: &mut Connection) -> Result<i64, CatalogueError> {
    let transaction = into.transaction().map_err(write_error)?;
    if let Ok(from) = Connection::open_with_flags(damaged, OpenFlags::SQLITE_OPEN_READ_ONLY)
        && version(&from) == schema::NEWEST
    {
        for (table, key) in TABLES {
            for direction in ["ASC", "DESC"] {
                // An error means that the next row cannot be read.
                let _ = copy(&from, &transaction, table, &format!("{key} {direction}"));
            }
        }
    }
    let count = transaction.query_row("SELECT count(*) FROM airings", [], |row| row.get(0)).map_err(write_error)?;
    transaction.commit().map_err(write_error)?;
    Ok(count)
}

/// Copies rows of `table` until one cannot be read. Leaves out rows that the new table refuses.
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
    async fn the_rows_of_a_damaged_file_that_can_be_read_are_copied() {
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
        let catalogue = Catalogue::open_or_salvage(&path).await.unwrap();
        let listed = catalogue.list(&Filter::default()).await.unwrap().len();
        assert!(listed > 200 && catalogue.damage().len() == 1, "{listed}: {:?}", catalogue.damage());

        // A row that cannot be read hides no other.
        let wrong = "UPDATE airings SET timezone = 'Nowhere/At_All' WHERE id = (SELECT max(id) FROM airings)";
        Connection::open(&path).unwrap().execute(wrong, []).unwrap();
        assert_eq!(catalogue.list(&Filter::default()).await.unwrap().len(), listed - 1);
        assert!(Catalogue::open_or_salvage(&path).await.unwrap().damage()[0].to_string().contains("Nowhere/At_All"));
    }
}
