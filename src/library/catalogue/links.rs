//! Links to share: each opens one recording to whoever has it, until it expires or is withdrawn.
//!
//! A link opens its recording only while that is on the list with a file. So it stops when the recording goes into the
//! bin, and opens it again when the recording is brought back. Whoever asks knows the time: a link that has expired counts
//! as none, whether or not its row is deleted yet.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, ToSql, params};

use super::entry::Recording;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use super::{Catalogue, rows};
use crate::base::zone::Zone;
use crate::model::{AiringId, Span};

/// The columns that [`link`] reads.
const SELECT: &str = "SELECT links.id, airing, title, timezone, links.created_at, expires_at FROM links \
                      JOIN airings ON airings.id = airing";
/// Whether a recording is on the list with a file.
const SHAREABLE: &str = "finished_at IS NOT NULL AND file IS NOT NULL AND deleted_at IS NULL AND binned IS NULL";

/// A link to share, without its token, which only those know who got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number, which no other link ever gets.
    pub id: i64,
    /// The recording that it opens.
    pub recording: AiringId,
    /// The title of the recording.
    pub title: String,
    /// The time zone of the recording.
    pub timezone: Zone,
    /// From when to when it opens the recording.
    pub lasts: Span,
}

impl Catalogue {
    /// Adds a link to a recording on the list. `hash` is that of its token. `None` if the recording has `most` links
    /// already that have not expired when this one begins, or is not on the list with a file.
    pub async fn add_link(
        &self,
        recording: &AiringId,
        hash: &str,
        lasts: Span,
        most: u32,
    ) -> Result<Option<Link>, CatalogueError> {
        let (recording, hash) = (recording.clone(), hash.to_owned());
        self.run(move |connection| {
            let insert = format!(
                "INSERT INTO links (airing, token, created_at, expires_at) SELECT id, ?2, ?3, ?4 FROM airings \
                 WHERE id = ?1 AND {SHAREABLE} AND \
                 (SELECT count(*) FROM links WHERE airing = ?1 AND expires_at > ?3) < ?5"
            );
            let [begins, ends] = [lasts.start, lasts.end].map(instant_text);
            let values = params![recording.as_str(), hash, begins, ends, most];
            if connection.execute(&insert, values).map_err(write_error)? == 0 {
                return Ok(None);
            }
            by_id(connection, connection.last_insert_rowid())
        })
        .await
    }

    /// Returns the links to a recording that have not expired at `now`, the newest first.
    pub async fn links_to(&self, recording: &AiringId, now: DateTime<Utc>) -> Result<Vec<Link>, CatalogueError> {
        let recording = recording.clone();
        self.run(move |connection| {
            let query = format!("{SELECT} WHERE airing = ?1 AND expires_at > ?2 ORDER BY links.id DESC");
            select(connection, &query, params![recording.as_str(), instant_text(now)])
        })
        .await
    }

    /// Returns the links that open something at `now`, the newest first: at most `limit`, and only those that are older
    /// than the link `after`.
    pub async fn links(&self, now: DateTime<Utc>, after: Option<i64>, limit: u32) -> Result<Vec<Link>, CatalogueError> {
        self.run(move |connection| {
            let query = format!(
                "{SELECT} WHERE expires_at > ?1 AND (?2 IS NULL OR links.id < ?2) AND {SHAREABLE} \
                 ORDER BY links.id DESC LIMIT ?3"
            );
            select(connection, &query, params![instant_text(now), after, limit])
        })
        .await
    }

    /// Returns how many links have not expired at `now`.
    pub async fn count_links(&self, now: DateTime<Utc>) -> Result<u64, CatalogueError> {
        self.run(move |connection| {
            let count = "SELECT count(*) FROM links WHERE expires_at > ?1";
            connection.query_row(count, [instant_text(now)], |row| row.get::<_, i64>(0)).map_err(read_error)
        })
        .await
        .map(i64::unsigned_abs)
    }

    /// Deletes a link, and returns it. `None` if there is none, or if it has expired at `now`.
    pub async fn withdraw_link(&self, id: i64, now: DateTime<Utc>) -> Result<Option<Link>, CatalogueError> {
        self.run(move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            let link = by_id(&transaction, id)?;
            transaction.execute("DELETE FROM links WHERE id = ?1", [id]).map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(link.filter(|link| now < link.lasts.end))
        })
        .await
    }

    /// Returns the recording that the link opens at `now` whose token has this hash, and until when. `None` if it opens
    /// nothing.
    pub async fn opened_by_link(
        &self,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(Recording, DateTime<Utc>)>, CatalogueError> {
        let hash = hash.to_owned();
        self.run(move |connection| {
            let query = format!("{SELECT} WHERE token = ?1 AND expires_at > ?2");
            let found = select(connection, &query, params![hash, instant_text(now)])?.into_iter().next();
            let Some(link) = found else { return Ok(None) };
            let condition = format!("{} AND {SHAREABLE}", rows::BY_ID);
            let entries = rows::select(connection, &condition, &[Value::Text(link.recording.as_str().to_owned())])?;
            Ok(entries.into_iter().next().map(|entry| (entry.into_recording(), link.lasts.end)))
        })
        .await
    }

    /// Deletes the links that have expired at `now`. Returns how many there were.
    pub async fn forget_links(&self, now: DateTime<Utc>) -> Result<usize, CatalogueError> {
        self.run(move |connection| {
            connection.execute("DELETE FROM links WHERE expires_at <= ?1", [instant_text(now)]).map_err(write_error)
        })
        .await
    }
}

fn by_id(connection: &Connection, id: i64) -> Result<Option<Link>, CatalogueError> {
    Ok(select(connection, &format!("{SELECT} WHERE links.id = ?1"), params![id])?.into_iter().next())
}

fn select(connection: &Connection, query: &str, values: &[&dyn ToSql]) -> Result<Vec<Link>, CatalogueError> {
    let mut statement = connection.prepare_cached(query).map_err(read_error)?;
    let mut rows = statement.query(values).map_err(read_error)?;
    let mut links = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        links.push(link(row)?);
    }
    Ok(links)
}

fn link(row: &Row<'_>) -> Result<Link, CatalogueError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(read_error);
    let recording = AiringId::new(text(1)?);
    let wrong = |reason| CatalogueError::Row { id: recording.to_string(), reason };
    let instant = |column| parse_instant(&text(column)?).map_err(wrong);
    let zone = text(3)?;
    Ok(Link {
        id: row.get(0).map_err(read_error)?,
        title: text(2)?,
        timezone: zone.parse().map_err(|_| wrong(format!("{zone:?} is not a time zone")))?,
        lasts: Span::new(instant(4)?, instant(5)?),
        recording: recording.clone(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::entry::Stage;
    use super::super::schema;
    use super::super::tests::{airing, at, partial};
    use super::*;
    use crate::model::Outcome;

    const NOON: &str = "2026-11-20T12:00:00Z";

    async fn catalogue(folder: &tempfile::TempDir) -> Catalogue {
        Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap()
    }

    /// Adds a finished recording, and returns its id.
    async fn recorded(catalogue: &Catalogue, show: &str) -> AiringId {
        let airing = airing(show, "2026-11-20T05:00:00Z");
        catalogue.claim(&airing, "명연주 명음반", at(NOON)).await.unwrap();
        let outcome = Outcome { file: Some(format!("{show}.mp3").into()), ..partial() };
        catalogue.finish(&airing.id, &outcome).await.unwrap();
        airing.id
    }

    fn week() -> Span {
        Span::new(at(NOON), at(NOON) + TimeDelta::days(7))
    }

    async fn opens(catalogue: &Catalogue, hash: &str, now: DateTime<Utc>) -> bool {
        catalogue.opened_by_link(hash, now).await.unwrap().is_some()
    }

    #[tokio::test]
    async fn a_link_opens_its_recording_until_it_expires_or_is_withdrawn() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(&folder).await;
        let (one, other) = (recorded(&catalogue, "one").await, recorded(&catalogue, "other").await);
        let first = catalogue.add_link(&one, "first", week(), 100).await.unwrap().unwrap();
        let second = catalogue.add_link(&other, "second", week(), 100).await.unwrap().unwrap();
        assert_eq!(
            (first.recording.clone(), first.title.as_str(), first.lasts),
            (one.clone(), "명연주 명음반", week())
        );
        let (recording, until) = catalogue.opened_by_link("first", at(NOON)).await.unwrap().unwrap();
        assert_eq!((recording.id, until), (one.clone(), week().end));
        assert!(!opens(&catalogue, "third", at(NOON)).await && !opens(&catalogue, "", at(NOON)).await);

        let last = week().end - TimeDelta::milliseconds(1);
        assert!(opens(&catalogue, "first", last).await && !opens(&catalogue, "first", week().end).await);
        assert_eq!(catalogue.links(at(NOON), None, 9).await.unwrap(), [second.clone(), first.clone()]);
        assert_eq!(catalogue.links(at(NOON), None, 1).await.unwrap(), std::slice::from_ref(&second));
        assert_eq!(catalogue.links(at(NOON), Some(second.id), 9).await.unwrap(), std::slice::from_ref(&first));
        assert_eq!(catalogue.links_to(&one, at(NOON)).await.unwrap(), std::slice::from_ref(&first));
        assert_eq!(catalogue.links_to(&one, week().end).await.unwrap(), []);
        assert_eq!(
            (catalogue.count_links(last).await.unwrap(), catalogue.count_links(week().end).await.unwrap()),
            (2, 0)
        );

        assert_eq!(catalogue.withdraw_link(first.id, at(NOON)).await.unwrap(), Some(first.clone()));
        assert_eq!(catalogue.withdraw_link(first.id, at(NOON)).await.unwrap(), None);
        assert!(!opens(&catalogue, "first", at(NOON)).await && opens(&catalogue, "second", at(NOON)).await);
        assert_eq!(catalogue.forget_links(last).await.unwrap(), 0);
        assert_eq!(catalogue.forget_links(week().end).await.unwrap(), 1);
        let third = catalogue.add_link(&one, "third", week(), 100).await.unwrap().unwrap();
        assert!(third.id > second.id, "no number is used again");
    }

    #[tokio::test]
    async fn a_recording_has_so_many_links_at_a_time_and_none_before_it_has_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(&folder).await;
        let (one, other) = (recorded(&catalogue, "one").await, recorded(&catalogue, "other").await);
        let add = async |recording: &AiringId, hash: &str, lasts| {
            catalogue.add_link(recording, hash, lasts, 2).await.unwrap().is_some()
        };
        assert!(add(&one, "a", week()).await && add(&one, "b", week()).await);
        assert!(!add(&one, "c", week()).await && add(&other, "c", week()).await, "each recording has its own");
        let later = Span::new(week().end, week().end + TimeDelta::hours(1));
        assert!(add(&one, "d", later).await, "those that have expired do not count");

        assert!(!add(&AiringId::new("none"), "e", week()).await);
        let running = airing("running", "2026-11-20T05:00:00Z");
        catalogue.claim(&running, "x", at(NOON)).await.unwrap();
        assert!(!add(&running.id, "e", week()).await);
    }

    #[tokio::test]
    async fn in_the_bin_a_recording_is_not_opened_and_deleted_for_good_it_has_no_links() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(&folder).await;
        let (one, kept) = (recorded(&catalogue, "one").await, recorded(&catalogue, "kept").await);
        for (recording, hash) in [(&one, "one"), (&kept, "kept")] {
            catalogue.add_link(recording, hash, week(), 100).await.unwrap().unwrap();
        }
        let bin = async || {
            assert!(catalogue.begin_binning(&one, at(NOON)).await.unwrap());
            catalogue.set_stage(&one, Stage::There).await.unwrap();
        };
        bin().await;
        assert!(!opens(&catalogue, "one", at(NOON)).await && opens(&catalogue, "kept", at(NOON)).await);
        assert_eq!(catalogue.links(at(NOON), None, 9).await.unwrap().len(), 1);
        catalogue.relist(&one, at(NOON)).await.unwrap();
        assert!(opens(&catalogue, "one", at(NOON)).await, "it comes back with its recording");
        bin().await;
        catalogue.mark_binned_deleted(&one, at(NOON)).await.unwrap();
        assert_eq!(catalogue.count_links(at(NOON)).await.unwrap(), 1);
        catalogue.mark_deleted(&kept, at(NOON)).await.unwrap();
        assert_eq!(catalogue.count_links(at(NOON)).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_recording_that_is_cut_again_keeps_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(&folder).await;
        let one = recorded(&catalogue, "one").await;
        catalogue.add_link(&one, "one", week(), 100).await.unwrap().unwrap();
        let old = catalogue.get(&one).await.unwrap().unwrap();
        let again = Outcome { file: Some("again.mp3".into()), at: at(NOON), ..partial() };
        assert!(catalogue.replace(&one, &old, &again).await.unwrap());
        let (recording, _) = catalogue.opened_by_link("one", at(NOON)).await.unwrap().unwrap();
        assert_eq!(recording.file, Some("again.mp3".into()));
    }

    #[tokio::test]
    async fn a_catalogue_without_links_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.sqlite");
        let mut old = Connection::open(&path).unwrap();
        schema::MIGRATIONS.to_version(&mut old, 13).unwrap();
        drop(old);
        let catalogue = Catalogue::open(&path).await.unwrap();
        let one = recorded(&catalogue, "one").await;
        assert!(catalogue.add_link(&one, "one", week(), 100).await.unwrap().is_some());
    }
}
