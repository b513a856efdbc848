//! Airings that are over before they come on the list: those that nobody has claimed, and recordings that it has lost. There
//! may be thousands, and so they are written all at once.

use std::path::PathBuf;

use rusqlite::{Transaction, params};

use super::error::CatalogueError;
use super::{Catalogue, WRITTEN, names, rows, written};
use crate::model::{AiringId, Finished};

impl Catalogue {
    /// Writes airings down that were missed, all in one transaction. What was claimed before, by whomever, stays as it is; the
    /// ids of the others are returned. Nobody can claim one in between and find it finished.
    pub async fn write_off(&self, missed: Vec<Finished>) -> Result<Vec<AiringId>, CatalogueError> {
        self.put_down(missed, |transaction, it| {
            let is_new = rows::insert(transaction, &it.airing, &it.title, None, it.outcome.at)?
                && rows::store(transaction, &it.airing.id, &it.outcome, true)?;
            if is_new {
                rows::note_finished(transaction, &it.airing.id, &it.outcome)?;
            }
            Ok(is_new)
        })
        .await
    }

    /// Puts recordings whose files are there on the list, all in one transaction, and returns the ids of those that it put
    /// there. An airing that it has stays as it is, unless it failed and has no file: its row is replaced, because there is
    /// more to be said now.
    pub async fn adopt(&self, found: Vec<Finished>) -> Result<Vec<AiringId>, CatalogueError> {
        self.put_down(found, adopt).await
    }

    /// Puts each airing on the list by `put`, which says whether it did, in one transaction.
    async fn put_down(
        &self,
        airings: Vec<Finished>,
        put: impl Fn(&Transaction<'_>, &Finished) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<Vec<AiringId>, CatalogueError> {
        if airings.is_empty() {
            return Ok(Vec::new());
        }
        self.change(WRITTEN, move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            let mut ids = Vec::new();
            for finished in airings {
                if put(&transaction, &finished).map_err(written)? {
                    ids.push(finished.airing.id);
                }
            }
            transaction.commit().map_err(written)?;
            Ok(ids)
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

fn adopt(transaction: &Transaction<'_>, found: &Finished) -> rusqlite::Result<bool> {
    let Finished { airing, title, outcome } = found;
    let file = outcome.file.as_deref().map(|file| file.to_string_lossy()).unwrap_or_default();
    if names::is_anothers(transaction, &airing.id, &file)? {
        return Ok(false);
    }
    transaction.execute(
        "DELETE FROM airings WHERE id = ?1 AND state = 'failed' AND file IS NULL AND deleted_at IS NULL AND binned IS NULL",
        params![airing.id.as_str()],
    )?;
    Ok(rows::insert(transaction, airing, title, None, airing.cut().start)?
        && rows::store(transaction, &airing.id, outcome, true)?)
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

    /// The transactions in the log beside the database: frames that say how large it is then (SQLite file format, 4.1).
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
    async fn however_many_were_missed_they_are_one_transaction_and_cost_no_claim() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&path).await.unwrap();
        let (claimed, done) = (missed(1), missed(2));
        catalogue.claim(&claimed.airing, "뉴스", at("2026-11-20T05:00:00Z")).await.unwrap();
        catalogue.claim(&done.airing, "뉴스", at("2026-11-20T05:00:00Z")).await.unwrap();
        catalogue.finish(&done.airing.id, &partial()).await.unwrap();
        let before = transactions(&path);
        let noted = catalogue.write_off((0..200).map(missed).collect()).await.unwrap();
        assert_eq!(transactions(&path), before + 1);
        assert_eq!((noted.len(), noted[0].clone()), (198, missed(0).airing.id));
        assert!(!noted.contains(&claimed.airing.id) && !noted.contains(&done.airing.id));
        assert_eq!(catalogue.unfinished().await.unwrap()[0].airing, claimed.airing, "it is still being recorded");
        assert_eq!(catalogue.get(&done.airing.id).await.unwrap().unwrap().verdict, Some(Verdict::Partial(98.7)));
        let listed = catalogue.list(&Filter::default()).await.unwrap();
        assert_eq!((listed.len(), listed[0].gaps.clone()), (199, missed(199).outcome.gaps));
    }

    #[tokio::test]
    async fn a_lost_or_failed_airing_gets_its_recording_and_every_other_stays_as_it_is() {
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
        let twin = Finished { outcome: Outcome { file: Some("copy.mp3".into()), ..partial() }, ..found(0) };
        assert!(catalogue.adopt(vec![twin]).await.unwrap().is_empty());
    }
}
