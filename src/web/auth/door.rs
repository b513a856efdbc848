//! The door: checks the key of each request, if the page has a password.
//!
//! There are three keys: a session (browsers); the password itself with every request (Basic, RFC 7617, with any user
//! name: podcast apps, curl); and the token of a feed or of the calendar, which opens only that and what belongs to it.
//! Without a key a client gets the sign-in page, scripts and styles, and whether the service is alive; and what is at the
//! address of a link to share, whose handlers look up its token. Nobody is told where somebody came from who followed such a
//! link, and no search engine lists it.

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
use crate::web::address;
use crate::web::answer::refused;
use crate::web::current::Current;
use crate::web::transport::client;

/// The address of the sign-in page.
pub const SIGN_IN: &str = "/sign-in";
/// Only browsers send it: whether a person navigates to the address, or a script asks.
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Checks keys. Clones share one state.
#[derive(Debug, Clone)]
pub struct Door {
    /// Knows the sessions, tokens and passwords.
    pub access: Arc<Access>,
    /// Says whether there is a password.
    pub current: Current,
}

/// The key that opened the door.
enum Key {
    Session { id: String, renewed: bool },
    Password(PasswordHash),
    Token,
}

/// Tells search engines what not to do with an answer.
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Passes a request on if its key is valid, or if none is needed.
pub async fn authenticate(State(door): State<Door>, request: Request, next: Next) -> Response {
    let is_link = address::is_link(request.uri().path());
    let mut response = admit(door, request, next).await;
    if is_link {
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response.headers_mut().insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    }
    response
}

async fn admit(door: Door, request: Request, next: Next) -> Response {
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
    make_private(headers);
    end_with_key(door, key, response)
}

impl Door {
    /// Returns the valid key of a request, or the answer that refuses it.
    async fn key(&self, web: &Web, hash: &PasswordHash, request: &Parts) -> Result<Key, Response> {
        let (extensions, headers) = (&request.extensions, &request.headers);
        if let Some(id) = cookie::read(web, extensions, headers)
            && let Some(session) = self.access.session(hash, id).await
        {
            return Ok(Key::Session { id: id.to_owned(), renewed: session.renewed });
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
            return Err(if token.is_none() { without_key(web, request) } else { unauthorized(request) });
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

    /// Returns whether a token opens what is asked for.
    fn opens(&self, reach: &Reach, token: &str) -> bool {
        let opens = |feed| self.access.is_token(feed, token);
        match reach {
            Reach::FeedOfAll => opens(Feed::All),
            Reach::FeedOf(show) => opens(Feed::Of(show)),
            Reach::Calendar => opens(Feed::Calendar),
            Reach::PartOf(show) => opens(Feed::Of(show)) || opens(Feed::All),
        }
    }

    /// Waits until a key is no longer valid.
    async fn until_invalid(self, key: Key) {
        let (mut endings, mut current) = (self.access.endings(), self.current.clone());
        loop {
            let changed = tokio::select! {
                changed = endings.changed() => changed.is_ok(),
                changed = current.changed() => changed,
            };
            if !changed || !self.is_valid(&key).await {
                return;
            }
        }
    }

    async fn is_valid(&self, key: &Key) -> bool {
        let config = self.current.config();
        let Auth::Password(hash) = &config.web.auth else { return true };
        match key {
            Key::Session { id, .. } => self.access.session(hash, id).await.is_some(),
            Key::Password(known) => known == hash,
            Key::Token => true,
        }
    }
}

/// Marks an answer as private, so that a shared cache does not store it.
fn make_private(headers: &mut HeaderMap) {
    let directives = headers.get(CACHE_CONTROL).and_then(|directives| directives.to_str().ok()).unwrap_or_default();
    let mut words: Vec<_> = directives.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let says = |word: &str| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    if says("private") || says("no-store") {
        return;
    }
    words.retain(|word| !word.eq_ignore_ascii_case("public"));
    words.insert(0, "private");
    headers
        .insert(CACHE_CONTROL, HeaderValue::try_from(words.join(", ")).unwrap_or(HeaderValue::from_static("private")));
}

/// Ends an answer without an end, such as events, when its key is no longer valid.
fn end_with_key(door: Door, key: Key, response: Response) -> Response {
    if matches!(key, Key::Token) || response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(door.until_invalid(key)))))
}

/// Returns whether anybody may see this address.
fn is_open(path: &str) -> bool {
    // An address below a file gets the page for unknown addresses, which names all shows.
    let is_file = path.strip_prefix("/static/").is_some_and(|file| !file.contains('/'));
    path == SIGN_IN || path == "/healthz" || is_file || address::is_link(path)
}

/// Returns the password of a request with Basic authentication; the user name may be anything.
fn basic(headers: &HeaderMap) -> Option<String> {
    pair(headers).map(|(_, password)| password)
}

/// Returns the user name of a request with Basic authentication.
pub fn user(headers: &HeaderMap) -> Option<String> {
    pair(headers).map(|(user, _)| user)
}

fn pair(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let pair = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok()).flatten()?;
    let pair = String::from_utf8(pair).ok()?;
    pair.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// Returns the answer to a request without a key: browsers go to the sign-in page.
fn without_key(web: &Web, request: &Parts) -> Response {
    let headers = &request.headers;
    let says = |name: &HeaderName, word: &str| {
        headers
            .get(name)
            .is_some_and(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(word)))
    };
    let is_read = matches!(request.method, Method::GET | Method::HEAD);
    if !is_read || !says(&ACCEPT, "text/html") || (headers.contains_key(MODE) && !says(&MODE, "navigate")) {
        return unauthorized(request);
    }
    let wanted = request.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
    let query = if wanted == "/" { String::new() } else { format!("?{query}") };
    let to = format!("{}{SIGN_IN}{query}", web.root());
    (StatusCode::SEE_OTHER, [(LOCATION, to)], [(CACHE_CONTROL, "no-store")]).into_response()
}

/// Returns the answer that asks for the password. For a script's request, the challenge opens no window of the browser.
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
    fn no_shared_cache_stores_what_is_behind_the_door() {
        for (directives, sent) in [
            (None, "private"),
            (Some("max-age=86400, immutable"), "private, max-age=86400, immutable"),
            (Some("public, max-age=5"), "private, max-age=5"),
            (Some("no-store"), "no-store"),
            (Some("Private, no-cache"), "Private, no-cache"),
            (Some("no-cache"), "private, no-cache"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(directives) = directives {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(directives));
            }
            make_private(&mut headers);
            assert_eq!(headers[CACHE_CONTROL], sent, "{directives:?}");
        }
    }
}
