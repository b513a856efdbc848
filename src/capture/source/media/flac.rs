//! FLAC without another container (RFC 9639): a head, then frames.
//!
//! A frame does not say how long it is in bytes, only how much it plays. It ends at the next frame: at a header with a
//! right checksum, after bytes whose own checksum is right. The head goes into [`Format::init`], so that a reel that
//! begins in the middle can be decoded. A new head (some servers send one with every song) is a new format. What comes
//! before the first head is left out.

use bytes::{Buf, Bytes, BytesMut};

use super::frames::detail;
use super::unit::Unit;
use crate::base::fields::{array, be16, byte};
use crate::model::{Container, Format};

const MARK: &[u8; 4] = b"fLaC";
/// A longer head (with a picture in it) is not waited for.
const LONGEST_HEAD: usize = 4 << 20;
/// A longer frame is no frame: 65,535 samples seldom take more than a tenth of it.
const LONGEST_FRAME: usize = 1 << 20;
/// Sync, sizes, a number of up to seven bytes, a block size and a rate of two bytes each, a checksum.
const LONGEST_HEADER: usize = 16;

/// Whether `bytes` begin with the head of a FLAC stream.
pub(super) fn begins(bytes: &[u8]) -> bool {
    // The first block of the head describes the stream, and has 34 bytes.
    bytes.starts_with(MARK)
        && array::<4>(bytes, 4).is_some_and(|[kind, size @ ..]| matches!(kind & 0x7f, 0) && size == [0, 0, 34])
}

/// Takes a FLAC stream apart into frames.
#[derive(Debug, Default)]
pub(super) struct FlacReader {
    buffer: BytesMut,
    stream: Option<Stream>,
    /// Bytes of the open frame that were looked at, and their checksum.
    seen: usize,
    sum: u16,
}

/// What a head says.
#[derive(Debug)]
struct Stream {
    rate: u32,
    format: Format,
}

/// The needed fields of the header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    samples: u32,
}

impl FlacReader {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame. `ended`: nothing follows what was pushed.
    pub(super) fn next(&mut self, ended: bool) -> Option<Unit> {
        loop {
            if self.stream.is_none() || self.buffer.starts_with(MARK) {
                self.head()?;
                continue;
            }
            let Some(header) = header(&self.buffer) else {
                if self.buffer.len() < LONGEST_HEADER && !ended {
                    return None;
                }
                self.skip()?;
                continue;
            };
            let Some(length) = self.frame(ended) else {
                if self.seen <= LONGEST_FRAME && !ended {
                    return None;
                }
                self.skip()?;
                continue;
            };
            (self.seen, self.sum) = (0, 0);
            let stream = self.stream.as_ref()?;
            return Some(Unit {
                bytes: self.buffer.split_to(length).freeze(),
                samples: u64::from(header.samples),
                rate: stream.rate,
                ends: true,
                preamble: Bytes::new(),
                format: stream.format.clone(),
            });
        }
    }

    /// Removes the head at the beginning, or the bytes before it; `None` if the head is not whole.
    fn head(&mut self) -> Option<()> {
        (self.seen, self.sum) = (0, 0);
        let known = self.buffer.len().min(MARK.len());
        if self.buffer.get(..known) != MARK.get(..known) {
            let skip = self.buffer.iter().skip(1).position(|byte| *byte == MARK[0]);
            self.buffer.advance(skip.map_or(self.buffer.len(), |at| at + 1));
            return (!self.buffer.is_empty()).then_some(());
        }
        let length = match head_length(&self.buffer) {
            HeadLength::Known(length) => length,
            HeadLength::Begun => return None,
            HeadLength::TooLong => {
                self.buffer.advance(MARK.len());
                return Some(());
            }
        };
        let head = self.buffer.split_to(length).freeze();
        self.stream = Stream::read(&head).or(self.stream.take());
        Some(())
    }

    /// The length of the frame at the beginning, once it is known.
    fn frame(&mut self, ended: bool) -> Option<usize> {
        while let Some(byte) = byte(&self.buffer, self.seen).filter(|_| self.seen <= LONGEST_FRAME) {
            let next = self.buffer.get(self.seen..).unwrap_or_default();
            if self.sum == 0 && self.seen > 0 && (next.first() == Some(&0xff) || next.first() == Some(&MARK[0])) {
                if next.len() < LONGEST_HEADER && !ended {
                    return None;
                }
                if header(next).is_some() || next.starts_with(MARK) {
                    return Some(self.seen);
                }
            }
            self.sum = crc16(self.sum, byte);
            self.seen += 1;
        }
        (ended && self.sum == 0 && self.seen > 0).then_some(self.seen)
    }

    /// Drops bytes that are no frame.
    fn skip(&mut self) -> Option<()> {
        (self.seen, self.sum) = (0, 0);
        let next = self.buffer.iter().skip(1).position(|byte| matches!(byte, 0xff | b'f'));
        self.buffer.advance(next.map_or(self.buffer.len(), |at| at + 1));
        (!self.buffer.is_empty()).then_some(())
    }
}

/// How long a head is.
enum HeadLength {
    Known(usize),
    Begun,
    TooLong,
}

/// The length of the head at the beginning of `bytes`: the mark and its blocks, each with its kind and size.
fn head_length(bytes: &[u8]) -> HeadLength {
    const LAST: u8 = 0x80;
    let mut at = MARK.len();
    while let Some([kind, a, b, c]) = array::<4>(bytes, at) {
        at += 4 + (usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c));
        if at > LONGEST_HEAD {
            return HeadLength::TooLong;
        }
        if kind & LAST != 0 && at <= bytes.len() {
            return HeadLength::Known(at);
        }
        if kind & LAST != 0 {
            break;
        }
    }
    HeadLength::Begun
}

impl Stream {
    fn read(head: &Bytes) -> Option<Self> {
        if !begins(head) {
            return None;
        }
        let [a, b, c] = array::<3>(head, 18)?;
        let rate = u32::from(a) << 12 | u32::from(b) << 4 | u32::from(c >> 4);
        let detail = detail("flac", rate, u32::from(c >> 1 & 7) + 1);
        let format = Format { container: Container::Flac, detail, init: Some(head.clone()) };
        (rate > 0).then_some(Self { rate, format })
    }
}

/// Reads the header of a frame (RFC 9639, section 9.1) at the beginning of `bytes`.
fn header(bytes: &[u8]) -> Option<Header> {
    let [s0, s1, sizes, shape] = array::<4>(bytes, 0)?;
    // Fourteen bits of sync, a zero, and whether blocks are of one size.
    if s0 != 0xff || s1 & 0xfe != 0xf8 || shape >> 4 > 10 || shape & 1 != 0 || shape >> 1 & 7 == 3 {
        return None;
    }
    // A number of up to 36 bits, encoded as UTF-8 encodes code points.
    let mut at = 4 + match byte(bytes, 4)? {
        0..=0x7f => 1,
        first @ 0xc0..=0xfe => usize::try_from(first.leading_ones()).ok()?,
        _ => return None,
    };
    let samples = match sizes >> 4 {
        0 => return None,
        1 => 192,
        power @ 2..=5 => 144 << power,
        6 => {
            at += 1;
            u32::from(byte(bytes, at - 1)?) + 1
        }
        7 => {
            at += 2;
            u32::from(be16(bytes, at - 2)?) + 1
        }
        power => 1 << power,
    };
    at += match sizes & 0x0f {
        0x0c => 1,
        0x0d | 0x0e => 2,
        0x0f => return None,
        _ => 0,
    };
    let sum = bytes.get(..at)?.iter().fold(0, |sum, byte| crc8(sum, *byte));
    (byte(bytes, at)? == sum).then_some(Header { samples })
}

/// x⁸ + x² + x + 1.
fn crc8(sum: u8, byte: u8) -> u8 {
    (0..8).fold(sum ^ byte, |sum, _| if sum & 0x80 == 0 { sum << 1 } else { sum << 1 ^ 0x07 })
}

/// x¹⁶ + x¹⁵ + x² + 1; zero over a frame with its own checksum at its end.
fn crc16(sum: u16, byte: u8) -> u16 {
    let sum = sum ^ u16::from(byte) << 8;
    (0..8).fold(sum, |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x8005 })
}
