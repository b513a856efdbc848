//! Transitions of jobs as rows.
//!
//! A job has a row with its newest state, so that a list of jobs reads no history. Each transition has a row with a number
//! that only grows, also after the newest was deleted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::Notify;
use tracing::{debug, warn};

use super::names;
use super::rows::instant_text;
use crate::config::Config;
use crate::model::{AiringId, Cause, JobId, JobKind, JobState, Outcome, Transition, Verdict};

/// The most transitions that wait in memory. More are there only if the disk hangs.
const MOST: usize = 10_000;

/// Returns the job of an airing: that of a recording or, as its id says, of a clip.
pub fn job_of(id: &AiringId) -> JobId {
    let show = id.as_str().rsplit_once('@').map(|(show, _)| show);
    let kind = if show == Some(Config::clips().as_str()) { JobKind::Clip } else { JobKind::Recording };
    JobId::new(kind, id.as_str())
}

/// Returns the job of copying the file of an airing to an object store.
pub fn copy_job_of(id: &AiringId) -> JobId {
    JobId::new(JobKind::Copy, id.as_str())
}

/// Writes a transition, if it is one: the same state for the same reason is none, and what is over does not come back to
/// life by a transition that is late. Call it in the transaction of what makes it true.
pub(super) fn write(connection: &Connection, transition: &Transition) -> rusqlite::Result<()> {
    let Transition { job: JobId { kind, id }, state, at, reason } = transition;
    let mut known = connection.prepare_cached(
        "SELECT jobs.number, jobs.state, transitions.cause FROM jobs JOIN transitions ON transitions.number = jobs.last \
         WHERE jobs.kind = ?1 AND jobs.id = ?2",
    )?;
    let known = known.query_row(params![kind.word(), id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    });
    let at = instant_text(*at);
    let job = match known.optional()? {
        Some((job, before, cause)) => {
            let is_same =
                before == state.word() && cause.as_deref() == reason.as_ref().map(|cause| cause.words.as_str());
            let may = JobState::by_word(&before).is_none_or(|before| before.may_become(*state));
            // A job that was still queued has nothing to say of a restart. What is over may end once more: cut again.
            if !may || is_same && !state.is_final() || before == state.word() && *state == JobState::Queued {
                return Ok(());
            }
            job
        }
        None => connection
            .prepare_cached(
                "INSERT INTO jobs (kind, id, state, asked_at, last) VALUES (?1, ?2, ?3, ?4, 0) RETURNING number",
            )?
            .query_row(params![kind.word(), id, state.word(), at], |row| row.get(0))?,
    };
    connection
        .prepare_cached("INSERT INTO transitions (job, state, at, cause_kind, cause) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            job,
            state.word(),
            at,
            reason.as_ref().map(|cause| cause.kind.name()),
            reason.as_ref().map(|cause| &cause.words),
        ])?;
    connection.prepare_cached("UPDATE jobs SET state = ?2, last = ?3 WHERE number = ?1")?.execute(params![
        job,
        state.word(),
        connection.last_insert_rowid()
    ])?;
    Ok(())
}

/// Writes that the job of an airing has ended with `outcome`.
pub(super) fn write_end(connection: &Connection, id: &AiringId, outcome: &Outcome) -> rusqlite::Result<()> {
    let failed = outcome.verdict == Verdict::Failed;
    let state = if failed { JobState::Failed } else { JobState::Done };
    let reason: Option<Cause> =
        outcome.gaps.iter().filter(|_| failed).max_by_key(|gap| gap.length).map(|gap| gap.cause.clone());
    write(connection, &Transition { job: job_of(id), state, at: outcome.at, reason })
}

/// Returns the number of the newest transition there ever was; 0 if there was none.
pub(super) fn newest(connection: &Connection) -> i64 {
    let newest = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'transitions'")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional());
    newest.ok().flatten().unwrap_or_default()
}

/// Transitions that wait to be written together. Clones share one queue.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    waiting: Arc<Mutex<Vec<Transition>>>,
    added: Arc<Notify>,
}

impl Notes {
    /// Adds a transition.
    pub(super) fn add(&self, transition: Transition) {
        let mut waiting = self.lock();
        if waiting.len() < MOST {
            waiting.push(transition);
        } else {
            debug!(?transition, "too many transitions wait to be written; this one is left out");
        }
        drop(waiting);
        self.added.notify_one();
    }

    /// Waits until one was added. Also returns if one was added since the last call.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    /// Writes what waits, in one transaction, which does not wait for the disk: after a power cut the next start corrects
    /// what is not there. What cannot be written waits on.
    pub(super) fn write(&self, connection: &mut Connection) {
        let notes = std::mem::take(&mut *self.lock());
        if notes.is_empty() {
            return;
        }
        let written = write_all(connection, &notes);
        // Everything else in the catalogue waits for the disk.
        if let Err(error) = connection.pragma_update(None, "synchronous", "FULL") {
            warn!(%error, "the catalogue does not wait for the disk any more");
        }
        if let Err(error) = written {
            debug!(%error, count = notes.len(), "the states of jobs could not be written; trying again");
            let mut waiting = self.lock();
            let newer = std::mem::replace(&mut *waiting, notes);
            waiting.extend(newer);
            waiting.truncate(MOST);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Transition>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_all(connection: &mut Connection, notes: &[Transition]) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let transaction = names::begin(connection)?;
    for note in notes {
        write(&transaction, note)?;
    }
    transaction.commit()
}
