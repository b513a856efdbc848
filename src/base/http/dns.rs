//! The addresses of hosts as the system knows them (`getaddrinfo(3)`). A lookup may take as long as a name server is
//! silent.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::LazyLock;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;
use crate::base::blocking::Lane;

/// How many names are looked up at a time. Otherwise, while the name server is away, a thousand stations that look up
/// theirs would take all threads, and those that are well could not be written to tape.
const WIDTH: usize = 16;

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// Asks the system.
#[derive(Debug)]
pub(super) struct SystemResolver {
    /// Says which addresses may be connected to. `None`: all.
    pub guard: Option<Guard>,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        Box::pin(async move {
            // The connector fills in the port.
            let found = addresses(name.as_str().to_owned(), 0, guard).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Returns the addresses of `host` that may be connected to.
///
/// # Errors
/// It has none.
pub(super) async fn addresses(host: String, port: u16, guard: Option<Guard>) -> io::Result<Vec<SocketAddr>> {
    let found = LANE.run(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter)).await?;
    match guard {
        Some(guard) => guard.within(found).map_err(io::Error::other),
        None => Ok(found),
    }
}
