//! WAV (RIFF, Microsoft's multimedia programming interface 1.0): a head, then samples that are not compressed.
//!
//! A stream without an end cannot say how long it is, so the length in its head is not believed. The head goes into
//! [`Format::init`], with lengths that say "unknown". A new head after the end of the old stream is a new format.

use bytes::{Buf, Bytes, BytesMut};

use super::frames::detail;
use super::unit::Unit;
use crate::base::fields::{array, le32};
use crate::model::{Container, Format};

/// A longer head is not waited for.
const LONGEST_HEAD: usize = 64 << 10;
/// Pieces that are handed on, per second.
const UNITS_PER_SECOND: u32 = 20;
const UNKNOWN: [u8; 4] = [0xff; 4];

/// Whether `bytes` begin with the head of a WAV stream.
pub(super) fn begins(bytes: &[u8]) -> bool {
    matches!(Head::read(bytes), Read::Head(_))
}

fn is_head(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE")
}

/// Splits a WAV stream into pieces of a fraction of a second.
#[derive(Debug, Default)]
pub(super) struct WavReader {
    buffer: BytesMut,
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    head: Head,
    /// How many bytes come before the next head; `None` if nobody knows.
    left: Option<u64>,
    format: Format,
}

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    rate: u32,
    /// Bytes of all channels' samples of one moment.
    frame: usize,
    /// Where the samples begin.
    length: usize,
    /// The bytes of samples that it announces.
    samples: u32,
    /// Where the description of the samples begins, and its length.
    shape: (usize, usize),
    channels: u16,
    bits: u16,
}

/// What some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Head(Head),
    /// A head that goes on beyond them.
    Begun,
    /// No head of a kind that we know.
    None,
}

impl Head {
    fn read(bytes: &[u8]) -> Read {
        if !is_head(bytes) {
            return Read::None;
        }
        let mut shape = None;
        let mut at = 12_usize;
        while let (Some(kind), Some(size)) = (array::<4>(bytes, at), le32(bytes, at + 4)) {
            let Ok(length) = usize::try_from(size) else { return Read::None };
            match &kind {
                b"fmt " if length < LONGEST_HEAD && bytes.len() < at + 8 + length => return Read::Begun,
                b"fmt " => shape = Some((at, length)),
                b"data" => {
                    let head = shape.and_then(|shape| Self::of(bytes, shape, at + 8, size));
                    return head.map_or(Read::None, Read::Head);
                }
                _ => {}
            }
            // Chunks begin at even places.
            at = at.saturating_add(8).saturating_add(length).saturating_add(length & 1);
            if at > LONGEST_HEAD {
                return Read::None;
            }
        }
        Read::Begun
    }

    fn of(bytes: &[u8], shape: (usize, usize), length: usize, samples: u32) -> Option<Self> {
        /// Integers, floating point, A-law, µ-law, and one of these by a longer name.
        const KNOWN: [u16; 5] = [1, 3, 6, 7, 0xfffe];
        let field = |at: usize| array::<2>(bytes, shape.0 + 8 + at).map(u16::from_le_bytes);
        let (channels, rate, frame, bits) = (field(2)?, le32(bytes, shape.0 + 12)?, field(12)?, field(14)?);
        let sane = KNOWN.contains(&field(0)?) && shape.1 >= 16 && (1..=8).contains(&channels);
        (sane && (1_000..=400_000).contains(&rate) && (1..=64).contains(&frame)).then_some(Self {
            rate,
            frame: usize::from(frame),
            length,
            samples,
            shape,
            channels,
            bits,
        })
    }

    /// The head of a stream whose length nobody knows.
    fn endless(&self, bytes: &[u8]) -> Option<Bytes> {
        let shape = bytes.get(self.shape.0..self.shape.0 + 8 + self.shape.1)?;
        let padding: &[u8] = if self.shape.1 & 1 == 0 { &[] } else { &[0] };
        Some([b"RIFF", &UNKNOWN[..], b"WAVE", shape, padding, b"data", &UNKNOWN].concat().into())
    }
}

impl WavReader {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece. `ended`: nothing follows what was pushed.
    pub(super) fn next(&mut self, ended: bool) -> Option<Unit> {
        loop {
            let Some(stream) = &mut self.stream else {
                self.head()?;
                continue;
            };
            let Head { rate, frame, .. } = stream.head;
            if stream.left == Some(0) {
                // The least length of a head.
                if self.buffer.len() < 12 && !ended {
                    return None;
                }
                stream.left = None;
                if is_head(&self.buffer) {
                    self.stream = None;
                }
                continue;
            }
            let moments = usize::try_from(rate.div_ceil(UNITS_PER_SECOND)).ok()?;
            let left = stream.left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX);
            let wanted = (moments * frame).min(left);
            if self.buffer.len() < wanted && !ended {
                return None;
            }
            let length = wanted.min(self.buffer.len());
            let whole = length / frame * frame;
            stream.left = stream.left.map(|left| left.saturating_sub(length as u64));
            let bytes = self.buffer.split_to(whole).freeze();
            self.buffer.advance(length - whole);
            if bytes.is_empty() {
                if length == 0 {
                    return None;
                }
                continue;
            }
            let samples = u64::try_from(whole / frame).ok()?;
            let format = stream.format.clone();
            return Some(Unit { bytes, samples, rate, ends: true, preamble: Bytes::new(), format });
        }
    }

    /// Removes the head at the beginning, or the bytes before it; `None` if the head is not whole.
    fn head(&mut self) -> Option<()> {
        if self.buffer.len() < 12 {
            return None;
        }
        match Head::read(&self.buffer) {
            Read::Begun => None,
            Read::None => {
                let skip = self.buffer.iter().skip(1).position(|byte| *byte == b'R');
                self.buffer.advance(skip.map_or(self.buffer.len(), |at| at + 1));
                Some(())
            }
            Read::Head(head) => {
                let init = head.endless(&self.buffer)?;
                self.buffer.advance(head.length);
                let whole = u64::from(head.samples) / head.frame as u64 * head.frame as u64;
                // If there is no end, servers write the longest length that fits, or zero.
                let left = Some(whole).filter(|left| *left > 0 && head.samples < 0x7fff_0000);
                let name = if head.bits == 0 { "wav".to_owned() } else { format!("wav {} bit", head.bits) };
                let detail = detail(&name, head.rate, u32::from(head.channels));
                let format = Format { container: Container::Wav, detail, init: Some(init) };
                self.stream = Some(Stream { head, left, format });
                Some(())
            }
        }
    }
}
