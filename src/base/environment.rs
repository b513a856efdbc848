//! What the parts of a running aircheck share: built once by the command that runs, passed down, never global.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
}

impl Environment {
    /// The environment of a real run, on the machine's clock.
    pub fn system() -> Self {
        Self { clock: SystemClock::shared(), tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }
}
