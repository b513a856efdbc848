//! The door: who may pass with which request, where the page has a password.
//!
//! There are three keys: a session (browsers), the password itself with every request (Basic, RFC 7617, under any name:
//! podcast apps, curl), and the token of a feed or of the calendar, which opens that and what belongs to it, and nothing else. Without
//! a key one finds the page where one signs in, how it looks, and that the service is alive.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use url::form_urlencoded;

use super::access::{Access, Feed, Refused, TOKEN};
use super::cookie;
use super::reach::{self, Reach};
use crate::base::password::PasswordHash;
use crate::config::{Auth, Web};
use crate::language::Sentence;
use crate::web::answer::refused;
use crate::web::current::Current;
use crate::web::transport::client;

/// Where one signs in.
pub const SIGN_IN: &str = "/sign-in";
/// Set by browsers alone: whether somebody goes to the address, or a script of a page asks.
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The door. Its clones are one.
#[derive(Debug, Clone)]
pub struct Door {
    /// Knows the keys.
    pub access: Arc<Access>,
    /// Says whether there is a password.
    pub current: Current,
}

/// What opened the door.
enum Key {
    Session { id: String, renewed: bool },
    Password(PasswordHash),
    Token,
}

/// Lets in who may.
pub async fn keep(State(door): State<Door>, request: Request, next: Next) -> Response {
    let config = door.current.config();
    let web = &config.web;
    let hash = match &web.auth {
        Auth::Anyone => return next.run(request).await,
        // A web server on this machine may ask on behalf of another one.
        Auth::Machine if client::is_here(web, request.extensions(), request.headers()) => {
            return next.run(request).await;
        }
        Auth::Machine => {
            let needed = Sentence::new("problem_no_password");
            return refused(request.uri().path(), StatusCode::FORBIDDEN, needed);
        }
        Auth::Password(hash) => hash,
    };
    if is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let key = match door.key(web, hash, &parts).await {
        Ok(key) => key,
        Err(refusal) => return refusal,
    };
    let cookie = match &key {
        Key::Session { id, renewed: true } => cookie::set(web, &parts.extensions, &parts.headers, id),
        _ => None,
    };
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let headers = response.headers_mut();
    if let Some(cookie) = cookie {
        headers.append(SET_COOKIE, cookie);
    }
    if matches!(key, Key::Token) {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    keep_private(headers);
    while_good(door, key, response)
}

impl Door {
    /// The key that a request has.
    async fn key(&self, web: &Web, hash: &PasswordHash, request: &Parts) -> Result<Key, Response> {
        let (extensions, headers) = (&request.extensions, &request.headers);
        if let Some(id) = cookie::read(web, extensions, headers)
            && let Some(good) = self.access.session(hash, id).await
        {
            return Ok(Key::Session { id: id.to_owned(), renewed: good.renewed });
        }
        let query = request.uri.query().unwrap_or_default().as_bytes();
        let token = form_urlencoded::parse(query).find(|(name, _)| name == TOKEN).map(|(_, token)| token);
        if let Some(token) = &token
            && matches!(request.method, Method::GET | Method::HEAD)
            && let Some(reach) = reach::of(request.uri.path())
            && self.opens(&reach, token)
        {
            return Ok(Key::Token);
        }
        let Some(password) = basic(headers) else {
            return Err(if token.is_none() { unknown(web, request) } else { unauthorized(request) });
        };
        let client = client::address(web, extensions, headers);
        match self.access.check(hash, client, &password).await {
            Ok(()) => Ok(Key::Password(hash.clone())),
            Err(Refused::Wrong) => Err(unauthorized(request)),
            Err(Refused::TooMany(wait)) => {
                let seconds = wait.as_secs() + 1;
                let many = Sentence::new("problem_too_many_passwords").with("seconds", seconds);
                let mut response = refused(request.uri.path(), StatusCode::TOO_MANY_REQUESTS, many);
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                Err(response)
            }
            Err(Refused::Unable) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }
    }

    /// Whether a token opens what is asked for.
    fn opens(&self, reach: &Reach, token: &str) -> bool {
        let opens = |feed| self.access.is_token(feed, token);
        match reach {
            Reach::FeedOfAll => opens(Feed::All),
            Reach::FeedOf(show) => opens(Feed::Of(show)),
            Reach::Calendar => opens(Feed::Calendar),
            Reach::PartOf(show) => opens(Feed::Of(show)) || opens(Feed::All),
        }
    }

    /// Waits until a key is good for nothing any more.
    async fn lapse(self, key: Key) {
        let (mut endings, mut current) = (self.access.endings(), self.current.clone());
        loop {
            let told = tokio::select! {
                told = endings.changed() => told.is_ok(),
                told = current.changed() => told,
            };
            if !told || !self.is_good(&key).await {
                return;
            }
        }
    }

    async fn is_good(&self, key: &Key) -> bool {
        let config = self.current.config();
        let Auth::Password(hash) = &config.web.auth else { return true };
        match key {
            Key::Session { id, .. } => self.access.session(hash, id).await.is_some(),
            Key::Password(known) => known == hash,
            Key::Token => true,
        }
    }
}

/// Says of an answer that it is for nobody else's eyes, where a cache stands between that many share.
fn keep_private(headers: &mut HeaderMap) {
    let told = headers.get(CACHE_CONTROL).and_then(|told| told.to_str().ok()).unwrap_or_default();
    let mut words: Vec<_> = told.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let says = |word: &str| words.iter().any(|told| told.eq_ignore_ascii_case(word));
    if says("private") || says("no-store") {
        return;
    }
    words.retain(|word| !word.eq_ignore_ascii_case("public"));
    words.insert(0, "private");
    headers
        .insert(CACHE_CONTROL, HeaderValue::try_from(words.join(", ")).unwrap_or(HeaderValue::from_static("private")));
}

/// Ends an answer that has no end of its own, such as events, when its key is good for nothing any more.
fn while_good(door: Door, key: Key, response: Response) -> Response {
    if matches!(key, Key::Token) || response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(door.lapse(key)))))
}

/// What anybody may see.
fn is_open(path: &str) -> bool {
    // Below a file there is nothing but the page that says so, which names all shows.
    let is_file = path.strip_prefix("/static/").is_some_and(|file| !file.contains('/'));
    path == SIGN_IN || path == "/healthz" || is_file
}

/// The password that stands in a request; the name before it may be anything.
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let pair = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok()).flatten()?;
    String::from_utf8(pair).ok()?.split_once(':').map(|(_, password)| password.to_owned())
}

/// For somebody without a key: the page where one signs in, if it is somebody with a browser.
fn unknown(web: &Web, request: &Parts) -> Response {
    let headers = &request.headers;
    let says = |name: &HeaderName, word: &str| {
        headers
            .get(name)
            .is_some_and(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(word)))
    };
    let looks = matches!(request.method, Method::GET | Method::HEAD);
    if !looks || !says(&ACCEPT, "text/html") || (headers.contains_key(MODE) && !says(&MODE, "navigate")) {
        return unauthorized(request);
    }
    let wanted = request.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
    let query = if wanted == "/" { String::new() } else { format!("?{query}") };
    let to = format!("{}{SIGN_IN}{query}", web.root());
    (StatusCode::SEE_OTHER, [(LOCATION, to)], [(CACHE_CONTROL, "no-store")]).into_response()
}

/// The password is asked for; by a script's request in a way that opens no window of the browser.
fn unauthorized(request: &Parts) -> Response {
    let script = request.headers.get(MODE).is_some_and(|mode| mode != "navigate");
    let challenge = if script { "Session realm=\"aircheck\"" } else { "Basic realm=\"aircheck\", charset=\"UTF-8\"" };
    let needed = Sentence::new("problem_password_needed");
    let mut response = refused(request.uri.path(), StatusCode::UNAUTHORIZED, needed);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_the_door_is_kept_by_nobody_for_others() {
        for (told, sent) in [
            (None, "private"),
            (Some("max-age=86400, immutable"), "private, max-age=86400, immutable"),
            (Some("public, max-age=5"), "private, max-age=5"),
            (Some("no-store"), "no-store"),
            (Some("Private, no-cache"), "Private, no-cache"),
            (Some("no-cache"), "private, no-cache"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(told) = told {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(told));
            }
            keep_private(&mut headers);
            assert_eq!(headers[CACHE_CONTROL], sent, "{told:?}");
        }
    }
}
