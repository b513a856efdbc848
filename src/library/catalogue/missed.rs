//! Airings that nobody has claimed, written down all at once: a service that was away for a week may have missed ten thousand.

use super::entry::Outcome;
use super::error::CatalogueError;
use super::{Catalogue, WRITTEN, names, rows, written};
use crate::model::{Airing, AiringId};

/// An airing that nobody has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Missed {
    /// The airing.
    pub airing: Airing,
    /// The show's title, kept for people.
    pub title: String,
    /// What is to be said of it.
    pub outcome: Outcome,
}

impl Catalogue {
    /// Writes airings down that are over, with their outcomes, all in one transaction. What was claimed before, by
    /// whomever, stays as it is; the ids of the others are returned. Nobody can claim one in between and find it finished.
    pub async fn write_off(&self, missed: Vec<Missed>) -> Result<Vec<AiringId>, CatalogueError> {
        if missed.is_empty() {
            return Ok(Vec::new());
        }
        self.change(WRITTEN, move |connection| {
            let transaction = names::begin(connection).map_err(written)?;
            let mut noted = Vec::new();
            for Missed { airing, title, outcome } in missed {
                if rows::insert(&transaction, &airing, &title, outcome.at).map_err(written)? {
                    rows::store(&transaction, &airing.id, &outcome, true).map_err(written)?;
                    noted.push(airing.id);
                }
            }
            transaction.commit().map_err(written)?;
            Ok(noted)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::TimeDelta;

    use super::super::tests::{airing, at, partial};
    use super::super::{Filter, wal};
    use super::*;
    use crate::model::{Cause, CauseKind, Verdict};

    /// The transactions in the log beside the database: frames that say how large it is then (SQLite file format, 4.1).
    fn transactions(path: &Path) -> usize {
        let log = std::fs::read(wal(path)).unwrap();
        let page = usize::try_from(u32::from_be_bytes(log[8..12].try_into().unwrap())).unwrap();
        log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }

    fn missed(number: i64) -> Missed {
        let start = at("2026-11-20T05:00:00Z") + TimeDelta::minutes(number);
        let airing = airing("뉴스", &start.to_rfc3339());
        let mut gap = partial().gaps[0].clone();
        gap.cause = Cause::new(CauseKind::NotRunning, "aircheck was not running");
        let outcome = Outcome { verdict: Verdict::Failed, file: None, gaps: vec![gap], ..partial() };
        Missed { airing, title: "뉴스".to_owned(), outcome }
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
}
