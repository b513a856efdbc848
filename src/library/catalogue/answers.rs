//! Answers to requests that have a key, so that a request that comes again gets the same answer and does nothing
//! (the `Idempotency-Key` of draft-ietf-httpapi-idempotency-key-header).
//!
//! A request is written down before it is carried out. If the process dies in between, nobody knows how far it came: it is
//! carried out again when it comes again, because what is recorded twice costs a file, and what nobody records is lost.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, params};

use super::Catalogue;
use super::error::{CatalogueError, read_error, write_error};
use super::names;
use super::rows::instant_text;

/// The most requests that are remembered. More are forgotten, the oldest first.
const MOST: i64 = 5_000;

/// Names a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who asks: nobody else's keys count.
    pub asker: String,
    /// The key.
    pub key: String,
}

/// The answer that a request got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Content-Type`
    pub kind: Option<String>,
    /// `Location`
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the caller carries it out, and then calls [`Catalogue::answered`] or [`Catalogue::unanswered`].
    New,
    /// It is being carried out.
    Running,
    /// The key belongs to another request.
    Other,
    /// It got this answer.
    Answered(Answer),
}

impl Catalogue {
    /// Writes down at `now` that the process `run` carries out a request, unless it is known. `request` identifies its
    /// content.
    pub async fn begin_request(
        &self,
        of: RequestKey,
        request: String,
        run: i64,
        now: DateTime<Utc>,
    ) -> Result<Known, CatalogueError> {
        self.run(move |connection| {
            let transaction = names::begin(connection).map_err(write_error)?;
            let known = "SELECT request, run, status, kind, location, body FROM answers WHERE asker = ?1 AND key = ?2";
            let known = transaction.query_row(known, params![of.asker, of.key], |row| {
                let status: Option<u16> = row.get(2)?;
                let (kind, location) = (row.get(3)?, row.get(4)?);
                let body: Option<Vec<u8>> = row.get(5)?;
                let answer = status.map(|status| Answer { status, kind, location, body: body.unwrap_or_default() });
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, answer))
            });
            match known.optional().map_err(read_error)? {
                Some((known, ..)) if known != request => return Ok(Known::Other),
                Some((.., Some(answer))) => return Ok(Known::Answered(answer)),
                Some((_, of, None)) if of == run => return Ok(Known::Running),
                // Its process is gone.
                Some(_) | None => {}
            }
            let begin = "INSERT OR REPLACE INTO answers (asker, key, request, run, at) VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![of.asker, of.key, request, run, instant_text(now)];
            transaction.execute(begin, values).map_err(write_error)?;
            let last = transaction.last_insert_rowid();
            transaction.execute("DELETE FROM answers WHERE number <= ?1", [last - MOST]).map_err(write_error)?;
            transaction.commit().map_err(write_error)?;
            Ok(Known::New)
        })
        .await
    }

    /// Writes down the answer that a request got.
    pub async fn answered(&self, of: RequestKey, answer: Answer) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let Answer { status, kind, location, body } = answer;
            let set =
                "UPDATE answers SET status = ?3, kind = ?4, location = ?5, body = ?6 WHERE asker = ?1 AND key = ?2";
            let values = params![of.asker, of.key, status, kind, location, body];
            connection.execute(set, values).map(drop).map_err(write_error)
        })
        .await
    }

    /// Forgets a request, which has changed nothing.
    pub async fn unanswered(&self, of: RequestKey) -> Result<(), CatalogueError> {
        self.run(move |connection| {
            let forget = "DELETE FROM answers WHERE asker = ?1 AND key = ?2";
            connection.execute(forget, params![of.asker, of.key]).map(drop).map_err(write_error)
        })
        .await
    }

    /// Forgets requests that came before `before`. Returns how many there were.
    pub async fn forget_answers(&self, before: DateTime<Utc>) -> Result<usize, CatalogueError> {
        self.run(move |connection| {
            connection.execute("DELETE FROM answers WHERE at < ?1", [instant_text(before)]).map_err(write_error)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::tests::at;
    use super::*;

    #[tokio::test]
    async fn a_request_is_carried_out_once_for_who_asks_and_its_answer_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(folder.path().join("catalogue.sqlite")).await.unwrap();
        let now = at("2026-11-20T05:00:00Z");
        let key = |asker: &str| RequestKey { asker: asker.to_owned(), key: "k".to_owned() };
        let begin = async |asker: &str, request: &str, run: i64| {
            catalogue.begin_request(key(asker), request.to_owned(), run, now).await.unwrap()
        };
        assert_eq!(begin("me", "record", 1).await, Known::New);
        assert_eq!(begin("me", "record", 1).await, Known::Running);
        assert_eq!(begin("me", "stop", 1).await, Known::Other);
        assert_eq!(begin("you", "stop", 1).await, Known::New, "the keys of others do not count");
        assert_eq!(begin("me", "record", 2).await, Known::New, "the process that began it is gone");
        let answer = Answer { status: 201, kind: None, location: Some("/x".to_owned()), body: b"{}".to_vec() };
        catalogue.answered(key("me"), answer.clone()).await.unwrap();
        assert_eq!(begin("me", "record", 3).await, Known::Answered(answer));
        assert_eq!(begin("me", "stop", 3).await, Known::Other);
        catalogue.unanswered(key("you")).await.unwrap();
        assert_eq!(begin("you", "other", 3).await, Known::New);
        assert_eq!(catalogue.forget_answers(now).await.unwrap(), 0);
        assert_eq!(catalogue.forget_answers(now + TimeDelta::seconds(1)).await.unwrap(), 2);
        assert_eq!(begin("me", "stop", 3).await, Known::New);
    }
}
