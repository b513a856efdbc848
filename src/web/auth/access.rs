//! Access to the page: the password, sessions, the tokens of feeds, and how often links to share may be tried.
//!
//! Invariants:
//! - no secret that gives access is saved or logged in the clear, except the key that tokens are made with;
//! - password hashes are computed off the runtime, at most [`AT_ONCE`] at a time, and only as often as `guesses`
//!   allows;
//! - a new password ends every session.
//!
//! A feed's token is computed from the feed and from how often its address was renewed. So no token has to be saved,
//! and a renewal invalidates the old one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{Semaphore, watch};
use tracing::{info, warn};

use super::guesses::{Decision, Guesses};
use super::link::{Followed, LinkToken, Tries};
use super::saved::{self, Saved};
use super::secret::{Bits, decode, encode, equal, hash, mac, random};
use super::sessions::{self, SessionState, Sessions};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::password::PasswordHash;
use crate::model::ShowId;

/// The query parameter that has the token of a feed.
pub const TOKEN: &str = "token";
/// How long a session lasts after its last use.
pub const LASTS: TimeDelta = sessions::LASTS;
/// How many password hashes are computed at a time.
const AT_ONCE: usize = 2;

/// Decides who may see the page.
#[derive(Debug)]
pub struct Access {
    file: PathBuf,
    clock: SharedClock,
    state: Mutex<State>,
    computing: Arc<Semaphore>,
    writing: tokio::sync::Mutex<()>,
    ended: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The key that tokens are made with.
    key: Bits,
    /// The key of this process, for the hashes of passwords and links that were tried.
    passing: Bits,
    password: Option<Bits>,
    sessions: Sessions,
    renewed: BTreeMap<String, u64>,
    guesses: Guesses,
    tries: Tries,
}

/// Why a password was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The password is wrong.
    Wrong,
    /// There were too many wrong passwords; the next may be tried after this time.
    TooMany(Duration),
    /// The system has no random numbers, or the process stops.
    Unable,
}

/// A valid session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveSession {
    /// Whether the session was prolonged, so that the browser needs a new cookie.
    pub renewed: bool,
}

/// What an address with a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed<'a> {
    /// The podcast of all shows.
    All,
    /// The podcast of a show.
    Of(&'a ShowId),
    /// The calendar.
    Calendar,
}

impl<'a> From<Option<&'a ShowId>> for Feed<'a> {
    fn from(show: Option<&'a ShowId>) -> Self {
        show.map_or(Self::All, Self::Of)
    }
}

impl<'a> Feed<'a> {
    /// Returns the name in the saved state. No show has an empty id, or one with an `@`.
    fn name(self) -> &'a str {
        match self {
            Self::All => "",
            Self::Of(show) => show.as_str(),
            Self::Calendar => "@calendar",
        }
    }

    /// Returns what the token is computed from besides the name.
    fn kind(self) -> &'static [u8] {
        match self {
            Self::All => b"feed of all",
            Self::Of(_) => b"feed of a show",
            Self::Calendar => b"calendar",
        }
    }
}

impl Access {
    /// Returns an access that knows no session and no key until [`load`](Self::load). `state` is the state folder.
    pub fn new(state: &Path, clock: SharedClock) -> Self {
        Self {
            file: saved::path(state),
            clock,
            state: Mutex::default(),
            computing: Arc::new(Semaphore::new(AT_ONCE)),
            writing: tokio::sync::Mutex::default(),
            ended: watch::Sender::default(),
        }
    }

    /// Loads what was saved before the last restart. Fails if the system has no random numbers.
    pub async fn load(&self) -> std::io::Result<()> {
        let file = self.file.clone();
        let saved = match blocking(move || saved::read(&file)).await {
            Ok(saved) => saved.unwrap_or_default(),
            Err(error) => {
                let file = self.file.display();
                warn!(%file, %error, "the sessions cannot be read; everybody signs in again, and feeds get new addresses");
                Saved::default()
            }
        };
        let fresh = || random().ok_or_else(|| std::io::Error::other("the system has no random numbers"));
        let known = decode(&saved.key);
        *self.state() = State {
            key: known.map_or_else(fresh, Ok)?,
            passing: fresh()?,
            password: decode(&saved.password),
            sessions: saved.sessions,
            renewed: saved.renewed,
            guesses: Guesses::default(),
            tries: Tries::default(),
        };
        if known.is_none() {
            self.save().await;
        }
        Ok(())
    }

    /// Begins a session if the password is right, and returns its id.
    pub async fn sign_in(&self, hash: &PasswordHash, client: IpAddr, password: &str) -> Result<String, Refused> {
        self.check(hash, client, password).await?;
        let begun = {
            let state = &mut *self.state();
            state.sessions.begin(&state.mark(client), self.clock.now())
        };
        let id = begun.ok_or(Refused::Unable)?;
        info!(%client, "somebody signed in to the page");
        self.save().await;
        Ok(id)
    }

    /// Ends a session.
    pub async fn sign_out(&self, id: &str) {
        self.state().sessions.end(id);
        self.ended.send_replace(());
        self.save().await;
    }

    /// Returns the session with this id, if it is valid.
    pub async fn session(&self, hash: &PasswordHash, id: &str) -> Option<ActiveSession> {
        self.apply_password(hash).await;
        let session = self.state().sessions.touch(id, self.clock.now());
        match session {
            SessionState::Invalid => None,
            SessionState::Valid => Some(ActiveSession { renewed: false }),
            SessionState::Renewed => {
                self.save().await;
                Some(ActiveSession { renewed: true })
            }
        }
    }

    /// Returns a receiver that wakes when any session has ended.
    pub fn endings(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    /// Checks `password` against `hash`, if `client` may try one more.
    pub async fn check(&self, hash: &PasswordHash, client: IpAddr, password: &str) -> Result<(), Refused> {
        self.apply_password(hash).await;
        let (guess, signed_in, decision) = {
            let state = &mut *self.state();
            let guess = mac(&state.passing, &[password.as_bytes()]);
            let signed_in = state.sessions.has_client(&state.mark(client), self.clock.now());
            (guess, signed_in, state.guesses.decide(client, &guess, signed_in, self.clock.monotonic()))
        };
        match decision {
            Decision::Right => return Ok(()),
            Decision::Wrong => return Err(Refused::Wrong),
            // Not logged: an attack would fill the log.
            Decision::Wait(wait) => return Err(Refused::TooMany(wait)),
            Decision::Compute => {}
        }
        let permit = Arc::clone(&self.computing).acquire_owned().await.map_err(|_| Refused::Unable)?;
        let (computed, password) = (hash.clone(), password.to_owned());
        let right = blocking(move || {
            // Held until the memory is free again, even if the caller no longer waits.
            let _permit = permit;
            computed.is_of(&password)
        })
        .await;
        self.state().guesses.record_result(client, &guess, signed_in, right);
        if right {
            Ok(())
        } else {
            warn!(%client, "a wrong password for the page");
            Err(Refused::Wrong)
        }
    }

    /// Returns the token of a feed.
    pub fn token(&self, feed: Feed<'_>) -> String {
        encode(&self.state().token(feed))
    }

    /// Returns whether `token` is that of `feed`.
    pub fn is_token(&self, feed: Feed<'_>, token: &str) -> bool {
        decode(token).is_some_and(|token| equal(&self.state().token(feed), &token))
    }

    /// Gives a feed another token, and invalidates the old one. Returns false if that could not be saved, so that a
    /// restart would bring the old one back.
    pub async fn renew(&self, feed: Feed<'_>) -> bool {
        *self.state().renewed.entry(feed.name().to_owned()).or_default() += 1;
        self.save().await
    }

    /// Returns how long `client` has to wait before a link to share may be looked up. `None` if it may be now.
    pub fn link_wait(&self, client: IpAddr, link: &LinkToken) -> Option<Duration> {
        let state = self.state();
        state.tries.wait(client, &state.followed(client, link), self.clock.monotonic())
    }

    /// Records whether a link opened a recording that `client` has followed.
    pub fn record_link(&self, client: IpAddr, link: &LinkToken, opened: bool) {
        let state = &mut *self.state();
        let followed = state.followed(client, link);
        if state.tries.record(client, &followed, opened, self.clock.monotonic()) {
            info!(%client, "somebody followed a link that opens nothing");
        }
    }

    /// Ends all sessions if `hash` is not that of the last call.
    async fn apply_password(&self, hash: &PasswordHash) {
        let current = self::hash(hash.as_str().as_bytes());
        {
            let state = &mut *self.state();
            match state.password.replace(current) {
                Some(before) if equal(&before, &current) => return,
                Some(_) => info!("the page has another password; everybody signs in again"),
                None => {}
            }
            state.sessions.end_all();
            state.guesses.clear();
        }
        self.ended.send_replace(());
        self.save().await;
    }

    /// Saves what outlives a restart. Returns false if that fails.
    async fn save(&self) -> bool {
        // One write at a time, each with the state at its turn.
        let _turn = self.writing.lock().await;
        let saved = self.state().saved();
        let file = self.file.clone();
        let written = blocking(move || saved::write(&file, &saved)).await;
        if let Err(error) = &written {
            warn!(file = %self.file.display(), %error, "the sessions could not be saved");
        }
        written.is_ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn token(&self, feed: Feed<'_>) -> Bits {
        let renewed = self.renewed.get(feed.name()).copied().unwrap_or_default();
        mac(&self.key, &[feed.kind(), feed.name().as_bytes(), &renewed.to_be_bytes()])
    }

    /// Returns what is saved of a client's address.
    fn mark(&self, client: IpAddr) -> Bits {
        mac(&self.key, &[b"client", client.to_string().as_bytes()])
    }

    fn followed(&self, client: IpAddr, link: &LinkToken) -> Followed {
        let (client, link) = (client.to_string(), link.as_str().as_bytes());
        let of = |parts: &[&[u8]]| mac(&self.passing, parts);
        Followed { from_here: of(&[b"link from", client.as_bytes(), link]), link: of(&[b"link", link]) }
    }

    fn saved(&self) -> Saved {
        Saved {
            key: encode(&self.key),
            password: self.password.as_ref().map(encode).unwrap_or_default(),
            sessions: self.sessions.clone(),
            renewed: self.renewed.clone(),
        }
    }
}
