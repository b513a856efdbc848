//! Airings that come on the list finished: missed airings, and recordings that the list has lost. There may be
//! thousands, so they are written in one transaction.

use std::path::PathBuf;

use rusqlite::{Transaction, params};

use super::error::{CatalogueError, read_error, write_error};
use super::{CHANGED_BY_OUTCOME, Catalogue, finishing, names, rows, transitions};
use crate::model::{AiringId, Finished};

impl Catalogue {
    /// Puts missed airings on the list, in one transaction. An airing that has a row already stays as it is. Returns
    /// the ids of the others.
    pub async fn write_off(&self, missed: Vec<Finished>) -> Result<Vec<AiringId>, CatalogueError> {
        self.insert_each(missed, |transaction, Finished { airing, title, outcome }| {
            let is_new = rows::insert(transaction, airing, title, None, outcome.at)?
                && rows::write_outcome(transaction, &airing.id, outcome, true)?;
            if is_new {
                finishing::write_finished_event(transaction, &airing.id, outcome)?;
                transitions::write_end(transaction, &airing.id, outcome)?;
            }
            Ok(is_new)
        })
        .await
    }

    /// Puts recordings whose files were found on the list, in one transaction. An airing that has a row already stays
    /// as it is, unless it failed and has no file: then the recording replaces the row. Returns the ids of the
    /// recordings that are new on the list.
    pub async fn adopt(&self, found: Vec<Finished>) -> Result<Vec<AiringId>, CatalogueError> {
        self.insert_each(found, adopt).await
    }

    /// Inserts each airing by `insert`, which returns whether it did, in one transaction. Returns the ids of those that
    /// were inserted.
    async fn insert_each(
        &self,
        airings: Vec<Finished>,
        insert: impl Fn(&Transaction<'_>, &Finished) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<Vec<AiringId>, CatalogueError> {
        if airings.is_empty() {
            return Ok(Vec::new());
        }
        self.change(CHANGED_BY_OUTCOME, move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let mut ids = Vec::new();
            for finished in airings {
                if insert(&transaction, &finished).map_err(write_error)? {
                    ids.push(finished.airing.id);
                }
            }
            transaction.commit().map_err(write_error)?;
            Ok(ids)
        })
        .await
    }

    /// Returns the names of files in all rows, relative to the output folder, also of those in the bin.
    pub async fn file_names(&self) -> Result<Vec<PathBuf>, CatalogueError> {
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT file FROM airings WHERE file IS NOT NULL").map_err(read_error)?;
            let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(read_error)?;
            names.map(|name| name.map(PathBuf::from).map_err(read_error)).collect()
        })
        .await
    }
}

fn adopt(transaction: &Transaction<'_>, found: &Finished) -> rusqlite::Result<bool> {
    let Finished { airing, title, outcome } = found;
    let file = outcome.file.as_deref().map(|file| file.to_string_lossy()).unwrap_or_default();
    if names::belongs_to_another(transaction, &airing.id, &file)? {
        return Ok(false);
    }
    transaction.execute(
        "DELETE FROM airings WHERE id = ?1 AND state = 'failed' AND file IS NULL AND deleted_at IS NULL AND binned IS NULL",
        params![airing.id.as_str()],
    )?;
    let is_new = rows::insert(transaction, airing, title, None, airing.cut().start)?
        && rows::write_outcome(transaction, &airing.id, outcome, true)?;
    if is_new {
        transitions::write_end(transaction, &airing.id, outcome)?;
    }
    Ok(is_new)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::TimeDelta;

    use super::super::tests::{airing, at, partial};
    use super::super::{Filter, wal};
    use super::*;
    use crate::model::Outcome;
    use crate::model::{Cause, CauseKind, Verdict};

    /// Counts the transactions in the WAL: the frames with the size of the database (SQLite file format, 4.1).
    fn transactions(path: &Path) -> usize {
        let log = std::fs::read(wal(path)).unwrap();
        let page = usize::try_from(u32::from_be_bytes(log[8..12].try_into().unwrap())).unwrap();
        log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }

    fn missed(number: i64) -> Finished {
        let start = at("2026-11-20T05:00:00Z") + TimeDelta::minutes(number);
        let airing = airing("뉴스", &start.to_rfc3339());
        let mut gap = partial().gaps[0].clone();
        gap.cause = Cause::new(CauseKind::NotRunning, "aircheck was not running");
        let outcome = Outcome { verdict: Verdict::Failed, file: None, gaps: vec![gap], ..partial() };
        Finished { airing, title: "뉴스".to_owned(), outcome }
    }

    #[tokio::test]
    async fn missed_airings_are_written_in_one_transaction_and_change_no_claim() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&path).await.unwrap();
        let (claimed, done) = (missed(1), missed(2));
        catalogue.claim(&claimed.airing, "뉴스", at("2026-11-20T05:00:00Z")).await.unwrap();
        catalogue.claim(&done.airing, "뉴스", at("2026-11-20T05:00:00Z")).await.unwrap();
        catalogue.finish(&done.airing.id, &partial()).await.unwrap();
        let before = transactions(&path);
        let written_off = catalogue.write_off((0..200).map(missed).collect()).await.unwrap();
        assert_eq!(transactions(&path), before + 1);
        assert_eq!((written_off.len(), written_off[0].clone()), (198, missed(0).airing.id));
        assert!(!written_off.contains(&claimed.airing.id) && !written_off.contains(&done.airing.id));
        assert_eq!(catalogue.unfinished().await.unwrap()[0].airing, claimed.airing, "it is still being recorded");
        assert_eq!(catalogue.get(&done.airing.id).await.unwrap().unwrap().verdict, Some(Verdict::Partial(98.7)));
        let listed = catalogue.list(&Filter::default()).await.unwrap();
        assert_eq!((listed.len(), listed[0].gaps.clone()), (199, missed(199).outcome.gaps));
    }

    #[tokio::test]
    async fn adopting_adds_lost_recordings_replaces_failed_airings_and_changes_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let of = |hour: u32| airing("뉴스", &format!("2026-11-20T{hour:02}:00:00Z"));
        let found = |hour: u32| {
            let outcome = Outcome { file: Some(format!("{hour}.mp3").into()), ..partial() };
            Finished { airing: of(hour), title: "뉴스".to_owned(), outcome }
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
        catalogue.begin_binning(&of(5).id, at("2026-11-21T00:00:00Z")).await.unwrap();

        let adopted = catalogue.adopt((0..6).map(found).collect()).await.unwrap();
        assert_eq!(adopted, [of(0).id, of(1).id]);
        for hour in [0, 1] {
            let row = catalogue.get(&of(hour).id).await.unwrap().unwrap();
            assert_eq!((row.verdict, row.gaps), (Some(Verdict::Partial(98.7)), partial().gaps));
            assert_eq!((row.file, row.title.as_str()), (Some(format!("{hour}.mp3").into()), "뉴스"));
        }
        let listed = catalogue.list(&Filter::default()).await.unwrap();
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert!(catalogue.adopt((0..6).map(found).collect()).await.unwrap().is_empty(), "they are on the list");
        // Of two files with the same imprint, the first counts.
        let twin = Finished { outcome: Outcome { file: Some("copy.mp3".into()), ..partial() }, ..found(0) };
        assert!(catalogue.adopt(vec![twin]).await.unwrap().is_empty());
    }
}
