//! The current configuration: a reload replaces it while requests are answered.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Config;

/// Holds the current configuration. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Current(watch::Receiver<Arc<Config>>);

impl Current {
    /// Returns the newest configuration of a channel.
    pub fn new(receiver: watch::Receiver<Arc<Config>>) -> Self {
        Self(receiver)
    }

    /// Returns the configuration. A caller that holds on to it sees no reload.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits until the configuration is replaced. Returns false if the daemon stops.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}
