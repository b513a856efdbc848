//! Marks: what people said of recordings. A pinned recording is deleted by no rule; one that was heard may be.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use crate::events::Topic;
use crate::model::AiringId;

/// A kind of mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// No rule deletes it.
    Pinned,
    /// Somebody has heard it.
    Heard,
}

impl Mark {
    /// Returns its column.
    fn column(self) -> &'static str {
        match self {
            Self::Pinned => "pinned_at",
            Self::Heard => "heard_at",
        }
    }
}

/// The marks of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Since when it is pinned. `None` if it is not.
    pub pinned_at: Option<DateTime<Utc>>,
    /// When it was heard. `None` if nobody has said so.
    pub heard_at: Option<DateTime<Utc>>,
}

impl Catalogue {
    /// Sets a mark at the time `at`, or takes it away. One that is set keeps its time. Returns `false` if there is no such
    /// recording, or it was deleted.
    pub async fn mark(&self, id: &AiringId, mark: Mark, at: Option<DateTime<Utc>>) -> Result<bool, CatalogueError> {
        let (id, column) = (id.clone(), mark.column());
        self.change(&[Topic::Recordings], move |connection| {
            let transaction = connection.transaction().map_err(write_error)?;
            let known = "SELECT EXISTS (SELECT 1 FROM airings WHERE id = ?1 AND deleted_at IS NULL)";
            let is_known: bool = transaction.query_row(known, [id.as_str()], |row| row.get(0)).map_err(read_error)?;
            if is_known {
                let set = format!(
                    "INSERT INTO marks (airing, {column}) VALUES (?1, ?2) ON CONFLICT (airing) DO UPDATE SET {column} = \
                     iif(?2 IS NULL, NULL, coalesce({column}, ?2))"
                );
                transaction.execute(&set, params![id.as_str(), at.map(instant_text)]).map_err(write_error)?;
                let none = "DELETE FROM marks WHERE airing = ?1 AND pinned_at IS NULL AND heard_at IS NULL";
                transaction.execute(none, [id.as_str()]).map_err(write_error)?;
            }
            transaction.commit().map_err(write_error)?;
            Ok(is_known)
        })
        .await
    }

    /// Returns the marks of those of `ids` that have any.
    pub async fn marks(&self, ids: Vec<AiringId>) -> Result<HashMap<AiringId, Marks>, CatalogueError> {
        self.run(move |connection| {
            let mut marks = HashMap::new();
            for id in ids {
                if let Some(found) = marks_of(connection, &id)? {
                    marks.insert(id, found);
                }
            }
            Ok(marks)
        })
        .await
    }
}

fn marks_of(connection: &Connection, id: &AiringId) -> Result<Option<Marks>, CatalogueError> {
    let mut select =
        connection.prepare_cached("SELECT pinned_at, heard_at FROM marks WHERE airing = ?1").map_err(read_error)?;
    let found = select.query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(read_error)?;
    Ok(found.map(|(pinned, heard)| Marks { pinned_at: instant(pinned), heard_at: instant(heard) }))
}

/// Returns when a mark was set. A time that cannot be read counts as long ago, so that a pin stays a pin.
pub(super) fn instant(text: Option<String>) -> Option<DateTime<Utc>> {
    text.map(|text| parse_instant(&text).unwrap_or(DateTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{airing, at, partial};
    use super::*;

    #[tokio::test]
    async fn a_mark_keeps_its_time_is_taken_away_alone_and_goes_with_its_recording() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let airing = airing("뉴스", "2026-11-20T05:00:00Z");
        let (first, later) = (at("2026-11-21T05:00:00Z"), at("2026-11-22T05:00:00Z"));
        let marks = async || catalogue.marks(vec![airing.id.clone()]).await.unwrap().remove(&airing.id);
        assert!(!catalogue.mark(&airing.id, Mark::Pinned, Some(first)).await.unwrap(), "nobody knows it");
        catalogue.claim(&airing, "뉴스", first).await.unwrap();
        catalogue.finish(&airing.id, &partial()).await.unwrap();
        assert_eq!(marks().await, None);
        for (mark, time) in [(Mark::Pinned, first), (Mark::Heard, later), (Mark::Pinned, later)] {
            assert!(catalogue.mark(&airing.id, mark, Some(time)).await.unwrap());
        }
        assert_eq!(marks().await, Some(Marks { pinned_at: Some(first), heard_at: Some(later) }));
        let all = catalogue.kept(|_, _| true).await.unwrap();
        let [kept] = &all[..] else { panic!("{all:?}") };
        assert_eq!((kept.is_pinned, kept.heard_at, kept.bytes), (true, Some(later), 115_140_000));
        assert_eq!(kept.file, partial().file);
        assert!(catalogue.kept(|show, _| show != "뉴스").await.unwrap().is_empty());
        catalogue.mark(&airing.id, Mark::Heard, None).await.unwrap();
        assert_eq!(marks().await, Some(Marks { pinned_at: Some(first), heard_at: None }));
        catalogue.mark_deleted(&airing.id, later).await.unwrap();
        assert_eq!(marks().await, None);
        assert!(!catalogue.mark(&airing.id, Mark::Pinned, Some(first)).await.unwrap());
        assert!(catalogue.kept(|_, _| true).await.unwrap().is_empty());
    }
}
