//! Trials of stations from the page: a few seconds are taped, and can be listened to for a while.
//!
//! Invariants:
//! - the service's tapes, decks and airings are not touched; a trial has its own folder;
//! - each station has one trial at a time, and there are [`MOST`] in all; no trial lasts longer than [`PATIENCE`] and
//!   its encoding;
//! - files are removed after [`LIFETIME`], when the daemon stops, and after a crash at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::capture::deck::{self, Decks, Probed};
use crate::config::{Encoding, Station};
use crate::library::store::Reading;
use crate::model::StationId;
use crate::production::{Heard, hear};

/// How much sound is taped.
pub const ENOUGH: Duration = Duration::from_secs(5);
/// How long a station may take to send it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many trials run at the same time.
const MOST: usize = 3;
/// How long the sound can be listened to.
const LIFETIME: Duration = Duration::from_secs(600);

/// Tries stations. Clones share one state.
#[derive(Debug, Clone)]
pub struct Probes {
    environment: Environment,
    folder: PathBuf,
    slots: Arc<Semaphore>,
    next: Arc<AtomicU32>,
    emptied: Arc<OnceCell<()>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    trying: BTreeSet<StationId>,
    files: BTreeMap<String, PathBuf>,
}

/// The result of a trial.
#[derive(Debug)]
pub struct Tried {
    /// What was taped.
    pub probed: Probed,
    /// The name under which the sound can be listened to, and until when.
    pub sound: Option<(String, DateTime<Utc>)>,
    /// What can be heard in it.
    pub heard: Heard,
}

/// Why a station is not tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// The station is being tried already.
    Station,
    /// Too many others are being tried.
    Others,
}

/// The slot of one trial; freed when it is dropped.
#[derive(Debug)]
struct Slot {
    probes: Probes,
    station: StationId,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.probes.shared().trying.remove(&self.station);
    }
}

impl Probes {
    /// Returns trials whose files are in `folder`. Nothing else may use it: its content is removed.
    pub fn new(environment: Environment, folder: PathBuf) -> Self {
        let slots = Arc::new(Semaphore::new(MOST));
        let probes =
            Self { environment, folder, slots, next: Arc::default(), emptied: Arc::default(), shared: Arc::default() };
        let emptying = probes.clone();
        probes.environment.spawn(async move { emptying.empty().await });
        probes
    }

    /// Removes what a crash has left, once, and before the first trial.
    async fn empty(&self) {
        let remove = async || {
            // Mostly there is no such folder.
            let _ = tokio::fs::remove_dir_all(&self.folder).await;
        };
        self.emptied.get_or_init(remove).await;
    }

    /// Tries a station. The trial goes on to its end if the client disconnects. `None` if the daemon stops.
    pub async fn attempt(&self, station: Arc<Station>, encoding: Encoding) -> Result<Option<Tried>, Busy> {
        let slot = self.slot(&station.id)?;
        let probes = self.clone();
        let task = self.environment.spawn(async move {
            let tried = probes.run(&station, encoding).await;
            drop(slot);
            tried
        });
        Ok(task.await.ok().flatten())
    }

    /// Opens the sound of a trial. `None` if there is none, or none any more.
    pub async fn open(&self, name: &str) -> io::Result<Option<Reading>> {
        let Some(path) = self.shared().files.get(name).cloned() else { return Ok(None) };
        blocking(move || Reading::open(&path)).await
    }

    fn slot(&self, station: &StationId) -> Result<Slot, Busy> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Busy::Others)?;
        if !self.shared().trying.insert(station.clone()) {
            return Err(Busy::Station);
        }
        Ok(Slot { probes: self.clone(), station: station.clone(), _permit: permit })
    }

    /// Runs one trial. `None` if the daemon stops meanwhile.
    async fn run(&self, station: &Arc<Station>, encoding: Encoding) -> Option<Tried> {
        self.empty().await;
        let now = self.environment.clock.now();
        let name = format!("{}-{}", now.timestamp_millis(), self.next.fetch_add(1, Ordering::Relaxed));
        let folder = self.folder.join(&name);
        let stop = self.environment.stop.clone();
        let tried = stop.run_until_cancelled(self.tape(station, encoding, &name, folder.clone())).await;
        if tried.as_ref().is_none_or(|tried| tried.sound.is_none()) {
            let _ = tokio::fs::remove_dir_all(&folder).await;
        }
        tried
    }

    async fn tape(&self, station: &Arc<Station>, encoding: Encoding, name: &str, folder: PathBuf) -> Tried {
        let clock = Arc::clone(&self.environment.clock);
        // The trial has its own deck and waits for its end.
        let (stop, tasks) = (self.environment.stop.child_token(), TaskTracker::new());
        let own = Environment { tasks: tasks.clone(), stop: stop.clone(), ..Environment::on(Arc::clone(&clock)) };
        let probed =
            deck::probe(station, &Decks::new(own, folder.join("tape")), clock.as_ref(), ENOUGH, PATIENCE).await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        let target = folder.join("sound.mp3");
        let heard = Box::pin(hear(&probed, ENOUGH, encoding, target.clone(), &clock)).await;
        let mut sound = None;
        if heard.seconds > 0.0 {
            self.shared().files.insert(name.to_owned(), target);
            self.forget_later(name.to_owned(), folder);
            sound = Some((name.to_owned(), clock.now() + LIFETIME));
        } else if let Some(error) = &heard.trouble {
            warn!(station = %station.id, %error, "the sound of a trial cannot be played");
        }
        Tried { probed, sound, heard }
    }

    /// Removes the files of a trial after [`LIFETIME`], or when the daemon stops.
    fn forget_later(&self, name: String, folder: PathBuf) {
        let probes = self.clone();
        self.environment.spawn(async move {
            let Environment { clock, stop, .. } = &probes.environment;
            stop.run_until_cancelled(clock.sleep(LIFETIME)).await;
            probes.shared().files.remove(&name);
            if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
                warn!(%error, "the sound of a trial could not be removed; the next start removes it");
            }
            // Fails while the folder has files of other trials.
            let _ = tokio::fs::remove_dir(&probes.folder).await;
        });
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
