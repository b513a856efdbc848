//! Jobs: what takes time, in which state it is, and its history.
//!
//! A transition that goes with another change of the catalogue is written in the same transaction. One that only the
//! process knows of, such as that the sound of a recording begins to come, is [noted](Catalogue::note): it is written
//! within a moment, together with others and without waiting for the disk, and in any case before what the catalogue
//! writes next. A process that dies leaves states that are true no longer; the next one corrects them when it takes the
//! work over.
//!
//! History is kept for as long as the work is: it goes with a recording that is deleted for good.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use crate::base::environment::Environment;
use crate::model::{Cause, CauseKind, JobId, JobKind, JobState, Transition};

/// How long transitions are collected before they are written.
const COLLECTING: Duration = Duration::from_millis(200);

const JOBS: &str = "SELECT jobs.kind, jobs.id, jobs.state, transitions.at, transitions.cause_kind, transitions.cause, \
                    transitions.number, jobs.asked_at FROM jobs JOIN transitions ON transitions.number = jobs.last";
const TRANSITIONS: &str = "SELECT jobs.kind, jobs.id, transitions.state, transitions.at, transitions.cause_kind, \
                           transitions.cause, transitions.number FROM transitions JOIN jobs ON jobs.number = job";

/// A job, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// When it was first asked for.
    pub asked_at: DateTime<Utc>,
    /// How it came into its state.
    pub newest: NumberedTransition,
}

/// A transition with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedTransition {
    /// The number; greater than that of every earlier transition of any job.
    pub number: i64,
    /// The transition.
    pub transition: Transition,
}

/// Which jobs to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only jobs of this kind.
    pub kind: Option<JobKind>,
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs whose newest transition has a smaller number.
    pub before: Option<i64>,
    /// The most jobs; the last that changed are listed.
    pub limit: u32,
}

impl Catalogue {
    /// Notes a transition of which only this process knows. It is written soon; nobody waits for the disk.
    pub fn note(&self, transition: Transition) {
        self.notes.add(transition);
    }

    /// Writes what is noted, again and again, until the process stops.
    pub async fn write_notes(self, environment: Environment) {
        let Environment { clock, stop, .. } = environment;
        let write = async || {
            // What cannot be written waits, and was logged.
            let _ = self.change(&[], |_| Ok(())).await;
        };
        let again_and_again = async {
            loop {
                self.notes.added().await;
                clock.sleep(COLLECTING).await;
                write().await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            never = again_and_again => never,
        }
        write().await;
    }

    /// Returns the jobs that `filter` selects; those that changed last come first.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>, CatalogueError> {
        self.change(&[], move |connection| {
            let JobFilter { kind, state, before, limit } = filter;
            let conditions = [
                kind.map(|kind| ("jobs.kind = ?", Value::Text(kind.word().to_owned()))),
                state.map(|state| ("jobs.state = ?", Value::Text(state.word().to_owned()))),
                before.map(|number| ("jobs.last < ?", Value::Integer(number))),
            ];
            let (wheres, mut values): (Vec<_>, Vec<_>) = conditions.into_iter().flatten().unzip();
            let wheres = if wheres.is_empty() { String::new() } else { format!("WHERE {}", wheres.join(" AND ")) };
            values.push(Value::Integer(limit.into()));
            select(connection, &format!("{JOBS} {wheres} ORDER BY jobs.last DESC LIMIT ?"), values, job)
        })
        .await
    }

    /// Returns a job with its history, the oldest transition first. `None` if there is no such job.
    pub async fn job(&self, id: JobId) -> Result<Option<(Job, Vec<NumberedTransition>)>, CatalogueError> {
        self.change(&[], move |connection| {
            let named = || vec![Value::Text(id.kind.word().to_owned()), Value::Text(id.id.clone())];
            let which = "WHERE jobs.kind = ? AND jobs.id = ?";
            let Some(job) = select(connection, &format!("{JOBS} {which}"), named(), job)?.pop() else {
                return Ok(None);
            };
            let history = format!("{TRANSITIONS} {which} ORDER BY transitions.number");
            Ok(Some((job, select(connection, &history, named(), transition)?)))
        })
        .await
    }

    /// Returns the states of these jobs, in order. `None` for a job that there is not.
    pub async fn job_states(&self, ids: Vec<JobId>) -> Result<Vec<Option<JobState>>, CatalogueError> {
        self.change(&[], move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT state FROM jobs WHERE kind = ?1 AND id = ?2").map_err(read_error)?;
            let mut states = Vec::new();
            for JobId { kind, id } in ids {
                let state = statement.query_row(params![kind.word(), id], |row| row.get::<_, String>(0)).optional();
                states.push(state.map_err(read_error)?.and_then(|word| JobState::by_word(&word)));
            }
            Ok(states)
        })
        .await
    }

    /// Returns at most `limit` transitions after the one with the number `after`, in order: for whoever follows all
    /// jobs and must miss nothing.
    pub async fn transitions_after(&self, after: i64, limit: u32) -> Result<Vec<NumberedTransition>, CatalogueError> {
        self.run(move |connection| {
            let query = format!("{TRANSITIONS} WHERE transitions.number > ? ORDER BY transitions.number LIMIT ?");
            select(connection, &query, vec![Value::Integer(after), Value::Integer(limit.into())], transition)
        })
        .await
    }

    /// Deletes jobs that were called off before `before`: nothing else is left of them. Returns how many there were.
    pub async fn forget_cancelled(&self, before: DateTime<Utc>) -> Result<usize, CatalogueError> {
        self.run(move |connection| {
            let old = "DELETE FROM jobs WHERE state = 'cancelled' AND \
                       (SELECT at FROM transitions WHERE transitions.number = last) < ?1";
            connection.execute(old, [instant_text(before)]).map_err(write_error)
        })
        .await
    }
}

/// Reads rows with `read`. Leaves out those that cannot be read.
fn select<T>(
    connection: &Connection,
    query: &str,
    values: Vec<Value>,
    read: fn(&Row<'_>) -> Result<T, CatalogueError>,
) -> Result<Vec<T>, CatalogueError> {
    let mut statement = connection.prepare_cached(query).map_err(read_error)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(read_error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        match read(row) {
            Ok(one) => found.push(one),
            Err(error @ CatalogueError::Row { .. }) => tracing::warn!("{error}"),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn transition(row: &Row<'_>) -> Result<NumberedTransition, CatalogueError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(read_error);
    let maybe = |column: usize| row.get::<_, Option<String>>(column).map_err(read_error);
    let (kind, id, state) = (text(0)?, text(1)?, text(2)?);
    let wrong = |reason: String| CatalogueError::Row { id: id.clone(), reason };
    let kind = JobKind::by_word(&kind).ok_or_else(|| wrong(format!("{kind:?} is not a kind of job")))?;
    let state = JobState::by_word(&state).ok_or_else(|| wrong(format!("{state:?} is not a state of a job")))?;
    let at = parse_instant(&text(3)?).map_err(&wrong)?;
    let cause = maybe(4)?.map(|name| CauseKind::by_name(&name).unwrap_or_default()).zip(maybe(5)?);
    let reason = cause.map(|(kind, words)| Cause { kind, words });
    let number = row.get(6).map_err(read_error)?;
    Ok(NumberedTransition { number, transition: Transition { job: JobId::new(kind, id.clone()), state, at, reason } })
}

fn job(row: &Row<'_>) -> Result<Job, CatalogueError> {
    let newest = transition(row)?;
    let asked_at = parse_instant(&row.get::<_, String>(7).map_err(read_error)?);
    let wrong = |reason| CatalogueError::Row { id: newest.transition.job.id.clone(), reason };
    Ok(Job { asked_at: asked_at.map_err(wrong)?, newest })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rusqlite::Connection;

    use super::super::tests::{airing, at, partial};
    use super::super::{job_of, schema};
    use super::*;
    use crate::model::{AiringId, Lease, Outcome};

    const ALL: JobFilter = JobFilter { kind: None, state: None, before: None, limit: 100 };

    async fn catalogue(folder: &tempfile::TempDir) -> Catalogue {
        Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap()
    }

    fn noted(id: &AiringId, state: JobState, second: i64) -> Transition {
        Transition::new(job_of(id), state, at("2026-11-20T05:00:00Z") + TimeDelta::seconds(second))
    }

    async fn states(catalogue: &Catalogue, id: &AiringId) -> Vec<JobState> {
        let (_, history) = catalogue.job(job_of(id)).await.unwrap().unwrap();
        history.into_iter().map(|one| one.transition.state).collect()
    }

    #[tokio::test]
    async fn the_history_of_a_recording_is_in_order_and_has_each_state_once() {
        use JobState::{Capturing, Done, Encoding, Queued, Waiting};
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(&folder).await;
        let one = airing("news", "2026-11-20T05:00:00Z");
        catalogue.claim(&one, "News", one.on_air.start).await.unwrap();
        let full = Cause::new(CauseKind::DiskFull, "the disk is full");
        for (state, reason) in [
            (Capturing, None),
            (Capturing, None),
            (Encoding, None),
            (Waiting, Some(full.clone())),
            (Waiting, Some(full.clone())),
            (Encoding, None),
        ] {
            catalogue.note(Transition { reason, ..noted(&one.id, state, 1) });
        }
        // Nobody wrote what is noted before the recording is finished.
        catalogue.finish(&one.id, &partial()).await.unwrap();
        catalogue.note(noted(&one.id, Encoding, 9));
        assert_eq!(states(&catalogue, &one.id).await, [Queued, Capturing, Encoding, Waiting, Encoding, Done]);
        let (job, history) = catalogue.job(job_of(&one.id)).await.unwrap().unwrap();
        assert_eq!((job.asked_at, &job.newest), (one.on_air.start, &history[5]));
        assert_eq!((&history[3].transition.reason, &history[4].transition.reason), (&Some(full), &None));
        assert_eq!(catalogue.transitions_after(history[3].number, 9).await.unwrap(), history[4..]);
        assert_eq!(catalogue.job(JobId::new(JobKind::Grab, one.id.as_str())).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_state_that_a_dead_process_has_left_is_corrected() {
        use JobState::{Capturing, Failed, Queued};
        let folder = tempfile::tempdir().unwrap();
        let (taped, fresh) = (airing("news", "2026-11-20T05:00:00Z"), airing("news", "2026-11-20T06:00:00Z"));
        let before = catalogue(&folder).await;
        for one in [&taped, &fresh] {
            before.claim(one, "News", one.on_air.start).await.unwrap();
        }
        before.note(noted(&taped.id, Capturing, 1));
        assert_eq!(states(&before, &taped.id).await, [Queued, Capturing]);
        drop(before);

        let after = catalogue(&folder).await;
        let lease = Lease { owner: "lock#2".to_owned(), until: at("2026-11-20T09:00:00Z") };
        after.take_over("lock", lease, at("2026-11-20T06:30:00Z")).await.unwrap();
        assert_eq!(states(&after, &taped.id).await, [Queued, Capturing, Queued]);
        let (job, _) = after.job(job_of(&taped.id)).await.unwrap().unwrap();
        assert_eq!(job.newest.transition.reason, Some(Cause::not_running()));
        assert_eq!(states(&after, &fresh.id).await, [Queued], "it was queued, and is");
        let cause = Cause::new(CauseKind::Removed, "its show was removed");
        after.finish(&taped.id, &Outcome::nothing(&taped, cause.clone(), at("2026-11-20T06:30:00Z"))).await.unwrap();
        let (job, _) = after.job(job_of(&taped.id)).await.unwrap().unwrap();
        assert_eq!((job.newest.transition.state, job.newest.transition.reason), (Failed, Some(cause)));
    }

    #[tokio::test]
    async fn jobs_are_found_by_kind_and_state_and_page_by_page_and_go_with_their_recording() {
        use JobState::{Cancelled, Done, Queued};
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(&folder).await;
        let [first, second, third] =
            ["2026-11-20T05:00:00Z", "2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z"].map(|start| airing("news", start));
        for one in [&first, &second, &third] {
            catalogue.claim(one, "News", one.on_air.start).await.unwrap();
        }
        catalogue.finish(&first.id, &partial()).await.unwrap();
        catalogue.withdraw(&third.id, third.on_air.start).await.unwrap();
        let ids = async |filter| {
            let jobs = catalogue.jobs(filter).await.unwrap();
            jobs.into_iter().map(|job| AiringId::new(job.newest.transition.job.id)).collect::<Vec<_>>()
        };
        assert_eq!(ids(ALL).await, [third.id.clone(), first.id.clone(), second.id.clone()]);
        assert_eq!(ids(JobFilter { state: Some(Queued), ..ALL }).await, std::slice::from_ref(&second.id));
        assert_eq!(ids(JobFilter { kind: Some(JobKind::Clip), ..ALL }).await, []);
        assert_eq!(ids(JobFilter { limit: 1, ..ALL }).await, std::slice::from_ref(&third.id));
        let last = catalogue.jobs(JobFilter { limit: 1, ..ALL }).await.unwrap()[0].newest.number;
        assert_eq!(ids(JobFilter { before: Some(last), ..ALL }).await, [first.id.clone(), second.id.clone()]);
        let asked = [&first, &second, &third].map(|one| job_of(&one.id)).to_vec();
        assert_eq!(catalogue.job_states(asked).await.unwrap(), [Some(Done), Some(Queued), Some(Cancelled)]);

        assert_eq!(catalogue.forget_cancelled(third.on_air.start).await.unwrap(), 0);
        assert_eq!(catalogue.forget_cancelled(third.on_air.end).await.unwrap(), 1);
        catalogue.mark_deleted(&first.id, third.on_air.end).await.unwrap();
        assert_eq!(ids(ALL).await, std::slice::from_ref(&second.id));
        catalogue.note(noted(&second.id, JobState::Capturing, 1));
        assert!(catalogue.jobs(ALL).await.unwrap()[0].newest.number > last, "no number comes twice");
    }

    #[tokio::test]
    async fn a_catalogue_without_jobs_is_taken_over_with_the_beginnings_and_ends_of_its_recordings() {
        use JobState::{Done, Failed, Queued};
        let folder = tempfile::tempdir().unwrap();
        let mut old = Connection::open(folder.path().join("catalogue.sqlite")).unwrap();
        schema::MIGRATIONS.to_version(&mut old, 16).unwrap();
        for (id, state, finished) in [
            ("a@20261120T0500Z", "shelved", Some("2026-11-20T06:00:00.000Z")),
            ("clips~@20261120T0500Z", "failed", Some("2026-11-20T05:30:00.000Z")),
            ("b@20261120T0500Z", "claimed", None),
        ] {
            old.execute(
                "INSERT INTO airings (id, show, station, title, timezone, on_air_start, on_air_end, cut_start, cut_end, \
                 state, claimed_at, finished_at) VALUES (?1, substr(?1, 1, instr(?1, '@') - 1), 's', 'A', 'UTC', ?4, ?4, ?4, \
                 ?4, ?2, ?4, ?3)",
                params![id, state, finished, "2026-11-20T05:00:00.000Z"],
            )
            .unwrap();
        }
        old.execute_batch(
            "INSERT INTO gaps (airing, position, start, seconds, cause, cause_kind) VALUES ('clips~@20261120T0500Z', 0, \
             '2026-11-20T05:00:00.000Z', 1, 'full', 'disk_full');
             INSERT INTO clips (id, title, pieces, asked_at) VALUES ('clips~@20261120T0700Z', 'x', '[]', \
             '2026-11-20T07:00:00.000Z')",
        )
        .unwrap();
        drop(old);
        let catalogue = catalogue(&folder).await;
        let of = async |id: &str| states(&catalogue, &AiringId::new(id)).await;
        assert_eq!(of("a@20261120T0500Z").await, [Queued, Done]);
        assert_eq!(of("clips~@20261120T0500Z").await, [Queued, Failed]);
        assert_eq!((of("b@20261120T0500Z").await, of("clips~@20261120T0700Z").await), (vec![Queued], vec![Queued]));
        let failed = catalogue.jobs(JobFilter { state: Some(Failed), ..ALL }).await.unwrap().remove(0);
        assert_eq!(failed.newest.transition.reason, Some(Cause::new(CauseKind::DiskFull, "full")));
        assert_eq!((failed.newest.transition.job.kind, failed.asked_at), (JobKind::Clip, at("2026-11-20T05:00:00Z")));
    }
}
