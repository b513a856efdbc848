//! Fetches one segment: whole, decrypted and known to be sound, or the reason why not. This is one try; the caller
//! retries.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use url::Url;

use super::address::ByteRange;
use super::crypt::Cipher;
use super::pace;
use super::playlist::{Key, Map, Segment};
use super::request::{self, Bounds, FetchError};
use crate::base::clock::SharedClock;
use crate::base::http::Client;
use crate::base::redact;
use crate::capture::source::media::{self, Probe};
use crate::capture::source::policy;
use crate::model::Container;

/// The most bytes of one segment: ten seconds of a television programme in high definition.
const SEGMENT_CAP: usize = 16 << 20;
/// The most bytes of one segment that need not come while others do: ten seconds of a film in the best quality.
const LARGEST: usize = 64 << 20;
/// How long one try of such a segment may take, many at once and over a slow line.
const LONGEST: Duration = Duration::from_mins(10);
/// For keys and initialisation sections.
const SMALL: Bounds = Bounds { bytes: 1 << 20, idle: Duration::from_secs(5), whole: Duration::from_secs(8) };
/// The length of a transport packet, and its first byte (ISO/IEC 13818-1 section 2.4.3.2).
const PACKET: usize = 188;
const SYNC: u8 = 0x47;
/// How many keys and how many initialisation sections are remembered.
const CACHED: usize = 64;
/// After this many tries, a segment that cannot be decrypted is fetched again: it may be the one at fault.
const SEALED_TRIES: u32 = 4;

/// A segment as it was on the air.
#[derive(Debug)]
pub struct Sound {
    /// Its bytes, decrypted.
    pub bytes: Bytes,
    /// Their container.
    pub container: Container,
    /// What could be read from them.
    pub probe: Probe,
    /// The initialisation section of fragmented MP4.
    pub init: Option<Bytes>,
    /// Whether it ends in the middle of a transport packet.
    pub is_cut: bool,
}

/// What segments are fetched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Their sound, while it is on the air.
    Live,
    /// Everything in them, however long it takes.
    Whole,
}

/// Fetches segments. Caches keys and initialisation sections.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    clock: SharedClock,
    purpose: Purpose,
    // Held while fetching, so that several segments wait for one request.
    keys: Mutex<HashMap<(Url, Cipher), KeyFile>>,
    maps: Mutex<HashMap<(Url, Option<ByteRange>), Bytes>>,
}

/// What is known of a key.
#[derive(Debug, Default)]
struct KeyFile {
    key: Option<Bytes>,
    error: Option<Arc<FetchError>>,
    /// How often in a row it was wrong, and until when it is not requested again; monotonic.
    failures: u32,
    again: Duration,
}

/// The bytes of a segment that could not be decrypted. While its key is at fault they need not be fetched again.
#[derive(Debug, Default)]
pub struct EncryptedBytes {
    bytes: Option<(Url, Option<ByteRange>, Bytes)>,
    tries: u32,
}

impl EncryptedBytes {
    /// Takes the bytes of `segment`, if they are known and not in doubt themselves.
    fn take(&mut self, segment: &Segment) -> Option<Bytes> {
        let (url, range, bytes) = self.bytes.take()?;
        self.tries = self.tries.saturating_add(1);
        let good = !self.tries.is_multiple_of(SEALED_TRIES) && url == segment.url && range == segment.byte_range;
        good.then_some(bytes)
    }

    fn store(&mut self, segment: &Segment, bytes: Bytes) {
        self.bytes = Some((segment.url.clone(), segment.byte_range, bytes));
    }
}

impl Fetcher {
    /// A fetcher of what is on the air. It sends everything through `client`.
    pub fn new(client: Client, clock: SharedClock) -> Self {
        Self { client, clock, purpose: Purpose::Live, keys: Mutex::default(), maps: Mutex::default() }
    }

    /// A fetcher of segments that stay where they are: pictures as well, large ones, and over slow lines.
    pub fn of_whole(client: Client, clock: SharedClock) -> Self {
        Self { purpose: Purpose::Whole, ..Self::new(client, clock) }
    }

    /// Tries once to fetch `segment`, which failed `failures` times before. `encrypted` is kept from one try to the
    /// next.
    pub async fn segment(
        &self,
        segment: &Segment,
        failures: u32,
        encrypted: &mut EncryptedBytes,
    ) -> Result<Sound, FetchError> {
        let (bytes, whole) = match self.purpose {
            Purpose::Live => (SEGMENT_CAP, pace::segment_limit(segment.duration)),
            Purpose::Whole => (LARGEST, LONGEST),
        };
        let bounds = Bounds { bytes, idle: pace::segment_idle(failures), whole };
        let client = self.client.with(&segment.headers);
        let Some(key) = &segment.key else {
            let raw = request::body(&client, &segment.url, segment.byte_range, bounds).await?;
            return self.purpose.sound(&segment.url, raw, self.init(segment).await?);
        };
        // The key comes first: the segment is of no use without it.
        let used = self.key(&client, key, None).await?;
        let raw = match encrypted.take(segment) {
            Some(raw) => raw,
            None => request::body(&client, &segment.url, segment.byte_range, bounds).await?,
        };
        let opened = self.open(segment, key, &used, &raw).await;
        if !matches!(opened, Err(FetchError::Decrypt(_) | FetchError::NoKey(_) | FetchError::Key { .. })) {
            return opened;
        }
        encrypted.store(segment, raw);
        opened
    }

    /// Decrypts `raw`. If `used` does not fit, requests the key again.
    async fn open(&self, segment: &Segment, key: &Key, used: &Bytes, raw: &Bytes) -> Result<Sound, FetchError> {
        let init = self.init(segment).await?;
        let first = self.purpose.decrypted(segment, key, used, raw, init);
        if first.is_ok() {
            return first;
        }
        // The cached key may be a wrong answer, or the key may have changed.
        let anew = self.key(&self.client.with(&segment.headers), key, Some(used)).await?;
        if anew == *used {
            return first;
        }
        self.purpose.decrypted(segment, key, &anew, raw, self.init(segment).await?)
    }

    /// Returns the key. Requests it again if the cached one is still the one that was found `bad`. A key that fails is
    /// requested as [`policy::SEGMENT`] says, however many segments want it.
    async fn key(&self, client: &Client, key: &Key, bad: Option<&Bytes>) -> Result<Bytes, FetchError> {
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
        let found = match request::body(client, &key.url, None, SMALL).await {
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
        let client = self.client.with(&segment.headers);
        let raw = request::body(&client, &map.url, map.byte_range, SMALL).await?;
        let init = self.open_init(&client, map, segment.key.as_ref(), raw).await?;
        if maps.len() >= CACHED {
            maps.clear();
        }
        maps.insert(at, init.clone());
        Ok(Some(init))
    }

    /// Decrypts an initialisation section. It may be encrypted like the segments (RFC 8216 section 4.3.2.5), and often
    /// is not.
    async fn open_init(&self, client: &Client, map: &Map, key: Option<&Key>, raw: Bytes) -> Result<Bytes, FetchError> {
        if media::sniff(&raw).is_some() {
            return Ok(raw);
        }
        let Some(key) = key else { return Err(not_sound(&map.url, &raw)) };
        let plain = key.cipher.decrypt(&self.key(client, key, None).await?, key.iv, &raw);
        let plain = plain.map(|plain| plain.unpadded.unwrap_or(plain.all));
        plain.filter(|plain| media::sniff(plain).is_some()).ok_or_else(|| FetchError::Decrypt(redact::url(&map.url)))
    }
}

impl Purpose {
    /// The sound of a decrypted segment. What looks like padding stays if sound would go with it: not everybody pads, and
    /// the last bytes of sound may look like padding by chance.
    fn decrypted(
        self,
        segment: &Segment,
        key: &Key,
        bytes: &[u8],
        raw: &Bytes,
        init: Option<Bytes>,
    ) -> Result<Sound, FetchError> {
        let wrong = || FetchError::Decrypt(redact::url(&segment.url));
        if key.cipher == Cipher::Samples && media::sniff(raw) == Some(Container::Fmp4) {
            // It says itself whether its samples are encrypted.
            return self.sound(&segment.url, raw.clone(), init);
        }
        let plain = key.cipher.decrypt(bytes, key.iv, raw).ok_or_else(wrong)?;
        let Some(unpadded) = plain.unpadded else {
            // There is neither padding nor sound: the key does not fit.
            return self.sound(&segment.url, plain.all, init).map_err(|error| match error {
                FetchError::NotSound { .. } => wrong(),
                error => error,
            });
        };
        let all = self.sound(&segment.url, plain.all, init.clone());
        let sound = self.sound(&segment.url, unpadded, init);
        let plays = |sound: &Result<Sound, FetchError>| sound.as_ref().ok().and_then(|sound| sound.probe.duration);
        if all.is_ok() && (sound.is_err() || plays(&all) > plays(&sound)) { all } else { sound }
    }

    /// Accepts only what is sound by its own marks: an error page with status 200 is no sound.
    fn sound(self, url: &Url, bytes: Bytes, init: Option<Bytes>) -> Result<Sound, FetchError> {
        let endless = |container: &Container| matches!(container, Container::Flac | Container::Wav);
        let container = media::sniff(&bytes).filter(|it| !endless(it)).ok_or_else(|| not_sound(url, &bytes))?;
        if media::is_torn(container, &bytes) {
            return Err(FetchError::Torn(redact::url(url)));
        }
        let is_cut =
            container == Container::MpegTs && bytes.starts_with(&[SYNC]) && !bytes.len().is_multiple_of(PACKET);
        let bytes = media::plain(container, bytes);
        let init = init.filter(|_| container == Container::Fmp4);
        if container == Container::Fmp4
            && let Some(scheme) = media::scheme(&bytes, init.as_deref())
        {
            return Err(FetchError::Encrypted(scheme));
        }
        let probe = media::probe(container, &bytes, init.as_deref());
        let pictures = self == Self::Whole;
        if !pictures && probe.duration.is_none() && media::lacks_sound(container, &bytes, init.as_deref()) {
            return Err(FetchError::NoSound);
        }
        Ok(Sound { bytes, container, probe, init, is_cut })
    }
}

fn not_sound(url: &Url, bytes: &[u8]) -> FetchError {
    if bytes.is_empty() {
        return FetchError::Empty(redact::url(url));
    }
    FetchError::NotSound { url: redact::url(url), what: redact::text(&media::describe(bytes)) }
}
