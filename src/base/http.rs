//! HTTP clients and capped requests.
//!
//! One client is one cookie jar: a deck makes one per capture, so that cookies set by a station's page reach its
//! segments and no other station's. There is no total timeout, because live bodies never end. Connecting is bounded (5
//! s), silence is bounded (10 s without a byte), and every body that is read whole is bounded in size.
//!
//! Answers are read as players read them, even if a line of the head cannot be understood, the status line is of
//! another century, or the body is not compressed as the head says (`lenient`, `head`, `coding`).

mod chunked;
mod coding;
mod dates;
mod dns;
mod error;
mod extra_headers;
mod guard;
mod head;
mod lenient;
mod limits;
mod near;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod reach;
mod reasons;
mod retry_after;
mod storage;
mod tls;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue,
    SET_COOKIE, USER_AGENT,
};
use reqwest::{Response, Version};
use rustls::ClientConfig;
use url::Url;

use self::coding::Coded;
use self::dns::SystemResolver;
pub use self::error::HttpError;
pub use self::extra_headers::ExtraHeaders;
use self::guard::{Guard, OutOfReach};
pub use self::limits::{CONNECT_TIMEOUT, READ_TIMEOUT};
use self::reach::ANYWHERE;
pub use self::reach::Reach;
pub use self::reasons::innermost;
pub use self::storage::storage_client;
pub use self::tls::TlsTrouble;
use super::clock::SharedClock;
use super::clock::witnesses::Witnesses;
use super::redact;

/// Redirects followed before a station is called a loop.
const MAX_REDIRECTS: usize = 10;
/// The most lines of a head; strict readers stop at 100.
const MAX_HEADERS: usize = 500;
/// How many servers are remembered that need a lenient reader.
const MOST_LENIENT: usize = 64;
/// How many unused connections to a host are kept if nothing else is asked for. Each has buffers of 50 KiB, and a station
/// that is taped needs a second one only for a moment, as when a long window is fetched.
const IDLE: usize = 1;
const NAME: &str = concat!("aircheck/", env!("CARGO_PKG_VERSION"));

/// How a client asks.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// Sent with every request.
    pub headers: &'a [(String, String)],
    /// Whether a server with an invalid certificate is accepted.
    pub accept_invalid: bool,
    /// The longest silence of a body.
    pub patience: Duration,
    /// How many unused connections to a host are kept.
    pub idle: usize,
    /// Which addresses it may connect to.
    pub reach: &'a Reach,
    /// Who remembers what time it is by the clocks of those that answer.
    pub witnesses: Option<&'a Witnesses>,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        let (headers, reach) = (&[][..], &ANYWHERE);
        Self { headers, accept_invalid: false, patience: READ_TIMEOUT, idle: IDLE, reach, witnesses: None }
    }
}

/// A client with a cookie jar of its own.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
    extra: ExtraHeaders,
}

#[derive(Debug)]
struct Inner {
    strict: reqwest::Client,
    headers: HeaderMap,
    /// The names of the headers that the user asked for.
    own: HashSet<HeaderName>,
    jar: Arc<Jar>,
    tls: ClientConfig,
    patience: Duration,
    clock: SharedClock,
    witnesses: Option<Witnesses>,
    /// Says which addresses may be connected to. `None`: all.
    guard: Option<Guard>,
    /// Servers, by host and port, whose answers need a lenient reader.
    lenient_servers: Mutex<HashSet<String>>,
}

/// A client with the options in `manner`. How long it waits for a connection and for more of a body is real time: reqwest
/// knows no other clock. All other bounds are those of `clock`.
pub fn client(manner: Manner<'_>, clock: &SharedClock) -> Result<Client, HttpError> {
    let mut headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(NAME))]);
    let own = header_map(manner.headers)?;
    headers.extend(own.clone());
    let own = own.into_iter().filter_map(|(name, _)| name).collect();
    let tls = tls::config(manner.accept_invalid).map_err(|error| HttpError::Client(error.to_string()))?;
    let jar = Arc::new(Jar::default());
    let guard = manner.reach.guard();
    let mut strict = reqwest::Client::builder()
        .default_headers(headers.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(manner.patience)
        .cookie_provider(Arc::clone(&jar))
        .pool_max_idle_per_host(manner.idle)
        .dns_resolver(Arc::new(SystemResolver { guard: guard.clone() }))
        .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS))
        .tls_backend_preconfigured(tls.clone())
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        .http09_responses();
    if let Some(guard) = &guard {
        strict = strict.no_proxy().redirect(guarded_redirects(guard.clone()));
    }
    let strict = strict.build().map_err(|error| HttpError::Client(error.to_string()))?;
    let (patience, clock, witnesses) = (manner.patience, clock.clone(), manner.witnesses.cloned());
    let lenient_servers = Mutex::default();
    let inner = Inner { strict, headers, own, jar, tls, patience, clock, witnesses, guard, lenient_servers };
    Ok(Client { inner: Arc::new(inner), extra: ExtraHeaders::default() })
}

/// Follows redirects to what `guard` lets through. What is a name is checked when it is looked up.
fn guarded_redirects(guard: Guard) -> reqwest::redirect::Policy {
    let usual = reqwest::redirect::Policy::limited(MAX_REDIRECTS);
    reqwest::redirect::Policy::custom(move |attempt| match guard.check_url(attempt.url()) {
        Ok(()) => usual.redirect(attempt),
        Err(refused) => attempt.error(refused),
    })
}

impl Client {
    /// This client with `extra` headers, none of which replaces a header that the user asked for.
    #[must_use]
    pub fn with(&self, extra: &ExtraHeaders) -> Self {
        let extra = if extra.is_empty() { &self.extra } else { extra };
        Self { inner: Arc::clone(&self.inner), extra: extra.clone() }
    }

    /// The clock of what is asked.
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// A request for `url`.
    pub fn get(&self, url: Url) -> Request {
        Request { client: self.clone(), url, headers: self.extra.beside(&self.inner.own) }
    }

    /// Sends one request, and remembers what time it is by the answer.
    async fn ask(&self, url: &Url, headers: &HeaderMap) -> Result<Response, HttpError> {
        let sent = self.inner.clock.monotonic();
        let response = self.request(url, headers).await?;
        if let Some(witnesses) = &self.inner.witnesses
            && let Some(host) = response.url().host_str()
            && let Some(told) = dates::told(response.headers())
        {
            witnesses.note_date(host, told, (sent, self.inner.clock.monotonic()));
        }
        Ok(response)
    }

    /// Sends one request. Redirects of a server that needs no lenient reader are followed.
    async fn request(&self, url: &Url, headers: &HeaderMap) -> Result<Response, HttpError> {
        if let Some(guard) = &self.inner.guard {
            let refused =
                |error: OutOfReach| HttpError::OutOfReach { url: redact::url(url), reason: error.to_string() };
            guard.check_url(url).map_err(refused)?;
        }
        let server = format!("{}:{:?}", url.host_str().unwrap_or_default(), url.port_or_known_default());
        if self.lenient_servers().contains(&server) {
            return self.ask_leniently(url, headers).await;
        }
        match self.inner.strict.get(url.clone()).headers(headers.clone()).send().await {
            Ok(response) if response.version() == Version::HTTP_09 => lenient::understood(response).await,
            Ok(response) => Ok(response),
            Err(error) if reasons::is_malformed(&error) => {
                tracing::debug!(url = %redact::url(url), %error, "a malformed answer; asking again with the lenient reader");
                {
                    let mut odd = self.lenient_servers();
                    if odd.len() < MOST_LENIENT {
                        odd.insert(server);
                    }
                }
                self.ask_leniently(url, headers).await
            }
            Err(error) => Err(HttpError::from_reqwest(&error, url)),
        }
    }

    fn lenient_servers(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.inner.lenient_servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_leniently(&self, url: &Url, headers: &HeaderMap) -> Result<Response, HttpError> {
        let mut all = self.inner.headers.clone();
        for (name, value) in headers {
            all.insert(name, value.clone());
        }
        if let (Some(cookies), false) = (self.inner.jar.cookies(url), all.contains_key(COOKIE)) {
            all.insert(COOKIE, cookies);
        }
        if let (Some(login), false) = (login(url), all.contains_key(AUTHORIZATION)) {
            all.insert(AUTHORIZATION, login);
        }
        let Inner { tls, patience, clock, guard, .. } = &*self.inner;
        let response = lenient::ask(url, all, (tls.clone(), guard.clone()), *patience, clock.clone()).await?;
        let mut cookies = response.headers().get_all(SET_COOKIE).iter().peekable();
        if cookies.peek().is_some() {
            self.inner.jar.set_cookies(&mut cookies, url);
        }
        Ok(response)
    }
}

/// The user and password of an address as an `Authorization` header (RFC 7617).
fn login(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let both = [plain(url.username()), b":".to_vec(), plain(url.password().unwrap_or_default())].concat();
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(both))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A request that has not been sent.
#[derive(Debug, Clone)]
pub struct Request {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl Request {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Replaces the headers of the client by `headers`.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sends it and follows redirects. Any status is an answer. An answer without a head has the version 0.9.
    pub async fn send(self) -> Result<Response, HttpError> {
        let Self { client, mut url, mut headers } = self;
        for _ in 0..=MAX_REDIRECTS {
            let response = client.ask(&url, &headers).await?;
            let Some(next) = lenient::moved(&response) else { return Ok(response) };
            headers = lenient::carried(headers, &url, &next);
            url = next;
        }
        Err(HttpError::RedirectLoop { url: redact::url(&url), most: MAX_REDIRECTS })
    }
}

/// Converts `headers` for reqwest.
pub fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    headers
        .iter()
        .map(|(name, value)| {
            let bad = || HttpError::Header { name: name.clone() };
            Ok((HeaderName::try_from(name).map_err(|_| bad())?, HeaderValue::try_from(value).map_err(|_| bad())?))
        })
        .collect()
}

/// A body read whole.
#[derive(Debug, Clone)]
pub struct Body {
    /// The URL after redirects: relative URLs in the body are relative to it.
    pub url: Url,
    /// Its `Content-Type` in lower case, or empty.
    pub content_type: String,
    /// The bytes, decompressed.
    pub bytes: Bytes,
}

/// A body as far as it arrived.
#[derive(Debug)]
pub struct Partial {
    /// What arrived.
    pub body: Body,
    /// Why it is not all; `None` if it is.
    pub cut: Option<HttpError>,
}

/// Sends `request` for `url` and reads a 2xx body of at most `cap` bytes within `limit`.
pub async fn read_whole(request: Request, url: &Url, cap: usize, limit: Duration) -> Result<Body, HttpError> {
    let Partial { body, cut } = read_partial(request, url, cap, limit, |_| false).await?;
    cut.map_or(Ok(body), Err)
}

/// Reads as [`read_whole`] does, but returns what arrived even if the body breaks off, is too long or takes too long.
/// Stops reading once what arrived is `enough`.
pub async fn read_partial(
    request: Request,
    url: &Url,
    cap: usize,
    limit: Duration,
    enough: impl Fn(&[u8]) -> bool,
) -> Result<Partial, HttpError> {
    let request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let mut begun = None;
    let clock = request.client.clock().clone();
    let reading = clock.timeout(limit, read_capped(request, url, cap, enough, &mut begun)).await;
    let late = HttpError::TimedOut { url: redact::url(url), what: "did not send all of its answer within", limit };
    let cut = reading.unwrap_or(Err(late)).err();
    match (begun, cut) {
        (Some(Begun { url: landed, content_type, coding, bytes }), cut) => {
            let bytes = match (unpacked(bytes.freeze(), &coding, url, cap), cut.is_some()) {
                (Ok(bytes), _) => bytes,
                // Half of a compressed body is of no use.
                (Err(_), true) => Bytes::new(),
                (Err(error), false) => return Err(error),
            };
            Ok(Partial { body: Body { url: landed, content_type, bytes }, cut })
        }
        (None, Some(error)) => Err(error),
        (None, None) => Err(HttpError::Broken { url: redact::url(url), reason: "no answer".to_owned() }),
    }
}

/// An answer that is being read.
struct Begun {
    url: Url,
    content_type: String,
    coding: String,
    bytes: BytesMut,
}

async fn read_capped(
    request: Request,
    url: &Url,
    cap: usize,
    enough: impl Fn(&[u8]) -> bool,
    begun: &mut Option<Begun>,
) -> Result<(), HttpError> {
    let now = request.client.clock().now();
    let mut response = request.send().await?;
    if !response.status().is_success() {
        return Err(HttpError::answered(&response, url, now));
    }
    let content_type = content_type(&response);
    let coding = text_of(&response, CONTENT_ENCODING);
    let too_large = || HttpError::TooLarge { url: redact::url(url), cap };
    if response.content_length().is_some_and(|length| length > cap as u64) {
        return Err(too_large());
    }
    let landed = response.url().clone();
    let Begun { bytes, .. } = begun.insert(Begun { url: landed, content_type, coding, bytes: BytesMut::new() });
    while let Some(part) = response.chunk().await.map_err(|error| HttpError::from_reqwest(&error, url))? {
        if bytes.len().saturating_add(part.len()) > cap {
            return Err(too_large());
        }
        bytes.extend_from_slice(&part);
        if enough(bytes) {
            break;
        }
    }
    Ok(())
}

/// The `Content-Type` of an answer in lower case, or empty.
pub fn content_type(response: &Response) -> String {
    text_of(response, CONTENT_TYPE).to_ascii_lowercase()
}

fn text_of(response: &Response, name: HeaderName) -> String {
    let value = response.headers().get(name);
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).unwrap_or_default()
}

/// Decompresses `bytes`, the whole body of `response` to `url`, if they are compressed, whatever its head says. At most
/// `cap` bytes.
pub fn decoded(bytes: Bytes, response: &Response, url: &Url, cap: usize) -> Result<Bytes, HttpError> {
    unpacked(bytes, &text_of(response, CONTENT_ENCODING), url, cap)
}

fn unpacked(bytes: Bytes, coding: &str, url: &Url, cap: usize) -> Result<Bytes, HttpError> {
    coding::plain(bytes, coding, cap).map_err(|coded| match coded {
        Coded::TooLarge => HttpError::TooLarge { url: redact::url(url), cap },
        Coded::Unreadable(reason) => HttpError::Compressed { url: redact::url(url), reason },
    })
}

#[cfg(test)]
mod tests;
