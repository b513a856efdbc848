//! Copies: what of the library is also in an object store.
//!
//! [`Copies`] is the copier of the service. It sends one recording after another (`send`), the oldest that waits first,
//! and no other part waits for it: a store that is away only makes the queue longer. Who wants a recording whose file is
//! not in the output folder any more gets it from [`only_there`]. [`let_go`] deletes files that the store has, [`probe`]
//! tries a store, and [`fsck`] compares what list, folder and store have.
//!
//! These are the steps of a copy, each with what a crash after it leaves:
//!
//! 1. It is queued, in the transaction that finishes the recording. A crash leaves it queued.
//! 2. Its name, size and checksum are written down. A crash leaves it queued, and the next try finds what the store has
//!    of that name.
//! 3. It is sent, a large one in parts, each of which is written down when the store has it. A crash leaves an open upload,
//!    which the next try goes on with.
//! 4. The store has the same checksum, and the copy is done.

pub mod fetch;
pub mod fsck;
pub mod let_go;
pub mod link_input;
mod name;
pub mod once;
pub mod only_there;
pub mod probe;
mod send;
pub mod sound_length;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tracing::{debug, info, warn};
use url::Url;

use crate::base::environment::Environment;
use crate::config::{Config, ObjectStore};
use crate::events::{Changes, Listener, Topic};
use crate::library::catalogue::{Catalogue, CopyEntry, CopyState, Planned, Recording, copy_job_of};
use crate::library::remote::{Remote, RemoteError};
use crate::library::store::Store;
use crate::model::{Cause, CauseKind, JobState, Transition};

pub use name::cleaned;
pub use send::SendError;
use send::{Sent, send};

/// The first pause after a store could not be used, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// When a copy is tried again that failed by itself, and how long that takes at most.
const FIRST_RETRY: TimeDelta = TimeDelta::minutes(1);
const LONGEST_RETRY: TimeDelta = TimeDelta::hours(6);
/// How long a link holds beyond the length of its recording.
const LINK_HOLDS: Duration = Duration::from_mins(15);

/// Why the store cannot be used at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why, in words.
    pub words: String,
}

/// The copier of the service; clones are the same.
#[derive(Debug, Clone)]
pub struct Copies {
    environment: Environment,
    config: watch::Receiver<Arc<Config>>,
    catalogue: Catalogue,
    store: Store,
    trouble: Arc<watch::Sender<Option<Trouble>>>,
    /// The object store of the newest configuration that was asked for.
    remote: Arc<Mutex<Option<Remote>>>,
}

impl Copies {
    /// Returns the copier of a service, which does nothing yet.
    pub fn new(
        environment: Environment,
        config: watch::Receiver<Arc<Config>>,
        catalogue: Catalogue,
        store: Store,
    ) -> Self {
        let (trouble, remote) = (Arc::new(watch::Sender::new(None)), Arc::default());
        Self { environment, config, catalogue, store, trouble, remote }
    }

    /// Returns why the store cannot be used at the moment. `None` if it can, as far as is known.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    /// Returns the catalogue, which says what is copied.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Returns the object store of the configuration. `None` if it names none.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn remote(&self) -> Result<Option<Remote>, RemoteError> {
        let Some(rule) = self.config.borrow().store.clone() else { return Ok(None) };
        let mut known = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = known.as_ref().filter(|remote| Arc::ptr_eq(remote.rule(), &rule)) {
            return Ok(Some(remote.clone()));
        }
        Ok(Some(known.insert(Remote::new(&rule, &self.environment.clock)?).clone()))
    }

    /// Returns an address at which anybody may `method` (`GET`, `HEAD`) the copy of a recording for a while. `None` if the
    /// store has none.
    ///
    /// # Errors
    /// The catalogue cannot be read, or this machine has no keys.
    pub async fn link(&self, recording: &Recording, method: &str, disposition: &str) -> Result<Option<Url>, SendError> {
        let Some(remote) = self.remote()? else { return Ok(None) };
        let copy = done(&self.catalogue, recording, &remote).await?;
        let Some(name) = copy.and_then(|copy| copy.name) else { return Ok(None) };
        let kind = recording.codec().media_type();
        let length = recording.plays_for() + LINK_HOLDS;
        Ok(Some(remote.link(method, &name, (kind, disposition), length).await?))
    }

    /// Returns a link by which ffmpeg reads the copy of a recording, with the copy. `None` if the store has none.
    ///
    /// # Errors
    /// The catalogue cannot be read, or this machine has no keys.
    pub async fn input(&self, recording: &Recording) -> Result<Option<(Url, CopyEntry)>, SendError> {
        let Some(remote) = self.remote()? else { return Ok(None) };
        let copy = done(&self.catalogue, recording, &remote).await?;
        let Some((copy, name)) = copy.and_then(|copy| copy.name.clone().map(|name| (copy, name))) else {
            return Ok(None);
        };
        Ok(Some((link_input::link_input(&remote, &name).await?, copy)))
    }

    /// Copies what is queued, until the service stops.
    pub async fn run(self, changes: Changes) {
        let stop = self.environment.stop.clone();
        stop.run_until_cancelled(self.copy_forever(changes.listen(None))).await;
    }

    async fn copy_forever(&self, mut changes: Listener) {
        let mut config = self.config.clone();
        let mut known: Option<Option<Arc<ObjectStore>>> = None;
        let mut failures = 0;
        loop {
            let rule = config.borrow_and_update().store.clone();
            if known.as_ref() != Some(&rule) {
                failures = 0;
                self.trouble.send_replace(None);
                if self.configured(rule.as_deref()).await {
                    known = Some(rule.clone());
                }
            }
            let pause = match &rule {
                Some(_) => self.copy_queued(&mut failures).await,
                None => None,
            };
            let news = async {
                while let Some(topics) = changes.next().await {
                    // While the store is away, nobody is interested in what is added to the queue.
                    if pause.is_none() && rule.is_some() && topics.contains(&Topic::Recordings) {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            };
            let again = self.environment.clock.sleep(pause.unwrap_or(LONGEST_PAUSE / 60));
            tokio::select! {
                changed = config.changed() => if changed.is_err() { return },
                () = news => {}
                () = again => {}
            }
        }
    }

    /// Writes down what is copied from now on, and aborts uploads that nobody goes on with. Returns whether that is done.
    async fn configured(&self, rule: Option<&ObjectStore>) -> bool {
        let kinds = rule.map(|rule| rule.what.iter().filter(|kind| kind.is_listed()).map(|kind| kind.word()).collect());
        let kinds = kinds.unwrap_or_default();
        match self.catalogue.copy_kinds(kinds, rule.map(ObjectStore::place), self.now()).await {
            Ok(Planned { queued, elsewhere }) => {
                if queued > 0 {
                    info!(count = queued, "recordings on the list are queued to be copied to the store");
                }
                if elsewhere > 0 {
                    warn!(
                        count = elsewhere,
                        "recordings are only in another store than the file names now, and cannot be played: `aircheck \
                         fsck` names them; copy them over, or name that store again"
                    );
                }
            }
            Err(error) => {
                warn!(%error, "what is to be copied could not be written down");
                return false;
            }
        }
        if let Some(rule) = rule {
            self.abort_left(rule).await;
        }
        true
    }

    /// Aborts uploads in parts of copies that are not made any more: they may cost money.
    async fn abort_left(&self, rule: &ObjectStore) {
        let (Ok(left), Ok(Some(remote))) = (self.catalogue.left_uploads().await, self.remote()) else { return };
        for copy in left.into_iter().filter(|copy| copy.place.as_deref() == Some(&rule.place())) {
            let (Some(name), Some(upload)) = (&copy.name, &copy.upload) else { continue };
            let aborted = match remote.abort_upload(name, upload).await {
                Ok(()) => self.catalogue.set_upload(copy.number, None).await.map_err(SendError::from),
                Err(error) => Err(error.into()),
            };
            match aborted {
                Ok(()) => info!(%name, "what a broken upload left in the store is removed"),
                Err(error) => warn!(%name, %error, "what a broken upload left in the store could not be removed"),
            }
        }
    }

    /// Makes the copies that are due. Returns how long to wait if the store cannot be used; `None` if nothing more is due.
    async fn copy_queued(&self, failures: &mut u32) -> Option<Duration> {
        loop {
            let copy = match self.catalogue.next_copy(self.now()).await {
                Ok(Some(copy)) => copy,
                Ok(None) => {
                    // What waits for the store would be due.
                    self.trouble.send_replace(None);
                    return None;
                }
                Err(error) => {
                    warn!(%error, "what is to be copied cannot be read");
                    return Some(pause(failures));
                }
            };
            self.catalogue.note(Transition::new(copy_job_of(&copy.airing), JobState::Copying, self.now()));
            let config = Arc::clone(&self.config.borrow());
            let sent = match self.remote() {
                Ok(Some(remote)) => send(&remote, &self.catalogue, &self.store, &config, &copy).await,
                Ok(None) => return None,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = self.note(&copy, sent, failures).await {
                return Some(error);
            }
        }
    }

    /// Writes down what became of a copy. Fails with how long to wait if the store cannot be used.
    async fn note(&self, copy: &CopyEntry, sent: Result<Sent, SendError>, failures: &mut u32) -> Result<(), Duration> {
        let (number, now) = (copy.number, self.now());
        let because = |state, why: String| {
            let transition = Transition::new(copy_job_of(&copy.airing), state, now);
            self.catalogue.note(transition.because(Cause::new(CauseKind::Other, why)));
        };
        match &sent {
            Ok(Sent::Done { .. }) => {}
            Ok(Sent::HadBefore) => self.catalogue.note(Transition::new(copy_job_of(&copy.airing), JobState::Done, now)),
            Ok(Sent::Nothing { why }) => because(JobState::Cancelled, why.clone()),
            Ok(Sent::Later { why, .. }) => because(JobState::Waiting, why.clone()),
            Err(error) => because(JobState::Waiting, error.to_string()),
        }
        let written = match &sent {
            Ok(Sent::Done { name }) => {
                info!(recording = %copy.airing, %name, "copied to the store");
                self.catalogue.finish_copy(number, now).await
            }
            Ok(Sent::HadBefore) => self.catalogue.forget_copy(number).await,
            Ok(Sent::Nothing { why }) => {
                debug!(recording = %copy.airing, %why, "it is not copied");
                self.catalogue.drop_copy(number, why.clone()).await
            }
            Ok(Sent::Later { why, after }) => {
                self.catalogue.postpone_copy(number, why.clone(), Some(now + *after)).await
            }
            Err(error) if error.is_of_one_file() => {
                warn!(recording = %copy.airing, %error, "it could not be copied to the store; it is tried again");
                let after = (FIRST_RETRY * 2_i32.pow(copy.tries.min(12))).min(LONGEST_RETRY);
                self.catalogue.postpone_copy(number, error.to_string(), Some(now + after)).await
            }
            Err(error) => self.catalogue.postpone_copy(number, error.to_string(), None).await,
        };
        if let Err(error) = written {
            warn!(%error, "what became of a copy could not be written down");
            return Err(pause(failures));
        }
        match sent {
            Err(error) if !error.is_of_one_file() => {
                let words = error.to_string();
                let first = self.trouble.borrow().as_ref().is_none_or(|trouble| trouble.words != words);
                if first {
                    warn!(%error, "recordings cannot be copied to the store; it is tried again, in pauses up to an hour");
                }
                let since = self.trouble.borrow().as_ref().map_or(now, |trouble| trouble.since);
                self.trouble.send_replace(Some(Trouble { since, words }));
                Err(pause(failures))
            }
            Ok(Sent::Done { .. }) => {
                *failures = 0;
                if self.trouble.send_replace(None).is_some() {
                    info!("recordings are copied to the store again");
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }
}

/// Counts a failure, and returns how long to wait.
pub fn pause(failures: &mut u32) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(*failures)).min(LONGEST_PAUSE);
    *failures = failures.saturating_add(1);
    pause
}

/// Returns the copy of a recording that `remote` has. `None` if it has none.
async fn done(catalogue: &Catalogue, recording: &Recording, remote: &Remote) -> Result<Option<CopyEntry>, SendError> {
    let copy = catalogue.copies(vec![recording.id.clone()]).await?.remove(&recording.id);
    let is_there =
        |copy: &CopyEntry| copy.state == CopyState::Done && copy.place.as_deref() == Some(&remote.rule().place());
    Ok(copy.filter(is_there))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_seconds_to_an_hour() {
        let mut failures = 0;
        let pauses: Vec<u64> = (0..12).map(|_| pause(&mut failures).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
    }
}
