//! Titles that are asked for: while a station is on tape, a task asks an address of the station what plays
//! (`titles: { find: … }`). They count in the place of those that come with the sound.
//!
//! Nothing here is in the way of capture: it asks by a client of its own, one request at a time, and what fails is tried
//! again after a pause that grows. A title is dated by when it was asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::source::policy::{self, Backoff};
use super::source::resolve::{self, ResolveError};
use crate::base::environment::Environment;
use crate::base::hash::fnv1a;
use crate::base::http::{self, Client, HttpError, Manner};
use crate::config::{Station, TitleAddress};
use crate::model::{MediaEvent, StationId};

/// Stations that begin together ask for the first time within this time, each at its own instant of it.
const SPREAD: Duration = Duration::from_secs(10);
/// After so long without an answer nobody knows what plays.
const UNKNOWN_AFTER: Duration = Duration::from_secs(300);
/// An error that was logged is logged again after this time at the earliest.
const LOGGED_AGAIN: Duration = Duration::from_hours(24);
/// How many errors are remembered as logged.
const MOST_LOGGED: usize = 16;

/// What asks for the titles of a station on tape. It has a task only if the station has an address for them.
#[derive(Debug)]
pub struct Asking {
    /// In boxes, because a channel has room for many, and most stations never ask.
    said: mpsc::Sender<Box<MediaEvent>>,
    environment: Environment,
    /// Cancelled when the station is not on tape any more.
    stop: CancellationToken,
    task: Mutex<Option<(How, CancellationToken)>>,
}

/// Where and how titles are asked for.
#[derive(Debug, Clone, PartialEq)]
struct How {
    address: TitleAddress,
    accept_invalid: bool,
}

/// The titles of a station that are asked for, for the deck that puts them on tape.
#[derive(Debug)]
pub struct Titles {
    said: mpsc::Receiver<Box<MediaEvent>>,
    station: watch::Receiver<Arc<Station>>,
}

impl Titles {
    /// The next title; `None` if no more will come. None is lost if this is not waited for to its end.
    pub async fn next(&mut self) -> Option<MediaEvent> {
        self.said.recv().await.map(|title| *title)
    }

    /// Whether `event` of the source is left out: a title, where titles are asked for.
    pub fn replace(&self, event: &MediaEvent) -> bool {
        matches!(event, MediaEvent::Title { .. }) && self.station.borrow().titles.asked.is_some()
    }
}

impl Asking {
    /// Asks as `station` says, until `stop`.
    pub fn begin(
        station: watch::Receiver<Arc<Station>>,
        environment: &Environment,
        stop: &CancellationToken,
    ) -> (Self, Titles) {
        // The next title waits until the one before is on tape.
        let (said, heard) = mpsc::channel(1);
        let asking = Self { said, environment: environment.clone(), stop: stop.clone(), task: Mutex::default() };
        asking.follow(&station.borrow());
        (asking, Titles { said: heard, station })
    }

    /// Asks as `station` says from now on.
    pub fn follow(&self, station: &Station) {
        let wanted = How::of(station);
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().map(|(how, _)| how) == wanted.as_ref() {
            return;
        }
        if let Some((_, stop)) = task.take() {
            stop.cancel();
        }
        *task = wanted.map(|how| {
            let stop = self.stop.child_token();
            let asking = ask(station.id.clone(), how.clone(), self.environment.clone(), self.said.clone());
            let asking = stop.clone().run_until_cancelled_owned(asking);
            self.environment.spawn(async move { asking.await.unwrap_or_default() });
            (how, stop)
        });
    }
}

impl How {
    fn of(station: &Station) -> Option<Self> {
        let accept_invalid = station.source.accepts_invalid();
        station.titles.asked.clone().map(|address| Self { address, accept_invalid })
    }

    fn client(&self, environment: &Environment) -> Result<Client, HttpError> {
        let manner = Manner { accept_invalid: self.accept_invalid, ..Manner::default() };
        http::client(manner, &environment.clock)
    }
}

/// Asks once what `station` plays, as its configuration says. `None` if it does not say.
pub async fn ask_once(station: &Station, environment: &Environment) -> Option<Result<String, String>> {
    let how = How::of(station)?;
    let client = match how.client(environment) {
        Ok(client) => client,
        Err(error) => return Some(Err(error.to_string())),
    };
    let found = resolve::text(&how.address.steps, &client, environment).await;
    Some(found.map_err(|error| error.to_string()))
}

/// Asks again and again. Sends a title if it differs from the one before; an empty one if nobody knows what plays.
async fn ask(id: StationId, how: How, environment: Environment, said: mpsc::Sender<Box<MediaEvent>>) {
    let (clock, every) = (&environment.clock, how.address.every);
    let client = match how.client(&environment) {
        Ok(client) => client,
        Err(error) => {
            warn!(station = %id, %error, "its titles cannot be asked for");
            return;
        }
    };
    // What was said before this capture does not hold any more.
    let mut newest = String::new();
    if said.send(Box::new(MediaEvent::Title { at: clock.now(), text: newest.clone() })).await.is_err() {
        return;
    }
    let mut logged = Logged::default();
    let mut backoff = Backoff::new(policy::titles(every));
    let mut answered = clock.monotonic();
    clock.sleep(first_wait(&id, every)).await;
    loop {
        let (at, begun) = (clock.now(), clock.monotonic());
        let answer = resolve::text(&how.address.steps, &client, &environment).await;
        let ended = clock.monotonic();
        if let Err(error) = &answer
            && logged.is_new(error, ended)
        {
            if error.found_nothing(&how.address.steps) {
                info!(station = %id, %error, "nobody says what plays");
            } else {
                warn!(station = %id, %error, "its titles cannot be had at the moment; retrying");
            }
        }
        let (text, wait) = match answer {
            Err(error) if !error.found_nothing(&how.address.steps) => {
                let is_unknown = ended.saturating_sub(answered) >= UNKNOWN_AFTER.max(2 * every);
                (is_unknown.then(String::new), backoff.wait())
            }
            answer => {
                backoff.reset();
                answered = ended;
                // A server that needs long is not asked without a break.
                let wait = every.saturating_sub(ended.saturating_sub(begun)).max(every / 2);
                (Some(answer.unwrap_or_default()), wait)
            }
        };
        if let Some(text) = text.filter(|text| *text != newest) {
            newest.clone_from(&text);
            if said.send(Box::new(MediaEvent::Title { at, text })).await.is_err() {
                return;
            }
        }
        clock.sleep(wait).await;
    }
}

/// How long a station waits before it asks for the first time.
fn first_wait(id: &StationId, every: Duration) -> Duration {
    let spread = u64::try_from(SPREAD.min(every).as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(fnv1a(id.as_str()) % spread.max(1))
}

/// Which errors were logged, and when, in monotonic time.
#[derive(Debug, Default)]
struct Logged(VecDeque<(String, Duration)>);

impl Logged {
    /// Whether `error` is to be logged: it was not for a while.
    fn is_new(&mut self, error: &ResolveError, now: Duration) -> bool {
        let gist = error.gist();
        self.0.retain(|(_, at)| now.saturating_sub(*at) < LOGGED_AGAIN);
        if self.0.iter().any(|(known, _)| *known == gist) {
            return false;
        }
        if self.0.len() == MOST_LOGGED {
            self.0.pop_front();
        }
        self.0.push_back((gist, now));
        true
    }
}

#[cfg(test)]
mod tests;
