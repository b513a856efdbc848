//! Who is signed in.
//!
//! A session's id has 256 random bits and is known to the browser alone: kept is its hash. A session ends thirty days
//! after it was last used; there are never more than [`MOST`], the one unused for the longest goes first.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::secret::{Bits, decode, encode, hash, random, same};

/// How long a session lasts after it was used.
pub(super) const LASTS: TimeDelta = TimeDelta::days(30);
/// How exactly its last use is written down.
const NOTED: TimeDelta = TimeDelta::days(1);
/// Sessions at a time.
const MOST: usize = 100;

/// One of them, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    /// The hash of its id.
    id: String,
    /// The keyed hash of the address it was begun from.
    client: String,
    used: DateTime<Utc>,
}

/// All of them.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sessions(Vec<Session>);

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is one of ours.
    Good,
    /// It is one of ours, and lasts anew from now on: the browser must be told, and it must be kept.
    Renewed,
    /// It is none, or over.
    None,
}

impl Sessions {
    /// Begins one for `client` and gives its id; `None` if the system has no random numbers.
    pub(super) fn begin(&mut self, client: &Bits, now: DateTime<Utc>) -> Option<String> {
        let id = encode(&random()?);
        self.0.retain(|session| now - session.used < LASTS);
        while self.0.len() >= MOST {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, session)| session.used).map(|(at, _)| at)?;
            self.0.remove(oldest);
        }
        self.0.push(Session { id: encode(&hash(id.as_bytes())), client: encode(client), used: now });
        Some(id)
    }

    /// Whether `id` is one of them; notes that it was used.
    pub(super) fn look(&mut self, id: &str, now: DateTime<Utc>) -> Standing {
        match self.find(id) {
            Some(session) if now - session.used >= LASTS => Standing::None,
            Some(session) if now - session.used >= NOTED => {
                session.used = now;
                Standing::Renewed
            }
            Some(_) => Standing::Good,
            None => Standing::None,
        }
    }

    /// Ends one.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(found) = self.find(id).map(|session| session.id.clone()) {
            self.0.retain(|session| session.id != found);
        }
    }

    /// Ends all.
    pub(super) fn end_all(&mut self) {
        self.0.clear();
    }

    /// Whether one that still lasts was begun from `client`.
    pub(super) fn know(&self, client: &Bits, now: DateTime<Utc>) -> bool {
        let client = encode(client);
        self.0.iter().any(|session| session.client == client && now - session.used < LASTS)
    }

    fn find(&mut self, id: &str) -> Option<&mut Session> {
        let wanted = hash(id.as_bytes());
        self.0.iter_mut().find(|session| decode(&session.id).is_some_and(|kept| same(&kept, &wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_while_it_is_used_and_its_id_is_not_kept() {
        let mut sessions = Sessions::default();
        let client = random().unwrap();
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let id = sessions.begin(&client, start).unwrap();
        assert!(!serde_json::to_string(&sessions).unwrap().contains(&id));
        assert_eq!(sessions.look(&id, start + TimeDelta::hours(1)), Standing::Good);
        assert_eq!(sessions.look(&id, start + TimeDelta::days(29)), Standing::Renewed);
        assert_eq!(sessions.look(&id, start + TimeDelta::days(58)), Standing::Renewed);
        assert!(sessions.know(&client, start + TimeDelta::days(58)));
        assert_eq!(sessions.look(&id, start + TimeDelta::days(89)), Standing::None);
        assert_eq!(sessions.look("", start), Standing::None);
        sessions.end(&id);
        assert_eq!(sessions.look(&id, start + TimeDelta::days(58)), Standing::None);
    }

    #[test]
    fn there_are_never_more_than_a_hundred() {
        let mut sessions = Sessions::default();
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let client = Bits::default();
        let ids: Vec<_> = (0..150).map(|n| sessions.begin(&client, start + TimeDelta::seconds(n)).unwrap()).collect();
        assert_eq!(sessions.0.len(), MOST);
        let now = start + TimeDelta::minutes(5);
        assert_eq!(sessions.look(&ids[0], now), Standing::None);
        assert_eq!(sessions.look(&ids[149], now), Standing::Good);
    }
}
