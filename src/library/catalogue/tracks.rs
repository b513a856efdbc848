//! Tracks: what was played in the recordings. Lists of recordings do not read them.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

use super::Catalogue;
use super::error::{CatalogueError, read_error};
use super::rows::{instant_text, parse_instant, small};
use crate::base::zone::Zone;
use crate::model::{AiringId, ShowId, Span, StationId, Track};

/// The query of [`Catalogue::played`]. The join in this order makes SQLite go along the index of the tracks, the newest
/// first, until there are enough.
const PLAYED: &str = "SELECT tracks.on_air_start, tracks.on_air_end, begins, tracks.seconds, text, airing, show, title, station, timezone \
     FROM tracks CROSS JOIN airings ON airings.id = airing \
     WHERE (?1 IS NULL OR instr(small, ?1)) AND (?2 IS NULL OR tracks.on_air_start < ?2) \
     AND (?3 IS NULL OR tracks.on_air_end > ?3) AND finished_at IS NOT NULL AND binned IS NULL \
     AND (?4 IS NULL OR show = ?4) AND (?5 IS NULL OR station = ?5) \
     AND (?7 IS NULL OR verdict = ?7) ORDER BY tracks.on_air_start DESC, airing, position LIMIT ?6";

/// Which tracks to look for. The default finds those of all recordings on the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackFilter {
    /// Only tracks of this show.
    pub show: Option<ShowId>,
    /// Only tracks of this station.
    pub station: Option<StationId>,
    /// Only tracks of recordings with this verdict, as [`Verdict::word`](crate::model::Verdict::word) names it.
    pub verdict: Option<String>,
    /// Only tracks that were on the air after this instant.
    pub since: Option<DateTime<Utc>>,
    /// Only tracks that began before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Only tracks with this in their text, in small letters or capitals.
    pub text: Option<String>,
    /// The greatest number of tracks; the newest are found.
    pub limit: Option<u32>,
}

/// A track and the recording that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The track.
    pub track: Track,
    /// The airing.
    pub airing: AiringId,
    /// The show.
    pub show: ShowId,
    /// The title of the show when the airing was claimed.
    pub title: String,
    /// The station.
    pub station: StationId,
    /// The time zone of the show.
    pub timezone: Zone,
}

impl Catalogue {
    /// Returns what was played in a recording, in order. Empty if nobody knows.
    pub async fn tracks(&self, id: &AiringId) -> Result<Vec<Track>, CatalogueError> {
        let id = id.clone();
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT on_air_start, on_air_end, begins, seconds, text FROM tracks WHERE airing = ?1 ORDER BY position",
                )
                .map_err(read_error)?;
            let mut rows = statement.query([id.as_str()]).map_err(read_error)?;
            let mut tracks = Vec::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                tracks.push(track(row, &id)?);
            }
            Ok(tracks)
        })
        .await
    }

    /// Returns which of `airings` have tracks.
    pub async fn with_tracks(&self, airings: Vec<AiringId>) -> Result<HashSet<AiringId>, CatalogueError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM tracks WHERE airing = ?1)")
                .map_err(read_error)?;
            let mut found = HashSet::new();
            for id in airings {
                if statement.query_row([id.as_str()], |row| row.get(0)).map_err(read_error)? {
                    found.insert(id);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Returns the tracks that `filter` selects, newest first. Those of recordings that are unfinished or in the bin are
    /// left out.
    pub async fn played(&self, filter: &TrackFilter) -> Result<Vec<Played>, CatalogueError> {
        let filter = filter.clone();
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(PLAYED).map_err(read_error)?;
            let mut rows = statement
                .query(params![
                    filter.text.as_deref().map(small),
                    filter.before.map(instant_text),
                    filter.since.map(instant_text),
                    filter.show.as_ref().map(ShowId::as_str),
                    filter.station.as_ref().map(StationId::as_str),
                    // SQLite reads a negative limit as none.
                    filter.limit.map_or(-1, i64::from),
                    filter.verdict,
                ])
                .map_err(read_error)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next().map_err(read_error)? {
                found.push(played(row)?);
            }
            Ok(found)
        })
        .await
    }
}

fn played(row: &Row<'_>) -> Result<Played, CatalogueError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(read_error);
    let airing = AiringId::new(text(5)?);
    let zone = text(9)?;
    let unreadable = |_| CatalogueError::Row { id: airing.to_string(), reason: format!("{zone:?} is not a time zone") };
    Ok(Played {
        track: track(row, &airing)?,
        show: ShowId::new(text(6)?),
        title: text(7)?,
        station: StationId::new(text(8)?),
        timezone: zone.parse().map_err(unreadable)?,
        airing,
    })
}

/// Reads the columns from when to when it was on the air, where it begins, how long it plays, and its text.
fn track(row: &Row<'_>, id: &AiringId) -> Result<Track, CatalogueError> {
    let instant = |column: usize| {
        let text: String = row.get(column).map_err(read_error)?;
        parse_instant(&text).map_err(|reason| CatalogueError::Row { id: id.to_string(), reason })
    };
    let seconds = |column: usize| {
        let seconds: f64 = row.get(column).map_err(read_error)?;
        Ok::<_, CatalogueError>(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    };
    Ok(Track {
        on_air: Span::new(instant(0)?, instant(1)?),
        at: seconds(2)?,
        length: seconds(3)?,
        text: row.get(4).map_err(read_error)?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::tests::{airing, at, partial, track};
    use super::super::{Filter, schema};
    use super::*;
    use crate::model::{Airing, Outcome};

    async fn finished(catalogue: &Catalogue, airing: &Airing, file: &str, tracks: Vec<Track>) {
        catalogue.claim(airing, "Show", airing.on_air.start).await.unwrap();
        let outcome = Outcome { file: Some(file.into()), tracks: Some(tracks), ..partial() };
        catalogue.finish(&airing.id, &outcome).await.unwrap();
    }

    #[tokio::test]
    async fn tracks_are_written_with_the_outcome_replaced_with_it_and_deleted_with_the_recording() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let airing = airing("music", "2026-11-20T05:00:00Z");
        let has = async || catalogue.tracks(&airing.id).await.unwrap();
        catalogue.claim(&airing, "Music", airing.on_air.start).await.unwrap();
        catalogue.prepare(&airing.id, &partial()).await.unwrap();
        // The process dies here: what was prepared is finished without being made anew.
        let prepared = catalogue.unfinished().await.unwrap().remove(0).prepared.unwrap();
        assert_eq!(catalogue.played(&TrackFilter::default()).await.unwrap(), [], "it is not finished");
        catalogue.finish(&airing.id, &prepared).await.unwrap();
        assert_eq!(has().await, partial().tracks.unwrap());

        let old = catalogue.get(&airing.id).await.unwrap().unwrap();
        let again = vec![track("2026-11-20T05:00:00Z", 60, 30, "Again")];
        let outcome = Outcome { tracks: Some(again.clone()), ..partial() };
        assert!(catalogue.replace(&airing.id, &old, &outcome).await.unwrap());
        assert_eq!(has().await, again);

        catalogue.begin_binning(&airing.id, at("2026-11-21T00:00:00Z")).await.unwrap();
        assert_eq!(catalogue.played(&TrackFilter::default()).await.unwrap(), [], "it is in the bin");
        catalogue.relist(&airing.id, at("2026-11-21T00:00:00Z")).await.unwrap();
        assert_eq!(catalogue.played(&TrackFilter::default()).await.unwrap().len(), 1);
        catalogue.mark_deleted(&airing.id, at("2026-11-22T00:00:00Z")).await.unwrap();
        assert_eq!(has().await, []);
        assert!(catalogue.with_tracks(vec![airing.id.clone()]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_was_played_is_found_by_any_letters_of_it_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let [early, late] = ["2026-11-19T05:00:00Z", "2026-11-20T05:00:00Z"].map(|start| airing("music", start));
        let first = vec![
            track("2026-11-19T05:00:00Z", 200, 30, "Édith Piaf - La vie en rose"),
            track("2026-11-19T05:03:20Z", 200, 230, "조성진 - 100 % Ballade"),
        ];
        finished(&catalogue, &early, "early.mp3", first).await;
        let second = vec![track("2026-11-20T05:00:00Z", 200, 30, "E\u{301}DITH PIAF - Milord")];
        finished(&catalogue, &late, "late.mp3", second).await;
        let found = async |filter: TrackFilter| {
            let found = catalogue.played(&filter).await.unwrap();
            found
                .into_iter()
                .map(|played| played.track.text.split(" - ").nth(1).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let text = |text: &str| TrackFilter { text: Some(text.to_owned()), ..TrackFilter::default() };
        assert_eq!(found(TrackFilter::default()).await, ["Milord", "100 % Ballade", "La vie en rose"]);
        assert_eq!(found(text("édith p")).await, ["Milord", "La vie en rose"]);
        assert_eq!(found(text("성진")).await, ["100 % Ballade"]);
        assert_eq!(found(text("100 %")).await, ["100 % Ballade"], "these letters, and no pattern");
        assert_eq!(found(TrackFilter { limit: Some(1), ..text("PIAF") }).await, ["Milord"]);
        assert_eq!(found(text("nobody")).await, [""; 0]);
        let since = Some(at("2026-11-19T05:03:20Z"));
        assert_eq!(found(TrackFilter { since, ..TrackFilter::default() }).await, ["Milord", "100 % Ballade"]);
        let before = Some(at("2026-11-20T05:00:00Z"));
        assert_eq!(found(TrackFilter { since, before, ..TrackFilter::default() }).await, ["100 % Ballade"]);
        let other = Some(StationId::new("other"));
        assert_eq!(found(TrackFilter { station: other, ..TrackFilter::default() }).await, [""; 0]);
        let verdict = |word: &str| TrackFilter { verdict: Some(word.to_owned()), ..text("milord") };
        assert_eq!(found(verdict("partial")).await, ["Milord"]);
        assert_eq!(found(verdict("complete")).await, [""; 0]);
        let both = vec![early.id.clone(), AiringId::new("none")];
        assert_eq!(catalogue.with_tracks(both).await.unwrap(), HashSet::from([early.id]));
    }

    #[tokio::test]
    async fn an_index_goes_through_the_tracks_from_the_newest_on() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let plan = catalogue.run(|connection| {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {PLAYED}")).unwrap();
            let steps = statement.query_map([None::<i64>; 7], |row| row.get::<_, String>(3)).unwrap();
            Ok(steps.collect::<Result<Vec<_>, _>>().unwrap())
        });
        let plan = plan.await.unwrap();
        assert_eq!(plan[0], "SCAN tracks USING INDEX tracks_by_start", "{plan:?}");
        assert!(plan.iter().all(|step| !step.contains("TEMP")), "nothing is sorted: {plan:?}");
        let columns = catalogue.run(|connection| {
            let mut statement = connection.prepare("SELECT name FROM pragma_index_info('tracks_by_start')").unwrap();
            let columns = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            Ok(columns.collect::<Result<Vec<_>, _>>().unwrap())
        });
        let columns = columns.await.unwrap();
        assert!(columns.iter().any(|column| column == "small"), "the text is in the index: {columns:?}");
    }

    #[tokio::test]
    async fn a_catalogue_without_tracks_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.sqlite");
        let mut old = Connection::open(&path).unwrap();
        schema::MIGRATIONS.to_version(&mut old, 12).unwrap();
        old.execute_batch(
            "INSERT INTO airings (id, show, station, title, timezone, on_air_start, on_air_end, cut_start, cut_end, \
             state, claimed_at, finished_at, verdict, file, bytes) VALUES ('a@1', 'a', 's', 'A', 'UTC', \
             '2026-11-20T05:00:00.000Z', '2026-11-20T06:00:00.000Z', '2026-11-20T05:00:00.000Z', \
             '2026-11-20T06:00:00.000Z', 'shelved', '2026-11-20T05:00:00.000Z', '2026-11-20T06:00:00.000Z', 'complete', \
             'a.mp3', 1)",
        )
        .unwrap();
        drop(old);
        let catalogue = Catalogue::open(&path).await.unwrap();
        assert_eq!(catalogue.list(&Filter::default()).await.unwrap().len(), 1);
        assert_eq!(catalogue.tracks(&AiringId::new("a@1")).await.unwrap(), []);
        let new = airing("music", "2026-11-20T05:00:00Z");
        finished(&catalogue, &new, "new.mp3", partial().tracks.unwrap()).await;
        assert_eq!(catalogue.tracks(&new.id).await.unwrap(), partial().tracks.unwrap());
    }
}
