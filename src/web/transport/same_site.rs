//! What every answer says to the browser, and what every request must be: asked of this page by a name it has, and where
//! it changes something, asked by this page.

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, ORIGIN, REFERER, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::{client, host};
use crate::config::{Auth, Web};
use crate::language::Sentence;
use crate::web::answer::refused;
use crate::web::current::Current;

/// Scripts, styles, pictures and sound from here only, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Set by browsers alone: where the page is from that asks.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The host that a web server in front was asked for.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Stands before everything.
pub async fn check(State(current): State<Current>, mut request: Request, next: Next) -> Response {
    let objection = if host::settle(&mut request) {
        objection(&current.config().web, &request)
    } else {
        Some((StatusCode::BAD_REQUEST, Sentence::new("problem_no_host")))
    };
    let mut response = match objection {
        Some((status, sentence)) => refused(request.uri().path(), status, sentence),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    response
}

/// Why a request is not looked at.
fn objection(web: &Web, request: &Request) -> Option<(StatusCode, Sentence)> {
    let headers = request.headers();
    let host = host::of(headers).unwrap_or_default();
    let base = web.base_url.as_ref();
    // A page elsewhere can make a name of its own point to this machine (DNS rebinding) and read what is here. Such a
    // request names that host; a browser on this machine names an address or `localhost`. Where there is a password, the
    // other page does not know it, and its name has no session.
    let known = host::is_plain(host) || base.is_some_and(|base| host::is_of(host, base));
    if !known && !matches!(web.auth, Auth::Password(_)) {
        return Some((StatusCode::MISDIRECTED_REQUEST, Sentence::new("problem_unknown_name")));
    }
    // A page elsewhere cannot make a browser say this here: it would have to ask first whether it may.
    let forwarded =
        text(headers, &FORWARDED).filter(|_| client::is_believed(web, request.extensions())).unwrap_or_default();
    if !matches!(*request.method(), Method::GET | Method::HEAD) && !is_ours(headers, &[host, forwarded], base) {
        return Some((StatusCode::FORBIDDEN, Sentence::new("problem_other_site")));
    }
    None
}

/// Whether a change is asked for by a page of this site, or by no page at all. Browsers say from where they ask: all of
/// today's over HTTPS by `Sec-Fetch-Site`, and each with everything that changes something by `Origin`.
fn is_ours(headers: &HeaderMap, hosts: &[&str], base: Option<&Url>) -> bool {
    if headers.contains_key(SITE) {
        return text(headers, &SITE).is_some_and(|site| matches!(site, "same-origin" | "none"));
    }
    // An `Origin` that is no URL, such as `null`, is nobody's.
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
    fn changes_are_asked_for_by_this_page_or_by_no_page() {
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
