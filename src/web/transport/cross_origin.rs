//! Lets scripts of pages elsewhere play what is here, if the file names those pages: playlists, segments and sound, and
//! nothing else (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! Cookies are never sent along: a page elsewhere opens what a token or a link to share opens, or asks for the password
//! itself.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::config::Origins;
use crate::web::current::Current;

/// The beginnings of the addresses of sound.
const SOUND: [&str; 4] = ["/recordings/", "/media/", "/download/", "/live/"];
/// What a script may ask with, and what of an answer it may see.
const ASKS: HeaderValue = HeaderValue::from_static("range, if-range, if-none-match, if-modified-since, authorization");
const SEES: HeaderValue = HeaderValue::from_static("accept-ranges, content-length, content-range, etag, retry-after");
/// For how many seconds a browser need not ask again whether it may ask.
const KEPT: HeaderValue = HeaderValue::from_static("86400");
/// What browsers ask for before a page of the internet may reach a machine at home.
const ASKS_NEAR: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_NEAR: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Answers whether a script elsewhere may ask, and lets it see the answers.
pub async fn allow(State(current): State<Current>, request: Request, next: Next) -> Response {
    let config = current.config();
    let origins = &config.web.origins;
    if origins.is_empty() || !is_sound(request.uri().path()) {
        return next.run(request).await;
    }
    let allowed = allowed(origins, request.headers());
    let is_question =
        *request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let is_near = request.headers().contains_key(ASKS_NEAR);
    let mut response = match &allowed {
        Some(_) if is_question => (StatusCode::NO_CONTENT, Body::empty()).into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    // What one origin may see must not be kept for another.
    headers.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = allowed else { return response };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if is_question {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ASKS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
        if is_near {
            headers.insert(ALLOWS_NEAR, HeaderValue::from_static("true"));
        }
    } else {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, SEES);
    }
    response
}

/// Returns the origin of who asks, if it is one that may.
fn allowed(origins: &Origins, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    origin.to_str().is_ok_and(|text| origins.allow(text)).then(|| origin.clone())
}

/// Whether an address is that of sound, or of a playlist. What is right below a link to share is its page.
fn is_sound(path: &str) -> bool {
    let of_link =
        path.strip_prefix("/s/").is_some_and(|rest| rest.split_once('/').is_some_and(|(_, file)| !file.is_empty()));
    of_link || SOUND.iter().any(|begins| path.starts_with(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_is_for_pages_elsewhere() {
        for path in [
            "/recordings/x/hls/master.m3u8",
            "/media/x.mp3",
            "/live/kbs/playlist.m3u8",
            "/s/token/hls/128k.m3u8",
            "/s/token/x.mp3",
        ] {
            assert!(is_sound(path), "{path}");
        }
        for path in ["/", "/api/v1/recordings", "/s/token", "/s/token/", "/sign-in", "/feed.xml", "/metrics"] {
            assert!(!is_sound(path), "{path}");
        }
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let origins = Origins { everybody: false, named: vec!["https://player.example".to_owned()] };
        let allowed = |origin: &'static str| {
            let headers: HeaderMap = [(ORIGIN, HeaderValue::from_static(origin))].into_iter().collect();
            allowed(&origins, &headers).is_some()
        };
        assert!(allowed("https://player.example"));
        for other in ["null", "http://player.example", "https://player.example.evil", "https://player.example:444"] {
            assert!(!allowed(other), "{other}");
        }
    }
}
