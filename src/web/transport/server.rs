//! The server: how many connections there are, and how long one may take to ask.
//!
//! Bounded are the connections, all together and from one address, the headers of a request in size and time, and with
//! them the time that a connection may idle. Not bounded is how long an answer takes: a recording is listened to for
//! hours, and events come for as long as somebody looks; only nobody who has stopped reading is waited for
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
/// Bytes of headers, and of an answer that waits to be sent.
const BUFFER: usize = 64 * 1024;
/// Connections at a time.
const MOST: u64 = 1000;
/// Connections at a time from one address; a web server on this machine asks on behalf of all.
const MOST_OF_ONE: usize = 200;
/// After a failure to accept, which is mostly that too many files are open.
const PAUSE: Duration = Duration::from_millis(500);

/// What connections are answered with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    /// All addresses, the guards before them.
    pub router: Router,
    /// Says which path is taken off.
    pub current: Current,
    /// The time.
    pub clock: SharedClock,
}

impl Server {
    /// Answers what comes to `listener` until `stop`. Connections that are open then end with this call, within `grace`.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken, grace: Duration) {
        let room = Arc::new(Semaphore::new(connections()));
        let crowd = Arc::new(Crowd::default());
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = open.join_next() => continue,
                accepted = accept(&listener, &room) => accepted,
            };
            match accepted {
                Ok((stream, peer, place)) => {
                    let Some(one) = crowd.admit(peer.ip().to_canonical()) else { continue };
                    let connection = self.clone().serve(stream, peer, stop.clone());
                    open.spawn(async move {
                        connection.await;
                        drop((place, one));
                    });
                }
                Err(error) => {
                    warn!(%error, "a visitor of the page could not be let in");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        tokio::select! {
            () = async { while open.join_next().await.is_some() {} } => {}
            // Somebody who listens to a recording must not keep the daemon from stopping.
            () = self.clock.sleep(grace) => {}
        }
    }

    /// One connection, to its end.
    async fn serve(self, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
        // Ranges and events are small; they should not wait for more to come.
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

/// The next connection, as soon as there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// The address without `root`, where it lies below it. A web server in front may hand it on with that path or without it.
fn below(uri: &Uri, root: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix(root).filter(|_| !root.is_empty())?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let path = if rest.is_empty() { "/" } else { rest };
    let text = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    text.parse().ok()
}

/// How many connections there may be: never so many that a recording finds no file to open.
fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((files / 4).clamp(16, MOST)).unwrap_or(16)
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// One of them, until it is dropped.
struct One(Arc<Crowd>, IpAddr);

impl Crowd {
    /// One more from `address`; `None` if it has enough.
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<One> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= MOST_OF_ONE && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(One(Arc::clone(self), address))
    }
}

impl Drop for One {
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
    fn one_address_has_only_so_many_connections_and_a_web_server_here_all() {
        let crowd = Arc::new(Crowd::default());
        let far: IpAddr = "203.0.113.5".parse().unwrap();
        let mut held: Vec<_> = (0..MOST_OF_ONE).map(|_| crowd.admit(far).unwrap()).collect();
        assert!(crowd.admit(far).is_none() && crowd.admit("203.0.113.6".parse().unwrap()).is_some());
        held.pop();
        assert!(crowd.admit(far).is_some());
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let near: Vec<_> = (0..2 * MOST_OF_ONE).filter_map(|_| crowd.admit(near)).collect();
        assert_eq!(near.len(), 2 * MOST_OF_ONE);
        drop((near, held));
        assert!(crowd.0.lock().unwrap().is_empty());
    }
}
