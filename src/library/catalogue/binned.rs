//! Rows of recordings that a person has deleted, for [`Bin`](crate::library::bin::Bin), which says in which order.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::entry::{Recording, Stage};
use super::error::CatalogueError;
use super::{Catalogue, names, rows, written};
use crate::events::Topic;
use crate::model::AiringId;

impl Catalogue {
    /// Takes a finished recording off the list; its file is going into the bin. False, and nothing is changed, where it is
    /// not finished, deleted already, or not known.
    pub async fn bin(&self, id: &AiringId, at: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let condition = "finished_at IS NOT NULL AND deleted_at IS NULL AND binned IS NULL";
            let binned = format!("UPDATE airings SET binned = 'going', binned_at = ?2 WHERE id = ?1 AND {condition}");
            connection.execute(&binned, [id.as_str(), &rows::stamp(at)]).map(|rows| rows == 1).map_err(written)
        })
        .await
    }

    /// Notes how far the file of a recording in the bin is.
    pub async fn set_stage(&self, id: &AiringId, stage: Stage) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            let set = "UPDATE airings SET binned = ?2 WHERE id = ?1 AND binned IS NOT NULL";
            connection.execute(set, [id.as_str(), stage.word()]).map(drop).map_err(written)
        })
        .await
    }

    /// Notes that a recording in the bin is coming back, and that its file will be `file`, which no file is now. False, and
    /// nothing is changed, where another airing is about to give a file that name.
    pub async fn call_back(&self, id: &AiringId, file: &Path) -> Result<bool, CatalogueError> {
        let (id, file) = (id.clone(), file.to_string_lossy().into_owned());
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            let free = names::vacate(&transaction, &id, &file).map_err(written)?;
            if free {
                let set = "UPDATE airings SET binned = ?2, file = ?3 WHERE id = ?1 AND binned IS NOT NULL";
                transaction.execute(set, [id.as_str(), Stage::Coming.word(), &file]).map_err(written)?;
            }
            transaction.commit().map_err(written)?;
            Ok(free)
        })
        .await
    }

    /// Puts a recording from the bin on the list again; its file is in its place, and nobody else's then.
    pub async fn unbin(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            let name = "SELECT file FROM airings WHERE id = ?1 AND binned IS NOT NULL";
            let file = transaction.query_row(name, [id.as_str()], |row| row.get::<_, Option<String>>(0));
            if let Some(file) = file.optional().map_err(written)?.flatten() {
                names::take(&transaction, &id, &file).map_err(written)?;
            }
            unbin(&transaction, &id, at).map_err(written)?;
            transaction.commit().map_err(written)
        })
        .await
    }

    /// Notes that the file of a recording from the bin is gone for good.
    pub async fn delete_binned(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = connection.transaction().map_err(written)?;
            // The name may be another's, who has it with right.
            let forget = "UPDATE airings SET file = NULL, bytes = NULL WHERE id = ?1 AND binned IS NOT NULL";
            transaction.execute(forget, [id.as_str()]).map_err(written)?;
            unbin(&transaction, &id, at).map_err(written)?;
            rows::mark_deleted(&transaction, &id, at).map_err(written)?;
            transaction.commit().map_err(written)
        })
        .await
    }

    /// What is in the bin, the oldest first.
    pub async fn binned(&self) -> Result<Vec<Recording>, CatalogueError> {
        self.run(|connection| {
            let entries = rows::select(connection, "binned IS NOT NULL ORDER BY binned_at, id", &[] as &[Value])?;
            Ok(entries.into_iter().map(rows::Entry::into_recording).collect())
        })
        .await
    }
}

fn unbin(connection: &Connection, id: &AiringId, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let unbin = "UPDATE airings SET binned = NULL, binned_at = ?2 WHERE id = ?1 AND binned IS NOT NULL";
    connection.execute(unbin, [id.as_str(), &rows::stamp(at)]).map(drop)
}
