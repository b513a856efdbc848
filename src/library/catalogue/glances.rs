//! What files in the output folder were found to be that no row has, so that none is opened at every start: a music
//! library may lie there.

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::params;

use super::error::CatalogueError;
use super::{Catalogue, written};

/// A file as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified: i64,
    /// What it was found to be.
    pub found: Found,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A recording, it seems.
    Recording,
    /// Its beginning says nothing.
    Unlikely,
    /// No recording: all of its tag was read.
    Other,
}

impl Found {
    const ALL: [Self; 3] = [Self::Recording, Self::Unlikely, Self::Other];

    /// How the table names it.
    fn word(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Unlikely => "unlikely",
            Self::Other => "other",
        }
    }
}

impl Catalogue {
    /// What is remembered, by the file relative to the output folder.
    pub async fn glances(&self) -> Result<HashMap<PathBuf, Glance>, CatalogueError> {
        let read = |source| CatalogueError::Sqlite { doing: "read", source };
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT file, bytes, modified, found FROM glances").map_err(read)?;
            let mut rows = statement.query([]).map_err(read)?;
            let mut glances = HashMap::new();
            while let Some(row) = rows.next().map_err(read)? {
                let (file, word): (String, String) = (row.get(0).map_err(read)?, row.get(3).map_err(read)?);
                let (bytes, modified): (i64, i64) = (row.get(1).map_err(read)?, row.get(2).map_err(read)?);
                if let Some(found) = Found::ALL.into_iter().find(|found| found.word() == word) {
                    glances.insert(PathBuf::from(file), Glance { bytes: bytes.cast_unsigned(), modified, found });
                }
            }
            Ok(glances)
        })
        .await
    }

    /// Remembers these in place of what was known of them, and forgets `gone`. One whose name is no text is not remembered.
    pub async fn remember(&self, seen: Vec<(PathBuf, Glance)>, gone: Vec<PathBuf>) -> Result<(), CatalogueError> {
        if seen.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.run(move |connection| {
            let transaction = connection.transaction().map_err(written)?;
            for (file, Glance { bytes, modified, found }) in &seen {
                let Some(file) = file.to_str() else { continue };
                let put = "INSERT OR REPLACE INTO glances (file, bytes, modified, found) VALUES (?1, ?2, ?3, ?4)";
                let mut put = transaction.prepare_cached(put).map_err(written)?;
                put.execute(params![file, bytes.cast_signed(), modified, found.word()]).map_err(written)?;
            }
            for file in gone.iter().filter_map(|file| file.to_str()) {
                let mut forget = transaction.prepare_cached("DELETE FROM glances WHERE file = ?1").map_err(written)?;
                forget.execute([file]).map_err(written)?;
            }
            transaction.commit().map_err(written)
        })
        .await
    }
}
