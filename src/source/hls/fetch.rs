//! One segment: whole, decrypted and known to be sound, or the reason why not. One try; retrying is the caller's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::address::ByteRange;
use super::crypt::Cipher;
use super::playlist::{Key, Map, Segment};
use super::{inline, pace};
use crate::base::clock::SharedClock;
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
/// After so many tries a segment that cannot be decrypted is fetched again: it may be the one at fault.
const SEALED_TRIES: u32 = 4;

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
    #[error("{url} is not sound; it begins: {beginning:?}")]
    NotSound {
        /// Whose, redacted.
        url: String,
        /// The first characters.
        beginning: String,
    },
    /// Pictures, but no sound.
    #[error("{0} holds no sound, only pictures")]
    Pictures(String),
    /// Sound without its end.
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
    /// There is no key; why not was found out by this request or by one a moment ago.
    #[error("the key of the station's sound cannot be had: {0}")]
    NoKey(Arc<FetchError>),
    /// A `data:` address that holds nothing.
    #[error("the playlist holds a malformed data: address")]
    Inline,
    /// The key does not fit.
    #[error("{0} cannot be decrypted with its key")]
    Decrypt(String),
}

impl FetchError {
    /// Whether the segment is whole, and no other try will bring more of it.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Pictures(_))
    }

    /// Whether it shows that the station's address has to be found anew.
    pub fn lost_rights(&self) -> bool {
        match self {
            Self::Http(error) => error.status().is_some_and(|status| policy::SEGMENT.lost_rights(status)),
            Self::NoKey(error) => error.lost_rights(),
            _ => false,
        }
    }
}

impl AsCause for FetchError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Http(error) => error.cause_kind(),
            Self::Stalled(_) | Self::Slow(_) | Self::Empty(_) => CauseKind::Stalled,
            Self::NotSound { .. } | Self::Pictures(_) | Self::Range(_) => CauseKind::Unusable,
            Self::Torn(_) => CauseKind::Segment,
            Self::NoKey(error) => error.cause_kind(),
            Self::Key { .. } | Self::Decrypt(_) | Self::Inline => CauseKind::Encrypted,
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
    clock: SharedClock,
    // Held while fetching, so that several segments wait for one request.
    keys: Mutex<HashMap<(Url, Cipher), KeyFile>>,
    maps: Mutex<HashMap<(Url, Option<ByteRange>), Bytes>>,
}

/// What is known of a key.
#[derive(Debug, Default)]
struct KeyFile {
    key: Option<Bytes>,
    error: Option<Arc<FetchError>>,
    /// How often running it was not what was wanted, and until when it is not asked for again; monotonic.
    failures: u32,
    again: Duration,
}

/// The bytes of a segment that could not be decrypted: while its key is at fault they need not be fetched again.
#[derive(Debug, Default)]
pub struct Sealed {
    bytes: Option<(Url, Option<ByteRange>, Bytes)>,
    tries: u32,
}

impl Sealed {
    /// Takes the bytes of `segment`, where they are known and not in doubt themselves.
    fn take(&mut self, segment: &Segment) -> Option<Bytes> {
        let (url, range, bytes) = self.bytes.take()?;
        self.tries = self.tries.saturating_add(1);
        let good = !self.tries.is_multiple_of(SEALED_TRIES) && url == segment.url && range == segment.byte_range;
        good.then_some(bytes)
    }

    fn keep(&mut self, segment: &Segment, bytes: Bytes) {
        self.bytes = Some((segment.url.clone(), segment.byte_range, bytes));
    }
}

impl Fetcher {
    /// A fetcher that sends everything through `client`.
    pub fn new(client: Client, clock: SharedClock) -> Self {
        Self { client, clock, keys: Mutex::default(), maps: Mutex::default() }
    }

    /// Tries once to get `segment`, which failed so often before; `sealed` is kept from one try to the next.
    pub async fn segment(&self, segment: &Segment, failures: u32, sealed: &mut Sealed) -> Result<Sound, FetchError> {
        let bounds = Bounds {
            bytes: SEGMENT_CAP,
            idle: pace::segment_idle(failures),
            whole: pace::segment_limit(segment.duration),
        };
        let Some(key) = &segment.key else {
            let raw = self.body(&segment.url, segment.byte_range, bounds).await?;
            return sound(&segment.url, raw, self.init(segment).await?);
        };
        // Before the segment, which is of no use without it.
        let used = self.key(key, None).await?;
        let raw = match sealed.take(segment) {
            Some(raw) => raw,
            None => self.body(&segment.url, segment.byte_range, bounds).await?,
        };
        let opened = self.open(segment, key, &used, &raw).await;
        if !matches!(opened, Err(FetchError::Decrypt(_) | FetchError::NoKey(_) | FetchError::Key { .. })) {
            return opened;
        }
        sealed.keep(segment, raw);
        opened
    }

    /// Decrypts `raw`, by the key at its address as it is now where `used` does not fit.
    async fn open(&self, segment: &Segment, key: &Key, used: &Bytes, raw: &Bytes) -> Result<Sound, FetchError> {
        let init = self.init(segment).await?;
        let first = decrypted(segment, key, used, raw, init);
        if first.is_ok() {
            return first;
        }
        // The key may be a wrong answer that was remembered, or have changed behind its address.
        let anew = self.key(key, Some(used)).await?;
        if anew == *used { first } else { decrypted(segment, key, &anew, raw, self.init(segment).await?) }
    }

    /// The key, asked for anew where it is still the one that was found `bad`. A key that fails is asked for as
    /// [`policy::SEGMENT`] says, however many segments want it.
    async fn key(&self, key: &Key, bad: Option<&Bytes>) -> Result<Bytes, FetchError> {
        let mut keys = self.keys.lock().await;
        if keys.len() >= CACHED {
            keys.clear();
        }
        let file = keys.entry((key.url.clone(), key.cipher)).or_default();
        let now = self.clock.monotonic();
        match (&file.key, &file.error) {
            (Some(had), _) if Some(had) != bad || now < file.again => return Ok(had.clone()),
            (_, Some(error)) if now < file.again => return Err(FetchError::NoKey(Arc::clone(error))),
            _ => {}
        }
        let found = match self.body(&key.url, None, SMALL).await {
            Ok(answer) => key
                .cipher
                .key_in(&answer)
                .ok_or_else(|| FetchError::Key { url: redact::url(&key.url), length: key.cipher.key_length() }),
            Err(error) => Err(error),
        };
        let good = found.as_ref().is_ok_and(|found| Some(found) != bad);
        file.failures = if good { 0 } else { file.failures.saturating_add(1) };
        let wait = if good { Duration::ZERO } else { policy::SEGMENT.wait(file.failures) };
        file.again = self.clock.monotonic().saturating_add(wait);
        match found {
            Ok(found) => {
                (file.key, file.error) = (Some(found.clone()), None);
                Ok(found)
            }
            Err(error) => {
                let error = Arc::new(error);
                (file.key, file.error) = (None, Some(Arc::clone(&error)));
                Err(FetchError::NoKey(error))
            }
        }
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
        let plain = key.cipher.decrypt(&self.key(key, None).await?, key.iv, &raw);
        let plain = plain.map(|plain| plain.unpadded.unwrap_or(plain.all));
        plain.filter(|plain| media::sniff(plain).is_some()).ok_or_else(|| FetchError::Decrypt(redact::url(&map.url)))
    }

    /// The bytes at `url`, of which `range` are wanted.
    async fn body(&self, url: &Url, range: Option<ByteRange>, bounds: Bounds) -> Result<Bytes, FetchError> {
        if inline::is(url) {
            let bytes = inline::read(url).filter(|bytes| bytes.len() <= bounds.bytes).ok_or(FetchError::Inline)?;
            let wanted = Wanted::inside(range).ok_or(FetchError::Inline)?;
            return wanted.cut(bytes).ok_or(FetchError::Inline);
        }
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

/// The sound of a decrypted segment. What looks like its padding is left where sound would go with it: not everybody pads,
/// and the last bytes of sound may look like a padding by chance.
fn decrypted(segment: &Segment, key: &Key, bytes: &[u8], raw: &[u8], init: Option<Bytes>) -> Result<Sound, FetchError> {
    let wrong = || FetchError::Decrypt(redact::url(&segment.url));
    let plain = key.cipher.decrypt(bytes, key.iv, raw).ok_or_else(wrong)?;
    let Some(unpadded) = plain.unpadded else {
        // Neither a padding nor sound: it is the key that does not fit.
        return sound(&segment.url, plain.all, init).map_err(|error| match error {
            FetchError::NotSound { .. } => wrong(),
            error => error,
        });
    };
    let all = sound(&segment.url, plain.all, init.clone());
    let sound = sound(&segment.url, unpadded, init);
    let plays = |sound: &Result<Sound, FetchError>| sound.as_ref().ok().and_then(|sound| sound.probe.duration);
    if all.is_ok() && (sound.is_err() || plays(&all) > plays(&sound)) { all } else { sound }
}

/// Accepts only what is sound by its own marks: an error page with status 200 is none.
fn sound(url: &Url, bytes: Bytes, init: Option<Bytes>) -> Result<Sound, FetchError> {
    let container = media::sniff(&bytes).ok_or_else(|| not_sound(url, &bytes))?;
    if media::is_torn(container, &bytes) {
        return Err(FetchError::Torn(redact::url(url)));
    }
    let init = init.filter(|_| container == Container::Fmp4);
    if media::only_pictures(container, &bytes, init.as_deref()) {
        return Err(FetchError::Pictures(redact::url(url)));
    }
    let probe = media::probe(container, &bytes, init.as_deref());
    Ok(Sound { bytes, container, probe, init })
}

fn not_sound(url: &Url, bytes: &[u8]) -> FetchError {
    if bytes.is_empty() {
        return FetchError::Empty(redact::url(url));
    }
    let beginning: String = String::from_utf8_lossy(bytes.get(..60).unwrap_or(bytes)).chars().take(40).collect();
    FetchError::NotSound { url: redact::url(url), beginning: redact::text(&beginning) }
}
