//! The address by which a client reaches the page: addresses in feeds, playlists and calendars begin with it.
//!
//! It is `base_url`, if that is configured. Otherwise it is the host that the client asked for; a trusted web server in
//! front ([`client`]) passes it on by `X-Forwarded-Host`, `-Proto` and `-Port`. An address that leads the client to its
//! own machine, such as `localhost`, does not count.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::Url;

use crate::language::Sentence;
use crate::web::answer::{Problem, language};
use crate::web::current::Current;
use crate::web::transport::{client, host};

/// Holds the address of the page for this client. `None` if it is unknown.
#[derive(Debug)]
pub struct Base(pub Option<Url>);

impl<S: Sync> FromRequestParts<S> for Base
where
    Current: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let web = &Current::from_ref(state).config().web;
        if let Some(base) = &web.base_url {
            return Ok(Self(Some(base.clone())));
        }
        let (near, is_trusted) = (client::is_near(&parts.extensions), client::is_trusted(web, &parts.extensions));
        Ok(Self(requested_base(near, is_trusted, &parts.headers)))
    }
}

/// Returns the address for a program that asks for one made from it.
///
/// # Errors
/// No address is known.
pub fn known(base: Option<Url>) -> Result<Url, Problem> {
    let unknown = || Problem::new(StatusCode::MISDIRECTED_REQUEST, Sentence::new("problem_address_unknown"));
    base.ok_or_else(unknown)
}

/// Returns the answer if no address is known.
pub fn unknown() -> Response {
    language::line(StatusCode::MISDIRECTED_REQUEST, Sentence::new("problem_no_address"))
}

/// Returns the address that the client asked for. `near`: the connection comes from this machine. `is_trusted`: it comes
/// from a web server in front that is trusted.
fn requested_base(near: bool, is_trusted: bool, headers: &HeaderMap) -> Option<Url> {
    // Each server in front appends itself; the first value is what the client asked for.
    let forwarded = |name: &str| {
        let value = headers.get(name).filter(|_| is_trusted)?.to_str().ok()?;
        value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
    };
    let host = forwarded("x-forwarded-host").or_else(|| host::of(headers))?;
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c)) {
        return None;
    }
    let scheme = if forwarded("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) {
        "https"
    } else {
        "http"
    };
    let mut url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
    if let Some(port) = forwarded("x-forwarded-port").and_then(|port| port.parse().ok())
        && url.port().is_none()
    {
        url.set_port(Some(port)).ok()?;
    }
    let from_here = near
        && forwarded("x-forwarded-for")
            .is_none_or(|client| client.parse::<IpAddr>().is_ok_and(|client| client.is_loopback()));
    (from_here || !is_local(&url)).then_some(url)
}

/// Returns whether an address means the machine of whoever uses it.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = host::without_dot(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn base(peer: &str, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let near = peer.parse::<IpAddr>().unwrap().is_loopback();
        // 172.18.0.5 is a web server in front.
        requested_base(near, near || peer == "172.18.0.5", &headers.iter().map(pair).collect()).map(Url::into)
    }

    #[test]
    fn only_a_trusted_server_in_front_says_which_host_the_client_asked_for() {
        let host = ("host", "127.0.0.1:8080");
        let behind = [host, ("x-forwarded-host", "radio.example.org, inner"), ("x-forwarded-proto", "https")];
        assert_eq!(base("127.0.0.1", &behind).as_deref(), Some("https://radio.example.org/"));
        assert_eq!(base("::1", &behind).as_deref(), Some("https://radio.example.org/"));
        assert_eq!(base("172.18.0.5", &behind).as_deref(), Some("https://radio.example.org/"));
        assert_eq!(base("172.18.0.5", &[host]), None, "that is its own machine");
        let from_elsewhere = [("host", "192.0.2.7:8080"), behind[1], behind[2]];
        assert_eq!(base("192.0.2.9", &from_elsewhere).as_deref(), Some("http://192.0.2.7:8080/"));
        let port = [("x-forwarded-host", "a.example"), ("x-forwarded-port", "8443"), ("x-forwarded-proto", "https")];
        assert_eq!(base("127.0.0.1", &port).as_deref(), Some("https://a.example:8443/"));
        let usual = [("x-forwarded-host", "a.example"), ("x-forwarded-port", "443"), ("x-forwarded-proto", "https")];
        assert_eq!(base("127.0.0.1", &usual).as_deref(), Some("https://a.example/"));
    }

    #[test]
    fn no_other_machine_gets_an_address_of_its_own_localhost() {
        for host in ["localhost:8080", "LocalHost.", "127.0.0.1", "[::1]:8080", "0.0.0.0:80"] {
            let host = ("host", host);
            assert!(base("127.0.0.1", &[host]).is_some(), "{host:?} on this machine");
            assert!(base("127.0.0.1", &[host, ("x-forwarded-for", "127.0.0.1")]).is_some(), "{host:?}");
            assert_eq!(base("127.0.0.1", &[host, ("x-forwarded-for", "192.0.2.9, 127.0.0.1")]), None, "{host:?}");
            assert_eq!(base("192.0.2.9", &[host]), None, "{host:?}");
        }
        for hostile in ["evil/path", "a@b", "a b", "", "a?b", "\"<x>"] {
            assert_eq!(base("127.0.0.1", &[("host", hostile)]), None, "{hostile}");
        }
    }
}
