//! One segment: whole, decrypted and known to be sound, or the reason why not. One try; retrying is the caller's.

use std::collections::HashMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::address::ByteRange;
use super::playlist::{Key, Map, Segment};
use super::{crypt, pace};
use crate::base::http::HttpError;
use crate::base::redact;
use crate::model::{AsCause, CauseKind, Container};
use crate::source::media::{self, Probe};
use crate::source::policy;

/// The most bytes of one segment: ten seconds of a television programme in high definition.
const SEGMENT_CAP: usize = 16 << 20;
/// For keys and initialisation sections.
const SMALL: Bounds = Bounds { bytes: 1 << 20, idle: Duration::from_secs(5), whole: Duration::from_secs(8) };
/// How many keys and how many initialisation sections are remembered.
const CACHED: usize = 64;

/// What one answer may take.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// The most bytes.
    bytes: usize,
    /// The longest silence.
    idle: Duration,
    /// The longest in all.
    whole: Duration,
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
    /// Bytes, but no sound.
    #[error("{url} is not sound, but {what}")]
    NotSound {
        /// Whose, redacted.
        url: String,
        /// What they are, in words.
        what: String,
    },
    /// A picture, or nothing.
    #[error("the segments hold no sound")]
    NoSound,
    /// Sound without its end.
    #[error("{0} is cut off in the middle")]
    Torn(String),
    /// Another part of the resource than was asked for.
    #[error("{0} answered with the wrong byte range")]
    Range(String),
    /// The key is not 16 bytes.
    #[error("the key at {0} is not 16 bytes long")]
    Key(String),
    /// The key does not fit.
    #[error("{0} cannot be decrypted with its key")]
    Decrypt(String),
}

impl FetchError {
    /// Whether to ask again would bring nothing else: it came whole, and there is nothing in it to be had.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::NoSound)
    }

    /// Whether it shows that the station's address has to be found anew.
    pub fn lost_rights(&self) -> bool {
        match self {
            Self::Http(error) => error.status().is_some_and(|status| policy::SEGMENT.lost_rights(status)),
            _ => false,
        }
    }
}

impl AsCause for FetchError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Http(error) => error.cause_kind(),
            Self::Stalled(_) | Self::Slow(_) | Self::Empty(_) => CauseKind::Stalled,
            Self::NotSound { .. } | Self::NoSound | Self::Range(_) => CauseKind::Unusable,
            Self::Torn(_) => CauseKind::Segment,
            Self::Key(_) | Self::Decrypt(_) => CauseKind::Encrypted,
        }
    }
}

/// A segment as it was on the air.
#[derive(Debug)]
pub struct Sound {
    /// Its bytes, decrypted.
    pub bytes: Bytes,
    /// What they are packed in.
    pub container: Container,
    /// What could be read from them.
    pub probe: Probe,
    /// The initialisation section of fragmented MP4.
    pub init: Option<Bytes>,
}

/// Fetches segments, and remembers keys and initialisation sections.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    // Held while fetching, so that several segments wait for one request.
    keys: Mutex<HashMap<Url, [u8; crypt::BLOCK]>>,
    maps: Mutex<HashMap<(Url, Option<ByteRange>), Bytes>>,
}

impl Fetcher {
    /// A fetcher that sends everything through `client`.
    pub fn new(client: Client) -> Self {
        Self { client, keys: Mutex::default(), maps: Mutex::default() }
    }

    /// Tries once to get `segment`, which failed so often before.
    pub async fn segment(&self, segment: &Segment, failures: u32) -> Result<Sound, FetchError> {
        let bounds = Bounds {
            bytes: SEGMENT_CAP,
            idle: pace::segment_idle(failures),
            whole: pace::segment_limit(segment.duration),
        };
        let raw = self.body(&segment.url, segment.byte_range, bounds).await?;
        let Some(key) = &segment.key else {
            let init = self.init(segment).await?;
            return sound(&segment.url, raw, init);
        };
        let used = self.key(&key.url, None).await?;
        let init = self.init(segment).await?;
        let first = decrypted(segment, key, used, &raw, init.clone());
        if first.is_ok() {
            return first;
        }
        // The key may be a wrong answer that was remembered, or have changed behind its address.
        let anew = self.key(&key.url, Some(used)).await?;
        if anew == used { first } else { decrypted(segment, key, anew, &raw, self.init(segment).await?) }
    }

    /// The key at `url`, fetched anew where it is still the one that was found `bad`.
    async fn key(&self, url: &Url, bad: Option<[u8; crypt::BLOCK]>) -> Result<[u8; crypt::BLOCK], FetchError> {
        let mut keys = self.keys.lock().await;
        if let Some(key) = keys.get(url).filter(|key| Some(**key) != bad) {
            return Ok(*key);
        }
        let answer = self.body(url, None, SMALL).await?;
        let key = answer.as_ref().try_into().map_err(|_| FetchError::Key(redact::url(url)))?;
        if keys.len() >= CACHED {
            keys.clear();
        }
        keys.insert(url.clone(), key);
        Ok(key)
    }

    async fn init(&self, segment: &Segment) -> Result<Option<Bytes>, FetchError> {
        let Some(map) = &segment.map else { return Ok(None) };
        let mut maps = self.maps.lock().await;
        let at = (map.url.clone(), map.byte_range);
        if let Some(init) = maps.get(&at) {
            return Ok(Some(init.clone()));
        }
        let raw = self.body(&map.url, map.byte_range, SMALL).await?;
        let init = self.open_init(map, segment.key.as_ref(), raw).await?;
        if maps.len() >= CACHED {
            maps.clear();
        }
        maps.insert(at, init.clone());
        Ok(Some(init))
    }

    /// An initialisation section may be encrypted like the segments (RFC 8216 section 4.3.2.5) and often is not.
    async fn open_init(&self, map: &Map, key: Option<&Key>, raw: Bytes) -> Result<Bytes, FetchError> {
        if media::sniff(&raw).is_some() {
            return Ok(raw);
        }
        let Some(key) = key else { return Err(not_sound(&map.url, &raw)) };
        let plain = crypt::decrypt(self.key(&key.url, None).await?, key.iv, &raw);
        plain.filter(|plain| media::sniff(plain).is_some()).ok_or_else(|| FetchError::Decrypt(redact::url(&map.url)))
    }

    /// The bytes at `url`, of which `range` are wanted.
    async fn body(&self, url: &Url, range: Option<ByteRange>, bounds: Bounds) -> Result<Bytes, FetchError> {
        let slow = |_| Err(FetchError::Slow(redact::url(url)));
        timeout(bounds.whole, self.try_body(url, range, bounds)).await.unwrap_or_else(slow)
    }

    async fn try_body(&self, url: &Url, range: Option<ByteRange>, bounds: Bounds) -> Result<Bytes, FetchError> {
        let stalled = |_| FetchError::Stalled(redact::url(url));
        let sort = |error: reqwest::Error| FetchError::Http(HttpError::from_reqwest(&error, url));
        let mut request = self.client.get(url.clone());
        if let Some(range) = range {
            let last = range.offset.saturating_add(range.length).saturating_sub(1);
            request = request.header(RANGE, format!("bytes={}-{last}", range.offset));
        }
        let mut response = timeout(bounds.idle, request.send()).await.map_err(stalled)?.map_err(sort)?;
        if !response.status().is_success() {
            return Err(HttpError::Status { url: redact::url(url), status: response.status() }.into());
        }
        let wanted = Wanted::of(&response, range).ok_or_else(|| FetchError::Range(redact::url(url)))?;
        let too_large = || FetchError::from(HttpError::TooLarge { url: redact::url(url), cap: bounds.bytes });
        let whole = !matches!(wanted, Wanted::Inside { .. });
        if whole && response.content_length().is_some_and(|length| length > bounds.bytes as u64) {
            return Err(too_large());
        }
        let mut bytes = BytesMut::new();
        while let Some(more) = timeout(bounds.idle, response.chunk()).await.map_err(stalled)?.map_err(sort)? {
            if bytes.len().saturating_add(more.len()).min(wanted.end()) > bounds.bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&more);
            if matches!(wanted, Wanted::Inside { .. }) && bytes.len() >= wanted.end() {
                // What follows in the resource is other segments.
                break;
            }
        }
        if bytes.is_empty() {
            return Err(FetchError::Empty(redact::url(url)));
        }
        wanted.cut(bytes.freeze()).ok_or_else(|| FetchError::Range(redact::url(url)))
    }
}

/// Which bytes of an answer are wanted.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// All, however many.
    All,
    /// All, and just so many: the range that was asked for.
    Just(usize),
    /// A range of them: the server knows no ranges and sends the whole resource (RFC 9110 section 14.2).
    Inside { skip: usize, length: usize },
}

impl Wanted {
    /// `None`: the answer is another range than was asked for.
    fn of(response: &Response, range: Option<ByteRange>) -> Option<Self> {
        let Some(range) = range else { return Some(Self::All) };
        let length = usize::try_from(range.length).ok()?;
        if response.status() != StatusCode::PARTIAL_CONTENT {
            return Some(Self::Inside { skip: usize::try_from(range.offset).ok()?, length });
        }
        let answered = response.headers().get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes")?;
        let (first, _) = answered.trim_start().split_once('-')?;
        (first.trim().parse() == Ok(range.offset)).then_some(Self::Just(length))
    }

    /// How many bytes of the answer have to come.
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

fn decrypted(
    segment: &Segment,
    key: &Key,
    bytes: [u8; crypt::BLOCK],
    raw: &[u8],
    init: Option<Bytes>,
) -> Result<Sound, FetchError> {
    let plain = crypt::decrypt(bytes, key.iv, raw).ok_or_else(|| FetchError::Decrypt(redact::url(&segment.url)))?;
    sound(&segment.url, plain, init)
}

/// Accepts only what is sound by its own marks: an error page with status 200 is none.
fn sound(url: &Url, bytes: Bytes, init: Option<Bytes>) -> Result<Sound, FetchError> {
    let endless = |container: &Container| matches!(container, Container::Flac | Container::Wav);
    let container = media::sniff(&bytes).filter(|it| !endless(it)).ok_or_else(|| not_sound(url, &bytes))?;
    if media::is_torn(container, &bytes) {
        return Err(FetchError::Torn(redact::url(url)));
    }
    let bytes = media::plain(container, bytes);
    let init = init.filter(|_| container == Container::Fmp4);
    let probe = media::probe(container, &bytes, init.as_deref());
    if probe.duration.is_none() && media::lacks_sound(container, &bytes, init.as_deref()) {
        return Err(FetchError::NoSound);
    }
    Ok(Sound { bytes, container, probe, init })
}

fn not_sound(url: &Url, bytes: &[u8]) -> FetchError {
    if bytes.is_empty() {
        return FetchError::Empty(redact::url(url));
    }
    FetchError::NotSound { url: redact::url(url), what: redact::text(&media::describe(bytes)) }
}
