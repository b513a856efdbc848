//! The catalogue: which airings were claimed, and what became of them.
//!
//! One SQLite file. The row of an airing, inserted under its derived id, **is** the claim to record it; nothing else
//! decides who records. Invariants:
//!
//! - a claim and an outcome are on the disk when the call returns (WAL with `synchronous = FULL`), and an outcome is
//!   there with all its gaps or not at all;
//! - a row stays, so that a recording that retention has deleted is not recorded again. There are three exceptions: the
//!   claim on an airing that a person skips or removes before it begins is deleted; a row that says that an airing was
//!   missed because aircheck was not running is deleted if the airing is not over, which means that the clock was
//!   wrong; the row of a failed airing is replaced if its recording is found;
//! - a file belongs to one row: a row that gets the name of a file clears it from a row whose file somebody has moved
//!   away;
//! - while one process writes, any number of others can read.
//!
//! An event is written to the outbox in the transaction that makes it true (`outbox`), and so is that a recording is to
//! be copied (`copies`). Every write of this process
//! wakes those who listen to [`Changes`].
//!
//! [`Catalogue`] is a handle; its clones share one connection. Methods run on the blocking pool, one at a time, and are
//! completed even if the caller no longer waits.

mod ad_hoc;
mod amendments;
mod answers;
mod binned;
mod claims;
mod clips;
mod copies;
mod entry;
mod error;
mod finished;
mod finishing;
mod followed;
mod glances;
mod grabs;
mod jobs;
mod kept;
mod links;
mod marks;
mod messages;
mod names;
mod outbox;
mod past;
mod rows;
mod salvage;
mod schema;
mod tape_copies;
mod telling;
mod totals;
mod tracks;
mod transitions;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{Error as MigrationError, MigrationDefinitionError};
use tokio::sync::Mutex;

pub use ad_hoc::AskedStation;
pub use answers::{Answer, Known, RequestKey};
pub use clips::AskedClip;
pub use copies::{CopyEntry, CopyState, CopyTotals, Part, Planned};
pub use entry::{Binned, ClaimedAiring, Recording, Stage};
use error::{read_error, write_error};

pub use error::CatalogueError;
pub use glances::{Found, Glance};
pub use grabs::{GrabRow, grab_job};
pub use jobs::{Job, JobFilter, NumberedTransition};
pub use kept::Kept;
pub use links::Link;
pub use marks::{Mark, Marks};
pub use messages::{Message, MessageFilter, MessageState, MessageTotals};
pub use past::Past;
pub use tape_copies::LeftReel;
pub use telling::{KnownTarget, Matter, NewMessage, Remembered, Told};
pub use totals::Totals;
pub use tracks::{Played, TrackFilter};
pub use transitions::{copy_job_of, job_of};

use crate::base::blocking::caught;
use crate::events::{Changes, Topic};
use crate::language::Sentence;
use crate::model::{AiringId, Outcome, Peaks, ShowId, StationId};

/// How long a call waits while another process writes.
const BUSY: Duration = Duration::from_secs(5);

/// The topics that an outcome changes.
const CHANGED_BY_OUTCOME: &[Topic] = &[Topic::Recordings, Topic::Stations];

/// A handle on the catalogue; cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalogue {
    connection: Arc<Mutex<Connection>>,
    changes: Changes,
    /// Transitions of jobs that wait to be written.
    notes: transitions::Notes,
    /// The number of the newest transition when the file was opened.
    newest: i64,
    damage: Arc<[Sentence]>,
}

/// Which recordings to list; those in the bin never are. The default lists recordings that are finished and not
/// deleted, and unfinished airings that have the verdict `failed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only recordings of this show.
    pub show: Option<ShowId>,
    /// Only recordings of this station.
    pub station: Option<StationId>,
    /// Also airings that are being recorded.
    pub unfinished: bool,
    /// Also recordings that were deleted for good.
    pub deleted: bool,
    /// Only recordings with this verdict, as [`Verdict::word`](crate::model::Verdict::word) names it.
    pub verdict: Option<String>,
    /// Only recordings whose title contains this text; the case of Latin letters does not count.
    pub title: Option<String>,
    /// Only recordings whose show began before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Only recordings whose show began at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Only recordings that stand after this one on the list. Among those that began at the same moment, the id
    /// decides.
    pub after: Option<AiringId>,
    /// Only recordings that have a file.
    pub playable: bool,
    /// The greatest number of recordings; the newest are listed.
    pub limit: Option<u32>,
    /// How many of the newest are left out.
    pub skip: u32,
}

impl Catalogue {
    /// Opens the file for reading and writing. Creates it and its folder if they are missing, and migrates a file of an
    /// older release. The error says what to do if the file is damaged or from a newer release.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, CatalogueError> {
        let path = path.into();
        Self::open_with(move || open_writing(&path)).await
    }

    /// Opens the file for reading only, which is possible while the service writes it.
    pub async fn open_read_only(path: impl Into<PathBuf>) -> Result<Self, CatalogueError> {
        let path = path.into();
        Self::open_with(move || open_reading(&path)).await
    }

    /// Counts one more attempt at an unfinished airing and drops a prepared outcome. Returns the number of attempts, by
    /// which an airing is given up if the process dies at every attempt.
    pub async fn retry(&self, id: &AiringId) -> Result<u32, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            rows::count_attempt(connection, &id).map_err(write_error)?.ok_or(CatalogueError::NotClaimed { id })
        })
        .await
    }

    /// Writes the outcome that holds once the file has its name. After a crash, [`Catalogue::unfinished`] returns it,
    /// and the airing is done if the file exists. Returns `false` and writes nothing if another airing is about to give
    /// the same name to a file.
    pub async fn prepare(&self, id: &AiringId, outcome: &Outcome) -> Result<bool, CatalogueError> {
        self.write_outcome(id, outcome, false).await
    }

    /// Finishes a claimed airing with `outcome`. Fails if the airing is finished already.
    pub async fn finish(&self, id: &AiringId, outcome: &Outcome) -> Result<(), CatalogueError> {
        self.write_outcome(id, outcome, true).await.map(drop)
    }

    /// Replaces the outcome of a finished airing, which is cut again from tape. Returns `false` and changes nothing if
    /// the row no longer has the file and the time of `old`.
    pub async fn replace(&self, id: &AiringId, old: &Recording, outcome: &Outcome) -> Result<bool, CatalogueError> {
        let (id, outcome, old) = (id.clone(), outcome.clone(), old.clone());
        self.change(CHANGED_BY_OUTCOME, move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            let replaced = rows::reopen(&transaction, &old).map_err(write_error)?
                && rows::write_outcome(&transaction, &id, &outcome, true).map_err(write_error)?;
            if replaced {
                finishing::write_finished_event(&transaction, &id, &outcome).map_err(write_error)?;
                transitions::write_end(&transaction, &id, &outcome).map_err(write_error)?;
                transaction.commit().map_err(write_error)?;
            }
            Ok(replaced)
        })
        .await
    }

    /// Clears the name `file`, which no file has, from rows other than `id`. Returns `false` and changes nothing if
    /// another row needs the name.
    pub async fn release_name(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let free = names::release(&transaction, &id, &file).map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(free)
        })
        .await
    }

    /// Returns whether a row other than `id` has this file or needs its name.
    pub async fn belongs_to_another(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        self.run(move |connection| names::belongs_to_another(connection, &id, &file).map_err(read_error)).await
    }

    /// Returns the recordings that `filter` selects, newest first.
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
                    text(filter.before.map(rows::instant_text).as_deref()),
                    Value::Integer(filter.playable.into()),
                    Value::Integer(filter.skip.into()),
                    text(filter.since.map(rows::instant_text).as_deref()),
                    text(filter.after.as_ref().map(AiringId::as_str)),
                ],
            )?;
            Ok(entries.into_iter().map(rows::Entry::into_recording).collect())
        })
        .await
    }

    /// Returns when a recording was last finished, deleted, or brought back, of `show` if one is given. `None` if that
    /// never happened.
    pub async fn changed(&self, show: Option<&ShowId>) -> Result<Option<DateTime<Utc>>, CatalogueError> {
        let show = show.cloned();
        self.run(move |connection| rows::changed(connection, show.as_ref())).await
    }

    /// Returns the row of an airing in any state. `None` if nobody has claimed the airing.
    pub async fn get(&self, id: &AiringId) -> Result<Option<Recording>, CatalogueError> {
        Ok(self.get_all(vec![id.clone()]).await?.pop())
    }

    /// Returns the rows of these airings in any state, in order; those that nobody has claimed are left out.
    pub async fn get_all(&self, ids: Vec<AiringId>) -> Result<Vec<Recording>, CatalogueError> {
        self.run(move |connection| {
            let mut found = Vec::new();
            for id in ids {
                let entries = rows::select(connection, rows::BY_ID, &[Value::Text(id.as_str().to_owned())])?;
                found.extend(entries.into_iter().map(rows::Entry::into_recording));
            }
            Ok(found)
        })
        .await
    }

    /// Returns the levels that draw the sound of a recording. `None` if it has no file, or is from a release that
    /// measured no levels.
    pub async fn peaks(&self, id: &AiringId) -> Result<Option<Peaks>, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| rows::peaks(connection, &id)).await
    }

    /// Marks a finished recording as deleted. The row stays, so that the airing is not recorded again.
    pub async fn mark_deleted(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            rows::mark_deleted(&transaction, &id, at).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    async fn write_outcome(&self, id: &AiringId, outcome: &Outcome, finished: bool) -> Result<bool, CatalogueError> {
        let (id, outcome) = (id.clone(), outcome.clone());
        self.change(CHANGED_BY_OUTCOME, move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            if let Some(file) = outcome.file.as_deref().filter(|_| !finished)
                && !names::release(&transaction, &id, &file.to_string_lossy()).map_err(write_error)?
            {
                return Ok(false);
            }
            if !rows::write_outcome(&transaction, &id, &outcome, finished).map_err(write_error)? {
                return Err(CatalogueError::NotClaimed { id });
            }
            if finished {
                finishing::write_finished_event(&transaction, &id, &outcome).map_err(write_error)?;
                transitions::write_end(&transaction, &id, &outcome).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(true)
        })
        .await
    }

    async fn open_with(
        open: impl FnOnce() -> Result<Connection, CatalogueError> + Send + 'static,
    ) -> Result<Self, CatalogueError> {
        let connection = caught(open).await.ok_or(CatalogueError::Stopping)??;
        Ok(Self::of(connection))
    }

    fn of(connection: Connection) -> Self {
        let (changes, notes, newest) =
            (Changes::default(), transitions::Notes::default(), transitions::newest(&connection));
        Self { connection: Arc::new(Mutex::new(connection)), changes, notes, newest, damage: Arc::default() }
    }

    /// Returns the catalogue; what it writes from now on wakes those who listen to `changes`.
    #[must_use]
    pub fn with_changes(self, changes: Changes) -> Self {
        changes.transitioned(self.newest);
        Self { changes, ..self }
    }

    /// Runs `work` on the blocking pool, after what is noted of jobs was written, and announces that the lists of `topics`
    /// have changed.
    async fn change<T: Send + 'static>(
        &self,
        topics: &'static [Topic],
        work: impl FnOnce(&mut Connection) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, CatalogueError> {
        let (changes, notes) = (self.changes.clone(), self.notes.clone());
        // Announced by the work itself: the caller may no longer wait.
        self.run(move |connection| {
            notes.write(connection);
            let done = work(connection).inspect(|_| changes.tell(topics));
            changes.transitioned(transitions::newest(connection));
            done
        })
        .await
    }

    /// Runs `work` on the blocking pool. Locks before, so that waiting calls hold no thread of the pool.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, CatalogueError> {
        let mut connection = Arc::clone(&self.connection).lock_owned().await;
        caught(move || work(&mut connection)).await.ok_or(CatalogueError::Stopping)?
    }
}

fn open_writing(path: &Path) -> Result<Connection, CatalogueError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| CatalogueError::Unopenable {
            path: path.to_owned(),
            reason: format!("its folder cannot be made: {error}"),
        })?;
    }
    let failed = |error: rusqlite::Error| open_error(path, &error);
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    // This statement is the first to read the file: if it is no database, this fails before anything is written.
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if check != "ok" {
        return Err(CatalogueError::Damaged { path: path.to_owned(), reason: check });
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    let migrated = schema::MIGRATIONS.to_latest(&mut connection);
    migrated.map_err(|error| match error {
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            CatalogueError::Newer { path: path.to_owned(), found: version(&connection), known: schema::NEWEST }
        }
        MigrationError::RusqliteError { err, .. } => open_error(path, &err),
        other => CatalogueError::Damaged { path: path.to_owned(), reason: other.to_string() },
    })?;
    Ok(connection)
}

fn open_reading(path: &Path) -> Result<Connection, CatalogueError> {
    if !path.exists() {
        return Err(CatalogueError::Missing { path: path.to_owned() });
    }
    let failed = |error: rusqlite::Error| open_error(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let readable = |connection: Connection| {
        connection.busy_timeout(BUSY)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let connection = match Connection::open_with_flags(path, flags).and_then(readable) {
        // A user who may only read cannot open a WAL database that nobody has open, because opening it creates the
        // files beside it. If there is no WAL file, nobody writes, and the database can be read as a plain file.
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
    .map_err(failed)?;
    let (found, known) = (version(&connection), schema::NEWEST);
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(connection),
        // The service has created the file and is about to create its tables.
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

/// Returns what an error of SQLite at opening means to a person.
fn open_error(path: &Path, error: &rusqlite::Error) -> CatalogueError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => CatalogueError::Damaged { path, reason },
        _ => CatalogueError::Unopenable { path, reason },
    }
}

#[cfg(test)]
mod tests;
