//! Ogg pages (RFC 3533) with Opus (RFC 7845), Vorbis (Vorbis I, A.2) or FLAC (the FLAC-to-Ogg mapping).
//!
//! A page says at which sample it ends (its granule position), so it plays the difference to the page before. The
//! header pages of a stream are no sound: they go into [`Format::init`], so that a reel that begins in the middle can
//! be decoded. A new stream in the chain (stations begin one with every song) is a new format.
//!
//! In a live Vorbis or FLAC stream that one joins, nobody knows where the first page begins. That one page, a fraction
//! of a second that the station had sent before anyway, is left out. Opus packets say their own length.

use bytes::{Buf, Bytes, BytesMut};

use super::frames::detail;
use super::unit::Unit;
use crate::base::fields::{be16, byte, le32};
use crate::base::ogg::{self, CONTINUED, FIRST, Page};
use crate::model::{Container, Format};

const CAPTURE: &[u8] = b"OggS\0";
/// Opus counts at this rate, whatever its encoder was fed.
const OPUS_RATE: u32 = 48_000;
/// Longer header pages (with a picture in the comments) are not waited for.
const LONGEST_HEADERS: usize = 4 << 20;
/// A page that claims to play longer is a jump in the numbering, not sound.
const LONGEST_PAGE_SECONDS: u64 = 60;

/// Splits an Ogg stream into the pages of its first sound.
#[derive(Debug, Default)]
pub(super) struct OggReader {
    buffer: BytesMut,
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    serial: u32,
    codec: Codec,
    rate: u32,
    pre_skip: u64,
    detail: String,
    headers: BytesMut,
    /// How many header packets are still to come; `None` if the stream does not say.
    headers_left: Option<usize>,
    headers_end: u32,
    /// The granule position of the page before.
    granule: Option<u64>,
    /// Made once the headers are whole.
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Opus,
    Vorbis,
    Flac,
}

/// The page at the beginning of `bytes`; `Err` if there is none, `Ok(None)` if it goes on beyond them.
fn page(bytes: &[u8]) -> Result<Option<(usize, Page<'_>)>, ()> {
    let known = bytes.len().min(CAPTURE.len());
    if bytes.get(..known) != CAPTURE.get(..known) {
        return Err(());
    }
    Ok(Page::read(bytes))
}

/// The granule position of a page; `None` if no packet ends on it.
fn granule(page: &Page<'_>) -> Option<u64> {
    Some(page.position).filter(|granule| i64::try_from(*granule).is_ok())
}

/// How many packets end on a page.
fn packets(page: &Page<'_>) -> usize {
    page.lacing.iter().filter(|part| **part < 255).count()
}

/// Samples in the Opus packets that begin on a page.
fn opus_samples(page: &Page<'_>) -> u64 {
    let mut at = 0;
    let mut begins = page.flags & CONTINUED == 0;
    let mut samples = 0;
    for part in page.lacing {
        if begins {
            samples += page.body.get(at..).map_or(0, ogg::opus_samples);
        }
        at += usize::from(*part);
        begins = *part < 255;
    }
    samples
}

impl Stream {
    /// The stream that `page`, its first, announces; `None` for video, skeletons and codecs we do not know.
    fn announced(page: &Page<'_>) -> Option<Self> {
        let body = page.body;
        let (codec, name, rate, channels, pre_skip, headers) = if body.starts_with(b"OpusHead") {
            let pre_skip = u16::from_le_bytes([byte(body, 10)?, byte(body, 11)?]);
            (Codec::Opus, "opus", OPUS_RATE, u32::from(byte(body, 9)?), u64::from(pre_skip), Some(2))
        } else if body.starts_with(b"\x01vorbis") {
            (Codec::Vorbis, "vorbis", le32(body, 12)?, u32::from(byte(body, 11)?), 0, Some(3))
        } else if body.starts_with(b"\x7fFLAC") {
            // The native FLAC marker, one metadata block header, and STREAMINFO with the rate in 20 bits, the channels
            // in 3.
            let more = usize::from(be16(body, 7)?);
            let [a, b, c] = crate::base::fields::array::<3>(body, 27)?;
            let rate = u32::from(a) << 12 | u32::from(b) << 4 | u32::from(c >> 4);
            (Codec::Flac, "flac", rate, u32::from(c >> 1 & 7) + 1, 0, (more > 0).then_some(more + 1))
        } else {
            return None;
        };
        if rate == 0 {
            return None;
        }
        Some(Self {
            serial: page.serial,
            codec,
            rate,
            pre_skip,
            detail: detail(name, rate, channels),
            headers: BytesMut::new(),
            headers_left: headers,
            headers_end: page.number,
            granule: None,
            format: None,
        })
    }

    /// Whether `page` is one of the stream's headers. Stores it if so.
    fn keep_header(&mut self, page: &Page<'_>, bytes: &[u8]) -> bool {
        let header = match self.headers_left {
            Some(left) => left > 0,
            None => self.granule.is_none() && granule(page).is_none_or(|granule| granule == 0),
        };
        if header {
            self.headers_left = self.headers_left.map(|left| left.saturating_sub(packets(page)));
            self.headers_end = page.number;
            self.headers.extend_from_slice(bytes);
        }
        header
    }

    /// How many samples `page` plays; `None` if nobody can know.
    fn samples(&mut self, page: &Page<'_>) -> Option<u64> {
        let Some(granule) = granule(page) else { return self.granule.map(|_| 0) };
        let before = self.granule.replace(granule);
        let from_start = page.number == self.headers_end.wrapping_add(1);
        let samples = match (before, self.codec) {
            (Some(before), _) => granule.saturating_sub(before),
            (None, Codec::Opus) if from_start => granule.min(opus_samples(page)).saturating_sub(self.pre_skip),
            (None, Codec::Opus) => opus_samples(page),
            (None, _) => from_start.then_some(granule)?,
        };
        Some(if samples / u64::from(self.rate) >= LONGEST_PAGE_SECONDS { 0 } else { samples })
    }

    fn format(&mut self) -> Format {
        let (headers, detail) = (&self.headers, &self.detail);
        let make = || Format {
            container: Container::Ogg,
            detail: detail.clone(),
            init: Some(Bytes::copy_from_slice(headers)),
        };
        self.format.get_or_insert_with(make).clone()
    }
}

impl OggReader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next page with sound.
    pub(super) fn next(&mut self) -> Option<Unit> {
        loop {
            let (length, unit) = match page(&self.buffer) {
                Ok(None) => return None,
                Ok(Some((length, page))) => (length, Self::look(&mut self.stream, &page, self.buffer.get(..length)?)),
                Err(()) => {
                    let skip = self.buffer.iter().skip(1).position(|byte| *byte == b'O');
                    self.buffer.advance(skip.map_or(self.buffer.len(), |at| at + 1));
                    continue;
                }
            };
            let bytes = self.buffer.split_to(length).freeze();
            if let Some(unit) = unit {
                return Some(Unit { bytes, ..unit });
            }
        }
    }

    fn look(current: &mut Option<Stream>, page: &Page<'_>, bytes: &[u8]) -> Option<Unit> {
        if page.flags & FIRST != 0 {
            // Streams that run side by side all begin before any sound: the first one with a known codec is used.
            let waiting = current.as_ref().is_some_and(|stream| stream.headers_left.is_some_and(|left| left > 0));
            if !waiting && let Some(announced) = Stream::announced(page) {
                *current = Some(announced);
            }
        }
        let stream = current.as_mut().filter(|stream| stream.serial == page.serial)?;
        if stream.headers.len() > LONGEST_HEADERS {
            *current = None;
            return None;
        }
        if stream.keep_header(page, bytes) {
            return None;
        }
        let samples = stream.samples(page)?;
        Some(Unit {
            bytes: Bytes::new(),
            samples,
            rate: stream.rate,
            ends: page.lacing.last().is_none_or(|part| *part < 255),
            preamble: Bytes::new(),
            format: stream.format(),
        })
    }
}

/// Whether `bytes` begin with an Ogg page.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(CAPTURE)
}
