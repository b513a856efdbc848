//! The outbox: events, each written in the transaction that makes it true.
//!
//! Events have numbers that only grow. A reader remembers the number of the last event that it has handled, and asks
//! for those after it, also after a restart. Old events are [deleted](Catalogue::forget_events).

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::instant_text;
use crate::events::NumberedEvent;

impl Catalogue {
    /// Returns at most `limit` events after the one with the number `after`, in order. Leaves out events that cannot be
    /// read.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn events_after(&self, after: i64, limit: u32) -> Result<Vec<NumberedEvent>, CatalogueError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT number, event FROM outbox WHERE number > ?1 ORDER BY number LIMIT ?2")
                .map_err(read_error)?;
            let rows = statement
                .query_map(params![after, limit], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
                .map_err(read_error)?;
            let mut events = Vec::new();
            for row in rows {
                let (number, text) = row.map_err(read_error)?;
                match serde_json::from_str(&text) {
                    Ok(event) => events.push(NumberedEvent { number, event }),
                    Err(error) => tracing::warn!(number, %error, "an event in the catalogue cannot be read"),
                }
            }
            Ok(events)
        })
        .await
    }

    /// Deletes events that are older than `before`. Returns how many there were.
    ///
    /// # Errors
    /// The catalogue cannot be written.
    pub async fn forget_events(&self, before: DateTime<Utc>) -> Result<usize, CatalogueError> {
        self.run(move |connection| {
            connection.execute("DELETE FROM outbox WHERE at < ?1", [instant_text(before)]).map_err(write_error)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{airing, at, partial};
    use super::*;
    use crate::events::Event;
    use crate::model::{AiringId, Outcome};

    #[tokio::test]
    async fn an_event_appears_when_its_airing_is_finished_and_numbers_never_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&path).await.unwrap();
        let (first, second) = (airing("news", "2026-11-20T05:00:00Z"), airing("news", "2026-11-20T06:00:00Z"));
        let events = async |after| catalogue.events_after(after, 10).await.unwrap();
        catalogue.claim(&first, "News", first.on_air.start).await.unwrap();
        catalogue.prepare(&first.id, &partial()).await.unwrap();
        assert_eq!(events(0).await, [], "it is not finished");
        catalogue.finish(&first.id, &partial()).await.unwrap();
        assert!(catalogue.finish(&first.id, &partial()).await.is_err(), "it is finished");
        let event = |id: &AiringId| Event::AiringFinished {
            id: id.to_string(),
            verdict: "partial".to_owned(),
            file: partial().file,
        };
        assert_eq!(events(0).await, [NumberedEvent { number: 1, event: event(&first.id) }]);
        catalogue.forget_events(at("2100-01-01T00:00:00Z")).await.unwrap();
        drop(catalogue);

        let catalogue = Catalogue::open(&path).await.unwrap();
        let again = Outcome { file: Some("second.mp3".into()), ..partial() };
        catalogue.claim(&second, "News", second.on_air.start).await.unwrap();
        catalogue.finish(&second.id, &again).await.unwrap();
        let numbers: Vec<_> =
            catalogue.events_after(1, 10).await.unwrap().into_iter().map(|event| event.number).collect();
        assert_eq!(numbers, [2], "no number comes twice");
    }
}
