//! Stations that are not in the file: what somebody asked for, so that a restart goes on with their recordings.

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::instant_text;
use crate::model::StationId;

/// A station that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedStation {
    /// Its id.
    pub id: StationId,
    /// How to reach it, as JSON in the words of the file.
    pub source: String,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
}

impl Catalogue {
    /// Writes down a station. Returns `false` if its id is taken.
    pub async fn ask_station(&self, station: AskedStation) -> Result<bool, CatalogueError> {
        self.run(move |connection| {
            let inserted = connection.execute(
                "INSERT INTO ad_hoc (id, source, asked_at) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
                params![station.id.as_str(), station.source, instant_text(station.asked_at)],
            );
            Ok(inserted.map_err(write_error)? == 1)
        })
        .await
    }

    /// Returns the ids of the stations, and how to reach them.
    pub async fn asked_stations(&self) -> Result<Vec<(StationId, String)>, CatalogueError> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, source FROM ad_hoc ORDER BY id").map_err(read_error)?;
            let rows = statement.query_map([], |row| Ok((StationId::new(row.get::<_, String>(0)?), row.get(1)?)));
            rows.map_err(read_error)?.collect::<rusqlite::Result<_>>().map_err(read_error)
        })
        .await
    }

    /// Returns the stations that were asked for before `before`, and of which nothing is being recorded, is still to be
    /// recorded, or was finished since then.
    pub async fn stations_over(&self, before: DateTime<Utc>) -> Result<Vec<StationId>, CatalogueError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT id FROM ad_hoc WHERE asked_at < ?1 AND NOT EXISTS (SELECT 1 FROM airings WHERE \
                     airings.station = ad_hoc.id AND (finished_at IS NULL OR finished_at >= ?1)) AND NOT EXISTS \
                     (SELECT 1 FROM amendments WHERE amendments.station = ad_hoc.id AND cut_end >= ?1)",
                )
                .map_err(read_error)?;
            let rows = statement.query_map([instant_text(before)], |row| Ok(StationId::new(row.get::<_, String>(0)?)));
            rows.map_err(read_error)?.collect::<rusqlite::Result<_>>().map_err(read_error)
        })
        .await
    }

    /// Forgets a station.
    pub async fn forget_station(&self, id: &StationId) -> Result<(), CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            connection.execute("DELETE FROM ad_hoc WHERE id = ?1", [id.as_str()]).map(drop).map_err(write_error)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::tests::{airing, at, partial};
    use super::*;
    use crate::model::Airing;

    #[tokio::test]
    async fn a_station_is_there_until_its_recordings_have_been_over_for_as_long_as_tape_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let (id, asked_at) = (StationId::new("ad-hoc~1"), at("2026-11-20T05:00:00Z"));
        let asked = AskedStation { id: id.clone(), source: r#"{"hls":"https://x/"}"#.to_owned(), asked_at };
        assert!(catalogue.ask_station(asked.clone()).await.unwrap());
        assert!(!catalogue.ask_station(asked.clone()).await.unwrap(), "the id is taken");
        assert_eq!(catalogue.asked_stations().await.unwrap(), [(id.clone(), asked.source)]);
        let one = Airing { station: id.clone(), ..airing("once~x", "2026-11-20T05:00:00Z") };
        catalogue.claim(&one, "x", asked_at).await.unwrap();
        let over = async |hours| catalogue.stations_over(asked_at + TimeDelta::hours(hours)).await.unwrap();
        assert_eq!(over(100).await, [], "it is being recorded");
        catalogue.finish(&one.id, &partial()).await.unwrap();
        assert_eq!(over(1).await, []);
        assert_eq!(over(3).await, std::slice::from_ref(&id));
        catalogue.forget_station(&id).await.unwrap();
        assert_eq!((over(3).await, catalogue.asked_stations().await.unwrap()), (vec![], vec![]));
    }
}
