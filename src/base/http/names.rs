//! Where names of hosts lead, as the system knows (`getaddrinfo(3)`), which may take as long as a name server is silent.

use std::net::ToSocketAddrs as _;
use std::sync::LazyLock;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::base::blocking::Lane;

/// So many names are looked up at a time. Where the name server is away, a thousand stations that look for theirs would
/// otherwise have all threads, and those that are well could not be written to tape.
const WIDTH: usize = 16;

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// Asks the system.
#[derive(Debug)]
pub(super) struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Whoever connects fills in the port.
            let found = LANE.run(move || (name.as_str(), 0).to_socket_addrs()).await?;
            Ok(Box::new(found) as Addrs)
        })
    }
}
