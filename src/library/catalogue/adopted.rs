//! Recordings that the list has lost and that are put on it again.

use std::path::PathBuf;

use rusqlite::{Transaction, params};

use super::entry::Outcome;
use super::error::CatalogueError;
use super::{Catalogue, WRITTEN, names, rows, written};
use crate::model::{Airing, AiringId};

/// A recording whose file is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Adopted {
    /// The airing.
    pub airing: Airing,
    /// The show's title then.
    pub title: String,
    /// What became of it, with the file.
    pub outcome: Outcome,
}

impl Catalogue {
    /// Puts recordings on the list, all in one transaction, and returns the ids of those that it put there. An airing that
    /// it has stays as it is, unless it failed and has no file: its row is replaced, because there is more to be said now.
    pub async fn adopt(&self, found: Vec<Adopted>) -> Result<Vec<AiringId>, CatalogueError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        self.change(WRITTEN, move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            let mut adopted = Vec::new();
            for one in found {
                if adopt(&transaction, &one).map_err(written)? {
                    adopted.push(one.airing.id);
                }
            }
            transaction.commit().map_err(written)?;
            Ok(adopted)
        })
        .await
    }

    /// The names that rows have for their files, wherever these are, relative to the output folder.
    pub async fn names(&self) -> Result<Vec<PathBuf>, CatalogueError> {
        let read = |source| CatalogueError::Sqlite { doing: "read", source };
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT file FROM airings WHERE file IS NOT NULL").map_err(read)?;
            let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(read)?;
            names.map(|name| name.map(PathBuf::from).map_err(read)).collect()
        })
        .await
    }
}

fn adopt(transaction: &Transaction<'_>, found: &Adopted) -> rusqlite::Result<bool> {
    let Adopted { airing, title, outcome } = found;
    let file = outcome.file.as_deref().map(|file| file.to_string_lossy()).unwrap_or_default();
    if names::is_anothers(transaction, &airing.id, &file)? {
        return Ok(false);
    }
    transaction.execute(
        "DELETE FROM airings WHERE id = ?1 AND state = 'failed' AND file IS NULL AND deleted_at IS NULL AND binned IS NULL",
        params![airing.id.as_str()],
    )?;
    Ok(rows::insert(transaction, airing, title, airing.cut().start)?
        && rows::store(transaction, &airing.id, outcome, true)?)
}

#[cfg(test)]
mod tests {
    use super::super::Filter;
    use super::super::tests::{airing, at, partial};
    use super::*;
    use crate::model::Verdict;

    #[tokio::test]
    async fn a_lost_or_failed_airing_gets_its_recording_and_every_other_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let of = |hour: u32| airing("뉴스", &format!("2026-11-20T{hour:02}:00:00Z"));
        let found = |hour: u32| {
            let outcome = Outcome { file: Some(format!("{hour}.mp3").into()), ..partial() };
            Adopted { airing: of(hour), title: "뉴스".to_owned(), outcome }
        };
        let nothing = || Outcome { verdict: Verdict::Failed, file: None, bytes: None, ..partial() };
        let finished = async |hour: u32, outcome: Outcome| {
            catalogue.claim(&of(hour), "x", at("2026-11-20T00:00:00Z")).await.unwrap();
            catalogue.finish(&of(hour).id, &outcome).await.unwrap();
        };
        let claimed = async |hour: u32| catalogue.claim(&of(hour), "x", at("2026-11-20T00:00:00Z")).await.unwrap();
        finished(1, nothing()).await;
        finished(2, Outcome { file: Some("kept.mp3".into()), ..partial() }).await;
        finished(3, nothing()).await;
        catalogue.mark_deleted(&of(3).id, at("2026-11-21T00:00:00Z")).await.unwrap();
        claimed(4).await;
        finished(5, nothing()).await;
        catalogue.bin(&of(5).id, at("2026-11-21T00:00:00Z")).await.unwrap();

        let adopted = catalogue.adopt((0..6).map(found).collect()).await.unwrap();
        assert_eq!(adopted, [of(0).id, of(1).id]);
        for hour in [0, 1] {
            let row = catalogue.get(&of(hour).id).await.unwrap().unwrap();
            assert_eq!((row.verdict, row.gaps), (Some(Verdict::Partial(98.7)), partial().gaps));
            assert_eq!((row.file, row.title.as_str()), (Some(format!("{hour}.mp3").into()), "뉴스"));
        }
        let listed = catalogue.list(&Filter::default()).await.unwrap();
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert!(catalogue.adopt((0..6).map(found).collect()).await.unwrap().is_empty(), "they are on it");
        // Two files say that they are the same: the first is.
        let twin = Adopted { outcome: Outcome { file: Some("copy.mp3".into()), ..partial() }, ..found(0) };
        assert!(catalogue.adopt(vec![twin]).await.unwrap().is_empty());
    }
}
