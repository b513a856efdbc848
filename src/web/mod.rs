//! The page: listen, download, subscribe, see what comes next. Served by the daemon itself.
//!
//! Invariants:
//! - no path from a URL ever reaches the disk: files are found through the catalogue, by the id of their airing;
//! - titles are other people's text: templates escape, feeds are written by a crate, headers are encoded;
//! - the page works without JavaScript for browsing, playing and downloading; scripts and styles come from here only.

mod address;
mod api;
mod asked;
mod calendar;
mod conditional;
mod episodes;
mod events;
mod failure;
mod feed;
mod files;
mod headers;
mod health;
mod language;
mod levels;
mod live;
mod media;
mod metrics;
mod pages;
mod playlist;
mod probes;
mod site;
mod text;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use events::Events;
pub use probes::Probes;
pub use site::Site;

/// How long open requests may take when the daemon stops.
const GRACE: Duration = Duration::from_millis(500);

/// The page cannot be served.
#[derive(Debug, Error)]
#[error(
    "the page cannot be served at {address}: {source}; give it another address: `web: {{ listen: 127.0.0.1:8081 }}`"
)]
pub struct WebError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Serves the page at `address` until `stop`.
pub async fn serve(site: Site, address: SocketAddr, stop: CancellationToken) -> Result<(), WebError> {
    let failed = |source| WebError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    info!("the page is at http://{}/", listener.local_addr().unwrap_or(address));
    let clock = Arc::clone(&site.clock);
    let stopping = stop.clone();
    // Only a web server on this machine is believed what it says of others.
    let service = router(site).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move { stopping.cancelled().await });
    tokio::select! {
        ended = server.into_future() => ended.map_err(failed),
        // Somebody who listens to a recording must not keep the daemon from stopping.
        () = async { stop.cancelled().await; clock.sleep(GRACE).await } => Ok(()),
    }
}

/// All addresses. A web server in front may hand them on with the path of `base_url` or without it; that path is the one
/// of the start, because links to another would already be out in the world.
fn router(site: Site) -> Router {
    let all = Router::new()
        .merge(pages::router())
        .merge(api::router())
        .merge(feed::router())
        .merge(media::router())
        .merge(playlist::router())
        .merge(live::router())
        .route("/schedule.ics", get(calendar::coming))
        .route("/static/{file}", get(files::get))
        .route("/healthz", get(health::get))
        .route("/metrics", get(metrics::get));
    let root = site.root();
    let router = if root.is_empty() { all } else { all.clone().nest(&root, all) };
    headers::guard(router.fallback_service(pages::fallback().with_state(site.clone())).with_state(site))
}
