//! The page, at the address that the configuration says now.

use std::net::{SocketAddr, TcpListener};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::base::activation::HandedOver;
use crate::base::environment::Environment;
use crate::web::{self, Site};

/// The page.
#[derive(Debug)]
pub(super) struct Page {
    site: Site,
    environment: Environment,
    /// The sockets of `aircheck.socket`, if that is in use.
    handed_over: HandedOver,
    address: Option<SocketAddr>,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Page {
    /// Of `site`, served nowhere yet.
    pub(super) fn new(site: Site, environment: Environment) -> Self {
        let stop = environment.stop.child_token();
        let handed_over = HandedOver::take().unwrap_or_else(|error| {
            warn!(%error, "what the service manager hands over cannot be used; the page opens its own socket");
            HandedOver::default()
        });
        Self { site, environment, handed_over, address: None, stop, serving: None }
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
        let given = address.and_then(|address| self.given(address));
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
            if let Err(error) = web::serve(site, address, given, stop).await {
                error!(%error, "recording goes on without the page");
            }
        }));
    }

    /// Returns the socket at `address` that was handed over. Says so if only others were.
    fn given(&self, address: SocketAddr) -> Option<TcpListener> {
        match self.handed_over.at(address) {
            Some(Ok(listener)) => return Some(listener),
            Some(Err(error)) => warn!(%error, "the socket of aircheck.socket cannot be used"),
            None => {}
        }
        for other in self.handed_over.addresses() {
            warn!(
                socket = %other, listen = %address,
                "aircheck.socket listens where the page is not, and nobody answers there; write `listen: {other}` under \
                 `web`, or `systemctl edit aircheck.socket` and write there `[Socket]`, `ListenStream=` and \
                 `ListenStream={address}`, each in a line"
            );
        }
        None
    }
}
