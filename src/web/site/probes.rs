//! Trying stations from the page: some seconds of each are taped and can be listened to for a while.
//!
//! Invariants:
//! - the service's tapes, decks and airings are not touched; what is taped lies in a folder of its own;
//! - of every station one try at a time, and [`MOST`] in all; no try lasts longer than [`PATIENCE`] and its encoding;
//! - files go after [`KEPT`] and when the daemon stops; what a crash has left goes at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::base::environment::Environment;
use crate::capture::deck::{self, Decks, Probed};
use crate::config::{Encoding, Station};
use crate::model::StationId;
use crate::production::{Heard, hear};

/// How much is taped.
pub const ENOUGH: Duration = Duration::from_secs(5);
/// How long a station may take to give it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Tries at the same time, of different stations.
const MOST: usize = 3;
/// How long it can be listened to.
const KEPT: Duration = Duration::from_secs(600);

/// The tries of stations. Its clones are one.
#[derive(Debug, Clone)]
pub struct Probes {
    environment: Environment,
    folder: PathBuf,
    places: Arc<Semaphore>,
    next: Arc<AtomicU32>,
    cleared: Arc<OnceCell<()>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    trying: BTreeSet<StationId>,
    kept: BTreeMap<String, PathBuf>,
}

/// What came of a try.
#[derive(Debug)]
pub struct Tried {
    /// What was taped.
    pub probed: Probed,
    /// Under which name it can be listened to, and until when.
    pub kept: Option<(String, DateTime<Utc>)>,
    /// What can be heard in it.
    pub heard: Heard,
}

/// Why a station is not tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// It is being tried.
    Station,
    /// Too many others are.
    Others,
}

/// The place of one try; given back when it is dropped.
#[derive(Debug)]
struct Place {
    probes: Probes,
    station: StationId,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.probes.shared().trying.remove(&self.station);
    }
}

impl Probes {
    /// Tries whose files are in `folder`, which is nobody else's: what is in it is removed.
    pub fn new(environment: Environment, folder: PathBuf) -> Self {
        let places = Arc::new(Semaphore::new(MOST));
        let probes =
            Self { environment, folder, places, next: Arc::default(), cleared: Arc::default(), shared: Arc::default() };
        let clearing = probes.clone();
        probes.environment.tasks.spawn(async move { clearing.clear().await });
        probes
    }

    /// Removes what a crash has left, once, and before anything new is there.
    async fn clear(&self) {
        let remove = async || {
            // There is none, as a rule.
            let _ = tokio::fs::remove_dir_all(&self.folder).await;
        };
        self.cleared.get_or_init(remove).await;
    }

    /// Tries a station. It goes on to its end when whoever asked goes away.
    pub async fn attempt(&self, station: Arc<Station>, encoding: Encoding) -> Result<Option<Tried>, Busy> {
        let place = self.place(&station.id)?;
        let probes = self.clone();
        let task = self.environment.tasks.spawn(async move {
            let tried = probes.run(&station, encoding).await;
            drop(place);
            tried
        });
        Ok(task.await.ok().flatten())
    }

    /// The file of a try.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        self.shared().kept.get(name).cloned()
    }

    fn place(&self, station: &StationId) -> Result<Place, Busy> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy::Others)?;
        if !self.shared().trying.insert(station.clone()) {
            return Err(Busy::Station);
        }
        Ok(Place { probes: self.clone(), station: station.clone(), _permit: permit })
    }

    /// `None` if the daemon stops meanwhile.
    async fn run(&self, station: &Arc<Station>, encoding: Encoding) -> Option<Tried> {
        self.clear().await;
        let now = self.environment.clock.now();
        let name = format!("{}-{}", now.timestamp_millis(), self.next.fetch_add(1, Ordering::Relaxed));
        let folder = self.folder.join(&name);
        let stop = self.environment.stop.clone();
        let tried = stop.run_until_cancelled(self.tape(station, encoding, &name, folder.clone())).await;
        if tried.as_ref().is_none_or(|tried| tried.kept.is_none()) {
            let _ = tokio::fs::remove_dir_all(&folder).await;
        }
        tried
    }

    async fn tape(&self, station: &Arc<Station>, encoding: Encoding, name: &str, folder: PathBuf) -> Tried {
        let clock = Arc::clone(&self.environment.clock);
        // A deck of its own, which can be waited for.
        let (stop, tasks) = (self.environment.stop.child_token(), TaskTracker::new());
        let own = Environment { clock: Arc::clone(&clock), tasks: tasks.clone(), stop: stop.clone() };
        let probed =
            deck::probe(station, &Decks::new(own, folder.join("tape")), clock.as_ref(), ENOUGH, PATIENCE).await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        let target = folder.join("sound.mp3");
        let heard = Box::pin(hear(&probed, ENOUGH, encoding, target.clone(), &clock)).await;
        let mut kept = None;
        if heard.seconds > 0.0 {
            self.shared().kept.insert(name.to_owned(), target);
            self.forget_later(name.to_owned(), folder);
            kept = Some((name.to_owned(), clock.now() + KEPT));
        } else if let Some(error) = &heard.trouble {
            warn!(station = %station.id, %error, "what was taped on trial cannot be played");
        }
        Tried { probed, kept, heard }
    }

    /// Removes the files of a try when its time is over, or the daemon stops.
    fn forget_later(&self, name: String, folder: PathBuf) {
        let probes = self.clone();
        self.environment.tasks.spawn(async move {
            let Environment { clock, stop, .. } = &probes.environment;
            stop.run_until_cancelled(clock.sleep(KEPT)).await;
            probes.shared().kept.remove(&name);
            if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
                warn!(%error, "the sound of a try could not be removed; the next start does it");
            }
            // Fails while others are in it.
            let _ = tokio::fs::remove_dir(&probes.folder).await;
        });
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
