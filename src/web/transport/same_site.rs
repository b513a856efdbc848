//! Adds security headers to each answer, and checks each request: it must name a host of this page and, if it changes
//! something, come from this page.

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, ORIGIN, REFERER, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::{client, host};
use crate::config::{Auth, ObjectStore, Web};
use crate::language::Sentence;
use crate::web::answer::refused;
use crate::web::current::Current;

/// Allows scripts, styles and pictures from this server only, nothing inline, and no framing. Sound comes from this server,
/// and from the object store if there is one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; media-src 'self'";

/// Only browsers send it: which site the asking page is from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The host that a web server in front was asked for.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Refuses a request that fails the check; adds security headers to every answer.
pub async fn check(State(current): State<Current>, mut request: Request, next: Next) -> Response {
    let config = current.config();
    let store = config.store.clone();
    let objection = if host::normalise(&mut request) {
        objection(&config.web, &request)
    } else {
        Some((StatusCode::BAD_REQUEST, Sentence::new("problem_no_host")))
    };
    let mut response = match objection {
        Some((status, sentence)) => refused(request.uri().path(), status, sentence),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy(store.as_deref()));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    response
}

/// Returns the policy of answers, with the address of the object store.
fn policy(store: Option<&ObjectStore>) -> HeaderValue {
    let origin = store.map(|store| store.endpoint.origin().ascii_serialization());
    let policy = origin.and_then(|origin| HeaderValue::try_from(format!("{POLICY} {origin}")).ok());
    policy.unwrap_or(HeaderValue::from_static(POLICY))
}

/// Returns why a request is refused. `None` if it is not.
fn objection(web: &Web, request: &Request) -> Option<(StatusCode, Sentence)> {
    let headers = request.headers();
    let host = host::of(headers).unwrap_or_default();
    let base = web.base_url.as_ref();
    // A foreign page can make a name of its own point to this machine (DNS rebinding) and read what is here. Such a
    // request names that host; a browser on this machine names an address or `localhost`. If there is a password, the
    // foreign page does not know it, and its name has no session.
    let known = host::is_plain(host) || base.is_some_and(|base| host::is_of(host, base));
    if !known && !matches!(web.auth, Auth::Password(_)) {
        return Some((StatusCode::MISDIRECTED_REQUEST, Sentence::new("problem_unknown_name")));
    }
    // A foreign page cannot make a browser send this header: the browser would first ask for permission.
    let forwarded =
        text(headers, &FORWARDED).filter(|_| client::is_trusted(web, request.extensions())).unwrap_or_default();
    if !matches!(*request.method(), Method::GET | Method::HEAD) && !is_ours(headers, &[host, forwarded], base) {
        return Some((StatusCode::FORBIDDEN, Sentence::new("problem_other_site")));
    }
    None
}

/// Returns whether a change comes from a page of this site, or from no page at all. Browsers say which page asks:
/// current ones over HTTPS by `Sec-Fetch-Site`, and all by `Origin` with every request that changes something.
fn is_ours(headers: &HeaderMap, hosts: &[&str], base: Option<&Url>) -> bool {
    if headers.contains_key(SITE) {
        return text(headers, &SITE).is_some_and(|site| matches!(site, "same-origin" | "none"));
    }
    // An `Origin` that is not a URL, such as `null`, does not count as ours.
    let from = headers.get(ORIGIN).or_else(|| headers.get(REFERER));
    let Some(from) = from else { return true };
    let Some(from) = from.to_str().ok().and_then(|from| Url::parse(from).ok()) else { return false };
    let is_from = |host: &&str| {
        Url::parse(&format!("{}://{host}/", from.scheme())).is_ok_and(|own| own.origin() == from.origin())
    };
    from.origin().is_tuple() && (base.is_some_and(|base| base.origin() == from.origin()) || hosts.iter().any(is_from))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_from_this_page_or_from_no_page() {
        let base = Url::parse("https://example.org/radio/").unwrap();
        let ours = |pairs: &[(HeaderName, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
            is_ours(&headers, &["192.168.1.5:8080", ""], Some(&base))
        };
        assert!(ours(&[]));
        assert!(ours(&[(SITE, "same-origin"), (ORIGIN, "https://elsewhere.example")]));
        assert!(ours(&[(ORIGIN, "http://192.168.1.5:8080")]));
        assert!(ours(&[(ORIGIN, "https://example.org")]));
        assert!(ours(&[(REFERER, "https://example.org/radio/shows/x")]));
        for bad in [
            (SITE, "cross-site"),
            (SITE, "same-site"),
            (SITE, ""),
            (ORIGIN, "null"),
            (ORIGIN, "http://192.168.1.5:8081"),
            (ORIGIN, "http://example.org"),
            (ORIGIN, "https://example.org.evil.example"),
            (ORIGIN, "https://example.org:444"),
            (REFERER, "https://evil.example/?https://example.org/"),
            (REFERER, "about:blank"),
        ] {
            assert!(!ours(std::slice::from_ref(&bad)), "{bad:?}");
        }
    }
}
