//! Requests the bytes of one answer: all of them, in time, and the part that was asked for; or the reason why not.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_RANGE, HeaderValue, RANGE};
use reqwest::{Response, StatusCode};
use thiserror::Error;
use url::Url;

use super::address::ByteRange;
use super::crypt::ELSEWHERE;
use super::data_url;
use super::pace;
use crate::base::http::{self, Client, HttpError};
use crate::base::redact;
use crate::capture::source::policy;
use crate::model::{AsCause, CauseKind};

/// How much memory is reserved at most for what is only announced.
const MOST_AHEAD: usize = 1 << 20;

/// The bounds of one answer.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The most bytes.
    pub bytes: usize,
    /// The longest silence.
    pub idle: Duration,
    /// The longest in all.
    pub whole: Duration,
}

/// Why a try failed.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Nothing more came.
    #[error("{0} stopped sending in the middle")]
    Stalled(String),
    /// It takes too long.
    #[error("{0} sends too slowly")]
    Slow(String),
    /// No bytes.
    #[error("{0} is empty")]
    Empty(String),
    /// The bytes are no sound.
    #[error("{url} is not sound, but {what}")]
    NotSound {
        /// Whose, redacted.
        url: String,
        /// What they are, in words.
        what: String,
    },
    /// The segment holds a picture, or nothing.
    #[error("the segments hold no sound")]
    NoSound,
    /// The sound lacks its end.
    #[error("{0} is cut off in the middle")]
    Torn(String),
    /// Another part of the resource than was asked for.
    #[error("{0} answered with the wrong byte range")]
    Range(String),
    /// The key file is no key.
    #[error("the key at {url} is neither {length} bytes nor {} hexadecimal digits long", 2 * length)]
    Key {
        /// Whose, redacted.
        url: String,
        /// How many bytes a key should have.
        length: usize,
    },
    /// There is no key; this request or one a moment ago found out why.
    #[error("the key of the station's sound cannot be had: {0}")]
    NoKey(Arc<FetchError>),
    /// A `data:` address that holds nothing.
    #[error("the playlist holds a malformed data: address")]
    Inline,
    /// The samples in its MP4 are encrypted, by this scheme.
    #[error(
        "the sound in the station's MP4 segments is encrypted ({0}, Common Encryption), which aircheck cannot decrypt; \
             {elsewhere}",
        elsewhere = ELSEWHERE
    )]
    Encrypted(String),
    /// The key does not fit.
    #[error("{0} cannot be decrypted with its key")]
    Decrypt(String),
}

impl FetchError {
    /// Whether the segment is whole, and another try will bring no more of it.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::NoSound | Self::Encrypted(_))
    }

    /// The error of the request, for the sound or for its key, if it is one.
    pub fn http(&self) -> Option<&HttpError> {
        match self {
            Self::Http(error) => Some(error),
            Self::NoKey(error) => error.http(),
            _ => None,
        }
    }

    /// Whether it shows that the station's address has to be resolved again.
    pub fn lost_rights(&self) -> bool {
        self.http().and_then(HttpError::status).is_some_and(|status| policy::SEGMENT.lost_rights(status))
    }
}

impl AsCause for FetchError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Http(error) => error.cause_kind(),
            Self::Stalled(_) | Self::Slow(_) | Self::Empty(_) => CauseKind::Stalled,
            Self::NotSound { .. } | Self::NoSound | Self::Range(_) => CauseKind::Unusable,
            Self::Torn(_) => CauseKind::Segment,
            Self::NoKey(error) => error.cause_kind(),
            Self::Key { .. } | Self::Encrypted(_) | Self::Decrypt(_) | Self::Inline => CauseKind::Encrypted,
        }
    }
}

/// Fetches the bytes at `url`, or `range` of them.
pub async fn body(client: &Client, url: &Url, range: Option<ByteRange>, bounds: Bounds) -> Result<Bytes, FetchError> {
    if data_url::is(url) {
        let bytes = data_url::read(url).filter(|bytes| bytes.len() <= bounds.bytes).ok_or(FetchError::Inline)?;
        let wanted = Wanted::inside(range).ok_or(FetchError::Inline)?;
        return wanted.cut(bytes).ok_or(FetchError::Inline);
    }
    let slow = |_| Err(FetchError::Slow(redact::url(url)));
    client.clock().timeout(bounds.whole, try_body(client, url, range, bounds)).await.unwrap_or_else(slow)
}

/// Fetches the beginning of what is at `url`: `range` of it, or as much of that as there is.
pub async fn beginning(client: &Client, url: &Url, range: ByteRange, failures: u32) -> Result<Bytes, FetchError> {
    let slow = |_| Err(FetchError::Slow(redact::url(url)));
    let whole = pace::segment_limit(Duration::ZERO);
    let asking = async {
        let mut response = client.get(url.clone()).header(RANGE, header(range)?).send().await?;
        if !response.status().is_success() {
            return Err(HttpError::answered(&response, url, client.clock().now()).into());
        }
        let most = usize::try_from(range.length).unwrap_or(MOST_AHEAD).min(MOST_AHEAD);
        let mut bytes = BytesMut::new();
        while bytes.len() < most {
            let more = client.clock().timeout(pace::segment_idle(failures), response.chunk()).await;
            let more = more.map_err(|_| FetchError::Stalled(redact::url(url)))?;
            match more.map_err(|error| HttpError::from_reqwest(&error, url))? {
                Some(more) => bytes.extend_from_slice(&more),
                None => break,
            }
        }
        bytes.truncate(most);
        if bytes.is_empty() { Err(FetchError::Empty(redact::url(url))) } else { Ok(bytes.freeze()) }
    };
    client.clock().timeout(whole, asking).await.unwrap_or_else(slow)
}

async fn try_body(client: &Client, url: &Url, range: Option<ByteRange>, bounds: Bounds) -> Result<Bytes, FetchError> {
    let stalled = |_| FetchError::Stalled(redact::url(url));
    let sort = |error: reqwest::Error| FetchError::Http(HttpError::from_reqwest(&error, url));
    let mut request = client.get(url.clone());
    if let Some(range) = range {
        request = request.header(RANGE, header(range)?);
    }
    let clock = client.clock();
    let mut response = clock.timeout(bounds.idle, request.send()).await.map_err(stalled)??;
    if !response.status().is_success() {
        return Err(HttpError::answered(&response, url, client.clock().now()).into());
    }
    let wanted = Wanted::of(&response, range).ok_or_else(|| FetchError::Range(redact::url(url)))?;
    let too_large = || FetchError::from(HttpError::TooLarge { url: redact::url(url), cap: bounds.bytes });
    let whole = !matches!(wanted, Wanted::Inside { .. });
    if whole && response.content_length().is_some_and(|length| length > bounds.bytes as u64) {
        return Err(too_large());
    }
    // Reserves as much as the head announces: a buffer that grows by doubling keeps up to half of it unused for as long
    // as the sound waits for the disk.
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut bytes = BytesMut::with_capacity(announced.min(wanted.end()).min(MOST_AHEAD));
    while let Some(more) = clock.timeout(bounds.idle, response.chunk()).await.map_err(stalled)?.map_err(sort)? {
        if bytes.len().saturating_add(more.len()).min(wanted.end()) > bounds.bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&more);
        if matches!(wanted, Wanted::Inside { .. }) && bytes.len() >= wanted.end() {
            // The rest of the resource is other segments.
            break;
        }
    }
    if bytes.is_empty() {
        return Err(FetchError::Empty(redact::url(url)));
    }
    let bytes = http::decoded(bytes.freeze(), &response, url, bounds.bytes)?;
    wanted.cut(bytes).ok_or_else(|| FetchError::Range(redact::url(url)))
}

/// The header that asks for `range`.
fn header(range: ByteRange) -> Result<HeaderValue, FetchError> {
    let last = range.offset.saturating_add(range.length).saturating_sub(1);
    let text = format!("bytes={}-{last}", range.offset);
    HeaderValue::try_from(text).map_err(|_| HttpError::Header { name: RANGE.to_string() }.into())
}

/// Which bytes of an answer are wanted.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// All, however many.
    All,
    /// All, and exactly this many: the range that was requested.
    Just(usize),
    /// A range of them: the server supports no ranges and sends the whole resource (RFC 9110 section 14.2).
    Inside { skip: usize, length: usize },
}

impl Wanted {
    /// Which bytes are wanted; `None` if the answer is another range than requested.
    fn of(response: &Response, range: Option<ByteRange>) -> Option<Self> {
        if response.status() != StatusCode::PARTIAL_CONTENT {
            return Self::inside(range);
        }
        let Some(range) = range else { return Some(Self::All) };
        let length = usize::try_from(range.length).ok()?;
        let answered = response.headers().get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes")?;
        let (first, _) = answered.trim_start().split_once('-')?;
        (first.trim().parse() == Ok(range.offset)).then_some(Self::Just(length))
    }

    /// `range` of the whole resource.
    fn inside(range: Option<ByteRange>) -> Option<Self> {
        let Some(range) = range else { return Some(Self::All) };
        Some(Self::Inside { skip: usize::try_from(range.offset).ok()?, length: usize::try_from(range.length).ok()? })
    }

    /// How many bytes of the answer are needed.
    fn end(self) -> usize {
        match self {
            Self::All => usize::MAX,
            Self::Just(length) => length,
            Self::Inside { skip, length } => skip.saturating_add(length),
        }
    }

    fn cut(self, bytes: Bytes) -> Option<Bytes> {
        match self {
            Self::All => Some(bytes),
            Self::Just(length) => (bytes.len() == length).then_some(bytes),
            Self::Inside { skip, .. } => (bytes.len() >= self.end()).then(|| bytes.slice(skip..self.end())),
        }
    }
}
