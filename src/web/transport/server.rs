//! The server: accepts connections, within bounds.
//!
//! It bounds the number of connections, in all and per address; the headers of a request, in size and time; and so the
//! time that a connection may idle. It does not bound how long an answer takes: a client listens to a recording for
//! hours, and to events for as long as the page is open. A client that has stopped reading loses its connection
//! ([`super::patience`]).

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Uri};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::patience::Patient;
use crate::base::clock::SharedClock;
use crate::web::current::Current;

/// How long a request's headers may take, and how long a connection may idle.
const HEADERS_WITHIN: Duration = Duration::from_secs(15);
/// The most bytes of headers, and of an answer that waits to be sent.
const BUFFER: usize = 64 * 1024;
/// How many connections there are at a time.
const MOST: u64 = 1000;
/// How many connections one address has at a time. This machine has no such bound, because a web server on it asks for
/// all clients.
const MOST_OF_ONE: usize = 200;
/// The pause after a failure to accept, which mostly means that too many files are open.
const PAUSE: Duration = Duration::from_millis(500);

/// Serves connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    /// All addresses, behind the guards.
    pub router: Router,
    /// Says which path is removed from addresses.
    pub current: Current,
    /// The time.
    pub clock: SharedClock,
}

impl Server {
    /// Serves `listener` until `stop`. Connections that are open then end with this call, within `grace`.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken, grace: Duration) {
        let slots = Arc::new(Semaphore::new(connections()));
        let per_address = Arc::new(PerAddress::default());
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = open.join_next() => continue,
                accepted = accept(&listener, &slots) => accepted,
            };
            match accepted {
                Ok((stream, peer, slot)) => {
                    let Some(address_slot) = per_address.admit(peer.ip().to_canonical()) else { continue };
                    let connection = self.clone().serve(stream, peer, stop.clone());
                    open.spawn(async move {
                        connection.await;
                        drop((slot, address_slot));
                    });
                }
                Err(error) => {
                    warn!(%error, "a connection to the page could not be accepted");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        tokio::select! {
            () = async { while open.join_next().await.is_some() {} } => {}
            // A client that listens to a recording must not keep the daemon from stopping.
            () = self.clock.sleep(grace) => {}
        }
    }

    /// Serves one connection to its end.
    async fn serve(self, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
        // Ranges and events are small, and should not wait for more data.
        let _ = stream.set_nodelay(true);
        let Self { router, current, clock } = self;
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(below) = below(request.uri(), current.config().web.root()) {
                *request.uri_mut() = below;
            }
            let router = router.clone();
            async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(Patient::new(stream, clock)), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection to the page broke");
        }
    }
}

/// Accepts the next connection as soon as there is a slot for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}

/// Returns the address without `root`. `None` if it does not lie below `root`: a web server in front may pass it on
/// with that path or without.
fn below(uri: &Uri, root: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix(root).filter(|_| !root.is_empty())?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let path = if rest.is_empty() { "/" } else { rest };
    let text = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    text.parse().ok()
}

/// Returns how many connections there may be: never so many that a recording cannot open its files.
fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((files / 4).clamp(16, MOST)).unwrap_or(16)
}

/// Counts the connections of each address.
#[derive(Debug, Default)]
struct PerAddress(Mutex<HashMap<IpAddr, usize>>);

/// One connection of an address; freed when it is dropped.
struct AddressSlot(Arc<PerAddress>, IpAddr);

impl PerAddress {
    /// Counts one more connection of `address`. `None` if it has too many already.
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<AddressSlot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= MOST_OF_ONE && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(AddressSlot(Arc::clone(self), address))
    }
}

impl Drop for AddressSlot {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_base_url_goes_and_other_paths_stay() {
        let below = |uri: &str, root: &str| super::below(&uri.parse().unwrap(), root).map(|uri| uri.to_string());
        assert_eq!(below("/radio/shows/x?a=b", "/radio").as_deref(), Some("/shows/x?a=b"));
        assert_eq!(below("/radio", "/radio").as_deref(), Some("/"));
        assert_eq!(below("/radio?q=1", "/radio").as_deref(), Some("/?q=1"));
        assert_eq!(below("/radio/", "/radio").as_deref(), Some("/"));
        assert_eq!(below("/radiox", "/radio"), None);
        assert_eq!(below("/shows", "/radio"), None);
        assert_eq!(below("/shows", ""), None);
    }

    #[test]
    fn connections_are_bounded_per_address_but_not_for_this_machine() {
        let per_address = Arc::new(PerAddress::default());
        let far: IpAddr = "203.0.113.5".parse().unwrap();
        let mut held: Vec<_> = (0..MOST_OF_ONE).map(|_| per_address.admit(far).unwrap()).collect();
        assert!(per_address.admit(far).is_none() && per_address.admit("203.0.113.6".parse().unwrap()).is_some());
        held.pop();
        assert!(per_address.admit(far).is_some());
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let near: Vec<_> = (0..2 * MOST_OF_ONE).filter_map(|_| per_address.admit(near)).collect();
        assert_eq!(near.len(), 2 * MOST_OF_ONE);
        drop((near, held));
        assert!(per_address.0.lock().unwrap().is_empty());
    }
}
