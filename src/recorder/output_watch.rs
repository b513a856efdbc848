//! The watch over the output folder while something is being recorded: one that is away is reported at once, and not when
//! the first encoder wants to write there, which of a long show is hours later.
//!
//! The disk is mostly asked for what it knows without being woken. A file is written when an airing begins, because only
//! that tells of a quota, and as long as something is wrong. There is one look at a time: where a share hangs, the look
//! hangs in a thread of its own, and nothing else does.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tracing::{error, info};

use super::obstacle::Obstacle;
use crate::airings::Airings;
use crate::base::environment::Environment;
use crate::library::store::{Store, StoreError};
use crate::model::{AiringId, Cause};

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(15);
/// The longest that a disk that sleeps may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The watch over the output folder.
#[derive(Debug)]
pub(super) struct OutputWatch {
    environment: Environment,
    airings: Airings,
    store: Store,
    /// What is wrong, as far as anybody has found out: so that one reports it, and not each airing.
    known: Mutex<Option<Cause>>,
}

impl OutputWatch {
    pub(super) fn new(environment: Environment, airings: Airings, store: Store) -> Self {
        Self { environment, airings, store, known: Mutex::default() }
    }

    /// Looks at the folder every now and then for as long as something is being recorded, until the process stops.
    pub(super) async fn watch(&self) {
        let stop = self.environment.stop.clone();
        let mut seen = HashSet::new();
        let mut pending = None;
        while stop.run_until_cancelled(self.environment.clock.sleep(EVERY)).await.is_some() {
            let running: HashSet<AiringId> = self.airings.running().into_iter().map(|it| it.airing.id).collect();
            let is_new = !running.is_subset(&seen);
            seen = running;
            if seen.is_empty() {
                self.replace(None);
                continue;
            }
            let mut look = pending.take().unwrap_or_else(|| self.look(is_new || self.known().is_some()));
            let found = match stop.run_until_cancelled(self.environment.clock.timeout(PATIENCE, &mut look)).await {
                None => return,
                Some(Ok(looked)) => looked.err(),
                Some(Err(_)) => {
                    pending = Some(look);
                    Some(StoreError::Silent { path: self.store.shown_folder().to_owned() })
                }
            };
            self.found(found.and_then(|error| Obstacle::of_store(&error, self.store.shown_folder())).as_ref());
        }
    }

    /// What is wrong with the folder at this moment.
    pub(super) async fn trouble(&self) -> Option<Cause> {
        // Who asks it again and again must not be held up by a share that hangs again and again.
        if let Some(known) = self.known() {
            return Some(known);
        }
        let error = self.store.look().await.err()?;
        Obstacle::of_store(&error, self.store.shown_folder()).map(|obstacle| obstacle.cause())
    }

    /// What is known to be wrong.
    pub(super) fn known(&self) -> Option<Cause> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts `found` in place of what was known. True if something of its kind was known, and so was reported.
    pub(super) fn replace(&self, found: Option<Cause>) -> bool {
        let kind = found.as_ref().map(|cause| cause.kind);
        let before = std::mem::replace(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner), found);
        before.map(|cause| cause.kind) == kind
    }

    fn look(&self, writing: bool) -> BoxFuture<'static, Result<(), StoreError>> {
        let store = self.store.clone();
        async move { if writing { store.probe(1).await } else { store.look().await } }.boxed()
    }

    fn found(&self, found: Option<&Obstacle>) {
        if self.replace(found.map(Obstacle::cause)) {
            return;
        }
        if let Some(found) = found {
            error!("{found}; what is being recorded is taped, and finished when that has passed");
        } else {
            info!("the output folder takes files again");
        }
        self.airings.tell();
    }
}
