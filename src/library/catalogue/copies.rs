//! Copies of recordings in an object store: what is still to be copied, what of it the store has already, and what is
//! only there.
//!
//! A copy is queued in the transaction that finishes its recording, if the configuration of the service says that such
//! recordings are copied. What it says is kept in the catalogue, so that a command beside the service queues copies as well.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Params, Row, params};

use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use super::transitions::{self, copy_job_of};
use super::{Catalogue, names};
use crate::config::Config;
use crate::events::Topic;
use crate::model::{AiringId, JobState, Transition};

const COLUMNS: &str = "SELECT number, airing, file, state, queued_at, tries, trouble, place, name, bytes, sha256, upload, \
                       part_bytes, done_at, let_go_at IS NOT NULL FROM copies";

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyState {
    /// It is still to be made.
    Queued,
    /// The store has it, and said that it has the same bytes.
    Done,
    /// There was nothing to copy any more.
    Dropped,
}

impl CopyState {
    /// Returns its word in the table, and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }
}

/// A copy of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyEntry {
    /// Its number.
    pub number: i64,
    /// The recording.
    pub airing: AiringId,
    /// Its file when the copy was queued, relative to the output folder.
    pub file: PathBuf,
    /// How far it is.
    pub state: CopyState,
    /// Since when it is to be made.
    pub queued_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try failed.
    pub trouble: Option<String>,
    /// The address of the store with the bucket. `None` if it was not tried yet.
    pub place: Option<String>,
    /// The name in the store.
    pub name: Option<String>,
    /// The size and the SHA-256 of what is copied, the latter in hexadecimal digits.
    pub bytes: Option<u64>,
    /// See `bytes`.
    pub sha256: Option<String>,
    /// The upload in parts that is open in the store, and the size of its parts.
    pub upload: Option<String>,
    /// See `upload`.
    pub part_bytes: Option<u64>,
    /// When the store had it.
    pub done_at: Option<DateTime<Utc>>,
    /// Whether the file of the output folder was deleted because the store has it.
    pub let_go: bool,
}

/// A part of an upload that the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1 on.
    pub number: u32,
    /// What the store calls it.
    pub etag: String,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What is to be copied after the configuration was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planned {
    /// How many recordings were queued.
    pub queued: usize,
    /// How many recordings only another store has, which is not named any more.
    pub elsewhere: u64,
}

/// The newest copies of recordings that another store than `?2` has.
const ELSEWHERE: &str = "copies.state = 'done' AND copies.place IS NOT ?2 AND \
                         copies.number = (SELECT max(number) FROM copies AS newer WHERE newer.airing = copies.airing)";

/// How many copies there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyTotals {
    /// Those still to be made.
    pub queued: u64,
    /// Those that the store has.
    pub done: u64,
    /// Since when the oldest of the first waits.
    pub waiting_since: Option<DateTime<Utc>>,
}

impl Catalogue {
    /// Writes down of which `kinds` (`recordings`, `clips`) recordings are copied from now on, and queues those on the list
    /// that were never queued, and those that only another store than `place` has while their file is there as well.
    pub async fn copy_kinds(
        &self,
        kinds: Vec<&'static str>,
        place: Option<String>,
        at: DateTime<Utc>,
    ) -> Result<Planned, CatalogueError> {
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            transaction.execute("DELETE FROM copied_kinds", []).map_err(write_error)?;
            for kind in kinds {
                transaction.execute("INSERT OR IGNORE INTO copied_kinds VALUES (?1)", [kind]).map_err(write_error)?;
            }
            let missing = "INSERT INTO copies (airing, file, queued_at) SELECT id, file, ?1 FROM airings \
                           WHERE file IS NOT NULL AND finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL \
                           AND CASE show WHEN ?2 THEN 'clips' ELSE 'recordings' END IN (SELECT kind FROM copied_kinds) \
                           AND id NOT IN (SELECT airing FROM copies) ORDER BY on_air_start RETURNING airing";
            let clips = Config::clips();
            let mut queued = ids(&transaction, missing, params![instant_text(at), clips.as_str()]).map_err(write_error)?;
            let mut elsewhere = 0;
            if let Some(place) = place {
                let moved = format!("INSERT INTO copies (airing, file, queued_at) SELECT airings.id, airings.file, ?1 FROM copies \
                             JOIN airings ON airings.id = copies.airing WHERE {ELSEWHERE} AND let_go_at IS NULL AND \
                             airings.file IS NOT NULL AND finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL \
                             AND CASE show WHEN ?3 THEN 'clips' ELSE 'recordings' END IN (SELECT kind FROM copied_kinds) \
                             ORDER BY copies.number RETURNING airing");
                let values = params![instant_text(at), place, clips.as_str()];
                queued.extend(ids(&transaction, &moved, values).map_err(write_error)?);
                let only = format!("SELECT count(*) FROM copies JOIN airings ON airings.id = copies.airing \
                            WHERE {ELSEWHERE} AND let_go_at IS NOT NULL AND deleted_at IS NULL AND ?1 IS NOT NULL");
                let count = transaction.query_row(&only, params![instant_text(at), place], |row| row.get::<_, i64>(0));
                elsewhere = count.map_err(write_error)?.unsigned_abs();
            }
            // A process that died has left them so.
            let left = "SELECT jobs.id FROM jobs WHERE kind = 'copy' AND jobs.state = 'copying'";
            let left = ids(&transaction, left, []).map_err(write_error)?;
            for id in queued.iter().chain(&left) {
                let transition = Transition::new(copy_job_of(id), JobState::Queued, at);
                transitions::write(&transaction, &transition).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(Planned { queued: queued.len(), elsewhere })
        })
        .await
    }

    /// Returns the copy that is to be made next at `now`. `None` if there is none, or if each was tried a short while ago.
    pub async fn next_copy(&self, now: DateTime<Utc>) -> Result<Option<CopyEntry>, CatalogueError> {
        self.run(move |connection| {
            let due = "state = 'queued' AND (next_try IS NULL OR next_try <= ?1) ORDER BY next_try, number LIMIT 1";
            Ok(select(connection, due, [instant_text(now)])?.pop())
        })
        .await
    }

    /// Writes down where a copy goes, and what it is a copy of: all of `named` but what only the copier changes.
    pub async fn name_copy(&self, named: &CopyEntry) -> Result<(), CatalogueError> {
        let CopyEntry { number, file, place, name, bytes, sha256, .. } = named.clone();
        let (file, bytes) = (file.to_string_lossy().into_owned(), bytes.and_then(|bytes| i64::try_from(bytes).ok()));
        let name_it = "UPDATE copies SET file = ?2, place = ?3, name = ?4, bytes = ?5, sha256 = ?6 WHERE number = ?1";
        self.write_copy(name_it, move || (number, file, place, name, bytes, sha256)).await
    }

    /// Writes down that an upload in parts is open for a copy; `None` that there is none any more, nor any part.
    pub async fn set_upload(&self, number: i64, upload: Option<(String, u64)>) -> Result<(), CatalogueError> {
        let (upload, part) = upload.unzip();
        let part = part.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        self.change(&[], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let set = "UPDATE copies SET upload = ?2, part_bytes = ?3 WHERE number = ?1";
            transaction.execute(set, params![number, upload, part]).map_err(write_error)?;
            transaction.execute("DELETE FROM copy_parts WHERE copy = ?1", [number]).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Writes down that the store has a part.
    pub async fn add_part(&self, number: i64, part: &Part) -> Result<(), CatalogueError> {
        let Part { number: part, etag, sha256 } = part.clone();
        self.write_copy(
            "INSERT OR REPLACE INTO copy_parts (copy, part, etag, sha256) VALUES (?1, ?2, ?3, ?4)",
            move || (number, part, etag, sha256),
        )
        .await
    }

    /// Returns the parts of a copy that the store has, in order.
    pub async fn parts(&self, number: i64) -> Result<Vec<Part>, CatalogueError> {
        self.run(move |connection| {
            let parts = "SELECT part, etag, sha256 FROM copy_parts WHERE copy = ?1 ORDER BY part";
            let mut statement = connection.prepare_cached(parts).map_err(read_error)?;
            let rows = statement
                .query_map([number], |row| Ok(Part { number: row.get(0)?, etag: row.get(1)?, sha256: row.get(2)? }));
            rows.map_err(read_error)?.collect::<rusqlite::Result<_>>().map_err(read_error)
        })
        .await
    }

    /// Writes down that the store has a copy, with the checksum of the file.
    pub async fn finish_copy(&self, number: i64, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let done = "UPDATE copies SET state = 'done', done_at = ?2, upload = NULL, trouble = NULL, next_try = NULL, \
                        tries = tries + 1 WHERE number = ?1 RETURNING airing";
            for id in ids(&transaction, done, params![number, instant_text(at)]).map_err(write_error)? {
                let transition = Transition::new(copy_job_of(&id), JobState::Done, at);
                transitions::write(&transaction, &transition).map_err(write_error)?;
            }
            transaction.execute("DELETE FROM copy_parts WHERE copy = ?1", [number]).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Writes down why a copy could not be made, and when it is to be tried again; `None`: whenever the store is.
    pub async fn postpone_copy(
        &self,
        number: i64,
        trouble: String,
        next_try: Option<DateTime<Utc>>,
    ) -> Result<(), CatalogueError> {
        let next_try = next_try.map(instant_text);
        self.write_copy(
            "UPDATE copies SET tries = tries + 1, trouble = ?2, next_try = ?3 WHERE number = ?1",
            move || (number, trouble, next_try),
        )
        .await
    }

    /// Writes down that there is nothing to copy any more, and why.
    pub async fn drop_copy(&self, number: i64, why: String) -> Result<(), CatalogueError> {
        self.write_copy(
            "UPDATE copies SET state = 'dropped', trouble = ?2, next_try = NULL WHERE number = ?1",
            move || (number, why),
        )
        .await
    }

    /// Returns the copies that are not to be made any more, and of which an upload may be open in the store.
    pub async fn left_uploads(&self) -> Result<Vec<CopyEntry>, CatalogueError> {
        self.run(|connection| select(connection, "upload IS NOT NULL AND state <> 'queued' ORDER BY number", [])).await
    }

    /// Returns the newest copies of these recordings.
    pub async fn copies(&self, ids: Vec<AiringId>) -> Result<HashMap<AiringId, CopyEntry>, CatalogueError> {
        self.run(move |connection| {
            let mut found = HashMap::new();
            for id in ids {
                let newest = select(connection, "airing = ?1 ORDER BY number DESC LIMIT 1", [id.as_str()])?.pop();
                found.extend(newest.map(|copy| (id, copy)));
            }
            Ok(found)
        })
        .await
    }

    /// Returns which of these recordings a store has, wherever that is.
    pub async fn which_are_copied(&self, ids: Vec<AiringId>) -> Result<HashSet<AiringId>, CatalogueError> {
        let copies = self.copies(ids).await?.into_iter();
        Ok(copies.filter(|(_, copy)| copy.state == CopyState::Done).map(|(id, _)| id).collect())
    }

    /// Returns the newest copy of the same recording before the one with this `number` that a store has. `None` if none has.
    pub async fn copy_before(&self, copy: &CopyEntry) -> Result<Option<CopyEntry>, CatalogueError> {
        let (id, number) = (copy.airing.clone(), copy.number);
        self.run(move |connection| {
            let before = "airing = ?1 AND number < ?2 AND state = 'done' ORDER BY number DESC LIMIT 1";
            Ok(select(connection, before, params![id.as_str(), number])?.pop())
        })
        .await
    }

    /// Forgets that a copy is to be made, so that the one before it counts again.
    pub async fn forget_copy(&self, number: i64) -> Result<(), CatalogueError> {
        self.write_copy("DELETE FROM copies WHERE number = ?1 AND state = 'queued'", move || [number]).await
    }

    /// Returns the newest copy of each recording.
    pub async fn all_copies(&self) -> Result<Vec<CopyEntry>, CatalogueError> {
        let newest = "number IN (SELECT max(number) FROM copies GROUP BY airing) ORDER BY number";
        self.run(|connection| select(connection, newest, [])).await
    }

    /// Returns the names of all files that the store at `place` has, each with its recording.
    pub async fn copied_files(&self, place: String) -> Result<HashMap<PathBuf, AiringId>, CatalogueError> {
        self.run(move |connection| {
            let files = "SELECT file, airing FROM copies WHERE state = 'done' AND place = ?1";
            let mut statement = connection.prepare_cached(files).map_err(read_error)?;
            let rows = statement.query_map([place], |row| {
                Ok((PathBuf::from(row.get::<_, String>(0)?), AiringId::new(row.get::<_, String>(1)?)))
            });
            rows.map_err(read_error)?.collect::<rusqlite::Result<_>>().map_err(read_error)
        })
        .await
    }

    /// Returns the copies that the store at `place` had at `before` or earlier, and whose file is still in the output folder,
    /// as far as the list knows; at most `limit`. Only the newest copy of a recording counts: if that is in another store,
    /// an earlier one does not let its file go.
    pub async fn copies_to_let_go(
        &self,
        before: DateTime<Utc>,
        place: String,
        limit: u32,
    ) -> Result<Vec<CopyEntry>, CatalogueError> {
        self.run(move |connection| {
            let due = "state = 'done' AND let_go_at IS NULL AND done_at <= ?1 AND EXISTS (SELECT 1 FROM airings WHERE id = airing \
                       AND airings.file = copies.file AND finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL) \
                       AND place = ?3 \
                       AND number = (SELECT max(number) FROM copies AS newer WHERE newer.airing = copies.airing) \
                       ORDER BY number LIMIT ?2";
            select(connection, due, params![instant_text(before), limit, place])
        })
        .await
    }

    /// Writes down that the file of a copy is about to be deleted, or is deleted, because the store has it. Returns `false`
    /// if the recording has another file by now, or is on its way into the bin.
    pub async fn let_go(&self, number: i64, at: DateTime<Utc>) -> Result<bool, CatalogueError> {
        self.change(&[Topic::Recordings], move |connection| {
            let let_go = "UPDATE copies SET let_go_at = ?2 WHERE number = ?1 AND EXISTS (SELECT 1 FROM airings WHERE id = airing \
                          AND airings.file = copies.file AND finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL)";
            Ok(connection.execute(let_go, params![number, instant_text(at)]).map_err(write_error)? == 1)
        })
        .await
    }

    /// Returns how many copies there are that the store at `place` has, and how many are still to be made.
    pub async fn copy_totals(&self, place: String) -> Result<CopyTotals, CatalogueError> {
        self.run(move |connection| {
            let count =
                "SELECT count(*), min(queued_at) FROM copies WHERE state = ?1 AND (?1 = 'queued' OR place = ?2)";
            let mut statement = connection.prepare_cached(count).map_err(read_error)?;
            let mut of = |state: &str| {
                let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, Option<String>>(1)?));
                statement.query_row([state, place.as_str()], read).map_err(read_error)
            };
            let ((queued, oldest), (done, _)) = (of("queued")?, of("done")?);
            Ok(CopyTotals { queued, done, waiting_since: oldest.and_then(|at| parse_instant(&at).ok()) })
        })
        .await
    }

    async fn write_copy<P: Params>(
        &self,
        sql: &'static str,
        values: impl FnOnce() -> P + Send + 'static,
    ) -> Result<(), CatalogueError> {
        self.run(move |connection| connection.execute(sql, values()).map(drop).map_err(write_error)).await
    }
}

/// Returns the ids of airings that a statement gives.
fn ids(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<Vec<AiringId>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(values, |row| row.get::<_, String>(0).map(AiringId::new))?.collect()
}

fn select(connection: &Connection, condition: &str, values: impl Params) -> Result<Vec<CopyEntry>, CatalogueError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE {condition}")).map_err(read_error)?;
    let mut rows = statement.query(values).map_err(read_error)?;
    let mut copies = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        copies.push(copy(row)?);
    }
    Ok(copies)
}

fn copy(row: &Row<'_>) -> Result<CopyEntry, CatalogueError> {
    let id = AiringId::new(row.get::<_, String>(1).map_err(read_error)?);
    let unreadable = |reason| CatalogueError::Row { id: id.to_string(), reason };
    let read = || -> rusqlite::Result<_> {
        let file = PathBuf::from(row.get::<_, String>(2)?);
        Ok((row.get(0)?, file, row.get::<_, String>(3)?, row.get::<_, String>(4)?, row.get(5)?, row.get(6)?))
    };
    let of_store = || -> rusqlite::Result<_> {
        let size = |column: usize| row.get::<_, Option<i64>>(column).map(|bytes| bytes.map(i64::unsigned_abs));
        let done_at = row.get::<_, Option<String>>(13)?;
        Ok((row.get(7)?, row.get(8)?, size(9)?, row.get(10)?, row.get(11)?, size(12)?, done_at, row.get(14)?))
    };
    let (number, file, state, queued_at, tries, trouble) = read().map_err(read_error)?;
    let (place, name, bytes, sha256, upload, part_bytes, done_at, let_go) = of_store().map_err(read_error)?;
    Ok(CopyEntry {
        number,
        file,
        state: match state.as_str() {
            "done" => CopyState::Done,
            "dropped" => CopyState::Dropped,
            _ => CopyState::Queued,
        },
        queued_at: parse_instant(&queued_at).map_err(unreadable)?,
        tries,
        trouble,
        place,
        name,
        bytes,
        sha256,
        upload,
        part_bytes,
        done_at: done_at.map(|at| parse_instant(&at)).transpose().map_err(unreadable)?,
        let_go,
        airing: id,
    })
}

#[cfg(test)]
mod tests;
