//! Signing in and out, with forms that need no script.

use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde::Deserialize;

use super::form::field;
use super::render::render;
use crate::config::Auth;
use crate::web::Site;
use crate::web::auth::door::SIGN_IN;
use crate::web::auth::{Refused, cookie};
use crate::web::transport::client;

/// Where the client wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    next: String,
}

/// Returns the form.
pub(super) async fn page(State(site): State<Site>, Query(wanted): Query<Wanted>, headers: HeaderMap) -> Response {
    if !site.is_guarded() {
        return to(&site, &wanted.next);
    }
    form(&site, &headers, StatusCode::OK, &wanted.next, None)
}

/// Checks the password of the form, and begins a session.
pub(super) async fn sign_in(
    State(site): State<Site>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let field = |name| field(&body, name).unwrap_or_default();
    let config = site.config();
    let next = field("next");
    let Auth::Password(hash) = &config.web.auth else { return to(&site, &next) };
    let client = client::address(&config.web, &extensions, &headers);
    match site.access.sign_in(hash, client, &field("password")).await {
        Ok(id) => {
            if let Some(before) = cookie::read(&config.web, &extensions, &headers) {
                site.access.sign_out(before).await;
            }
            with_cookie(to(&site, &next), cookie::set(&config.web, &extensions, &headers, &id))
        }
        Err(Refused::Wrong) => form(&site, &headers, StatusCode::UNAUTHORIZED, &next, Some(&Trouble::Wrong)),
        Err(Refused::TooMany(wait)) => {
            let seconds = wait.as_secs() + 1;
            let trouble = Some(&Trouble::Wait(seconds));
            let mut response = form(&site, &headers, StatusCode::TOO_MANY_REQUESTS, &next, trouble);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Err(Refused::Unable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Ends the session.
pub(super) async fn sign_out(State(site): State<Site>, request: Request) -> Response {
    let web = &site.config().web;
    let (extensions, headers) = (request.extensions(), request.headers());
    if let Some(id) = cookie::read(web, extensions, headers) {
        site.access.sign_out(id).await;
    }
    let gone = cookie::forget(web, extensions, headers);
    with_cookie(see(&format!("{}{SIGN_IN}", site.root())), gone)
}

/// Why the password was not accepted.
enum Trouble {
    Wrong,
    Wait(u64),
}

fn form(site: &Site, headers: &HeaderMap, status: StatusCode, next: &str, trouble: Option<&Trouble>) -> Response {
    let (wrong, wait) = match trouble {
        Some(Trouble::Wrong) => (true, None),
        Some(Trouble::Wait(seconds)) => (false, Some(*seconds)),
        None => (false, None),
    };
    let mut response = render("sign_in.html", site, headers, status, context! { next, wrong, wait });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Redirects to where the client wanted to go, if that is on this site.
fn to(site: &Site, next: &str) -> Response {
    see(&format!("{}{}", site.root(), inside(next)))
}

/// Returns `next` if it is a path on this site; otherwise the first page. Refuses what browsers take for another host,
/// and what could end the header.
fn inside(next: &str) -> &str {
    let good = next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && next.chars().all(|c| c.is_ascii_graphic())
        && !next.starts_with(SIGN_IN);
    if good { next } else { "/" }
}

fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, address), (CACHE_CONTROL, "no-store")]).into_response()
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_redirects_to_another_site() {
        for good in ["/", "/shows/x?a=b", "/schedule"] {
            assert_eq!(inside(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/a\r\nSet-Cookie: x",
            "/\t/x",
            "/sign-in",
        ] {
            assert_eq!(inside(bad), "/", "{bad:?}");
        }
    }
}
