//! HTTP clients and capped requests.
//!
//! One client is one cookie jar: a deck makes one per capture, so that cookies set by a station's page reach its
//! segments and no other station's. There is no total timeout, because live bodies never end; connecting is bounded
//! (5 s), silence is bounded (10 s without a byte), and every body read whole is bounded in size.
//!
//! Answers are read as players read them: a line of the head that cannot be understood, a status line of another
//! century, a body that is not compressed as it says (`odd`, `head`, `coding`).

mod chunked;
mod coding;
mod error;
mod extra;
mod head;
mod limits;
mod names;
mod odd;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod reasons;
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
pub use self::error::HttpError;
pub use self::extra::Extra;
pub use self::limits::{CONNECT_TIMEOUT, READ_TIMEOUT};
use self::names::Names;
use super::clock::SharedClock;
use super::redact;

/// Redirects followed before a station is called a loop.
const MAX_REDIRECTS: usize = 10;
/// The most lines of a head; strict readers stop at 100.
const MAX_HEADERS: usize = 500;
/// How many servers whose answers are odd are remembered.
const MOST_ODD: usize = 64;
/// So many connections to a host are kept that nobody uses: each has buffers of 50 KiB, and a station that is taped needs a
/// second one for a moment only, as when a long window is fetched.
const IDLE: usize = 1;
const NAME: &str = concat!("aircheck/", env!("CARGO_PKG_VERSION"));

/// How a client asks.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// Sent with every request.
    pub headers: &'a [(String, String)],
    /// Whether a server is believed whose certificate is not valid.
    pub accept_invalid: bool,
    /// The longest silence of a body.
    pub patience: Duration,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self { headers: &[], accept_invalid: false, patience: READ_TIMEOUT }
    }
}

/// A client with a cookie jar of its own.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
    extra: Extra,
}

#[derive(Debug)]
struct Inner {
    strict: reqwest::Client,
    headers: HeaderMap,
    /// Which of these the user asked for.
    own: HashSet<HeaderName>,
    jar: Arc<Jar>,
    tls: ClientConfig,
    patience: Duration,
    clock: SharedClock,
    /// Servers, by host and port, whose answers only a lenient reader understands.
    odd: Mutex<HashSet<String>>,
}

/// A client that asks as `manner` says. How long it waits for a connection and for more of a body is real time: reqwest
/// knows no other clock. All other bounds are those of `clock`.
pub fn client(manner: Manner<'_>, clock: &SharedClock) -> Result<Client, HttpError> {
    let mut headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(NAME))]);
    let own = header_map(manner.headers)?;
    headers.extend(own.clone());
    let own = own.into_iter().filter_map(|(name, _)| name).collect();
    let tls = tls::config(manner.accept_invalid).map_err(|error| HttpError::Client(error.to_string()))?;
    let jar = Arc::new(Jar::default());
    let strict = reqwest::Client::builder()
        .default_headers(headers.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(manner.patience)
        .cookie_provider(Arc::clone(&jar))
        .pool_max_idle_per_host(IDLE)
        .dns_resolver(Arc::new(Names))
        .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS))
        .tls_backend_preconfigured(tls.clone())
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        .http09_responses()
        .build()
        .map_err(|error| HttpError::Client(error.to_string()))?;
    let patience = manner.patience;
    let clock = clock.clone();
    let inner = Inner { strict, headers, own, jar, tls, patience, clock, odd: Mutex::default() };
    Ok(Client { inner: Arc::new(inner), extra: Extra::default() })
}

impl Client {
    /// This client, which sends `extra` where there are any, but never instead of what the user asked for.
    #[must_use]
    pub fn with(&self, extra: &Extra) -> Self {
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

    /// One question and its answer, redirects of a strict server included.
    async fn ask(&self, url: &Url, headers: &HeaderMap) -> Result<Response, HttpError> {
        let server = format!("{}:{:?}", url.host_str().unwrap_or_default(), url.port_or_known_default());
        if self.odd().contains(&server) {
            return self.ask_leniently(url, headers).await;
        }
        match self.inner.strict.get(url.clone()).headers(headers.clone()).send().await {
            Ok(response) if response.version() == Version::HTTP_09 => odd::understood(response).await,
            Ok(response) => Ok(response),
            Err(error) if reasons::is_odd(&error) => {
                tracing::debug!(url = %redact::url(url), %error, "an odd answer; asking again, leniently");
                {
                    let mut odd = self.odd();
                    if odd.len() < MOST_ODD {
                        odd.insert(server);
                    }
                }
                self.ask_leniently(url, headers).await
            }
            Err(error) => Err(HttpError::from_reqwest(&error, url)),
        }
    }

    fn odd(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.inner.odd.lock().unwrap_or_else(PoisonError::into_inner)
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
        let Inner { tls, patience, clock, .. } = &*self.inner;
        let response = odd::ask(url, all, tls.clone(), *patience, clock.clone()).await?;
        let mut cookies = response.headers().get_all(SET_COOKIE).iter().peekable();
        if cookies.peek().is_some() {
            self.inner.jar.set_cookies(&mut cookies, url);
        }
        Ok(response)
    }
}

/// The user and password of an address, as servers want them (RFC 7617).
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
    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With these headers instead of those of the client.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sends it, and follows redirects; whatever the status in the end. An answer without any head has the version 0.9.
    pub async fn send(self) -> Result<Response, HttpError> {
        let Self { client, mut url, mut headers } = self;
        for _ in 0..=MAX_REDIRECTS {
            let response = client.ask(&url, &headers).await?;
            let Some(next) = odd::moved(&response) else { return Ok(response) };
            headers = odd::carried(headers, &url, &next);
            url = next;
        }
        Err(HttpError::Maze { url: redact::url(&url), most: MAX_REDIRECTS })
    }
}

/// `headers` as reqwest wants them.
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
    /// Where it came from in the end, after redirects: relative URLs in it are relative to this.
    pub url: Url,
    /// Its `Content-Type`, lower case, or nothing.
    pub content_type: String,
    /// The bytes, decompressed.
    pub bytes: Bytes,
}

/// A body as far as it came.
#[derive(Debug)]
pub struct Partial {
    /// What came of it.
    pub body: Body,
    /// Why that is not all, where it is not.
    pub cut: Option<HttpError>,
}

/// Sends `request` for `url` and reads a 2xx body of at most `cap` bytes, in at most `limit`.
pub async fn read_whole(request: Request, url: &Url, cap: usize, limit: Duration) -> Result<Body, HttpError> {
    let Partial { body, cut } = read_partial(request, url, cap, limit, |_| false).await?;
    cut.map_or(Ok(body), Err)
}

/// As [`read_whole`], but of a body that breaks off, is too long or takes too long, what came is handed over, too. Nothing
/// more is read once what came is `enough`.
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
                // Half of what is compressed is nothing.
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
    let mut response = request.send().await?;
    if !response.status().is_success() {
        return Err(HttpError::Status { url: redact::url(url), status: response.status() });
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

/// The `Content-Type` of an answer, lower case, or nothing.
pub fn content_type(response: &Response) -> String {
    text_of(response, CONTENT_TYPE).to_ascii_lowercase()
}

fn text_of(response: &Response, name: HeaderName) -> String {
    let value = response.headers().get(name);
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).unwrap_or_default()
}

/// All `bytes` of the body of `response` to `url`, decompressed where they are compressed, whatever its head says.
/// At most `cap` of them.
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
