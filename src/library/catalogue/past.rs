//! The past of a station: what its finished airings say about it, also those whose recordings are deleted.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::entry::Recording;
use super::error::{CatalogueError, read_error};
use super::{Catalogue, rows};
use crate::model::{AiringId, CauseKind, Gap, StationId};

/// The past of a station.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// When the sound of the newest recording with sound ends.
    pub sound: Option<DateTime<Utc>>,
    /// The newest complete recording, and when it ended.
    pub complete: Option<(AiringId, DateTime<Utc>)>,
    /// The newest gap that is not our fault, and its airing.
    pub failure: Option<(AiringId, Gap)>,
}

impl Catalogue {
    /// Returns the past of each of `stations`.
    pub async fn past(&self, stations: Vec<StationId>) -> Result<Vec<Past>, CatalogueError> {
        self.run(move |connection| stations.iter().map(|station| past(connection, station)).collect()).await
    }

    /// Returns the rows of all airings of a station that were on the air from `start` on, for each station and start.
    pub async fn begun_at(
        &self,
        starts: Vec<(StationId, DateTime<Utc>)>,
    ) -> Result<Vec<Vec<Recording>>, CatalogueError> {
        self.run(move |connection| {
            let begun = |(station, start): &(StationId, DateTime<Utc>)| {
                let parameters = [station.as_str().to_owned(), rows::instant_text(*start)].map(Value::Text);
                let found = rows::select(connection, "station = ?1 AND on_air_start = ?2", &parameters)?;
                Ok(found.into_iter().map(rows::Entry::into_recording).collect())
            };
            starts.iter().map(begun).collect()
        })
        .await
    }
}

fn past(connection: &Connection, station: &StationId) -> Result<Past, CatalogueError> {
    let newest = |condition: &str| {
        let condition =
            format!("station = ?1 AND finished_at IS NOT NULL AND {condition} ORDER BY on_air_start DESC, id LIMIT 1");
        let found = rows::select(connection, &condition, &[Value::Text(station.as_str().to_owned())])?;
        Ok::<_, CatalogueError>(found.into_iter().next().map(rows::Entry::into_recording))
    };
    let sound = newest("seconds > 0")?.map(|recording| {
        let end = recording.cut.end;
        let last = recording.gaps.last().filter(|gap| gap.start + gap.length + TimeDelta::seconds(1) > end);
        last.map_or(end, |gap| gap.start)
    });
    let complete = newest("verdict = 'complete'")?.map(|recording| (recording.id, recording.cut.end));
    Ok(Past { sound, complete, failure: failure(connection, station)? })
}

fn failure(connection: &Connection, station: &StationId) -> Result<Option<(AiringId, Gap)>, CatalogueError> {
    let found = connection
        .query_row(
            &format!(
                "SELECT airing FROM gaps JOIN airings ON airings.id = airing WHERE station = ?1 AND finished_at IS NOT \
                 NULL AND kind = 'missing' AND cause_kind NOT IN ({}) ORDER BY start DESC LIMIT 1",
                our_causes()
            ),
            [station.as_str()],
            |row| row.get::<_, String>(0),
        )
        .optional()
        .map_err(read_error)?;
    let Some(id) = found else { return Ok(None) };
    let rows = rows::select(connection, rows::BY_ID, &[Value::Text(id)])?;
    let recording = rows.into_iter().next().map(rows::Entry::into_recording);
    Ok(recording.and_then(|recording| {
        let gap = recording.gaps.into_iter().rev().find(|gap| !gap.cause.kind.is_ours());
        gap.map(|gap| (recording.id, gap))
    }))
}

/// Returns the kinds of causes that are no failure of a station, as a list in SQL.
fn our_causes() -> String {
    let names = CauseKind::ALL.into_iter().filter(|kind| kind.is_ours()).map(|kind| format!("'{}'", kind.name()));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Outcome;
    use crate::model::{Airing, Cause, Measured, ShowId, Span, Verdict};

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    /// Adds an airing of one hour that has sound for `seconds`; the rest is missing for `cause`.
    async fn add(catalogue: &Catalogue, hour: i64, seconds: u64, cause: Option<CauseKind>) -> AiringId {
        let show = ShowId::new("show");
        let airing = Airing {
            id: AiringId::derive(&show, at(hour)),
            show,
            station: StationId::new("kbs"),
            on_air: Span::new(at(hour), at(hour + 1)),
            early: TimeDelta::zero(),
            late: TimeDelta::zero(),
            timezone: crate::base::zone::Zone::utc(),
        };
        catalogue.claim(&airing, "show", at(hour)).await.unwrap();
        let start = at(hour) + TimeDelta::seconds(seconds.cast_signed());
        let gap = |kind| Gap { start, length: Duration::from_secs(3600 - seconds), cause: Cause::new(kind, "words") };
        let seconds = seconds as f64;
        let outcome = Outcome {
            verdict: Verdict::judge(3600.0, seconds, false),
            seconds,
            file: None,
            bytes: None,
            gaps: cause.map(gap).into_iter().collect(),
            measured: Measured::default(),
            notes: vec![],
            tracks: None,
            at: at(hour + 1),
        };
        catalogue.finish(&airing.id, &outcome).await.unwrap();
        airing.id
    }

    #[tokio::test]
    async fn a_gap_by_our_own_fault_is_no_failure_of_the_station() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let whole = add(&catalogue, 0, 3600, None).await;
        let broken = add(&catalogue, 2, 1800, Some(CauseKind::Refused)).await;
        for (hour, kind) in (4..).zip(CauseKind::ALL.into_iter().filter(|kind| kind.is_ours())) {
            add(&catalogue, hour, 0, Some(kind)).await;
        }
        let past = catalogue.past(vec![StationId::new("kbs"), StationId::new("other")]).await.unwrap();
        assert_eq!(past[0].sound, Some(at(2) + TimeDelta::minutes(30)), "the sound ends where the gap begins");
        assert_eq!(past[0].complete, Some((whole, at(1))));
        let (id, gap) = past[0].failure.clone().unwrap();
        assert_eq!((id, gap.cause.kind), (broken, CauseKind::Refused));
        assert_eq!(past[1], Past::default());
    }

    #[tokio::test]
    async fn an_index_finds_the_newest_airing_of_a_station() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let plan = catalogue.run(|connection| {
            let newest = "SELECT id FROM airings WHERE station = 'kbs' AND finished_at IS NOT NULL AND seconds > 0 \
                          ORDER BY on_air_start DESC, id LIMIT 1";
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {newest}")).unwrap();
            let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
            Ok(steps.collect::<Result<Vec<_>, _>>().unwrap())
        });
        let plan = plan.await.unwrap();
        assert_eq!(plan, ["SEARCH airings USING INDEX airings_by_station (station=?)"]);
    }
}
