//! By which address somebody reached the page: what addresses in feeds, playlists and calendars begin with.
//!
//! `base_url` where it is given. Else the host that was asked, which a web server in front tells by `X-Forwarded-Host`,
//! `-Proto` and `-Port` where it is believed ([`client`]). An address that leads whoever asked
//! to a machine of their own, such as `localhost`, is none.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::Url;

use crate::language::Sentence;
use crate::web::answer::language;
use crate::web::current::Current;
use crate::web::transport::{client, host};

/// The address of the page for whoever asked; `None` if it cannot be known.
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
        let (near, believed) = (client::is_near(&parts.extensions), client::is_believed(web, &parts.extensions));
        Ok(Self(asked(near, believed, &parts.headers)))
    }
}

/// The answer where no address is known.
pub fn unknown() -> Response {
    language::line(StatusCode::MISDIRECTED_REQUEST, Sentence::new("problem_no_address"))
}

/// The address that was asked over a connection from this machine (`near`), or from a web server in front.
fn asked(near: bool, believed: bool, headers: &HeaderMap) -> Option<Url> {
    // Each server in front adds itself at the end; the first is the one that was asked.
    let told = |name: &str| {
        let value = headers.get(name).filter(|_| believed)?.to_str().ok()?;
        value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
    };
    let host = told("x-forwarded-host").or_else(|| host::of(headers))?;
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c)) {
        return None;
    }
    let scheme =
        if told("x-forwarded-proto").is_some_and(|it| it.eq_ignore_ascii_case("https")) { "https" } else { "http" };
    let mut url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
    if let Some(port) = told("x-forwarded-port").and_then(|port| port.parse().ok())
        && url.port().is_none()
    {
        url.set_port(Some(port)).ok()?;
    }
    let from_here = near
        && told("x-forwarded-for")
            .is_none_or(|client| client.parse::<IpAddr>().is_ok_and(|client| client.is_loopback()));
    (from_here || !leads_back(&url)).then_some(url)
}

/// Whether an address means the machine of whoever uses it.
pub fn leads_back(url: &Url) -> bool {
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
        // The one in the next room is a web server in front.
        asked(near, near || peer == "172.18.0.5", &headers.iter().map(pair).collect()).map(Url::into)
    }

    #[test]
    fn the_host_that_was_asked_is_told_by_a_server_that_is_believed() {
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
    fn nobody_elsewhere_is_led_to_a_machine_of_their_own() {
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
