//! The page and the interface, served by the daemon: listen, download, subscribe, see what comes next.
//!
//! Invariants:
//! - no path from a URL ever reaches the disk: files are found through the catalogue, by the id of their airing;
//! - every request passes three guards before a handler gets it: it is meant for this page and, if it changes
//!   something, comes from this page (`transport::same_site`); the client has access (`auth::door`); the body is small
//!   and arrives soon (`transport::body`);
//! - titles are untrusted text: templates escape them, a crate writes the feeds, headers are encoded;
//! - the page works without JavaScript for browsing, playing and downloading; scripts and styles come from this server
//!   only.
//!
//! The modules with handlers (`pages`, `api`, `feeds`, `media`, `monitoring`) use the other modules, and not each
//! other. Each of the others uses only those after it: `site`, which holds everything; `auth`; `address`; `extract`;
//! `transport`; `answer`.

mod address;
mod answer;
mod api;
mod auth;
mod current;
mod extract;
mod feeds;
mod media;
mod monitoring;
mod pages;
mod site;
mod transport;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use site::{Parts, Site};

use answer::language;
use auth::door::{self, Door};
use transport::server::Server;
use transport::{body, cross_origin, same_site};

/// How long open requests may still take when the daemon stops.
const GRACE: Duration = Duration::from_millis(500);

/// Says why the page cannot be served.
#[derive(Debug, Error)]
#[error(
    "the page cannot be served at {address}: {source}; give it another address: `web: {{ listen: 127.0.0.1:8081 }}`"
)]
pub struct WebError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Serves the page at `address` until `stop`; by the socket that is `given`, if one is.
pub async fn serve(
    site: Site,
    address: SocketAddr,
    given: Option<std::net::TcpListener>,
    stop: CancellationToken,
) -> Result<(), WebError> {
    let failed = |source| WebError { address, source };
    site.access.load().await.map_err(failed)?;
    let listener = match given {
        Some(listener) => TcpListener::from_std(listener),
        None => TcpListener::bind(address).await,
    };
    let listener = listener.map_err(failed)?;
    info!("the page is at http://{}/", listener.local_addr().unwrap_or(address));
    let (current, clock) = (site.current.clone(), Arc::clone(&site.environment.clock));
    Server { router: guarded(site), current, clock }.run(listener, stop, GRACE).await;
    Ok(())
}

/// Returns the router of all addresses. The server removes the path of `base_url` before it looks an address up, so the
/// configuration accepts no path whose first segment is in [`Web::OWN`](crate::config::Web::OWN).
fn addresses() -> Router<Site> {
    Router::new()
        .merge(pages::router())
        .merge(api::router())
        .merge(feeds::router())
        .merge(media::router())
        .merge(monitoring::router())
        .fallback(pages::fallback())
}

/// Returns the router of all addresses, behind the guards.
fn guarded(site: Site) -> Router {
    let (current, clock) = (site.current.clone(), Arc::clone(&site.environment.clock));
    let once = from_fn_with_state(site.clone(), api::once);
    let door = Door { access: Arc::clone(&site.access), current: current.clone() };
    addresses()
        .with_state(site)
        // The last layer sees a request first.
        .layer(once)
        .layer(from_fn_with_state(clock, body::read_first))
        .layer(from_fn_with_state(door, door::authenticate))
        .layer(from_fn_with_state(current.clone(), same_site::check))
        .layer(from_fn_with_state(current, cross_origin::allow))
        .layer(from_fn(language::choose))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::*;
    use crate::config::Web;

    #[test]
    fn the_configuration_knows_the_first_segment_of_every_address_and_no_other() {
        // axum shows the paths of a router in no other way.
        let router = format!("{:?}", addresses());
        let first = Regex::new(r#""/([^"/{]+)"#).unwrap();
        let served: BTreeSet<&str> = first.captures_iter(&router).map(|path| path.extract::<1>().1[0]).collect();
        assert_eq!(served, Web::OWN.iter().copied().collect());
    }
}
