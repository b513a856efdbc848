//! The page, at the address that the configuration says now.

use std::net::SocketAddr;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::base::environment::Environment;
use crate::web::{self, Site};

/// The page.
#[derive(Debug)]
pub(super) struct Page {
    site: Site,
    environment: Environment,
    address: Option<SocketAddr>,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Page {
    /// Of `site`, served nowhere yet.
    pub(super) fn new(site: Site, environment: Environment) -> Self {
        let stop = environment.stop.child_token();
        Self { site, environment, address: None, stop, serving: None }
    }

    /// Serves it at `address` from now on and nowhere else. Recording goes on without it: that a port is taken is told, and is no
    /// reason to miss a show.
    pub(super) fn serve(&mut self, address: Option<SocketAddr>) {
        if address == self.address {
            return;
        }
        self.stop.cancel();
        self.stop = self.environment.stop.child_token();
        self.address = address;
        let (site, stop, before) = (self.site.clone(), self.stop.clone(), self.serving.take());
        self.serving = Some(self.environment.spawn(async move {
            if let Some(before) = before {
                // The other address may be of the same port.
                let _ = before.await;
            }
            let Some(address) = address else {
                info!("the page is switched off");
                return;
            };
            if let Err(error) = web::serve(site, address, stop).await {
                error!(%error, "recording goes on without the page");
            }
        }));
    }
}
