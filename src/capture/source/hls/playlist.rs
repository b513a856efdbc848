//! Playlists as checked types: text normalised, parsed by `m3u8-rs`, then everything the parser leaves to its user.
//!
//! KEY, MAP and PROGRAM-DATE-TIME are carried forward (dates also backwards, to the segments before the first date),
//! byte ranges get their offsets, addresses are made absolute, and lengths and the pace of reloading are made sane.
//! Source of the format: RFC 8216.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use m3u8_rs::MediaSegment;
use thiserror::Error;
use url::Url;

use super::address::{self, Address, ByteRange, Naming};
use super::crypt::{self, Cipher};
use super::duplicates::duplicates;
use super::normalise::{NormaliseError, normalise};
use super::variables::{Given, Variables};
use super::variants::Master;
use crate::base::duration::delta;
use crate::base::http::ExtraHeaders;
use crate::base::redact;
use crate::model::{AsCause, CauseKind};

/// The length of a segment that says none, in a list that says none.
const SOME_DURATION: Duration = Duration::from_secs(5);
/// The shortest and longest pace of reloading that a list can ask for.
const TARGETS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));

/// Of a longer live list only the newest segments are kept: five hours of 2 s segments. Each is looked at with every
/// reload.
pub const KEPT: usize = 10_000;
/// How many bytes the addresses of a list may have once they are absolute: each segment carries its base, its key and
/// its map.
const ADDRESSES_CAP: usize = 16 << 20;

/// Why a text is no playlist that can be played.
#[derive(Debug, Error)]
pub enum PlaylistError {
    /// Not a playlist at all.
    #[error(transparent)]
    Normalise(#[from] NormaliseError),
    /// The parser refused it.
    #[error("the playlist cannot be read as HLS")]
    Syntax,
    /// An address in it is invalid.
    #[error("the playlist names {0:?}, which is no http address")]
    Address(String),
    /// Its addresses have too many bytes.
    #[error("the addresses in the playlist fill more than {} MiB", ADDRESSES_CAP >> 20)]
    TooLarge,
    /// Encryption for licensed players.
    #[error(
        "the station encrypts its sound with {0}, for licensed players only, and nobody else is given the key; {elsewhere}",
        elsewhere = crypt::ELSEWHERE
    )]
    Protected(String),
    /// Unknown encryption, with a plain key or none.
    #[error(
        "the station encrypts its sound with {0}, which aircheck cannot decrypt: it knows AES-128, AES-256, and \
             SAMPLE-AES of AAC and AC-3 that is not in MP4; {elsewhere}",
        elsewhere = crypt::ELSEWHERE
    )]
    Unknown(String),
    /// A key or its IV is malformed.
    #[error("the playlist's EXT-X-KEY is malformed: {0}")]
    Key(&'static str),
}

impl AsCause for PlaylistError {
    fn cause_kind(&self) -> CauseKind {
        match self {
            Self::Protected(_) | Self::Unknown(_) | Self::Key(_) => CauseKind::Encrypted,
            Self::Normalise(_) | Self::Syntax | Self::Address(_) | Self::TooLarge => CauseKind::Playlist,
        }
    }
}

/// A playlist of either kind.
#[derive(Debug)]
pub enum Playlist {
    /// A playlist of variants.
    Master(Master),
    /// A playlist of segments.
    Media(MediaPlaylist),
}

/// What a station offers at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaPlaylist {
    /// The pace to reload at: the longest listed segment, or what the station declares if that is shorter. Stations
    /// that declare too much would otherwise be reloaded too seldom; zero would be a hot loop.
    pub target_duration: Duration,
    /// The number of the first segment.
    pub media_sequence: u64,
    /// Goes up as discontinuities leave the window.
    pub discontinuity_sequence: u64,
    /// The segments, oldest first.
    pub segments: Vec<Segment>,
    /// Whether the station says that nothing will be added.
    pub ended: bool,
}

/// One stretch of sound on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number in the list.
    pub sequence: u64,
    /// Its address.
    pub url: Url,
    /// The part of the address that identifies it, see `address`.
    pub segment_key: String,
    /// How long it plays, as the list claims, or as is guessed.
    pub duration: Duration,
    /// The length that the list claims, if it does.
    pub claimed: Option<Duration>,
    /// The part of `url` that it is; `None` if it is all of it.
    pub byte_range: Option<ByteRange>,
    /// The headers to send with the requests for it, its key and its map.
    pub headers: ExtraHeaders,
    /// How to decrypt it.
    pub key: Option<Key>,
    /// Its initialisation section.
    pub map: Option<Map>,
    /// When its first sample was on the air, as the list says or as its neighbours imply.
    pub programme_time: Option<DateTime<Utc>>,
    /// Whether media time starts anew with it.
    pub discontinuity: bool,
    /// Whether the station itself has no sound for it.
    pub gap: bool,
    /// Whether it is the segment before, listed twice by mistake.
    pub repeat: bool,
}

/// How to decrypt a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// How it is encrypted.
    pub cipher: Cipher,
    /// The address of the key: an http address, or a `data:` address that holds it.
    pub url: Url,
    /// The initialisation vector; the sequence number if none is given.
    pub iv: [u8; crypt::BLOCK],
}

/// An initialisation section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// Its address: an http address, or a `data:` address that holds it.
    pub url: Url,
    /// The part of `url` that it is.
    pub byte_range: Option<ByteRange>,
}

impl Playlist {
    /// Reads a list that no other list named.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn read(bytes: &[u8], base: &Url) -> Result<Self, PlaylistError> {
        Self::read_below(bytes, base, None, KEPT)
    }

    /// Reads `bytes` that came from `base`, after redirects; `master` are the variables of the master playlist that
    /// named them. At most the newest `kept` segments.
    pub fn read_below(
        bytes: &[u8],
        base: &Url,
        master: Option<&Variables>,
        kept: usize,
    ) -> Result<Self, PlaylistError> {
        let normal = normalise(bytes, Given { address: Some(base), master })?;
        if normal.master {
            let master =
                m3u8_rs::parse_master_playlist_res(normal.text.as_bytes()).map_err(|_| PlaylistError::Syntax)?;
            return Ok(Self::Master(Master::new(&master, base, normal.variables)));
        }
        let media = m3u8_rs::parse_media_playlist_res(normal.text.as_bytes()).map_err(|_| PlaylistError::Syntax)?;
        MediaPlaylist::new(&media, base, kept).map(Self::Media)
    }
}

impl MediaPlaylist {
    /// This list, with the `headers` of the list that named it.
    #[must_use]
    pub fn under(mut self, headers: &ExtraHeaders) -> Self {
        for segment in &mut self.segments {
            segment.headers = headers.clone();
        }
        self
    }

    fn new(raw: &m3u8_rs::MediaPlaylist, base: &Url, kept: usize) -> Result<Self, PlaylistError> {
        let longest = raw.segments.iter().map(extinf).max().unwrap_or_default();
        let declared = Duration::from_secs(raw.target_duration);
        let claims = [longest, declared].into_iter().filter(|claim| !claim.is_zero());
        let target_duration = claims.min().unwrap_or(SOME_DURATION).clamp(TARGETS.0, TARGETS.1);

        let skipped = raw.segments.first().map_or(0, skipped_segments);
        let mut filled = Filled(0);
        let addresses = addresses(raw, base, &mut filled)?;
        let naming = Naming::of(&addresses);
        let keys: Vec<String> = addresses.iter().map(|address| naming.segment_key(&address.url)).collect();
        let duplicates = duplicates(&raw.segments, &keys, &addresses);
        let mut carried = Carried::new(raw.media_sequence.saturating_add(skipped));
        let mut segments = VecDeque::with_capacity(raw.segments.len().min(kept));
        for (((segment, address), segment_key), repeat) in raw.segments.iter().zip(&addresses).zip(keys).zip(duplicates)
        {
            let segment = carried.segment(segment, Listed { address, segment_key, repeat }, base, target_duration)?;
            let others = [segment.key.as_ref().map(|key| &key.url), segment.map.as_ref().map(|map| &map.url)];
            others.into_iter().flatten().try_for_each(|url| filled.add(url))?;
            if segments.len() >= kept {
                segments.pop_front();
            }
            segments.push_back(segment);
        }
        let mut segments = Vec::from(segments);
        date_backwards(&mut segments);
        Ok(Self {
            target_duration,
            media_sequence: raw.media_sequence,
            discontinuity_sequence: raw.discontinuity_sequence,
            segments,
            ended: raw.end_list,
        })
    }

    /// Whether it says no length of any segment.
    pub fn says_no_lengths(&self) -> bool {
        !self.segments.is_empty() && self.segments.iter().all(|segment| segment.claimed.is_none())
    }

    /// When the newest segment ends, by the list's own dates.
    pub fn end(&self) -> Option<DateTime<Utc>> {
        self.segments.last()?.end()
    }
}

impl Segment {
    /// When its last sample was on the air.
    pub fn end(&self) -> Option<DateTime<Utc>> {
        self.programme_time?.checked_add_signed(delta(self.duration))
    }
}

/// How many bytes the addresses of a list fill.
#[derive(Debug)]
struct Filled(usize);

impl Filled {
    fn add(&mut self, url: &Url) -> Result<(), PlaylistError> {
        self.0 = self.0.saturating_add(url.as_str().len());
        if self.0 > ADDRESSES_CAP { Err(PlaylistError::TooLarge) } else { Ok(()) }
    }
}

/// The addresses of the segments of a list. A range without an offset begins where the one before ended, in the same
/// resource (RFC 8216 section 4.3.2.2).
fn addresses(raw: &m3u8_rs::MediaPlaylist, base: &Url, filled: &mut Filled) -> Result<Vec<Address>, PlaylistError> {
    let mut addresses = Vec::with_capacity(raw.segments.len());
    // Where the byte range before ended, and in which resource.
    let mut range_end: Option<(Url, u64)> = None;
    for segment in &raw.segments {
        let url = absolute(base, &segment.uri)?;
        filled.add(&url)?;
        let byte_range = segment.byte_range.as_ref().map(|range| {
            let follows = range_end.as_ref().filter(|(before, _)| *before == url).map_or(0, |(_, end)| *end);
            ByteRange { offset: range.offset.unwrap_or(follows), length: range.length }
        });
        if let Some(range) = byte_range {
            range_end = Some((url.clone(), range.offset.saturating_add(range.length)));
        }
        addresses.push(Address { url, byte_range });
    }
    Ok(addresses)
}

/// A segment's address, its key, and whether it is listed twice.
#[derive(Debug)]
struct Listed<'a> {
    address: &'a Address,
    segment_key: String,
    repeat: bool,
}

/// What carries over from one segment to the next.
#[derive(Debug)]
struct Carried {
    sequence: u64,
    key: Option<RawKey>,
    map: Option<Map>,
    next_date: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
struct RawKey {
    cipher: Cipher,
    url: Url,
    iv: Option<[u8; crypt::BLOCK]>,
}

impl Carried {
    fn new(sequence: u64) -> Self {
        Self { sequence, key: None, map: None, next_date: None }
    }

    fn segment(
        &mut self,
        raw: &MediaSegment,
        Listed { address, segment_key, repeat }: Listed<'_>,
        base: &Url,
        target: Duration,
    ) -> Result<Segment, PlaylistError> {
        let has_tag = |name: &str| raw.unknown_tags.iter().any(|tag| tag.tag == name);
        if has_tag("X-KEY") {
            // The parser knows only keys with a method; METHOD=NONE comes here.
            self.key = None;
        }
        if let Some(key) = &raw.key {
            self.key = raw_key(key, base)?;
        }
        if let Some(map) = &raw.map {
            let offset =
                |range: &m3u8_rs::ByteRange| ByteRange { offset: range.offset.unwrap_or(0), length: range.length };
            self.map =
                Some(Map { url: absolute_or_inline(base, &map.uri)?, byte_range: map.byte_range.as_ref().map(offset) });
        }
        if self.map.is_some() && self.key.as_ref().is_some_and(|key| key.cipher == Cipher::Samples) {
            return Err(PlaylistError::Unknown("SAMPLE-AES in MP4".to_owned()));
        }
        let (url, byte_range) = (address.url.clone(), address.byte_range);
        let claimed = Some(extinf(raw)).filter(|duration| !duration.is_zero());
        let duration = claimed.unwrap_or(target);
        let programme_time = raw.program_date_time.map(|date| date.to_utc()).or(self.next_date);
        // A segment that is listed twice plays once.
        let plays = if repeat { Duration::ZERO } else { duration };
        self.next_date = programme_time.and_then(|date| date.checked_add_signed(delta(plays)));
        let sequence = self.sequence;
        self.sequence = sequence.saturating_add(1);
        let key = self.key.clone();
        Ok(Segment {
            sequence,
            url,
            segment_key,
            duration,
            claimed,
            byte_range,
            headers: ExtraHeaders::default(),
            key: key.map(|RawKey { cipher, url, iv }| Key {
                cipher,
                url,
                iv: iv.unwrap_or_else(|| crypt::sequence_iv(sequence)),
            }),
            map: self.map.clone(),
            programme_time,
            discontinuity: raw.discontinuity,
            gap: has_tag("X-GAP"),
            repeat,
        })
    }
}

fn extinf(segment: &MediaSegment) -> Duration {
    // The parser keeps 24 bits of the number; a microsecond is finer than any list is written.
    let seconds = (f64::from(segment.duration) * 1e6).round() / 1e6;
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn skipped_segments(first: &MediaSegment) -> u64 {
    let skip = first.unknown_tags.iter().find(|tag| tag.tag == "X-SKIP");
    let count = skip.and_then(|tag| tag.rest.as_deref()?.strip_prefix("SKIPPED-SEGMENTS=")?.parse().ok());
    count.unwrap_or(0)
}

fn absolute(base: &Url, address: &str) -> Result<Url, PlaylistError> {
    address::absolute(base, address).ok_or_else(|| no_address(address))
}

fn absolute_or_inline(base: &Url, address: &str) -> Result<Url, PlaylistError> {
    address::absolute_or_inline(base, address).ok_or_else(|| no_address(address))
}

fn no_address(address: &str) -> PlaylistError {
    PlaylistError::Address(redact::text(&address.chars().take(200).collect::<String>()))
}

fn raw_key(key: &m3u8_rs::Key, base: &Url) -> Result<Option<RawKey>, PlaylistError> {
    let identity = key.keyformat.as_deref().is_none_or(|format| format == "identity");
    let method = key.method.to_string();
    let cipher = match &*method {
        "NONE" => return Ok(None),
        _ if !identity => {
            let format = key.keyformat.as_deref().unwrap_or_default();
            return Err(PlaylistError::Protected(format!("{method} ({format})")));
        }
        "AES-128" => Cipher::Aes128,
        "AES-256" => Cipher::Aes256,
        "AES-256-CTR" => Cipher::Aes256Ctr,
        "SAMPLE-AES" => Cipher::Samples,
        _ => return Err(PlaylistError::Unknown(method)),
    };
    let url = absolute_or_inline(base, key.uri.as_deref().ok_or(PlaylistError::Key("it has no URI"))?)?;
    let iv = key.iv.as_deref().map(iv).transpose()?;
    Ok(Some(RawKey { cipher, url, iv }))
}

/// A hexadecimal number of at most 128 bits (RFC 8216 section 4.3.2.4).
fn iv(text: &str) -> Result<[u8; crypt::BLOCK], PlaylistError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let number = u128::from_str_radix(digits, 16).map_err(|_| PlaylistError::Key("its IV is no 128-bit number"))?;
    Ok(number.to_be_bytes())
}

/// Dates the segments before the first one with a date.
fn date_backwards(segments: &mut [Segment]) {
    let Some(first) = segments.iter().position(|segment| segment.programme_time.is_some()) else { return };
    let (undated, dated) = segments.split_at_mut(first);
    let mut date = dated.first().and_then(|segment| segment.programme_time);
    for segment in undated.iter_mut().rev() {
        let plays = if segment.repeat { Duration::ZERO } else { segment.duration };
        date = date.and_then(|date| date.checked_sub_signed(delta(plays)));
        segment.programme_time = date;
    }
}

#[cfg(test)]
mod tests;
