//! Who asks, and by which way: from where the connection comes, or on whose behalf a web server in front asks.
//!
//! What a web server in front says is believed only where it runs on this machine or is one of `trusted_proxies`, because
//! anybody else can say it too.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::HeaderName;
use axum::http::{Extensions, HeaderMap};

use ipnet::IpNet;

use super::host;
use crate::config::Web;

/// For whom a web server in front asks: each adds whom it saw itself at the end.
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// `https`, where it was asked so.
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of the connection; an address of nobody where it is not known.
fn peer(extensions: &Extensions) -> IpAddr {
    let peer =
        extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
    peer.to_canonical()
}

/// Whether the connection comes from this machine.
pub fn is_near(extensions: &Extensions) -> bool {
    peer(extensions).is_loopback()
}

/// Whether somebody on this machine asks: not a web server here on behalf of another machine, as far as it says so.
pub fn is_here(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> bool {
    let peer = peer(extensions);
    peer.is_loopback() && asking(&web.trusted_proxies, peer, headers).is_loopback()
}

/// Whether the connection comes from a web server in front that is believed.
pub fn is_believed(web: &Web, extensions: &Extensions) -> bool {
    believed(&web.trusted_proxies, peer(extensions))
}

fn believed(trusted: &[IpNet], address: IpAddr) -> bool {
    address.is_loopback() || is_named(trusted, address)
}

fn is_named(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// Who asks. Of IPv6 addresses the half that a household has as a whole.
pub fn address(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    household(asking(&web.trusted_proxies, peer(extensions), headers))
}

fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(_) => address,
    }
}

fn asking(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let told = headers.get_all(FOR).iter().rev().filter_map(|value| value.to_str().ok());
    let mut told = told.flat_map(|value| value.rsplit(',')).map(read);
    let (mut asking, mut believes) = (peer, believed(trusted, peer));
    while believes && let Some(Some(before)) = told.next() {
        asking = before;
        // Whoever uses the web server on this machine from this machine is nobody's web server.
        believes = is_named(trusted, asking);
    }
    asking
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = plain.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip())).map(|ip| ip.to_canonical())
}

/// Whether the browser speaks HTTPS, with the web server in front.
pub fn is_secure(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> bool {
    let believed = is_believed(web, extensions);
    if believed && let Some(told) = headers.get(PROTO) {
        return told.to_str().is_ok_and(|told| told.trim().eq_ignore_ascii_case("https"));
    }
    let Some(base) = web.base_url.as_ref().filter(|base| base.scheme() == "https") else { return false };
    // Whoever comes by another name has come without the web server in front, and so without HTTPS.
    believed || host::of(headers).is_some_and(|host| host::is_of(host, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(peer: &str, told: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        let headers = told.iter().map(|told| (FOR, told.parse().unwrap()));
        let trusted = ["172.18.0.0/16".parse().unwrap(), "2001:db8:f::1/128".parse().unwrap()];
        household(asking(&trusted, self::peer(&extensions), &headers.collect())).to_string()
    }

    #[test]
    fn only_a_web_server_on_this_machine_or_a_named_one_is_believed() {
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
        // Through several of them; whoever says so first may lie.
        assert_eq!(asked("127.0.0.1:9", &["6.6.6.6, 203.0.113.5", "172.18.0.9, 172.18.0.5"]), "203.0.113.5");
        assert_eq!(asked("172.18.0.5:9", &["6.6.6.6, nonsense, 172.18.0.9"]), "172.18.0.9");
        assert_eq!(asked("172.18.0.5:9", &[]), "172.18.0.5");
        assert_eq!(asked("127.0.0.1:9", &["6.6.6.6, 127.0.0.1"]), "127.0.0.1");
    }
}
