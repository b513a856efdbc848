//! Strays: recordings in the output folder that the list does not have, as after an older catalogue was put back.
//!
//! They are found by their names and told by their [`imprint`]. Only somebody who asks for it puts them on the list: what
//! is on it goes by `keep`, and the folder may also be another service's, whose recordings are not this one's to delete.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::catalogue::{Catalogue, CatalogueError, Finished, Recording};
use super::imprint;
use super::shelf::{Shelf, ShelfError};
use crate::model::AiringId;

/// So many unknown files are opened to tell how many are recordings.
const GLANCES: usize = 1_000;
/// So many are put on the list in one transaction.
const AT_ONCE: usize = 500;
/// Folders in folders are gone into as far as this.
const DEEPEST: usize = 16;

/// Why they cannot be told.
#[derive(Debug, Error)]
pub enum StraysError {
    /// The list cannot be read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The output folder cannot be looked at.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// How many recordings of aircheck are in the output folder that the list does not have. Of very many unknown files only
/// some are opened, and it may be more.
pub async fn count(catalogue: &Catalogue, shelf: &Shelf) -> Result<usize, StraysError> {
    let unknown = unknown(catalogue, shelf).await?;
    let is_one = |output: &Path, file: &PathBuf| imprint::is_in(&output.join(file));
    let count = move |output: &Path| unknown.iter().take(GLANCES).filter(|file| is_one(output, file)).count();
    Ok(shelf.search(count).await?)
}

/// Puts them on the list at `now`: those whose airing it does not have, or has as failed and without a file. Returns their
/// rows.
pub async fn adopt(catalogue: &Catalogue, shelf: &Shelf, now: DateTime<Utc>) -> Result<Vec<Recording>, StraysError> {
    let mut adopted: Vec<AiringId> = Vec::new();
    for files in unknown(catalogue, shelf).await?.chunks(AT_ONCE) {
        let files = files.to_vec();
        let found = shelf.search(move |output| {
            let read = |file: PathBuf| {
                let path = output.join(&file);
                let mut found = imprint::of_file(&path)?;
                found.outcome.bytes = Some(path.metadata().ok()?.len());
                (found.outcome.file, found.outcome.at) = (Some(file), now);
                Some(found)
            };
            files.into_iter().filter_map(read).collect::<Vec<Finished>>()
        });
        adopted.extend(catalogue.adopt(found.await?).await?);
    }
    let mut rows = Vec::new();
    for id in adopted {
        rows.extend(catalogue.get(&id).await?);
    }
    Ok(rows)
}

/// The MP3s in the output folder that no row has, by their names.
async fn unknown(catalogue: &Catalogue, shelf: &Shelf) -> Result<Vec<PathBuf>, StraysError> {
    let look = |output: &Path| {
        let mut files = Vec::new();
        walk(output, Path::new(""), 0, &mut files);
        files
    };
    let mut files = shelf.search(look).await?;
    // After the files: a row has the name before its file gets it.
    let known: HashSet<PathBuf> = catalogue.names().await?.into_iter().collect();
    files.retain(|file| !known.contains(file));
    Ok(files)
}

/// What cannot be read is left out. Links to folders are not followed: they may lead in a circle.
fn walk(output: &Path, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(output.join(folder)) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let path = folder.join(&name);
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_dir() && depth < DEEPEST {
            walk(output, &path, depth + 1, files);
        } else if kind.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case("mp3")) {
            files.push(path);
        }
    }
}
