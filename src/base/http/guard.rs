//! The check of addresses that may be connected to. Who asks the service for an address from outside must not reach by it
//! what only this machine reaches.
//!
//! What counts is the address that is connected to: names are looked up first, and only allowed addresses of a name are
//! connected to, so that a name whose address changes in between opens nothing (DNS rebinding). Every redirect is checked
//! likewise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use thiserror::Error;
use url::{Host, Url};

use super::near;
use super::reasons::chain;

/// An address that may not be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{address} is an address of this machine or its network, from which nothing is fetched for others")]
pub(super) struct OutOfReach {
    address: IpAddr,
}

/// Networks in which no server of the public internet is (the special-purpose registries of IANA, RFC 6890).
static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let networks = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/127",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];
    networks.iter().filter_map(|network| network.parse().ok()).collect()
});

/// Checks the addresses of one client.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    except: Arc<[IpNet]>,
    /// The networks of this machine.
    near: Arc<[IpNet]>,
}

impl Guard {
    /// Returns a guard that lets through what is outside of this machine's networks, and what is in `except`.
    pub(super) fn new(except: &Arc<[IpNet]>) -> Self {
        Self { except: Arc::clone(except), near: near::networks().into() }
    }

    /// Checks one address.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), OutOfReach> {
        let contains = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        let inner = inner(address);
        if contains(&self.except) || inner.is_some_and(|inner| self.except.iter().any(|net| net.contains(&inner))) {
            return Ok(());
        }
        match inner {
            Some(inner) => self.check(inner).map_err(|_| OutOfReach { address }),
            None if contains(&SPECIAL) || contains(&self.near) => Err(OutOfReach { address }),
            None => Ok(()),
        }
    }

    /// Checks the host of `url` if it is an address. A name is checked when it is looked up.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), OutOfReach> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// Returns those of `found` that are in reach.
    ///
    /// # Errors
    /// None of them is.
    pub(super) fn within(&self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, OutOfReach> {
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            match self.check(address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if allowed.is_empty() => Err(error),
            _ => Ok(allowed),
        }
    }
}

/// Returns the address of IPv4 to which one of IPv6 leads: mapped (RFC 4291), translated (RFC 6052), in 6to4 (RFC 3056).
fn inner(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let of = |high: u16, low: u16| Some(IpAddr::from(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if address != Ipv6Addr::LOCALHOST && address != Ipv6Addr::UNSPECIFIED => {
            of(high, low)
        }
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            of(high, low)
        }
        _ => None,
    }
}

/// Returns the words of the refusal behind `error`. `None` if there is none.
pub(super) fn out_of_reach(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    chain(error).find_map(|reason| reason.downcast_ref::<OutOfReach>()).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(except: &[&str], near: &[&str]) -> Guard {
        let networks = |texts: &[&str]| texts.iter().map(|text| text.parse::<IpNet>().unwrap()).collect();
        Guard { except: networks(except), near: networks(near) }
    }

    #[test]
    fn only_public_addresses_outside_of_the_own_networks_are_in_reach_however_they_are_written() {
        let guard = guard(&["192.168.7.0/24"], &["93.184.0.0/16", "2a00:1450:4001::/64"]);
        let is_in_reach = |address: &str| guard.check(address.parse().unwrap()).is_ok();
        for public in
            ["8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "192.168.7.9", "::ffff:192.168.7.9"]
        {
            assert!(is_in_reach(public), "{public}");
        }
        for other in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "93.184.216.34",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "2a00:1450:4001::7",
        ] {
            assert!(!is_in_reach(other), "{other}");
        }
        for url in
            ["http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://[::1]/", "http://017700000001/"]
        {
            assert!(guard.check_url(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn of_a_name_with_several_addresses_only_those_in_reach_are_connected_to() {
        let guard = guard(&[], &[]);
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 80);
        let both = vec![address("127.0.0.1"), address("8.8.8.8")];
        assert_eq!(guard.within(both).unwrap(), [address("8.8.8.8")]);
        let error = guard.within(vec![address("127.0.0.1")]).unwrap_err();
        assert!(error.to_string().starts_with("127.0.0.1 is an address of this machine"), "{error}");
    }
}
