//! The configuration as it is now: a reload makes it another one, while requests are answered.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Config;

/// The configuration as it is now. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Current(watch::Receiver<Arc<Config>>);

impl Current {
    /// The configuration that was told last.
    pub fn new(told: watch::Receiver<Arc<Config>>) -> Self {
        Self(told)
    }

    /// The configuration. Whoever holds it sees no reload.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits until it is another one. False if no other one can come, because the daemon stops.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}
