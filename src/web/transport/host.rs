//! The host that a request asks for (RFC 9110 section 7.2, RFC 9112 section 3.2).

use axum::extract::Request;
use axum::http::header::{HOST, HeaderValue};
use axum::http::{HeaderMap, Version};
use url::Url;

/// Sets `Host` to the host that the request asks for: if the request line has a whole address, its host counts,
/// whatever `Host` says. Returns false if the request must be refused: HTTP/1.1 without `Host`, or any version with
/// several.
pub fn normalise(request: &mut Request) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return false;
    }
    // Without the user that may precede the host (RFC 9110 section 4.2.4).
    let whole =
        request.uri().authority().map(|authority| authority.as_str().rsplit('@').next().unwrap_or_default().to_owned());
    if let Some(whole) = whole {
        let Ok(whole) = HeaderValue::try_from(whole) else { return false };
        request.headers_mut().insert(HOST, whole);
    }
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(byte))
}

/// Returns the value of `Host`.
pub fn of(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

/// Returns a host without its port, and without the dot that ends a fully qualified name.
pub fn name(host: &str) -> &str {
    let port = host.rsplit_once(':').filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()));
    without_dot(port.map_or(host, |(name, _)| name))
}

/// Returns whether a host is that of the address `base`. Case does not matter (RFC 9110 section 4.2.3).
pub fn is_of(host: &str, base: &Url) -> bool {
    base.host_str().is_some_and(|own| without_dot(own).eq_ignore_ascii_case(name(host)))
}

/// Returns whether a host is an IP address or `localhost`.
pub fn is_plain(host: &str) -> bool {
    let name = name(host);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

/// Returns a name without the dot at its end: `nas.local.` is `nas.local`.
pub fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_lose_their_ports_and_the_dot_at_the_end() {
        for (host, bare) in [
            ("a.example:80", "a.example"),
            ("a.example.", "a.example"),
            ("a.example.:80", "a.example"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("a", "a"),
        ] {
            assert_eq!(name(host), bare);
        }
    }

    #[test]
    fn a_host_is_the_same_in_capitals() {
        let base = Url::parse("http://Nas.local:8080/radio/").unwrap();
        for same in ["nas.local", "NAS.local:8080", "nas.LOCAL.", "nas.local.:80"] {
            assert!(is_of(same, &base), "{same}");
        }
        for other in ["", ".", "nas.local..", "xnas.local", "nas.local.evil.example", "nas"] {
            assert!(!is_of(other, &base), "{other}");
        }
    }

    #[test]
    fn only_addresses_and_localhost_are_this_machine() {
        for good in ["localhost:8080", "127.0.0.1:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST", "localhost.:80"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example:80"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
