//! The client of a request: the other end of the connection, or the client of a web server in front.
//!
//! A web server in front is trusted only if it runs on this machine or is one of `trusted_proxies`, because anybody can
//! send its headers.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::HeaderName;
use axum::http::{Extensions, HeaderMap};

use ipnet::IpNet;

use super::host;
use crate::config::Web;

/// The clients of web servers in front: each server appends the address that it saw.
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// `https`, if the client used it.
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Returns the other end of the connection; an unspecified address if it is unknown.
fn peer(extensions: &Extensions) -> IpAddr {
    let peer =
        extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
    peer.to_canonical()
}

/// Returns whether the connection comes from this machine.
pub fn is_near(extensions: &Extensions) -> bool {
    peer(extensions).is_loopback()
}

/// Returns whether the client is on this machine. A web server on this machine that names another client does not
/// count.
pub fn is_here(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> bool {
    let peer = peer(extensions);
    peer.is_loopback() && client_of(&web.trusted_proxies, peer, headers).is_loopback()
}

/// Returns whether the connection comes from a web server in front that is trusted.
pub fn is_trusted(web: &Web, extensions: &Extensions) -> bool {
    is_trusted_address(&web.trusted_proxies, peer(extensions))
}

fn is_trusted_address(trusted: &[IpNet], address: IpAddr) -> bool {
    address.is_loopback() || is_configured(trusted, address)
}

fn is_configured(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// Returns the address of the client; of an IPv6 address, the half that a household shares.
pub fn address(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    household(client_of(&web.trusted_proxies, peer(extensions), headers))
}

fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(_) => address,
    }
}

fn client_of(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers.get_all(FOR).iter().rev().filter_map(|value| value.to_str().ok());
    let mut forwarded = forwarded.flat_map(|value| value.rsplit(',')).map(read);
    let (mut client, mut is_trusted) = (peer, is_trusted_address(trusted, peer));
    while is_trusted && let Some(Some(before)) = forwarded.next() {
        client = before;
        // A client on this machine of a web server on this machine is not a web server in front.
        is_trusted = is_configured(trusted, client);
    }
    client
}

/// Parses an address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = plain.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip())).map(|ip| ip.to_canonical())
}

/// Returns whether the browser uses HTTPS, to the web server in front.
pub fn is_secure(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> bool {
    let is_trusted = is_trusted(web, extensions);
    if is_trusted && let Some(forwarded) = headers.get(PROTO) {
        return forwarded.to_str().is_ok_and(|forwarded| forwarded.trim().eq_ignore_ascii_case("https"));
    }
    let Some(base) = web.base_url.as_ref().filter(|base| base.scheme() == "https") else { return false };
    // A client that uses another name comes without the web server in front, and so without HTTPS.
    is_trusted || host::of(headers).is_some_and(|host| host::is_of(host, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        let headers = forwarded.iter().map(|forwarded| (FOR, forwarded.parse().unwrap()));
        let trusted = ["172.18.0.0/16".parse().unwrap(), "2001:db8:f::1/128".parse().unwrap()];
        household(client_of(&trusted, self::peer(&extensions), &headers.collect())).to_string()
    }

    #[test]
    fn only_a_web_server_on_this_machine_or_a_configured_one_is_trusted() {
        assert_eq!(asked("127.0.0.1:9", &[]), "127.0.0.1");
        assert_eq!(asked("127.0.0.1:9", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(asked("127.0.0.1:9", &["1.1.1.1, 203.0.113.5:4711"]), "203.0.113.5");
        assert_eq!(asked("[::1]:9", &["nonsense"]), "::1".parse::<IpAddr>().map(|_| "::".to_owned()).unwrap());
        assert_eq!(asked("198.51.100.7:9", &["203.0.113.5"]), "198.51.100.7");
        assert_eq!(asked("[::ffff:198.51.100.7]:9", &[]), "198.51.100.7");
        assert_eq!(asked("127.0.0.1:9", &["[2001:db8:1:2:3:4:5:6]:80"]), "2001:db8:1:2::");
        assert_eq!(asked("[2001:db8:1:2:a::1]:9", &["9.9.9.9"]), "2001:db8:1:2::");
        assert_eq!(asked("172.18.0.5:9", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(asked("[::ffff:172.18.0.5]:9", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(asked("[2001:db8:f::1]:9", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(asked("172.19.0.5:9", &["203.0.113.5"]), "172.19.0.5");
        // Through several servers in front; the first address may be forged.
        assert_eq!(asked("127.0.0.1:9", &["6.6.6.6, 203.0.113.5", "172.18.0.9, 172.18.0.5"]), "203.0.113.5");
        assert_eq!(asked("172.18.0.5:9", &["6.6.6.6, nonsense, 172.18.0.9"]), "172.18.0.9");
        assert_eq!(asked("172.18.0.5:9", &[]), "172.18.0.5");
        assert_eq!(asked("127.0.0.1:9", &["6.6.6.6, 127.0.0.1"]), "127.0.0.1");
    }
}
