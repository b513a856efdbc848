//! Looking after the output folder while something is being recorded: one that is away is told at once, and not only when the
//! first encoder wants to write there, which of a long show is hours later.
//!
//! The disk is mostly asked for what it knows without being woken. A file is written when an airing begins, because only that
//! tells of a quota, and as long as something is wrong. There is one look at a time: where a share hangs, the look hangs in a
//! thread of its own, and nothing else does.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tracing::{error, info};

use super::Recorder;
use super::hindrance::Hindrance;
use crate::library::shelf::ShelfError;
use crate::model::{AiringId, Cause};

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(15);
/// The longest that a disk that sleeps may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Recorder {
    /// Looks at the output folder every now and then for as long as something is being recorded, until the process stops.
    pub async fn keep_lookout(self: Arc<Self>) {
        let stop = self.environment.stop.clone();
        let mut seen = HashSet::new();
        let mut pending = None;
        while stop.run_until_cancelled(self.environment.clock.sleep(EVERY)).await.is_some() {
            let live: HashSet<AiringId> = self.live.all().into_iter().map(|current| current.airing.id).collect();
            let is_new = !live.is_subset(&seen);
            seen = live;
            if seen.is_empty() {
                self.watched.replace(None);
                continue;
            }
            let mut look = pending.take().unwrap_or_else(|| self.look(is_new || self.watched.get().is_some()));
            let found = match stop.run_until_cancelled(self.environment.clock.timeout(PATIENCE, &mut look)).await {
                None => return,
                Some(Ok(looked)) => looked.err(),
                Some(Err(_)) => {
                    pending = Some(look);
                    Some(ShelfError::Silent { path: self.shelf.output().to_owned() })
                }
            };
            self.found(found.and_then(|error| self.of_shelf(&error)).as_ref());
        }
    }

    /// What is wrong with the output folder at the moment, for who wants to know it before the next airing is to be finished.
    pub async fn output_trouble(&self) -> Option<Cause> {
        // Who asks it again and again must not be held up by a share that hangs again and again.
        if let Some(known) = self.watched.get() {
            return Some(known);
        }
        let error = self.shelf.look().await.err()?;
        self.of_shelf(&error).map(|hindrance| hindrance.cause())
    }

    fn look(&self, writing: bool) -> BoxFuture<'static, Result<(), ShelfError>> {
        let shelf = self.shelf.clone();
        async move { if writing { shelf.probe(1).await } else { shelf.look().await } }.boxed()
    }

    fn found(&self, found: Option<&Hindrance>) {
        if self.watched.replace(found.map(Hindrance::cause)) {
            return;
        }
        if let Some(found) = found {
            error!("{found}; what is being recorded is taped, and finished when that has passed");
        } else {
            info!("the output folder takes files again");
        }
        self.tell();
    }
}
