//! Rows of recordings that a person has deleted, for [`Bin`](crate::library::bin::Bin), which says in which order.

use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::entry::{Recording, Stage};
use super::error::CatalogueError;
use super::{Catalogue, rows, written};
use crate::model::{AiringId, Topic};

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

    /// Notes how far the file of a recording in the bin is, and its name where that has become another.
    pub async fn set_stage(&self, id: &AiringId, stage: Stage, file: Option<&Path>) -> Result<(), CatalogueError> {
        let (id, file) = (id.clone(), file.map(|file| file.to_string_lossy().into_owned()));
        let word = match stage {
            Stage::Going => "going",
            Stage::There => "there",
            Stage::Coming => "coming",
        };
        self.run(move |connection| {
            let set = "UPDATE airings SET binned = ?2, file = coalesce(?3, file) WHERE id = ?1 AND binned IS NOT NULL";
            connection.execute(set, params![id.as_str(), word, file]).map(drop).map_err(written)
        })
        .await
    }

    /// Puts a recording from the bin on the list again.
    pub async fn unbin(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| unbin(connection, &id, at).map_err(written)).await
    }

    /// Notes that the file of a recording from the bin is gone for good.
    pub async fn delete_binned(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = connection.transaction().map_err(written)?;
            unbin(&transaction, &id, at).map_err(written)?;
            rows::mark_deleted(&transaction, &id, at).map_err(written)?;
            transaction.commit().map_err(written)
        })
        .await
    }

    /// Whether a recording on the list has this file.
    pub async fn lists(&self, file: &Path) -> Result<bool, CatalogueError> {
        let file = file.to_string_lossy().into_owned();
        self.run(move |connection| {
            let listed = "SELECT EXISTS (SELECT 1 FROM airings WHERE file = ?1 AND binned IS NULL)";
            connection
                .query_row(listed, [file], |row| row.get(0))
                .map_err(|source| CatalogueError::Sqlite { doing: "read", source })
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
