//! The catalogue: which airings were claimed, and what became of them.
//!
//! One SQLite file. The row of an airing, inserted under its derived id, **is** the claim to record it; nothing else
//! decides who records. Invariants:
//!
//! - a claim and an outcome are on the disk when the call returns (WAL with `synchronous = FULL`), and an outcome is
//!   there with all its gaps or not at all;
//! - a row is never removed: a recording that retention has deleted is not recorded again. Only the claim on an airing
//!   that a person skips or removes before it has begun is taken back, and the word that one was missed because aircheck
//!   was not running, where that airing turns out not to be over: the clock was wrong. A row of an airing that failed is replaced
//!   by one with a recording, where that is found;
//! - a file belongs to one row: whoever gets its name takes it off a row whose file somebody has moved away;
//! - one writer, any number of readers, also from other processes, while it writes.
//!
//! What happened is in the outbox in the transaction that made it true (`outbox`). Every write tells [`Changes`], except
//! for those that another process makes.
//!
//! [`Catalogue`] is a handle; its clones share one connection. Every method runs on the blocking pool, one at a time,
//! and goes on to its end when its caller gives up waiting.

mod amendments;
mod binned;
mod claims;
mod entry;
mod error;
mod finished;
mod glances;
mod names;
mod outbox;
mod past;
mod rows;
mod salvage;
mod schema;
mod totals;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{Error as MigrationError, MigrationDefinitionError};
use tokio::sync::Mutex;

pub use entry::{Binned, ClaimedAiring, Recording, Stage};
pub use error::CatalogueError;
pub use glances::{Found, Glance};
pub use past::Past;
pub use totals::Totals;

use crate::events::{Changes, Topic};
use crate::language::Sentence;
use crate::model::{AiringId, Outcome, Peaks, ShowId, StationId};

/// How long a call waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// What an outcome changes.
const WRITTEN: &[Topic] = &[Topic::Recordings, Topic::Stations];

/// A handle on the catalogue; cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalogue {
    connection: Arc<Mutex<Connection>>,
    changes: Changes,
    troubles: Arc<[Sentence]>,
}

/// Which recordings to list, of those not in the bin. By default those that are finished and not deleted, and airings
/// that cannot be finished for the time being, which have a verdict and a cause, but no time of finishing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this show.
    pub show: Option<ShowId>,
    /// Only of this station.
    pub station: Option<StationId>,
    /// Also airings that are being recorded.
    pub unfinished: bool,
    /// Also recordings that were deleted for good.
    pub deleted: bool,
    /// Only with this verdict, by its word.
    pub verdict: Option<String>,
    /// Only those whose title has this in it, whatever the case of Latin letters.
    pub title: Option<String>,
    /// Only those on the air before this.
    pub before: Option<DateTime<Utc>>,
    /// Only those on the air at or after this.
    pub since: Option<DateTime<Utc>>,
    /// Only those that come after this one on the list, also of several that began at the same moment.
    pub after: Option<AiringId>,
    /// Only those that have a file.
    pub playable: bool,
    /// At most so many, the newest.
    pub limit: Option<u32>,
    /// So many of the newest are left out.
    pub skip: u32,
}

impl Catalogue {
    /// Opens the file for reading and writing, makes it and its folder where they are missing, and brings an older one
    /// up to date. Fails with a sentence that says what to do where the file is damaged or from a newer release.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, CatalogueError> {
        let path = path.into();
        Self::opened(move || open_writing(&path)).await
    }

    /// Opens the file for reading only, as `aircheck list` does while the service writes it.
    pub async fn open_read_only(path: impl Into<PathBuf>) -> Result<Self, CatalogueError> {
        let path = path.into();
        Self::opened(move || open_reading(&path)).await
    }

    /// Counts one more attempt at an unfinished airing and forgets a prepared outcome. Gives the number of attempts,
    /// so that an airing at which the process dies every time can be given up.
    pub async fn retry(&self, id: &AiringId) -> Result<u32, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            rows::count_attempt(connection, &id).map_err(written)?.ok_or(CatalogueError::NotClaimed { id })
        })
        .await
    }

    /// Writes down what the outcome will be once the file has its name. After a crash, [`Catalogue::unfinished`] hands
    /// it out again, and whether the file is there tells whether the airing is done. False, and nothing is written, where
    /// another airing is about to give a file that name.
    pub async fn prepare(&self, id: &AiringId, outcome: &Outcome) -> Result<bool, CatalogueError> {
        self.store(id, outcome, false).await
    }

    /// Finishes a claimed airing, once.
    pub async fn finish(&self, id: &AiringId, outcome: &Outcome) -> Result<(), CatalogueError> {
        self.store(id, outcome, true).await.map(drop)
    }

    /// Gives a finished airing another outcome in place of the one in `old`, as when it is cut again from tape. False, and
    /// nothing is changed, where its row is no longer as in `old`.
    pub async fn replace(&self, id: &AiringId, old: &Recording, outcome: &Outcome) -> Result<bool, CatalogueError> {
        let (id, outcome, old) = (id.clone(), outcome.clone(), old.clone());
        self.change(WRITTEN, move |connection| {
            let transaction = connection.transaction().map_err(written)?;
            let replaced = rows::reopen(&transaction, &old).map_err(written)?
                && rows::store(&transaction, &id, &outcome, true).map_err(written)?;
            if replaced {
                rows::note_finished(&transaction, &id, &outcome).map_err(written)?;
                transaction.commit().map_err(written)?;
            }
            Ok(replaced)
        })
        .await
    }

    /// Takes the name of a file, which no file has, off whoever has it but the row `id`. False, and nothing is changed,
    /// where another needs it.
    pub async fn vacate(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            let free = names::vacate(&transaction, &id, &file).map_err(written)?;
            transaction.commit().map_err(written)?;
            Ok(free)
        })
        .await
    }

    /// Whether a row other than `id` has this file, or needs its name.
    pub async fn is_anothers(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        let read = |source| CatalogueError::Sqlite { doing: "read", source };
        self.run(move |connection| names::is_anothers(connection, &id, &file).map_err(read)).await
    }

    /// The recordings that `filter` lets through, newest first.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Recording>, CatalogueError> {
        let filter = filter.clone();
        self.run(move |connection| {
            let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
            let entries = rows::select(
                connection,
                "binned IS NULL AND (?1 IS NULL OR show = ?1) AND (?2 IS NULL OR station = ?2) \
                 AND (?3 OR finished_at IS NOT NULL OR verdict = 'failed') \
                 AND (?4 OR deleted_at IS NULL) AND (?6 IS NULL OR verdict = ?6) AND \
                 (?7 IS NULL OR instr(lower(title), lower(?7))) AND (?8 IS NULL OR on_air_start < ?8) \
                 AND (NOT ?9 OR file IS NOT NULL AND finished_at IS NOT NULL) AND (?11 IS NULL OR on_air_start >= ?11) \
                 AND (?12 IS NULL OR EXISTS (SELECT 1 FROM airings AS last WHERE last.id = ?12 AND \
                 (airings.on_air_start < last.on_air_start OR airings.on_air_start = last.on_air_start AND airings.id > last.id))) \
                 ORDER BY on_air_start DESC, id LIMIT ?5 OFFSET ?10",
                &[
                    text(filter.show.as_ref().map(ShowId::as_str)),
                    text(filter.station.as_ref().map(StationId::as_str)),
                    Value::Integer(filter.unfinished.into()),
                    Value::Integer(filter.deleted.into()),
                    // SQLite reads a negative limit as none.
                    Value::Integer(filter.limit.map_or(-1, i64::from)),
                    text(filter.verdict.as_deref()),
                    text(filter.title.as_deref()),
                    text(filter.before.map(rows::stamp).as_deref()),
                    Value::Integer(filter.playable.into()),
                    Value::Integer(filter.skip.into()),
                    text(filter.since.map(rows::stamp).as_deref()),
                    text(filter.after.as_ref().map(AiringId::as_str)),
                ],
            )?;
            Ok(entries.into_iter().map(rows::Entry::into_recording).collect())
        })
        .await
    }

    /// When a recording, or one of this show, was last finished or deleted.
    pub async fn changed(&self, show: Option<&ShowId>) -> Result<Option<DateTime<Utc>>, CatalogueError> {
        let show = show.cloned();
        self.run(move |connection| rows::changed(connection, show.as_ref())).await
    }

    /// The row of one airing, whatever its state.
    pub async fn get(&self, id: &AiringId) -> Result<Option<Recording>, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            let entries = rows::select(connection, rows::BY_ID, &[Value::Text(id.as_str().to_owned())])?;
            Ok(entries.into_iter().next().map(rows::Entry::into_recording))
        })
        .await
    }

    /// The picture of a recording; none where there is no file, and for recordings of releases that drew none.
    pub async fn peaks(&self, id: &AiringId) -> Result<Option<Peaks>, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| rows::peaks(connection, &id)).await
    }

    /// Notes that the file of a finished recording is gone; the row stays, so that it is not recorded again.
    pub async fn mark_deleted(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = connection.transaction().map_err(written)?;
            rows::mark_deleted(&transaction, &id, at).map_err(written)?;
            transaction.commit().map_err(written)
        })
        .await
    }

    async fn store(&self, id: &AiringId, outcome: &Outcome, finished: bool) -> Result<bool, CatalogueError> {
        let (id, outcome) = (id.clone(), outcome.clone());
        self.change(WRITTEN, move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            if let Some(file) = outcome.file.as_deref().filter(|_| !finished)
                && !names::vacate(&transaction, &id, &file.to_string_lossy()).map_err(written)?
            {
                return Ok(false);
            }
            if !rows::store(&transaction, &id, &outcome, finished).map_err(written)? {
                return Err(CatalogueError::NotClaimed { id });
            }
            if finished {
                rows::note_finished(&transaction, &id, &outcome).map_err(written)?;
            }
            transaction.commit().map_err(written)?;
            Ok(true)
        })
        .await
    }

    async fn opened(
        open: impl FnOnce() -> Result<Connection, CatalogueError> + Send + 'static,
    ) -> Result<Self, CatalogueError> {
        let connection = tokio::task::spawn_blocking(open).await.map_err(|_| CatalogueError::Stopping)??;
        Ok(Self::of(connection))
    }

    fn of(connection: Connection) -> Self {
        Self { connection: Arc::new(Mutex::new(connection)), changes: Changes::default(), troubles: Arc::default() }
    }

    /// Tells `changes` of what it writes from now on.
    #[must_use]
    pub fn telling(self, changes: Changes) -> Self {
        Self { changes, ..self }
    }

    /// As [`Catalogue::run`], for work that changes what lists show of `topics`.
    async fn change<T: Send + 'static>(
        &self,
        topics: &'static [Topic],
        work: impl FnOnce(&mut Connection) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, CatalogueError> {
        let changes = self.changes.clone();
        // Told where the work is done: whoever asked may have gone away by then.
        self.run(move |connection| work(connection).inspect(|_| changes.tell(topics))).await
    }

    /// Runs `work` on the blocking pool. The lock is taken first, so that waiting calls hold no thread of the pool.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, CatalogueError> {
        let mut connection = Arc::clone(&self.connection).lock_owned().await;
        tokio::task::spawn_blocking(move || work(&mut connection)).await.map_err(|_| CatalogueError::Stopping)?
    }
}

fn written(source: rusqlite::Error) -> CatalogueError {
    CatalogueError::Sqlite { doing: "written", source }
}

fn open_writing(path: &Path) -> Result<Connection, CatalogueError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| CatalogueError::Unopenable {
            path: path.to_owned(),
            reason: format!("its folder cannot be made: {error}"),
        })?;
    }
    let trouble = |error: rusqlite::Error| sort(path, &error);
    let mut connection = Connection::open(path).map_err(trouble)?;
    connection.busy_timeout(BUSY).map_err(trouble)?;
    // The first statement that reads the file: what is no database fails here, before anything is written.
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(trouble)?;
    if check != "ok" {
        return Err(CatalogueError::Damaged { path: path.to_owned(), reason: check });
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(trouble)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(trouble)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(trouble)?;
    let migrated = schema::MIGRATIONS.to_latest(&mut connection);
    migrated.map_err(|error| match error {
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            CatalogueError::Newer { path: path.to_owned(), found: version(&connection), known: schema::NEWEST }
        }
        MigrationError::RusqliteError { err, .. } => sort(path, &err),
        other => CatalogueError::Damaged { path: path.to_owned(), reason: other.to_string() },
    })?;
    Ok(connection)
}

fn open_reading(path: &Path) -> Result<Connection, CatalogueError> {
    if !path.exists() {
        return Err(CatalogueError::Missing { path: path.to_owned() });
    }
    let trouble = |error: rusqlite::Error| sort(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let readable = |connection: Connection| {
        connection.busy_timeout(BUSY)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let connection = match Connection::open_with_flags(path, flags).and_then(readable) {
        // Somebody who may only read cannot open a WAL database that nobody has open, because the files beside it
        // are made by opening it. Without a WAL file nobody writes, and it can be read as a plain file.
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
                && !wal(path).exists() =>
        {
            url::Url::from_file_path(path)
                .map_err(|()| error)
                .and_then(|url| Connection::open_with_flags(format!("{url}?mode=ro&immutable=1"), flags))
                .and_then(readable)
        }
        other => other,
    }
    .map_err(trouble)?;
    let (found, known) = (version(&connection), schema::NEWEST);
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(connection),
        // The service has made the file and is about to make its tables.
        std::cmp::Ordering::Less if found == 0 => Err(CatalogueError::Missing { path: path.to_owned() }),
        std::cmp::Ordering::Less => Err(CatalogueError::Older { path: path.to_owned(), found, known }),
        std::cmp::Ordering::Greater => Err(CatalogueError::Newer { path: path.to_owned(), found, known }),
    }
}

fn wal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn version(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap_or_default()
}

/// What an error at opening means to a person.
fn sort(path: &Path, error: &rusqlite::Error) -> CatalogueError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => CatalogueError::Damaged { path, reason },
        _ => CatalogueError::Unopenable { path, reason },
    }
}

#[cfg(test)]
mod tests;
