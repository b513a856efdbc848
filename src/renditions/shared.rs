//! What all parts of the room share: what is kept, what is being made, and who may encode.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, watch};

use super::cache::{self, Cache, Place};
use super::error::RenditionError;
use crate::base::blocking::{Lane, blocking};
use crate::base::environment::Environment;
use crate::config::{Config, HlsRule};
use crate::copies::Copies;
use crate::library::catalogue::Catalogue;
use crate::library::store::{Store, free_space};

/// How many encoders run at a time for those who wait. Each takes a processor.
const ENCODERS: usize = 2;
/// How many threads read and write renditions at a time.
const THREADS: usize = 4;
/// The folder in the state folder.
const FOLDER: &str = "hls";

/// The renditions of all recordings. Clones share one state.
#[derive(Debug, Clone)]
pub struct Renditions {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) environment: Environment,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) catalogue: Catalogue,
    pub(super) store: Store,
    /// Where recordings are that have no file.
    pub(super) copies: Copies,
    /// What became of what was asked for.
    pub(super) tally: Tally,
    /// The folder of all renditions.
    pub(super) folder: PathBuf,
    /// The turns of encoders for those who wait, and the turn of the one that works ahead.
    pub(super) asked: Semaphore,
    pub(super) ahead: Semaphore,
    /// The way to the disk.
    pub(super) lane: Lane,
    /// Held while a file is looked into, so that several who ask at once look once.
    pub(super) looking: tokio::sync::Mutex<()>,
    /// Held while folders are deleted, and while the folder of a part is made: what is deleted has been forgotten before,
    /// so that it may be made again at any time.
    pub(super) deleting: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// What became of the segments that were asked for, and of parts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    hits: AtomicU64,
    misses: AtomicU64,
    evicted: AtomicU64,
}

impl Tally {
    /// Counts a segment that was there, or was not.
    pub(super) fn count(&self, was_there: bool) {
        let count = if was_there { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is kept, and what became of what was asked for since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStanding {
    /// How many bytes are kept.
    pub bytes: u64,
    /// How many segments were there when somebody asked for them.
    pub hits: u64,
    /// How many had to be made.
    pub misses: u64,
    /// How many parts were deleted to make room.
    pub evicted: u64,
}

/// What changes all the time.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) cache: Cache,
    /// What is being made, or waits for its turn.
    pub(super) making: HashMap<Place, watch::Receiver<Progress>>,
    /// How many bytes what is being made will take.
    pub(super) reserved: u64,
}

/// How far a part is.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// The first segment that cannot be read yet. `None` if none can.
    pub(super) until: Option<u32>,
    /// How it ended. `None` while it is made.
    pub(super) ended: Option<Result<(), Arc<RenditionError>>>,
}

impl Renditions {
    /// Opens the renditions in the state folder of the configuration, and deletes what a crash has left.
    pub async fn open(
        environment: Environment,
        config: watch::Receiver<Arc<Config>>,
        (catalogue, store, copies): (Catalogue, Store, Copies),
    ) -> Self {
        let folder = config.borrow().state.join(FOLDER);
        let all = folder.clone();
        let cache = blocking(move || Cache::read(&all)).await;
        let state = State { cache, ..State::default() };
        let shared = Shared {
            environment,
            config,
            catalogue,
            store,
            copies,
            tally: Tally::default(),
            folder,
            asked: Semaphore::new(ENCODERS),
            ahead: Semaphore::new(1),
            lane: Lane::new(THREADS),
            looking: tokio::sync::Mutex::default(),
            deleting: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns how recordings are handed out. `None` if they are not.
    pub fn rule(&self) -> Option<HlsRule> {
        self.shared.config.borrow().hls.clone()
    }

    /// Returns what is kept, and what became of what was asked for since the process began.
    pub fn cache(&self) -> CacheStanding {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Tally { hits, misses, evicted } = &self.shared.tally;
        let bytes = self.shared.state().cache.bytes();
        CacheStanding { bytes, hits: read(hits), misses: read(misses), evicted: read(evicted) }
    }

    /// Deletes renditions until the disk that they are on has `wanted` bytes free, or none are left: they can be made again,
    /// and what is recorded cannot.
    pub async fn give_way(&self, wanted: u64) {
        // A disk that does not answer is not short of space.
        while let Ok(free) = free_space(&self.shared.folder).await {
            let missing = wanted.saturating_sub(free);
            if missing == 0 || !self.shared.drop_oldest(missing).await {
                return;
            }
        }
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.environment.clock.now()
    }

    /// Deletes the parts that were used longest ago, `bytes` of them or a little more. Returns whether there were any.
    pub(super) async fn drop_oldest(&self, bytes: u64) -> bool {
        let _deleting = self.deleting.lock().await;
        let gone = {
            let cache = &mut self.state().cache;
            let most = cache.bytes().saturating_sub(bytes);
            cache.shrink(most)
        };
        let any = !gone.is_empty();
        self.tally.evicted.fetch_add(gone.len() as u64, Ordering::Relaxed);
        self.delete(gone.iter().map(|place| place.folder(&self.folder)).collect()).await;
        any
    }

    /// Deletes parts until what is kept and what is being made take no more than `most` bytes.
    pub(super) async fn keep_within(&self, most: u64) {
        let _deleting = self.deleting.lock().await;
        let gone = {
            let state = &mut *self.state();
            let most = most.saturating_sub(state.reserved);
            state.cache.shrink(most)
        };
        self.tally.evicted.fetch_add(gone.len() as u64, Ordering::Relaxed);
        self.delete(gone.iter().map(|place| place.folder(&self.folder)).collect()).await;
    }

    /// Deletes folders. The caller holds `deleting`.
    pub(super) async fn delete(&self, folders: Vec<PathBuf>) {
        if !folders.is_empty() {
            self.lane.run(move || folders.iter().for_each(|folder| cache::remove(folder))).await;
        }
    }
}
