//! HTTP clients and capped requests.
//!
//! One client is one cookie jar: a deck makes one per capture, so that cookies set by a station's page reach its
//! segments and no other station's. There is no total timeout, because live bodies never end; connecting is bounded
//! (5 s), silence is bounded (10 s without a byte), and every body read whole is bounded in size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, StatusCode};
use thiserror::Error;
use url::Url;

use super::redact;

/// The longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest silence on a connection that should deliver.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Redirects followed before a station is called a loop.
const MAX_REDIRECTS: usize = 10;

/// What went wrong with a request, in words that may be shown: URLs are redacted.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The client could not be made.
    #[error("no HTTPS client could be made: {0}; is the package ca-certificates installed?")]
    Client(String),
    /// A header from the configuration is not one.
    #[error("the header {name:?} or its value cannot be sent over HTTP")]
    Header {
        /// Its name.
        name: String,
    },
    /// The server answered, but not with 2xx.
    #[error("{url} answered {status}")]
    Status {
        /// Whose answer, redacted.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// Nothing, or nothing more, came in time.
    #[error("{url} {what} {} s", limit.as_secs_f32())]
    TimedOut {
        /// Who, redacted.
        url: String,
        /// What it did not do `for` or `within` the limit.
        what: &'static str,
        /// The limit that was applied.
        limit: Duration,
    },
    /// No connection.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// Who, redacted.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// The body is larger than the cap.
    #[error("{url} sent more than {cap} bytes")]
    TooLarge {
        /// Who, redacted.
        url: String,
        /// The cap in bytes.
        cap: usize,
    },
    /// The connection broke in the middle of the body, or the body is not what its headers say.
    #[error("{url} broke off: {reason}")]
    Broken {
        /// Who, redacted.
        url: String,
        /// The innermost reason.
        reason: String,
    },
}

impl HttpError {
    /// Sorts a reqwest error; a timed-out read otherwise calls itself a decoding error.
    pub fn from_reqwest(error: &reqwest::Error, url: &Url) -> Self {
        let url = redact::url(url);
        let mut reason: &dyn std::error::Error = error;
        while let Some(inner) = reason.source() {
            reason = inner;
        }
        let reason = redact::text(&reason.to_string());
        if error.is_connect() || error.is_request() && !error.is_timeout() {
            Self::Unreachable { url, reason }
        } else if error.is_timeout() {
            Self::silent(url, READ_TIMEOUT)
        } else {
            Self::Broken { url, reason }
        }
    }

    /// Nothing came from `url` (redacted) for as long as `limit`.
    pub fn silent(url: String, limit: Duration) -> Self {
        Self::TimedOut { url, what: "sent nothing for", limit }
    }

    /// The status, where the server answered with one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// A client with a cookie jar of its own that sends `headers` with every request.
pub fn client(headers: &[(String, String)]) -> Result<Client, HttpError> {
    build(builder(headers)?)
}

/// As [`client`], but answers without an HTTP status line (`ICY 200 OK` of SHOUTcast) count as HTTP/0.9: whatever the
/// server sent, its own headers included, is in the body. A silent body is ended only after `patience`.
pub fn icy_client(headers: &[(String, String)], patience: Duration) -> Result<Client, HttpError> {
    build(builder(headers)?.http09_responses().read_timeout(patience))
}

fn builder(headers: &[(String, String)]) -> Result<ClientBuilder, HttpError> {
    Ok(Client::builder()
        .user_agent(concat!("aircheck/", env!("CARGO_PKG_VERSION")))
        .default_headers(header_map(headers)?)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS)))
}

fn build(builder: ClientBuilder) -> Result<Client, HttpError> {
    builder.build().map_err(|error| HttpError::Client(error.to_string()))
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
pub async fn read_whole(
    request: reqwest::RequestBuilder,
    url: &Url,
    cap: usize,
    limit: Duration,
) -> Result<Body, HttpError> {
    let Partial { body, cut } = read_partial(request, url, cap, limit).await?;
    cut.map_or(Ok(body), Err)
}

/// As [`read_whole`], but of a body that breaks off, is too long or takes too long, what came is handed over, too.
pub async fn read_partial(
    request: reqwest::RequestBuilder,
    url: &Url,
    cap: usize,
    limit: Duration,
) -> Result<Partial, HttpError> {
    let mut begun = None;
    let reading = tokio::time::timeout(limit, read_capped(request, url, cap, &mut begun)).await;
    let late = HttpError::TimedOut { url: redact::url(url), what: "did not send all of its answer within", limit };
    let cut = reading.unwrap_or(Err(late)).err();
    match (begun, cut) {
        (Some(Begun { url, content_type, bytes }), cut) => {
            Ok(Partial { body: Body { url, content_type, bytes: bytes.freeze() }, cut })
        }
        (None, Some(error)) => Err(error),
        (None, None) => Err(HttpError::Broken { url: redact::url(url), reason: "no answer".to_owned() }),
    }
}

/// An answer that is being read.
struct Begun {
    url: Url,
    content_type: String,
    bytes: BytesMut,
}

async fn read_capped(
    request: reqwest::RequestBuilder,
    url: &Url,
    cap: usize,
    begun: &mut Option<Begun>,
) -> Result<(), HttpError> {
    let sort = |error: reqwest::Error| HttpError::from_reqwest(&error, url);
    let mut response = request.send().await.map_err(sort)?;
    if !response.status().is_success() {
        return Err(HttpError::Status { url: redact::url(url), status: response.status() });
    }
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase)
        .unwrap_or_default();
    let too_large = || HttpError::TooLarge { url: redact::url(url), cap };
    if response.content_length().is_some_and(|length| length > cap as u64) {
        return Err(too_large());
    }
    let landed = response.url().clone();
    let Begun { bytes, .. } = begun.insert(Begun { url: landed, content_type, bytes: BytesMut::new() });
    while let Some(part) = response.chunk().await.map_err(sort)? {
        if bytes.len().saturating_add(part.len()) > cap {
            return Err(too_large());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(())
}
