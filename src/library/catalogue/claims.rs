//! Claims: the row of an airing, inserted under its derived id, with its owner and lease.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::Catalogue;
use super::entry::ClaimedAiring;
use super::error::{CatalogueError, write_error};
use super::rows::{self, instant_text};
use super::transitions::{self, job_of};
use crate::events::Topic;
use crate::model::{Airing, AiringId, Cause, JobState, Lease, Transition};

impl Catalogue {
    /// Claims an airing at `at` without a lease, so that any process may take it over. Returns whether the caller
    /// records it; `false` if it was claimed before. `title` is the title of the show.
    pub async fn claim(&self, airing: &Airing, title: &str, at: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let claimed = self.claim_each(vec![(airing.clone(), title.to_owned())], None, at).await?;
        Ok(claimed.contains(&true))
    }

    /// Claims airings with their titles at `at` in one transaction. Returns for each whether the caller records it. An
    /// airing that is on the list as missed but is not over at `at` can be claimed.
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
            let transaction = connection.transaction().map_err(write_error)?;
            let claim = |(airing, title): &(Airing, String)| {
                rows::delete_premature_miss(&transaction, &airing.id, at)?;
                let is_new = rows::insert(&transaction, airing, title, lease.as_ref(), at)?;
                if is_new {
                    transitions::write(&transaction, &Transition::new(job_of(&airing.id), JobState::Queued, at))?;
                }
                Ok(is_new)
            };
            let claimed = airings.iter().map(claim).collect::<rusqlite::Result<_>>().map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(claimed)
        })
        .await
    }

    /// Renews the leases of all unfinished airings of the owner of `lease`.
    pub async fn renew(&self, lease: Lease) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let renew = "UPDATE airings SET leased_until = ?2 WHERE finished_at IS NULL AND owner = ?1";
            connection.execute(renew, params![lease.owner, instant_text(lease.until)]).map(drop).map_err(write_error)
        })
        .await
    }

    /// Gives `lease` to each unfinished airing whose lease has expired by `now`, whose owner is a process of `holder`,
    /// or that has no owner (earlier releases wrote none). Returns them, oldest first, even if the leases cannot be
    /// written: an airing that is recorded twice is better than one that nobody records. Their jobs are queued again.
    pub async fn take_over(
        &self,
        holder: &str,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedAiring>, CatalogueError> {
        const FREE: &str =
            "finished_at IS NULL AND (owner IS NULL OR leased_until <= ?1 OR substr(owner, 1, length(?2)) = ?2)";
        let (at, now, process) = (now, instant_text(now), format!("{holder}#"));
        self.change(&[], move |connection| {
            let parameters = [Value::Text(now.clone()), Value::Text(process.clone())];
            let free = rows::select(connection, &format!("{FREE} ORDER BY on_air_start, id"), &parameters)?;
            if !free.is_empty() {
                let updated = connection.execute(
                    &format!("UPDATE airings SET owner = ?3, leased_until = ?4 WHERE {FREE}"),
                    params![now, process, lease.owner, instant_text(lease.until)],
                );
                if let Err(error) = updated {
                    tracing::warn!(%error, "the leases of claims that are taken over could not be written");
                }
            }
            let free: Vec<ClaimedAiring> = free.into_iter().map(rows::Entry::into_claimed).collect();
            if let Err(error) = requeue(connection, &free, at) {
                tracing::warn!(%error, "the states of what is taken over could not be written");
            }
            Ok(free)
        })
        .await
    }

    /// Returns all unfinished airings, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<ClaimedAiring>, CatalogueError> {
        self.run(|connection| {
            let entries = rows::select(connection, rows::UNFINISHED, &[])?;
            Ok(entries.into_iter().map(rows::Entry::into_claimed).collect())
        })
        .await
    }

    /// Returns an airing. `None` if it is not claimed, or is finished.
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

/// Writes that airings which a process has left are to be gone on with.
fn requeue(connection: &mut Connection, left: &[ClaimedAiring], at: DateTime<Utc>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for claimed in left {
        let queued = Transition::new(job_of(&claimed.airing.id), JobState::Queued, at);
        transitions::write(&transaction, &queued.because(Cause::not_running()))?;
    }
    transaction.commit()
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
    async fn a_claim_of_another_machine_is_taken_over_only_if_it_was_not_renewed() {
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
        let taken_later = taken(at("2026-11-20T05:03:59Z")).await;
        assert_eq!(taken_later.len(), 3, "the lease of the other state folder has expired");
        assert_eq!(taken(at("2026-11-20T05:04:00Z")).await.first(), Some(&of_another));
    }
}
