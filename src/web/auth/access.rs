//! Who may see the page: the password, sessions, and the tokens of feeds.
//!
//! Invariants:
//! - nothing by which somebody could come in is kept or logged as it is, but for the key that tokens are made with;
//! - a password is computed off the runtime, at most [`AT_ONCE`] at a time, and only as often as `guesses` allows;
//! - another password ends every session.
//!
//! A feed's token is made of the feed and of how often its address was renewed, so that none need be kept, and renewing
//! it ends the old one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{Semaphore, watch};
use tracing::{info, warn};

use super::guesses::{Guesses, Look};
use super::kept::{self, Kept};
use super::secret::{Bits, decode, encode, hash, mac, random, same};
use super::sessions::{self, Sessions, Standing};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::password::PasswordHash;
use crate::model::ShowId;

/// The name of a feed's token in an address.
pub const TOKEN: &str = "token";
/// How long a session lasts after it was used.
pub const LASTS: TimeDelta = sessions::LASTS;
/// Passwords that are computed at a time.
const AT_ONCE: usize = 2;

/// Who may see the page.
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
    /// What tokens are made with.
    key: Bits,
    /// Of this process, for what is remembered of passwords.
    passing: Bits,
    password: Option<Bits>,
    sessions: Sessions,
    renewed: BTreeMap<String, u64>,
    guesses: Guesses,
}

/// A password was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is wrong.
    Wrong,
    /// It was not looked at: this long there were too many wrong ones.
    TooMany(Duration),
    /// The system cannot do it.
    Unable,
}

/// A session that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Good {
    /// It lasts anew, which the browser must be told.
    pub renewed: bool,
}

/// What has an address with a token.
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
    /// What it is called where it is kept. No show has an empty id, nor one with an `@`.
    fn name(self) -> &'a str {
        match self {
            Self::All => "",
            Self::Of(show) => show.as_str(),
            Self::Calendar => "@calendar",
        }
    }

    /// What its token is made of besides.
    fn kind(self) -> &'static [u8] {
        match self {
            Self::All => b"feed of all",
            Self::Of(_) => b"feed of a show",
            Self::Calendar => b"calendar",
        }
    }
}

impl Access {
    /// Knows nobody, and makes no token, before it is asked to remember. `state` is the folder for what is kept.
    pub fn new(state: &Path, clock: SharedClock) -> Self {
        Self {
            file: kept::path(state),
            clock,
            state: Mutex::default(),
            computing: Arc::new(Semaphore::new(AT_ONCE)),
            writing: tokio::sync::Mutex::default(),
            ended: watch::Sender::default(),
        }
    }

    /// Takes up what was kept before the last restart. Fails where the system has no random numbers.
    pub async fn remember(&self) -> std::io::Result<()> {
        let file = self.file.clone();
        let kept = match blocking(move || kept::read(&file)).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(error) => {
                let file = self.file.display();
                warn!(%file, %error, "who was signed in cannot be read; all sign in again, and feeds get new addresses");
                Kept::default()
            }
        };
        let fresh = || random().ok_or_else(|| std::io::Error::other("the system has no random numbers"));
        let known = decode(&kept.key);
        *self.state() = State {
            key: known.map_or_else(fresh, Ok)?,
            passing: fresh()?,
            password: decode(&kept.password),
            sessions: kept.sessions,
            renewed: kept.renewed,
            guesses: Guesses::default(),
        };
        if known.is_none() {
            self.keep().await;
        }
        Ok(())
    }

    /// Begins a session with the right password and gives its id.
    pub async fn sign_in(&self, hash: &PasswordHash, client: IpAddr, password: &str) -> Result<String, Refused> {
        self.check(hash, client, password).await?;
        let begun = {
            let state = &mut *self.state();
            state.sessions.begin(&state.mark(client), self.clock.now())
        };
        let id = begun.ok_or(Refused::Unable)?;
        info!(%client, "somebody signed in to the page");
        self.keep().await;
        Ok(id)
    }

    /// Ends a session.
    pub async fn sign_out(&self, id: &str) {
        self.state().sessions.end(id);
        self.ended.send_replace(());
        self.keep().await;
    }

    /// Whether a session is good.
    pub async fn session(&self, hash: &PasswordHash, id: &str) -> Option<Good> {
        self.follow(hash).await;
        let standing = self.state().sessions.look(id, self.clock.now());
        match standing {
            Standing::None => None,
            Standing::Good => Some(Good { renewed: false }),
            Standing::Renewed => {
                self.keep().await;
                Some(Good { renewed: true })
            }
        }
    }

    /// Tells whenever a session has ended, which one not.
    pub fn endings(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    /// Whether `password` is the one of `hash`, as far as `client` may ask.
    pub async fn check(&self, hash: &PasswordHash, client: IpAddr, password: &str) -> Result<(), Refused> {
        self.follow(hash).await;
        let (guess, known, look) = {
            let state = &mut *self.state();
            let guess = mac(&state.passing, &[password.as_bytes()]);
            let known = state.sessions.know(&state.mark(client), self.clock.now());
            (guess, known, state.guesses.look(client, &guess, known, self.clock.monotonic()))
        };
        match look {
            Look::Right => return Ok(()),
            Look::Wrong => return Err(Refused::Wrong),
            // Not told in the log, which it would fill.
            Look::Wait(wait) => return Err(Refused::TooMany(wait)),
            Look::Compute => {}
        }
        let permit = Arc::clone(&self.computing).acquire_owned().await.map_err(|_| Refused::Unable)?;
        let (computed, password) = (hash.clone(), password.to_owned());
        let right = blocking(move || {
            // Held until the memory is free again, even where nobody waits for the answer any more.
            let _permit = permit;
            computed.is_of(&password)
        })
        .await;
        self.state().guesses.judge(client, &guess, known, right);
        if right {
            Ok(())
        } else {
            warn!(%client, "a wrong password for the page");
            Err(Refused::Wrong)
        }
    }

    /// The token of a feed.
    pub fn token(&self, feed: Feed<'_>) -> String {
        encode(&self.state().token(feed))
    }

    /// Whether `token` is that of `feed`.
    pub fn is_token(&self, feed: Feed<'_>, token: &str) -> bool {
        decode(token).is_some_and(|token| same(&self.state().token(feed), &token))
    }

    /// Gives a feed another token; the old one is good for nothing from now on. False where that could not be kept, and a
    /// restart would bring the old one back.
    pub async fn renew(&self, feed: Feed<'_>) -> bool {
        *self.state().renewed.entry(feed.name().to_owned()).or_default() += 1;
        self.keep().await
    }

    /// Ends all sessions where `hash` is not the one of before.
    async fn follow(&self, hash: &PasswordHash) {
        let current = self::hash(hash.as_str().as_bytes());
        {
            let state = &mut *self.state();
            match state.password.replace(current) {
                Some(before) if same(&before, &current) => return,
                Some(_) => info!("the page has another password; everybody signs in again"),
                None => {}
            }
            state.sessions.end_all();
            state.guesses.forget();
        }
        self.ended.send_replace(());
        self.keep().await;
    }

    /// Writes down what is to outlive a restart; false where that failed.
    async fn keep(&self) -> bool {
        // One after another, each with what holds when its turn comes.
        let _turn = self.writing.lock().await;
        let kept = self.state().kept();
        let file = self.file.clone();
        let written = blocking(move || kept::write(&file, &kept)).await;
        if let Err(error) = &written {
            warn!(file = %self.file.display(), %error, "who is signed in could not be written down");
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

    /// What is kept of an address.
    fn mark(&self, client: IpAddr) -> Bits {
        mac(&self.key, &[b"client", client.to_string().as_bytes()])
    }

    fn kept(&self) -> Kept {
        Kept {
            key: encode(&self.key),
            password: self.password.as_ref().map(encode).unwrap_or_default(),
            sessions: self.sessions.clone(),
            renewed: self.renewed.clone(),
        }
    }
}
