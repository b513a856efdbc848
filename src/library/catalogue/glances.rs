//! Glances: what the files in the output folder are that no row has. They are remembered, so that a start need not open
//! every file of a music library in that folder.

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::params;

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use crate::model::AiringId;

/// A file as it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The size.
    pub bytes: u64,
    /// The time of the last change, in nanoseconds since 1970.
    pub modified: i64,
    /// What the file is.
    pub found: Found,
    /// The recording that it is of by its imprint. `None` if it has none, or nobody has read it.
    pub airing: Option<AiringId>,
}

/// What was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It seems to be a recording.
    Recording,
    /// Its beginning has no imprint.
    Unlikely,
    /// It is no recording: its whole tag has no imprint.
    Other,
}

impl Found {
    const ALL: [Self; 3] = [Self::Recording, Self::Unlikely, Self::Other];

    /// Returns the name in the table.
    fn word(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Unlikely => "unlikely",
            Self::Other => "other",
        }
    }
}

impl Catalogue {
    /// Returns all glances by file, relative to the output folder.
    pub async fn glances(&self) -> Result<HashMap<PathBuf, Glance>, CatalogueError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT file, bytes, modified, found, airing FROM glances")
                .map_err(read_error)?;
            let mut rows = statement.query([]).map_err(read_error)?;
            let mut glances = HashMap::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                let (file, word): (String, String) = (row.get(0).map_err(read_error)?, row.get(3).map_err(read_error)?);
                let (bytes, modified): (i64, i64) = (row.get(1).map_err(read_error)?, row.get(2).map_err(read_error)?);
                if let Some(found) = Found::ALL.into_iter().find(|found| found.word() == word) {
                    let airing: Option<String> = row.get(4).map_err(read_error)?;
                    let (bytes, airing) = (bytes.cast_unsigned(), airing.map(AiringId::new));
                    glances.insert(PathBuf::from(file), Glance { bytes, modified, found, airing });
                }
            }
            Ok(glances)
        })
        .await
    }

    /// Writes `glances`, replacing older ones of the same files, and deletes those of `gone`. Leaves out files whose
    /// names are not UTF-8.
    pub async fn remember(&self, glances: Vec<(PathBuf, Glance)>, gone: Vec<PathBuf>) -> Result<(), CatalogueError> {
        if glances.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.run(move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            for (file, Glance { bytes, modified, found, airing }) in &glances {
                let Some(file) = file.to_str() else { continue };
                let insert =
                    "INSERT OR REPLACE INTO glances (file, bytes, modified, found, airing) VALUES (?1, ?2, ?3, ?4, ?5)";
                let mut insert = transaction.prepare_cached(insert).map_err(write_error)?;
                let airing = airing.as_ref().map(AiringId::as_str);
                insert
                    .execute(params![file, bytes.cast_signed(), modified, found.word(), airing])
                    .map_err(write_error)?;
            }
            for file in gone.iter().filter_map(|file| file.to_str()) {
                let mut delete =
                    transaction.prepare_cached("DELETE FROM glances WHERE file = ?1").map_err(write_error)?;
                delete.execute([file]).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)
        })
        .await
    }
}
