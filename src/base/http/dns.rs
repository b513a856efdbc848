//! The addresses of hosts as the system knows them (`getaddrinfo(3)`). A lookup may take as long as a name server is
//! silent.

use std::net::ToSocketAddrs as _;
use std::sync::LazyLock;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::base::blocking::Lane;

/// How many names are looked up at a time. Otherwise, while the name server is away, a thousand stations that look up
/// theirs would take all threads, and those that are well could not be written to tape.
const WIDTH: usize = 16;

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// Asks the system.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The connector fills in the port.
            let found = LANE.run(move || (name.as_str(), 0).to_socket_addrs()).await?;
            Ok(Box::new(found) as Addrs)
        })
    }
}
