//! How far the tapes of stations are copied to an object store. A station has two rows, however many reels it has: what a
//! reel held is known by its seal.

use std::collections::HashMap;

use rusqlite::params;

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use crate::model::StationId;

/// A reel that could not be copied, and is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftReel {
    /// The station.
    pub station: StationId,
    /// The file name of the reel.
    pub reel: String,
    /// Why it could not be copied.
    pub trouble: String,
}

impl Catalogue {
    /// Returns until where what is of a `kind` (`reels`, `accounts`) is copied to `place`, of each station.
    pub async fn tape_copied(
        &self,
        place: String,
        kind: &'static str,
    ) -> Result<HashMap<StationId, String>, CatalogueError> {
        self.run(move |connection| {
            let copied = "SELECT station, until FROM tape_copies WHERE place = ?1 AND kind = ?2";
            let mut statement = connection.prepare_cached(copied).map_err(read_error)?;
            let rows = statement
                .query_map([place.as_str(), kind], |row| Ok((StationId::new(row.get::<_, String>(0)?), row.get(1)?)));
            rows.map_err(read_error)?.collect::<rusqlite::Result<_>>().map_err(read_error)
        })
        .await
    }

    /// Writes down until where what is of a `kind` is copied.
    pub async fn copy_tape_until(
        &self,
        station: StationId,
        place: String,
        kind: &'static str,
        until: String,
    ) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let write = "INSERT INTO tape_copies (station, place, kind, until) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (station, place, kind) DO UPDATE SET until = ?4";
            let values = params![station.as_str(), place, kind, until];
            connection.execute(write, values).map(drop).map_err(write_error)
        })
        .await
    }

    /// Returns the reels that could not be copied to `place`, at most `limit`.
    pub async fn reels_left(&self, place: String, limit: u32) -> Result<Vec<LeftReel>, CatalogueError> {
        self.run(move |connection| {
            let left = "SELECT station, reel, trouble FROM tape_copies_left WHERE place = ?1 ORDER BY reel LIMIT ?2";
            let mut statement = connection.prepare_cached(left).map_err(read_error)?;
            let rows = statement.query_map(params![place, limit], |row| {
                let station = StationId::new(row.get::<_, String>(0)?);
                Ok(LeftReel { station, reel: row.get(1)?, trouble: row.get(2)? })
            });
            rows.map_err(read_error)?.collect::<rusqlite::Result<_>>().map_err(read_error)
        })
        .await
    }

    /// Writes down that a reel could not be copied to `place`.
    pub async fn leave_reel(&self, place: String, left: LeftReel) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let LeftReel { station, reel, trouble } = left;
            let write = "INSERT INTO tape_copies_left (station, place, reel, trouble) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (station, place, reel) DO UPDATE SET trouble = ?4";
            let values = params![station.as_str(), place, reel, trouble];
            connection.execute(write, values).map(drop).map_err(write_error)
        })
        .await
    }

    /// Forgets that a reel could not be copied to `place`: it is there, or is gone from the tape.
    pub async fn forget_left_reel(&self, place: String, left: LeftReel) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let forget = "DELETE FROM tape_copies_left WHERE station = ?1 AND place = ?2 AND reel = ?3";
            let values = params![left.station.as_str(), place, left.reel];
            connection.execute(forget, values).map(drop).map_err(write_error)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn how_far_a_tape_is_copied_is_known_by_station_place_and_kind() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let station = StationId::new("kbs");
        let copy = async |place: &str, kind, until: &str| {
            catalogue.copy_tape_until(station.clone(), place.into(), kind, until.into()).await.unwrap();
        };
        copy("a", "reels", "1").await;
        copy("a", "reels", "2").await;
        copy("a", "accounts", "2026-11-20").await;
        copy("b", "reels", "1").await;
        let copied =
            async |place: &str, kind| catalogue.tape_copied(place.into(), kind).await.unwrap().remove(&station);
        assert_eq!(copied("a", "reels").await.as_deref(), Some("2"));
        assert_eq!(copied("a", "accounts").await.as_deref(), Some("2026-11-20"));
        assert_eq!((copied("b", "reels").await.as_deref(), copied("b", "accounts").await), (Some("1"), None));
        let left = LeftReel { station: station.clone(), reel: "x.aac".into(), trouble: "because".into() };
        catalogue.leave_reel("a".into(), left.clone()).await.unwrap();
        catalogue.leave_reel("a".into(), left.clone()).await.unwrap();
        assert_eq!(catalogue.reels_left("a".into(), 9).await.unwrap(), std::slice::from_ref(&left));
        assert_eq!(catalogue.reels_left("b".into(), 9).await.unwrap(), []);
        catalogue.forget_left_reel("a".into(), left).await.unwrap();
        assert_eq!(catalogue.reels_left("a".into(), 9).await.unwrap(), []);
    }
}
