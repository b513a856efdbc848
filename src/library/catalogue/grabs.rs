//! Grabs: the downloads that the service was asked for, and what came of them. How far each is says its job.
//!
//! What is asked for and what came of it is JSON of whoever makes grabs; nothing is looked up by that.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, params};

use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use super::{Catalogue, transitions};
use crate::model::{JobId, JobKind, JobState, Transition};

const COLUMNS: &str = "SELECT grabs.id, grabs.asked, grabs.asked_at, jobs.state, grabs.file, grabs.result FROM grabs \
                       JOIN jobs ON jobs.kind = 'grab' AND jobs.id = grabs.id";

/// A download that the service was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrabRow {
    /// Its id, also among the jobs.
    pub id: String,
    /// What is asked for, as JSON.
    pub asked: String,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// The state of its job.
    pub state: JobState,
    /// Its file, relative to the output folder. `None` if there is none yet.
    pub file: Option<PathBuf>,
    /// What came of it, as JSON. `None` if nothing has.
    pub result: Option<String>,
}

/// Returns the job of a grab.
pub fn grab_job(id: &str) -> JobId {
    JobId::new(JobKind::Grab, id)
}

impl Catalogue {
    /// Writes down a grab, which is queued from now on. Returns `false` if its id is taken.
    pub async fn add_grab(&self, grab: GrabRow) -> Result<bool, CatalogueError> {
        self.change(&[], move |connection| {
            let insert = "INSERT INTO grabs (id, asked, asked_at) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
            let transaction = connection.transaction().map_err(write_error)?;
            let values = params![grab.id, grab.asked, instant_text(grab.asked_at)];
            let is_new = transaction.execute(insert, values).map_err(write_error)? == 1;
            if is_new {
                let queued = Transition::new(grab_job(&grab.id), JobState::Queued, grab.asked_at);
                transitions::write(&transaction, &queued).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(is_new)
        })
        .await
    }

    /// Writes down that a grab has come to an end, or begins again, and what came of it.
    pub async fn end_grab(&self, grab: GrabRow, transition: Transition) -> Result<(), CatalogueError> {
        self.change(&[], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            let file = grab.file.as_deref().map(Path::to_string_lossy);
            let update = "UPDATE grabs SET file = ?2, result = ?3 WHERE id = ?1";
            transaction.execute(update, params![grab.id, file, grab.result]).map_err(write_error)?;
            transitions::write(&transaction, &transition).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Returns the newest grabs, the newest first.
    pub async fn grabs(&self, limit: u32) -> Result<Vec<GrabRow>, CatalogueError> {
        self.change(&[], move |connection| {
            let query = format!("{COLUMNS} ORDER BY grabs.asked_at DESC, grabs.id DESC LIMIT ?1");
            let mut statement = connection.prepare_cached(&query).map_err(read_error)?;
            let mut rows = statement.query([limit]).map_err(read_error)?;
            let mut grabs = Vec::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                grabs.push(grab(row)?);
            }
            Ok(grabs)
        })
        .await
    }

    /// Returns a grab. `None` if there is none with this id.
    pub async fn grab(&self, id: &str) -> Result<Option<GrabRow>, CatalogueError> {
        let id = id.to_owned();
        self.change(&[], move |connection| {
            let query = format!("{COLUMNS} WHERE grabs.id = ?1");
            let mut statement = connection.prepare_cached(&query).map_err(read_error)?;
            let found = statement.query_row([id], |row| Ok(grab(row))).optional();
            found.map_err(read_error)?.transpose()
        })
        .await
    }

    /// Forgets a grab and its job. Returns whether there was one.
    pub async fn forget_grab(&self, id: &str) -> Result<bool, CatalogueError> {
        let id = id.to_owned();
        self.change(&[], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            let was_there = transaction.execute("DELETE FROM grabs WHERE id = ?1", [&id]).map_err(write_error)? == 1;
            let job = "DELETE FROM jobs WHERE kind = ?1 AND id = ?2";
            transaction.execute(job, params![JobKind::Grab.word(), id]).map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(was_there)
        })
        .await
    }
}

fn grab(row: &Row<'_>) -> Result<GrabRow, CatalogueError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(read_error);
    let optional = |column: usize| row.get::<_, Option<String>>(column).map_err(read_error);
    let (id, asked_at, state) = (text(0)?, text(2)?, text(3)?);
    let wrong = |reason: String| CatalogueError::Row { id: id.clone(), reason };
    let asked_at = parse_instant(&asked_at).map_err(wrong)?;
    let state = JobState::by_word(&state).ok_or_else(|| wrong(format!("{state:?} is no state")))?;
    let (asked, file, result) = (text(1)?, optional(4)?.map(PathBuf::from), optional(5)?);
    Ok(GrabRow { id, asked, asked_at, state, file, result })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, CauseKind};

    #[tokio::test]
    async fn a_grab_is_a_job_with_a_history_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let at: DateTime<Utc> = "2026-11-28T14:30:00Z".parse().unwrap();
        let (asked, result) = ("{}".to_owned(), Some("{}".to_owned()));
        let row =
            GrabRow { id: "grab@1".into(), asked, asked_at: at, state: JobState::Queued, file: None, result: None };
        assert!(catalogue.add_grab(row.clone()).await.unwrap());
        assert!(!catalogue.add_grab(row.clone()).await.unwrap(), "the id is taken");
        catalogue.note(Transition::new(grab_job("grab@1"), JobState::Capturing, at));
        assert_eq!(catalogue.grab("grab@1").await.unwrap().unwrap().state, JobState::Capturing);
        let failed = Transition::new(grab_job("grab@1"), JobState::Failed, at);
        let failed = failed.because(Cause::new(CauseKind::Refused, "403"));
        let row = GrabRow { file: Some("Grabs/뉴스.mp4".into()), result, ..row };
        catalogue.end_grab(row.clone(), failed).await.unwrap();
        let row = GrabRow { state: JobState::Failed, ..row };
        assert_eq!(catalogue.grabs(10).await.unwrap(), [row]);
        let (_, history) = catalogue.job(grab_job("grab@1")).await.unwrap().unwrap();
        let states: Vec<JobState> = history.into_iter().map(|one| one.transition.state).collect();
        assert_eq!(states, [JobState::Queued, JobState::Capturing, JobState::Failed]);
        assert!(catalogue.forget_grab("grab@1").await.unwrap());
        assert!(!catalogue.forget_grab("grab@1").await.unwrap());
        assert_eq!(catalogue.job(grab_job("grab@1")).await.unwrap(), None);
    }
}
