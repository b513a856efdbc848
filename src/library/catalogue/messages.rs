//! Messages: what is on its way to whom, what was sent, and what is not sent any more.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::rows::{instant_text, parse_instant};

const COLUMNS: &str =
    "SELECT number, id, target, kind, matter, body, created, state, tries, next_try, last_error, done FROM messages";

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It is still to be sent.
    Waiting,
    /// The target has taken it.
    Sent,
    /// It is not sent any more.
    Dropped,
}

impl MessageState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Dropped];

    /// Returns its word in the table, and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dropped => "dropped",
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number; greater than that of every earlier message.
    pub number: i64,
    /// The id that receivers get.
    pub id: String,
    /// To whom.
    pub target: String,
    /// What kind of thing it tells.
    pub kind: String,
    /// What it is about.
    pub matter: String,
    /// The notice, as JSON.
    pub body: String,
    /// When it was written.
    pub created: DateTime<Utc>,
    /// How far it is.
    pub state: MessageState,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is tried again. `None` if it was not tried yet, or is not waiting.
    pub next_try: Option<DateTime<Utc>>,
    /// Why the last try failed, or why it is not sent any more.
    pub last_error: Option<String>,
    /// When it was sent or dropped.
    pub done: Option<DateTime<Utc>>,
}

/// Which messages to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only those to this target.
    pub target: Option<String>,
    /// Only those that are so far.
    pub state: Option<MessageState>,
    /// Only those with a smaller number.
    pub before: Option<i64>,
    /// The most; the newest are listed.
    pub limit: u32,
}

/// How many messages there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageTotals {
    /// Those still to be sent.
    pub waiting: u64,
    /// Those that were sent.
    pub sent: u64,
    /// Those that are not sent any more.
    pub dropped: u64,
    /// Since when the oldest of the first waits.
    pub waiting_since: Option<DateTime<Utc>>,
}

impl Catalogue {
    /// Returns the message to `target` that is to be sent next. `None` if none waits.
    pub async fn next_message(&self, target: &str) -> Result<Option<Message>, CatalogueError> {
        let target = target.to_owned();
        self.run(move |connection| {
            let next = "target = ?1 AND state = 'waiting' ORDER BY number LIMIT 1";
            Ok(select(connection, next, [target])?.pop())
        })
        .await
    }

    /// Writes that a message was sent, and whom it does not reach.
    pub async fn message_sent(
        &self,
        number: i64,
        but: Option<String>,
        at: DateTime<Utc>,
    ) -> Result<(), CatalogueError> {
        self.write_message(
            "UPDATE messages SET state = 'sent', next_try = NULL, last_error = ?2, done = ?3 WHERE number = ?1",
            move || (number, but, instant_text(at)),
        )
        .await
    }

    /// Writes why a message could not be sent, and when it is tried again.
    pub async fn postpone_message(&self, number: i64, why: String, next: DateTime<Utc>) -> Result<(), CatalogueError> {
        self.write_message(
            "UPDATE messages SET tries = tries + 1, last_error = ?2, next_try = ?3 WHERE number = ?1 AND state = 'waiting'",
            move || (number, why, instant_text(next)),
        )
        .await
    }

    /// Writes why a message is not sent any more.
    pub async fn drop_message(&self, number: i64, why: String, at: DateTime<Utc>) -> Result<(), CatalogueError> {
        self.write_message(
            "UPDATE messages SET state = 'dropped', tries = tries + 1, last_error = ?2, next_try = NULL, done = ?3 \
             WHERE number = ?1 AND state = 'waiting'",
            move || (number, why, instant_text(at)),
        )
        .await
    }

    /// Returns the messages that `filter` selects, the newest first.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, CatalogueError> {
        self.run(move |connection| {
            let MessageFilter { target, state, before, limit } = filter;
            let which = "(?1 IS NULL OR target = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR number < ?3) \
                         ORDER BY number DESC LIMIT ?4";
            let values = [
                target.map_or(Value::Null, Value::Text),
                state.map_or(Value::Null, |state| Value::Text(state.word().to_owned())),
                before.map_or(Value::Null, Value::Integer),
                Value::Integer(limit.into()),
            ];
            select(connection, which, rusqlite::params_from_iter(values))
        })
        .await
    }

    /// Returns how many messages there are, of those that are remembered.
    pub async fn message_totals(&self) -> Result<MessageTotals, CatalogueError> {
        self.run(|connection| {
            // Both are answered by the index of states: the bodies are long.
            let count = |state: MessageState| {
                let of_state = "SELECT count(*) FROM messages WHERE state = ?1";
                connection.query_row(of_state, [state.word()], |row| row.get(0)).map(i64::unsigned_abs)
            };
            let oldest = "SELECT created FROM messages WHERE state = 'waiting' ORDER BY number LIMIT 1";
            let since: Option<String> =
                connection.query_row(oldest, [], |row| row.get(0)).optional().map_err(read_error)?;
            Ok(MessageTotals {
                waiting: count(MessageState::Waiting).map_err(read_error)?,
                sent: count(MessageState::Sent).map_err(read_error)?,
                dropped: count(MessageState::Dropped).map_err(read_error)?,
                waiting_since: since.and_then(|since| parse_instant(&since).ok()),
            })
        })
        .await
    }

    /// Forgets messages that were sent or dropped before `before`.
    pub async fn forget_messages(&self, before: DateTime<Utc>) -> Result<usize, CatalogueError> {
        self.run(move |connection| {
            let old = "DELETE FROM messages WHERE state <> 'waiting' AND done < ?1";
            connection.execute(old, [instant_text(before)]).map_err(write_error)
        })
        .await
    }

    async fn write_message<P: Params>(
        &self,
        statement: &'static str,
        values: impl FnOnce() -> P + Send + 'static,
    ) -> Result<(), CatalogueError> {
        self.run(move |connection| connection.execute(statement, values()).map(drop).map_err(write_error)).await
    }
}

/// Returns the messages that `which` selects. Leaves out those that cannot be read.
fn select(connection: &Connection, which: &str, values: impl Params) -> Result<Vec<Message>, CatalogueError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE {which}")).map_err(read_error)?;
    let mut rows = statement.query(values).map_err(read_error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        found.extend(read(row).map_err(read_error)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<Message>> {
    let instant = |column: usize| {
        let text: Option<String> = row.get(column)?;
        Ok::<_, rusqlite::Error>(text.and_then(|text| parse_instant(&text).ok()))
    };
    let state: String = row.get(7)?;
    let state = MessageState::ALL.into_iter().find(|known| known.word() == state);
    let (Some(created), Some(state)) = (instant(6)?, state) else { return Ok(None) };
    Ok(Some(Message {
        number: row.get(0)?,
        id: row.get(1)?,
        target: row.get(2)?,
        kind: row.get(3)?,
        matter: row.get(4)?,
        body: row.get(5)?,
        created,
        state,
        tries: row.get(8)?,
        next_try: instant(9)?,
        last_error: row.get(10)?,
        done: instant(11)?,
    }))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::tests::at;
    use super::super::{NewMessage, Told};
    use super::*;

    #[tokio::test]
    async fn messages_of_a_target_keep_their_order_whatever_becomes_of_each() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let now = at("2026-11-20T08:00:00Z");
        let message = |id: &str, target: &str| {
            let [id, target, matter, body] = [id, target, "config", "{}"].map(str::to_owned);
            NewMessage { id, target, kind: "config_rejected", matter, body }
        };
        let messages = vec![message("a", "phone"), message("b", "script"), message("c", "phone")];
        catalogue.tell(Told { messages, ..Told::default() }, now).await.unwrap();
        let next =
            async |target| catalogue.next_message(target).await.unwrap().map(|message| (message.id, message.tries));
        assert_eq!(next("phone").await, Some(("a".to_owned(), 0)));
        catalogue.postpone_message(1, "it is away".to_owned(), now + TimeDelta::seconds(5)).await.unwrap();
        assert_eq!(next("phone").await, Some(("a".to_owned(), 1)), "what comes later waits");
        assert_eq!(next("script").await, Some(("b".to_owned(), 0)), "nobody else does");
        catalogue.message_sent(1, None, now).await.unwrap();
        assert_eq!(next("phone").await, Some(("c".to_owned(), 0)));
        catalogue.drop_message(3, "it said 400".to_owned(), now).await.unwrap();
        assert_eq!(next("phone").await, None);
        assert_eq!(next("nobody").await, None);

        let totals = catalogue.message_totals().await.unwrap();
        assert_eq!((totals.waiting, totals.sent, totals.dropped, totals.waiting_since), (1, 1, 1, Some(now)));
        let listed = async |filter: MessageFilter| {
            let listed = catalogue.messages(MessageFilter { limit: 9, ..filter }).await.unwrap();
            listed.into_iter().map(|message| message.id).collect::<Vec<_>>()
        };
        let all = MessageFilter::default;
        assert_eq!(listed(all()).await, ["c", "b", "a"]);
        assert_eq!(listed(MessageFilter { before: Some(3), ..all() }).await, ["b", "a"]);
        assert_eq!(listed(MessageFilter { target: Some("phone".into()), ..all() }).await, ["c", "a"]);
        assert_eq!(listed(MessageFilter { state: Some(MessageState::Dropped), ..all() }).await, ["c"]);
        catalogue.forget_messages(now + TimeDelta::seconds(1)).await.unwrap();
        assert_eq!(listed(all()).await, ["b"], "what waits is not forgotten");
    }
}
