//! Rows of recordings in the bin. [`Bin`](crate::library::bin::Bin) decides in which order they change.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::entry::{Recording, Stage};
use super::error::{CatalogueError, write_error};
use super::{Catalogue, names, rows};
use crate::events::Topic;
use crate::model::AiringId;

impl Catalogue {
    /// Removes a finished recording from the list, because its file goes into the bin. Returns `false` and changes
    /// nothing if the recording is unknown, unfinished, or deleted already.
    pub async fn begin_binning(&self, id: &AiringId, at: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let condition = "finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL";
            let update = format!("UPDATE airings SET binned = 'going', binned_at = ?2 WHERE id = ?1 AND {condition}");
            connection
                .execute(&update, [id.as_str(), &rows::instant_text(at)])
                .map(|rows| rows == 1)
                .map_err(write_error)
        })
        .await
    }

    /// Writes how far the file of a recording is on its way into the bin or out of it.
    pub async fn set_stage(&self, id: &AiringId, stage: Stage) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            let set = "UPDATE airings SET binned = ?2 WHERE id = ?1 AND binned IS NOT NULL";
            connection.execute(set, [id.as_str(), stage.word()]).map(drop).map_err(write_error)
        })
        .await
    }

    /// Writes that a recording comes back from the bin, and that its file will have the name `file`, which no file has
    /// now. Returns `false` and changes nothing if another row needs that name.
    pub async fn begin_restoring(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let free = names::release(&transaction, &id, &file).map_err(write_error)?;
            if free {
                let set = "UPDATE airings SET binned = ?2, file = ?3 WHERE id = ?1 AND binned IS NOT NULL";
                transaction.execute(set, [id.as_str(), Stage::Coming.word(), &file]).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(free)
        })
        .await
    }

    /// Puts a recording from the bin on the list again. Its file has its name, and belongs to no other row then.
    pub async fn relist(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let name = "SELECT file FROM airings WHERE id = ?1 AND binned IS NOT NULL";
            let file = transaction.query_row(name, [id.as_str()], |row| row.get::<_, Option<String>>(0));
            if let Some(file) = file.optional().map_err(write_error)?.flatten() {
                names::clear_from_others(&transaction, &id, &file).map_err(write_error)?;
            }
            relist(&transaction, &id, at).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Marks a recording from the bin as deleted for good.
    pub async fn mark_binned_deleted(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            // Another row may have the name by now.
            let clear = "UPDATE airings SET file = NULL, bytes = NULL WHERE id = ?1 AND binned IS NOT NULL";
            transaction.execute(clear, [id.as_str()]).map_err(write_error)?;
            relist(&transaction, &id, at).map_err(write_error)?;
            rows::mark_deleted(&transaction, &id, at).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Returns the recordings in the bin; those that are there longest come first.
    pub async fn binned(&self) -> Result<Vec<Recording>, CatalogueError> {
        self.run(|connection| {
            let entries = rows::select(connection, "binned IS NOT NULL ORDER BY binned_at, id", &[] as &[Value])?;
            Ok(entries.into_iter().map(rows::Entry::into_recording).collect())
        })
        .await
    }
}

fn relist(connection: &Connection, id: &AiringId, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let update = "UPDATE airings SET binned = NULL, binned_at = ?2 WHERE id = ?1 AND binned IS NOT NULL";
    connection.execute(update, [id.as_str(), &rows::instant_text(at)]).map(drop)
}
