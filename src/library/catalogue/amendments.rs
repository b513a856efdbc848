//! Amendments as rows. The claim on an amended airing changes in the same transaction, so that list, verdict and plan
//! agree even if the process dies.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, Transaction, params};

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use super::transitions::{self, job_of};
use crate::model::{Airing, AiringId, Amendments, JobState, Origin, Planned, ShowId, Span, StationId, Transition};

impl Catalogue {
    /// Returns all amendments. Leaves out those that cannot be read.
    pub async fn amendments(&self) -> Result<Amendments, CatalogueError> {
        self.run(|connection| select(connection)).await
    }

    /// Writes an amendment at `at`, replacing an earlier one of the same airing. An unfinished claim on the airing gets the
    /// times of the amendment, or is deleted if the airing is skipped.
    pub async fn amend(&self, amendment: &Planned, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let amendment = amendment.clone();
        self.change(&[], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            write(&transaction, &amendment, at).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Deletes at `at` the amendment of an airing, and the unfinished claim on it.
    pub async fn withdraw(&self, id: &AiringId, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.change(&[], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            transaction.execute("DELETE FROM amendments WHERE airing = ?1", [id.as_str()]).map_err(write_error)?;
            delete_claim(&transaction, &id, at).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Deletes the amendments of airings that ended before `before` and are not unfinished. Returns how many there
    /// were.
    pub async fn forget_amendments(&self, before: DateTime<Utc>) -> Result<usize, CatalogueError> {
        self.run(move |connection| {
            connection
                .execute(
                    "DELETE FROM amendments WHERE cut_end < ?1 AND NOT EXISTS \
                     (SELECT 1 FROM airings WHERE id = airing AND finished_at IS NULL)",
                    [instant_text(before)],
                )
                .map_err(write_error)
        })
        .await
    }
}

fn write(transaction: &Transaction<'_>, amendment: &Planned, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let Planned { airing, title, origin, skipped, moved, until_stopped, connecting_until } = amendment;
    let cut = airing.cut();
    transaction.execute(
        "INSERT OR REPLACE INTO amendments (airing, show, station, title, timezone, on_air_start, on_air_end, \
         cut_start, cut_end, origin, skipped, moved, until_stopped, connecting_until) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            airing.id.as_str(),
            airing.show.as_str(),
            airing.station.as_str(),
            title,
            airing.timezone.name(),
            instant_text(airing.on_air.start),
            instant_text(airing.on_air.end),
            instant_text(cut.start),
            instant_text(cut.end),
            origin.word(),
            skipped,
            moved,
            until_stopped,
            connecting_until.map(instant_text),
        ],
    )?;
    if *skipped {
        return delete_claim(transaction, &airing.id, at);
    }
    transaction.execute(
        "UPDATE airings SET on_air_start = ?2, on_air_end = ?3, cut_start = ?4, cut_end = ?5 \
         WHERE id = ?1 AND finished_at IS NULL",
        params![
            airing.id.as_str(),
            instant_text(airing.on_air.start),
            instant_text(airing.on_air.end),
            instant_text(cut.start),
            instant_text(cut.end)
        ],
    )?;
    Ok(())
}

/// Deletes the claim on an airing of which nothing is recorded yet.
fn delete_claim(transaction: &Transaction<'_>, id: &AiringId, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let claim = "DELETE FROM airings WHERE id = ?1 AND finished_at IS NULL AND state = 'claimed'";
    if transaction.execute(claim, [id.as_str()])? == 0 {
        return Ok(());
    }
    transitions::write(transaction, &Transition::new(job_of(id), JobState::Cancelled, at))
}

fn select(connection: &Connection) -> Result<Amendments, CatalogueError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT airing, show, station, title, timezone, on_air_start, on_air_end, cut_start, cut_end, origin, \
             skipped, moved, until_stopped, connecting_until FROM amendments",
        )
        .map_err(read_error)?;
    let mut rows = statement.query([]).map_err(read_error)?;
    let mut amendments = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        match amendment(row) {
            Ok(amendment) => amendments.push(amendment),
            // Losing one amendment costs less than recording nothing.
            Err(error @ CatalogueError::Row { .. }) => tracing::warn!("{error}; this change by hand is ignored"),
            Err(error) => return Err(error),
        }
    }
    Ok(amendments.into_iter().collect())
}

fn amendment(row: &Row<'_>) -> Result<Planned, CatalogueError> {
    let id: String = row.get("airing").map_err(read_error)?;
    let amendment = || -> Result<Planned, String> {
        let text = |column: &str| row.get::<_, String>(column).map_err(|error| error.to_string());
        let flag = |column: &str| row.get::<_, bool>(column).map_err(|error| error.to_string());
        let at = |column: &str| parse_instant(&text(column)?);
        let on_air = Span::new(at("on_air_start")?, at("on_air_end")?);
        let timezone = text("timezone")?;
        let connecting_until = row.get::<_, Option<String>>("connecting_until").map_err(|error| error.to_string())?;
        Ok(Planned {
            airing: Airing {
                id: AiringId::new(id.clone()),
                show: ShowId::new(text("show")?),
                station: StationId::new(text("station")?),
                on_air,
                early: on_air.start - at("cut_start")?,
                late: at("cut_end")? - on_air.end,
                timezone: timezone.parse().map_err(|_| format!("{timezone:?} is not a time zone"))?,
            },
            title: text("title")?,
            origin: if text("origin")? == Origin::Hand.word() { Origin::Hand } else { Origin::File },
            skipped: flag("skipped")?,
            moved: flag("moved")?,
            until_stopped: flag("until_stopped")?,
            connecting_until: connecting_until.as_deref().map(parse_instant).transpose()?,
        })
    };
    amendment().map_err(|reason| CatalogueError::Row { id: id.clone(), reason })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn amendment() -> Planned {
        let start = at("2026-11-20T05:00:07Z");
        let show = ShowId::new("once~s~명연주");
        let airing = Airing {
            id: AiringId::derive(&show, start),
            show,
            station: StationId::new("s"),
            on_air: Span::new(start, start + TimeDelta::hours(1)),
            early: TimeDelta::seconds(30),
            late: TimeDelta::zero(),
            timezone: "Asia/Seoul".parse().unwrap(),
        };
        let title = "명연주 '; DROP TABLE airings; --".to_owned();
        let connecting_until = Some(start + TimeDelta::milliseconds(10_250));
        Planned {
            airing,
            title,
            origin: Origin::Hand,
            skipped: false,
            moved: false,
            until_stopped: true,
            connecting_until,
        }
    }

    #[tokio::test]
    async fn the_last_amendment_of_an_airing_is_read_unchanged_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&path).await.unwrap();
        let first = amendment();
        // It is stopped before it is on the air, so the padding after its end is negative.
        let stopped = first.airing.stopped(at("2026-11-20T04:59:50.250Z"));
        let second =
            Planned { airing: stopped, moved: true, until_stopped: false, connecting_until: None, ..first.clone() };
        catalogue.amend(&first, NOW).await.unwrap();
        assert_eq!(catalogue.amendments().await.unwrap().get(&first.airing.id), Some(&first));
        catalogue.amend(&second, NOW).await.unwrap();
        drop(catalogue);
        let again = Catalogue::open(&path).await.unwrap();
        assert_eq!(again.amendments().await.unwrap(), [second].into_iter().collect());
        again.withdraw(&first.airing.id, NOW).await.unwrap();
        assert_eq!(again.amendments().await.unwrap(), Amendments::default());
    }

    #[tokio::test]
    async fn an_unfinished_claim_follows_its_amendment_and_a_finished_airing_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let planned = amendment();
        let id = &planned.airing.id;
        let now = at("2026-11-20T05:00:00Z");
        catalogue.claim(&planned.airing, "x", now).await.unwrap();
        let airing = planned.airing.until(at("2026-11-20T07:00:00Z"));
        let later = Planned { airing, moved: true, ..planned.clone() };
        catalogue.amend(&later, NOW).await.unwrap();
        assert_eq!(catalogue.unfinished().await.unwrap()[0].airing, later.airing);
        let airing = later.airing.begun(at("2026-11-20T05:00:08.250Z"));
        let later = Planned { airing, ..later };
        catalogue.amend(&later, NOW).await.unwrap();
        assert_eq!(catalogue.unfinished().await.unwrap()[0].airing, later.airing);

        catalogue.amend(&Planned { skipped: true, ..later.clone() }, NOW).await.unwrap();
        assert_eq!(catalogue.get(id).await.unwrap(), None);
        assert!(catalogue.claim(&later.airing, "x", now).await.unwrap(), "a skipped airing can be claimed again");

        let nothing = crate::model::Outcome {
            verdict: crate::model::Verdict::Failed,
            seconds: 0.0,
            file: None,
            bytes: None,
            gaps: vec![],
            measured: crate::model::Measured::default(),
            notes: vec![],
            tracks: None,
            at: now,
        };
        assert_eq!(catalogue.forget_amendments(at("2027-01-01T00:00:00Z")).await.unwrap(), 0, "it is not finished");
        catalogue.finish(id, &nothing).await.unwrap();
        catalogue.amend(&planned, NOW).await.unwrap();
        catalogue.withdraw(id, NOW).await.unwrap();
        let row = catalogue.get(id).await.unwrap().unwrap();
        assert_eq!(row.on_air, later.airing.on_air, "a finished airing stays as it is");
    }

    #[tokio::test]
    async fn amendments_of_airings_that_are_over_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        catalogue.amend(&amendment(), NOW).await.unwrap();
        assert_eq!(catalogue.forget_amendments(at("2026-11-20T06:00:07Z")).await.unwrap(), 0);
        assert_eq!(catalogue.forget_amendments(at("2026-11-20T06:00:08Z")).await.unwrap(), 1);
        assert_eq!(catalogue.amendments().await.unwrap(), Amendments::default());
    }
}
