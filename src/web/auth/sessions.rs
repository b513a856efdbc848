//! Sessions: who is signed in.
//!
//! A session's id has 256 random bits and only the browser knows it; the server saves its hash. A session ends thirty
//! days after its last use. There are never more than [`MOST`]; the one unused for the longest is dropped first.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::secret::{Bits, decode, encode, equal, hash, random};

/// How long a session lasts after its last use.
pub(super) const LASTS: TimeDelta = TimeDelta::days(30);
/// How long after its last recorded use a session is prolonged.
const RENEWED_AFTER: TimeDelta = TimeDelta::days(1);
/// How many sessions there are at most.
const MOST: usize = 100;

/// A session, as it is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    /// The hash of the id.
    id: String,
    /// The keyed hash of the address from which it was begun.
    client: String,
    used: DateTime<Utc>,
}

/// Holds all sessions.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sessions(Vec<Session>);

/// Whether a session is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionState {
    /// The session is valid.
    Valid,
    /// The session is valid and was prolonged: the caller must save it and send the browser a new cookie.
    Renewed,
    /// The session is unknown, or over.
    Invalid,
}

impl Sessions {
    /// Begins a session for `client` and returns its id. `None` if the system has no random numbers.
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

    /// Returns whether the session `id` is valid, and prolongs it if its last use was long enough ago.
    pub(super) fn touch(&mut self, id: &str, now: DateTime<Utc>) -> SessionState {
        match self.find(id) {
            Some(session) if now - session.used >= LASTS => SessionState::Invalid,
            Some(session) if now - session.used >= RENEWED_AFTER => {
                session.used = now;
                SessionState::Renewed
            }
            Some(_) => SessionState::Valid,
            None => SessionState::Invalid,
        }
    }

    /// Ends the session `id`.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(found) = self.find(id).map(|session| session.id.clone()) {
            self.0.retain(|session| session.id != found);
        }
    }

    /// Ends all sessions.
    pub(super) fn end_all(&mut self) {
        self.0.clear();
    }

    /// Returns whether a valid session was begun from `client`.
    pub(super) fn has_client(&self, client: &Bits, now: DateTime<Utc>) -> bool {
        let client = encode(client);
        self.0.iter().any(|session| session.client == client && now - session.used < LASTS)
    }

    fn find(&mut self, id: &str) -> Option<&mut Session> {
        let wanted = hash(id.as_bytes());
        self.0.iter_mut().find(|session| decode(&session.id).is_some_and(|saved| equal(&saved, &wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_while_it_is_used_and_its_id_is_not_saved() {
        let mut sessions = Sessions::default();
        let client = random().unwrap();
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let id = sessions.begin(&client, start).unwrap();
        assert!(!serde_json::to_string(&sessions).unwrap().contains(&id));
        assert_eq!(sessions.touch(&id, start + TimeDelta::hours(1)), SessionState::Valid);
        assert_eq!(sessions.touch(&id, start + TimeDelta::days(29)), SessionState::Renewed);
        assert_eq!(sessions.touch(&id, start + TimeDelta::days(58)), SessionState::Renewed);
        assert!(sessions.has_client(&client, start + TimeDelta::days(58)));
        assert_eq!(sessions.touch(&id, start + TimeDelta::days(89)), SessionState::Invalid);
        assert_eq!(sessions.touch("", start), SessionState::Invalid);
        sessions.end(&id);
        assert_eq!(sessions.touch(&id, start + TimeDelta::days(58)), SessionState::Invalid);
    }

    #[test]
    fn there_are_never_more_than_a_hundred() {
        let mut sessions = Sessions::default();
        let start: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let client = Bits::default();
        let ids: Vec<_> = (0..150).map(|n| sessions.begin(&client, start + TimeDelta::seconds(n)).unwrap()).collect();
        assert_eq!(sessions.0.len(), MOST);
        let now = start + TimeDelta::minutes(5);
        assert_eq!(sessions.touch(&ids[0], now), SessionState::Invalid);
        assert_eq!(sessions.touch(&ids[149], now), SessionState::Valid);
    }
}
