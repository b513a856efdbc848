//! What is told, and to whom: targets, what is bad, and how far the outbox is read.
//!
//! A message is written in the transaction that remembers why: that an event is read, or that something is bad. So nothing
//! is told twice, whenever the process dies, and nothing is forgotten.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};
use super::{Catalogue, names};

/// A target as the catalogue knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTarget {
    /// Its name.
    pub name: String,
    /// Since when it is a target: what was before is not told.
    pub since: DateTime<Utc>,
    /// Why it is not told anything any more, in the words of its last answer. `None` if it is.
    pub off: Option<String>,
}

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The id that receivers get.
    pub id: String,
    /// To whom.
    pub target: String,
    /// What kind of thing it tells.
    pub kind: &'static str,
    /// What it is about.
    pub matter: String,
    /// The notice, as JSON.
    pub body: String,
}

/// Something that is bad, as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// What it is.
    pub key: String,
    /// Since when it is bad.
    pub since: DateTime<Utc>,
    /// What else is known of it, as JSON.
    pub body: String,
}

/// What is written together: messages, and what they were made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The messages.
    pub messages: Vec<NewMessage>,
    /// Matters that are bad from now on, or of which more is known.
    pub bad: Vec<Matter>,
    /// The keys of matters that are over.
    pub over: Vec<String>,
    /// What is remembered.
    pub remembered: Vec<(Remembered, String)>,
}

impl Told {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what `other` has.
    pub fn add(&mut self, other: Self) {
        let Self { messages, bad, over, remembered } = other;
        self.messages.extend(messages);
        self.bad.extend(bad);
        self.over.extend(over);
        self.remembered.extend(remembered);
    }
}

/// What is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// The number of the last event that was told.
    Events,
    /// When the service stopped in order; it is empty while the service runs.
    Stopped,
    /// When it was last told that the service runs again.
    Restarted,
}

impl Remembered {
    fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Stopped => "stopped",
            Self::Restarted => "restarted",
        }
    }
}

impl Catalogue {
    /// Takes over the targets of the configuration, each with its name and a hash of its address: new ones are told what
    /// happens after `at`, one that has another address is told again if it was off, and what waits for others is dropped.
    pub async fn know_targets(
        &self,
        targets: Vec<(String, String)>,
        at: DateTime<Utc>,
    ) -> Result<Vec<KnownTarget>, CatalogueError> {
        self.run(move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let before = known(&transaction)?;
            let mut changed = false;
            if before.is_empty() && !targets.is_empty() {
                // Nobody was told before, so nobody has read the outbox.
                let newest = "INSERT OR REPLACE INTO telling (name, value) VALUES (?1, \
                              (SELECT CAST(ifnull(max(seq), 0) AS TEXT) FROM sqlite_sequence WHERE name = 'outbox'))";
                transaction.execute(newest, [Remembered::Events.word()]).map_err(write_error)?;
            }
            for (name, place) in &targets {
                let take_over = "INSERT INTO targets (name, since, place) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO \
                                 UPDATE SET place = ?3, off = NULL WHERE place <> ?3";
                let count = transaction.execute(take_over, params![name, instant_text(at), place]);
                changed |= count.map_err(write_error)? > 0;
            }
            for gone in before.iter().filter(|known| targets.iter().all(|(name, _)| *name != known.name)) {
                transaction.execute("DELETE FROM targets WHERE name = ?1", [&gone.name]).map_err(write_error)?;
                drop_waiting(&transaction, &gone.name, "it is not in the configuration any more", at)?;
                changed = true;
            }
            let known = known(&transaction)?;
            for (name, why) in known.iter().filter_map(|known| Some((&known.name, known.off.as_ref()?))) {
                // One may have been written while the target was switched off.
                drop_waiting(&transaction, name, why, at)?;
                changed = true;
            }
            if changed {
                transaction.commit().map_err(write_error)?;
            }
            Ok(known)
        })
        .await
    }

    /// Writes that a target does not want to be told anything any more, and drops what waits for it.
    pub async fn switch_off_target(&self, name: &str, why: &str, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        let (name, why) = (name.to_owned(), why.to_owned());
        self.run(move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let off = "UPDATE targets SET off = ?2 WHERE name = ?1";
            transaction.execute(off, params![name, why]).map_err(write_error)?;
            drop_waiting(&transaction, &name, &why, at)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Writes what is told at `at`, in one transaction.
    pub async fn tell(&self, told: Told, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        if told.is_empty() {
            return Ok(());
        }
        self.run(move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            write(&transaction, &told, &instant_text(at)).map_err(write_error)?;
            transaction.commit().map_err(write_error)
        })
        .await
    }

    /// Returns what is bad, as it was told.
    pub async fn matters(&self) -> Result<Vec<Matter>, CatalogueError> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT key, since, body FROM matters ORDER BY key").map_err(read_error)?;
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))
                .map_err(read_error)?;
            let mut matters = Vec::new();
            for row in rows {
                let (key, since, body) = row.map_err(read_error)?;
                let since = parse_instant(&since).map_err(|reason| CatalogueError::Row { id: key.clone(), reason })?;
                matters.push(Matter { key, since, body });
            }
            Ok(matters)
        })
        .await
    }

    /// Returns what is remembered. `None` if nothing is.
    pub async fn remembered(&self, which: Remembered) -> Result<Option<String>, CatalogueError> {
        self.run(move |connection| {
            let read = "SELECT value FROM telling WHERE name = ?1";
            connection.query_row(read, [which.word()], |row| row.get(0)).optional().map_err(read_error)
        })
        .await
    }
}

fn known(connection: &Connection) -> Result<Vec<KnownTarget>, CatalogueError> {
    let mut statement =
        connection.prepare_cached("SELECT name, since, off FROM targets ORDER BY name").map_err(read_error)?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?)))
        .map_err(read_error)?;
    let mut targets = Vec::new();
    for row in rows {
        let (name, since, off) = row.map_err(read_error)?;
        let since = parse_instant(&since).map_err(|reason| CatalogueError::Row { id: name.clone(), reason })?;
        targets.push(KnownTarget { name, since, off });
    }
    Ok(targets)
}

fn drop_waiting(connection: &Connection, target: &str, why: &str, at: DateTime<Utc>) -> Result<(), CatalogueError> {
    let waiting = "UPDATE messages SET state = 'dropped', last_error = ?2, done = ?3, next_try = NULL \
                   WHERE target = ?1 AND state = 'waiting'";
    connection.execute(waiting, params![target, why, instant_text(at)]).map(drop).map_err(write_error)
}

fn write(connection: &Connection, told: &Told, at: &str) -> rusqlite::Result<()> {
    let Told { messages, bad, over, remembered } = told;
    for NewMessage { id, target, kind, matter, body } in messages {
        connection
            .prepare_cached(
                "INSERT INTO messages (id, target, kind, matter, body, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![id, target, kind, matter, body, at])?;
    }
    for Matter { key, since, body } in bad {
        connection.execute(
            "INSERT OR REPLACE INTO matters (key, since, body) VALUES (?1, ?2, ?3)",
            params![key, instant_text(*since), body],
        )?;
    }
    for key in over {
        connection.execute("DELETE FROM matters WHERE key = ?1", [key])?;
    }
    for (which, value) in remembered {
        connection
            .execute("INSERT OR REPLACE INTO telling (name, value) VALUES (?1, ?2)", params![which.word(), value])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{airing, at, partial};
    use super::super::{MessageFilter, MessageState};
    use super::*;

    fn target(name: &str, place: &str) -> (String, String) {
        (name.to_owned(), place.to_owned())
    }

    fn message(id: &str, target: &str) -> NewMessage {
        let [id, target, matter, body] = [id, target, "station:s", "{}"].map(str::to_owned);
        NewMessage { id, target, kind: "station_down", matter, body }
    }

    #[tokio::test]
    async fn a_target_is_told_from_when_it_is_known_and_one_that_is_gone_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let first = airing("news", "2026-11-20T05:00:00Z");
        catalogue.claim(&first, "News", first.on_air.start).await.unwrap();
        catalogue.finish(&first.id, &partial()).await.unwrap();
        let (early, late) = (at("2026-11-20T08:00:00Z"), at("2026-11-20T09:00:00Z"));
        let known = catalogue.know_targets(vec![target("phone", "1"), target("script", "2")], early).await.unwrap();
        assert_eq!(known.iter().map(|known| known.since).collect::<Vec<_>>(), [early, early]);
        assert_eq!(catalogue.remembered(Remembered::Events).await.unwrap().as_deref(), Some("1"), "it was before");

        let messages = vec![message("a", "phone"), message("b", "script")];
        catalogue.tell(Told { messages, ..Told::default() }, early).await.unwrap();
        catalogue.switch_off_target("phone", "it said 410 Gone", late).await.unwrap();
        let known = catalogue.know_targets(vec![target("phone", "1")], late).await.unwrap();
        assert_eq!(known, [KnownTarget { name: "phone".into(), since: early, off: Some("it said 410 Gone".into()) }]);
        let dropped = catalogue.messages(MessageFilter { limit: 9, ..MessageFilter::default() }).await.unwrap();
        assert!(dropped.iter().all(|message| message.state == MessageState::Dropped), "{dropped:?}");
        let known = catalogue.know_targets(vec![target("phone", "3"), target("script", "2")], late).await.unwrap();
        assert_eq!((known[0].off.as_ref(), known[0].since), (None, early), "it has another address");
        assert_eq!(known[1].since, late, "it is a new target");
    }

    #[tokio::test]
    async fn messages_are_written_with_what_they_were_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let now = at("2026-11-20T08:00:00Z");
        let matter = |body: &str| Matter { key: "station:s".to_owned(), since: now, body: body.to_owned() };
        let told = |id: &str| Told {
            messages: vec![message(id, "phone")],
            bad: vec![matter(id)],
            over: Vec::new(),
            remembered: vec![(Remembered::Events, "7".to_owned())],
        };
        catalogue.tell(told("a"), now).await.unwrap();
        catalogue.tell(told("a"), now).await.unwrap_err();
        catalogue.tell(told("b"), now).await.unwrap();
        assert_eq!(catalogue.matters().await.unwrap(), [matter("b")]);
        let over = Told { over: vec!["station:s".to_owned()], ..Told::default() };
        catalogue.tell(over, now).await.unwrap();
        assert_eq!(catalogue.matters().await.unwrap(), []);
        assert_eq!(catalogue.remembered(Remembered::Events).await.unwrap().as_deref(), Some("7"));
        assert_eq!(catalogue.remembered(Remembered::Stopped).await.unwrap(), None);
    }
}
