//! What follows from the end of an airing, in the transaction that ends it: its event, and the copy of its file.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::rows::instant_text;
use super::transitions::{self, copy_job_of};
use crate::config::Config;
use crate::events::Event;
use crate::model::{AiringId, JobState, Outcome, Transition};

/// Queues the copy of a recording to the object store, if recordings of its kind are copied.
fn queue_copy(connection: &Connection, id: &AiringId, file: &str, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let queue = "INSERT INTO copies (airing, file, queued_at) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM copied_kinds \
                 WHERE kind = (SELECT CASE show WHEN ?4 THEN 'clips' ELSE 'recordings' END FROM airings WHERE id = ?1))";
    if connection.execute(queue, params![id.as_str(), file, instant_text(at), Config::clips().as_str()])? == 1 {
        transitions::write(connection, &Transition::new(copy_job_of(id), JobState::Queued, at))?;
    }
    Ok(())
}

/// Writes to the outbox that an airing is finished with `outcome`, and queues the copy of its file.
pub(super) fn write_finished_event(connection: &Connection, id: &AiringId, outcome: &Outcome) -> rusqlite::Result<()> {
    if let Some(file) = &outcome.file {
        queue_copy(connection, id, &file.to_string_lossy(), outcome.at)?;
    }
    let (verdict, file) = (outcome.verdict.word().to_owned(), outcome.file.clone());
    let event = Event::AiringFinished { id: id.to_string(), verdict, file };
    // The event consists of text, so this cannot fail.
    let text = serde_json::to_string(&event).unwrap_or_default();
    connection
        .execute("INSERT INTO outbox (at, event) VALUES (?1, ?2)", params![instant_text(outcome.at), text])
        .map(|_| ())
}
