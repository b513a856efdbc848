//! Files that a person has moved, renamed or retagged: the row follows its file.

use std::path::Path;

use rusqlite::params;

use super::error::{CatalogueError, write_error};
use super::{Catalogue, names};
use crate::events::Topic;
use crate::model::AiringId;

impl Catalogue {
    /// Writes that the file of a recording is now called `to`, and has so many `bytes`. Returns `false` and changes nothing
    /// if the row no longer has the file `from` (`None`: has none), or another one has `to`.
    pub async fn follow(
        &self,
        id: &AiringId,
        from: Option<&Path>,
        to: &Path,
        bytes: u64,
    ) -> Result<bool, CatalogueError> {
        let (from, to) = (from.map(|file| file.to_string_lossy().into_owned()), to.to_string_lossy().into_owned());
        let id = id.clone();
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            if names::belongs_to_another(&transaction, &id, &to).map_err(write_error)? {
                return Ok(false);
            }
            let follow = "UPDATE airings SET file = ?3, bytes = ?4 WHERE id = ?1 AND file IS ?2 AND finished_at IS NOT NULL \
                          AND deleted_at IS NULL AND binned IS NULL";
            let values = params![id.as_str(), from, to, bytes.cast_signed()];
            let followed = transaction.execute(follow, values).map_err(write_error)? == 1;
            if followed && from.as_deref() != Some(to.as_str()) {
                // What is to be copied is found by its name, and so is what may be let go.
                let copies = "UPDATE copies SET file = ?3 WHERE airing = ?1 AND file = ?2 AND let_go_at IS NULL";
                transaction.execute(copies, params![id.as_str(), from, to]).map_err(write_error)?;
                transaction.execute("DELETE FROM glances WHERE file = ?1", [&to]).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(followed)
        })
        .await
    }
}
