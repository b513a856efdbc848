//! Claims: the row of an airing, inserted under its derived id, with its owner and lease.

use chrono::{DateTime, Utc};
use rusqlite::params;
use rusqlite::types::Value;

use super::entry::ClaimedAiring;
use super::error::CatalogueError;
use super::rows::{self, stamp};
use super::{Catalogue, written};
use crate::events::Topic;
use crate::model::{Airing, AiringId, Lease};

impl Catalogue {
    /// Claims an airing at `at` without a lease, so that anybody may take it over. True if it is now the caller's to record;
    /// false if it was claimed before, whatever became of it. `title` is the show's title, kept for people.
    pub async fn claim(&self, airing: &Airing, title: &str, at: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let claimed = self.claim_each(vec![(airing.clone(), title.to_owned())], None, at).await?;
        Ok(claimed.contains(&true))
    }

    /// Claims airings with their titles at `at`, all or none of them: they cost the disk one wait. Says of each whether it is
    /// now the caller's to record. An airing that was written down as missed and is not over at `at` was never claimed.
    pub async fn claim_all(
        &self,
        airings: Vec<(Airing, String)>,
        lease: Lease,
        at: DateTime<Utc>,
    ) -> Result<Vec<bool>, CatalogueError> {
        self.claim_each(airings, Some(lease), at).await
    }

    async fn claim_each(
        &self,
        airings: Vec<(Airing, String)>,
        lease: Option<Lease>,
        at: DateTime<Utc>,
    ) -> Result<Vec<bool>, CatalogueError> {
        self.change(&[Topic::Airings], move |connection| {
            let transaction = connection.transaction().map_err(written)?;
            let claim = |(airing, title): &(Airing, String)| {
                rows::was_not_missed(&transaction, &airing.id, at)?;
                rows::insert(&transaction, airing, title, lease.as_ref(), at)
            };
            let claimed = airings.iter().map(claim).collect::<Result<_, _>>().map_err(written)?;
            transaction.commit().map_err(written)?;
            Ok(claimed)
        })
        .await
    }

    /// Renews every claim of the owner of `lease`.
    pub async fn renew(&self, lease: Lease) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let renew = "UPDATE airings SET leased_until = ?2 WHERE finished_at IS NULL AND owner = ?1";
            connection.execute(renew, params![lease.owner, stamp(lease.until)]).map(drop).map_err(written)
        })
        .await
    }

    /// Gives `lease` to all unfinished airings whose lease has expired by `now`, whose owner is a process of `holder`, or
    /// that have none, as those of earlier releases. Returns them, oldest first. A catalogue that cannot be written keeps none
    /// of them from being recorded: one that is recorded twice is better than one that is not.
    pub async fn take_over(
        &self,
        holder: &str,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedAiring>, CatalogueError> {
        const FREE: &str =
            "finished_at IS NULL AND (owner IS NULL OR leased_until <= ?1 OR substr(owner, 1, length(?2)) = ?2)";
        let (now, process) = (stamp(now), format!("{holder}#"));
        self.run(move |connection| {
            let parameters = [Value::Text(now.clone()), Value::Text(process.clone())];
            let free = rows::select(connection, &format!("{FREE} ORDER BY on_air_start, id"), &parameters)?;
            if !free.is_empty() {
                let taken = connection.execute(
                    &format!("UPDATE airings SET owner = ?3, leased_until = ?4 WHERE {FREE}"),
                    params![now, process, lease.owner, stamp(lease.until)],
                );
                if let Err(error) = taken {
                    tracing::warn!(%error, "the claims of before could not be taken over in the list");
                }
            }
            Ok(free.into_iter().map(rows::Entry::into_claimed).collect())
        })
        .await
    }

    /// The airings that are claimed but not finished, whoever claimed them, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<ClaimedAiring>, CatalogueError> {
        self.run(|connection| {
            let entries = rows::select(connection, rows::UNFINISHED, &[])?;
            Ok(entries.into_iter().map(rows::Entry::into_claimed).collect())
        })
        .await
    }

    /// One airing, if it is claimed but not finished.
    pub async fn claimed(&self, id: &AiringId) -> Result<Option<ClaimedAiring>, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            let parameters = [Value::Text(id.as_str().to_owned())];
            let found = rows::select(connection, "id = ?1 AND finished_at IS NULL", &parameters)?;
            Ok(found.into_iter().next().map(rows::Entry::into_claimed))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::tests::{airing, at};
    use super::*;

    fn lease(owner: &str, until: &str) -> Lease {
        Lease { owner: owner.to_owned(), until: at(until) }
    }

    #[tokio::test]
    async fn a_claim_of_another_machine_is_taken_over_only_when_it_was_not_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let now = at("2026-11-20T05:00:00Z");
        let claim = async |hour: u32, lease: Lease| {
            let airing = airing("news", &format!("2026-11-20T{hour:02}:00:00Z"));
            catalogue.claim_all(vec![(airing.clone(), "News".to_owned())], lease, now).await.unwrap();
            airing.id
        };
        let of_another = claim(1, lease("b:/var/lib/aircheck#7", "2026-11-20T05:02:00Z")).await;
        let of_this_machine = claim(2, lease("a:/var/lib/aircheck#7", "2026-11-20T05:02:00Z")).await;
        claim(3, lease("a:/var/lib/aircheck2#7", "2026-11-20T05:02:00Z")).await;
        let of_nobody = airing("news", "2026-11-20T04:00:00Z");
        catalogue.claim(&of_nobody, "News", now).await.unwrap();

        let taken = async |now: DateTime<Utc>| {
            let own = Lease { owner: "a:/var/lib/aircheck#9".to_owned(), until: now + TimeDelta::seconds(120) };
            let taken = catalogue.take_over("a:/var/lib/aircheck", own, now).await.unwrap();
            taken.into_iter().map(|claimed| claimed.airing.id).collect::<Vec<_>>()
        };
        let own = vec![of_this_machine.clone(), of_nobody.id.clone()];
        assert_eq!(taken(now).await, own);
        catalogue.renew(lease("b:/var/lib/aircheck#7", "2026-11-20T05:04:00Z")).await.unwrap();
        assert_eq!(taken(at("2026-11-20T05:03:59Z")).await.len(), 3, "that of the other state folder has expired");
        assert_eq!(taken(at("2026-11-20T05:04:00Z")).await.first(), Some(&of_another));
    }
}
