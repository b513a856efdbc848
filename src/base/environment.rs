//! What the parts of a running aircheck share: built once by the command that runs, passed down, never global.

use std::future::Future;

use futures::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::witnesses::Witnesses;
use super::clock::{SharedClock, SystemClock};

/// The clock, the owner of all tasks and the signal to stop.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The clock that everything asks.
    pub clock: SharedClock,
    /// Owns every spawned task, so that shutdown can wait for all of them.
    pub tasks: TaskTracker,
    /// Cancelled when the process should stop; parts derive child tokens from it.
    pub stop: CancellationToken,
    /// What time it is by the clocks of stations.
    pub witnesses: Witnesses,
}

impl Environment {
    /// Starts a task that `tasks` own. It is boxed, because the compiler makes a thousand lines of each type of task.
    pub fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        let task: BoxFuture<'static, T> = Box::pin(task);
        self.tasks.spawn(task)
    }

    /// The environment of a real run, on the machine's clock.
    pub fn system() -> Self {
        Self::on(SystemClock::shared())
    }

    /// The environment of a run on `clock`.
    pub fn on(clock: SharedClock) -> Self {
        Self { clock, tasks: TaskTracker::new(), stop: CancellationToken::new(), witnesses: Witnesses::default() }
    }

    /// The environment of what asks `station`, whose answers count as those of one witness.
    #[must_use]
    pub fn asking(&self, station: &str) -> Self {
        Self { witnesses: self.witnesses.of(station), ..self.clone() }
    }
}
