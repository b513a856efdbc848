//! Notify as the service uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tracing::error;

use super::look::Parts;
use super::sender::{Trouble, Troubles};
use super::teller::Teller;
use super::ways::Ways;
use crate::base::environment::Environment;
use crate::config::Config;
use crate::events::Changes;
use crate::library::catalogue::Catalogue;

/// Tells targets what happens. Clones are the same.
#[derive(Debug, Clone)]
pub struct Notify {
    environment: Environment,
    config: watch::Receiver<Arc<Config>>,
    catalogue: Catalogue,
    started: DateTime<Utc>,
    troubles: Troubles,
    rejected: Arc<watch::Sender<Option<String>>>,
}

impl Notify {
    /// Returns what tells the targets of a service, and does nothing yet.
    pub fn new(environment: Environment, config: watch::Receiver<Arc<Config>>, catalogue: Catalogue) -> Self {
        let (started, troubles, rejected) = (environment.clock.now(), Troubles::default(), Arc::default());
        Self { environment, config, catalogue, started, troubles, rejected }
    }

    /// Says what is wrong with the configuration that was read last. `None`: nothing is.
    pub fn configuration(&self, mistakes: Option<String>) {
        self.rejected.send_replace(mistakes);
    }

    /// Returns which targets cannot be told anything at the moment, by their names.
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.troubles.all()
    }

    /// Tells what happens, until the service stops. The service before was last alive at `last_alive`, if there was one.
    pub async fn run(self, parts: Parts, changes: Changes, last_alive: Option<DateTime<Utc>>) {
        let Self { environment, config, catalogue, started, troubles, rejected } = self;
        let ways = match Ways::new(environment.clone()) {
            Ok(ways) => ways,
            Err(error) => return error!(%error, "nobody can be told what happens"),
        };
        let teller =
            Teller::new(environment, catalogue, parts, (ways, troubles), rejected.subscribe(), (started, last_alive));
        teller.run(config, changes).await;
    }
}
