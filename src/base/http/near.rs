//! The networks that this machine is in, and its own addresses, as the kernel lists them.

use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The routes of IPv4 (`fib_trie` in proc(5)): an address, and below it how far it reaches.
const ROUTES: &str = "/proc/net/fib_trie";
/// The addresses of IPv6 (`if_inet6` in proc(5)): 32 hexadecimal digits, the index, the length of the prefix, both in
/// hexadecimal digits, and more.
const ADDRESSES: &str = "/proc/net/if_inet6";
/// The most that is read of either, in bytes: a router may have a million routes.
const MOST: u64 = 1 << 20;

/// Returns the networks of this machine. None where the kernel does not list them: then only addresses count that are
/// private everywhere. The files are in memory, so this does not block.
pub(super) fn networks() -> Vec<IpNet> {
    let read = |path: &str| {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text));
        read.map(|_| text).unwrap_or_default()
    };
    let mut networks = routes(&read(ROUTES));
    networks.extend(addresses(&read(ADDRESSES)));
    networks.sort_unstable();
    networks.dedup();
    networks
}

/// Returns what is on the link, or this machine itself.
fn routes(text: &str) -> Vec<IpNet> {
    let mut address = None;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(written) = line.strip_prefix("|-- ") {
            address = written.parse::<Ipv4Addr>().ok();
        } else if let Some((length, rest)) = line.strip_prefix('/').and_then(|line| line.split_once(' '))
            && (rest.starts_with("link ") || rest.starts_with("host "))
            && let (Some(address), Ok(length)) = (address, length.parse::<u8>())
        {
            found.extend(network(address.into(), length));
        }
    }
    found
}

fn addresses(text: &str) -> Vec<IpNet> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let length = u8::from_str_radix(words.nth(1)?, 16).ok()?;
        network(Ipv6Addr::from(address).into(), length)
    };
    text.lines().filter_map(address).collect()
}

/// Returns the network around an address. `None` for all addresses: that is no network of ours.
fn network(address: IpAddr, length: u8) -> Option<IpNet> {
    IpNet::new(address, length).ok().filter(|network| network.prefix_len() > 0).map(|network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_on_the_link_and_the_own_addresses_are_found() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 203.0.113.0/24 2 0 2\n        \
                    |-- 203.0.113.0\n           /24 link UNICAST\n        |-- 203.0.113.255\n           /32 link BROADCAST\n\
                    |-- 198.51.100.0\n /24 universe UNICAST\nLocal:\n     |-- 203.0.113.7\n        /32 host LOCAL\n";
        let inet6 = "20010db8000000010000000000000002 04 40 00 80     eth0\nnonsense\n\
                     00000000000000000000000000000001 01 80 10 80       lo\n";
        let networks = |found: Vec<IpNet>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(networks(routes(trie)), ["203.0.113.0/24", "203.0.113.255/32", "203.0.113.7/32"]);
        assert_eq!(networks(addresses(inet6)), ["2001:db8:0:1::/64", "::1/128"]);
        assert!(
            super::networks().iter().any(|network| network.contains(&IpAddr::from([127, 0, 0, 1]))),
            "the real ones"
        );
    }
}
