//! The watch over the output folder while something is recorded. It reports at once that the folder is away, and not
//! when the first encoder wants to write there, which may be hours later for a long show.
//!
//! Most looks only ask the disk what it answers without waking up. A look writes a file when an airing begins, because
//! only that finds a quota, and while something is wrong. There is one look at a time: if a share hangs, only the
//! thread of that look hangs.

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

/// How often the watch looks at the folder.
const EVERY: Duration = Duration::from_secs(15);
/// How long a sleeping disk may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Watches the output folder while something is recorded.
#[derive(Debug)]
pub(super) struct OutputWatch {
    environment: Environment,
    airings: Airings,
    store: Store,
    /// What is known to be wrong, so that it is reported once and not by each airing.
    known: Mutex<Option<Cause>>,
}

impl OutputWatch {
    pub(super) fn new(environment: Environment, airings: Airings, store: Store) -> Self {
        Self { environment, airings, store, known: Mutex::default() }
    }

    /// Looks at the folder every [`EVERY`] while something is recorded, until the process stops.
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

    /// Returns what is wrong with the folder at this moment.
    pub(super) async fn trouble(&self) -> Option<Cause> {
        // A caller that asks often must not wait each time for a share that hangs.
        if let Some(known) = self.known() {
            return Some(known);
        }
        let error = self.store.check_writable().await.err()?;
        Obstacle::of_store(&error, self.store.shown_folder()).map(|obstacle| obstacle.cause())
    }

    /// Returns what is known to be wrong.
    pub(super) fn known(&self) -> Option<Cause> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what is known to be wrong by `found`. Returns whether a cause of the same kind was known before, and so
    /// was reported.
    pub(super) fn replace(&self, found: Option<Cause>) -> bool {
        let kind = found.as_ref().map(|cause| cause.kind);
        let before = std::mem::replace(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner), found);
        before.map(|cause| cause.kind) == kind
    }

    fn look(&self, writing: bool) -> BoxFuture<'static, Result<(), StoreError>> {
        let store = self.store.clone();
        async move { if writing { store.test_write(1).await } else { store.check_writable().await } }.boxed()
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
