//! Streams of frames: what ADTS, MPEG audio and AC-3 have in common.
//!
//! Each frame begins with a header that says its length, so the next header is where the frame ends. A sync word alone
//! proves nothing, because sound contains it by chance. Out of sync, a header is believed only if a second, consistent
//! one follows it. In sync, one at the expected position is enough.

use bytes::{Buf, Bytes, BytesMut};

use super::id3_tag;

/// What a frame's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// What distinguishes formats.
    pub format: FrameFormat,
    /// The whole frame in bytes, header included; never zero.
    pub length: usize,
    /// How many samples per channel it decodes to.
    pub samples: u32,
}

/// What all frames of one stream have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameFormat {
    /// The codec's short name.
    pub codec: &'static str,
    /// Samples per second.
    pub rate: u32,
    /// Channels; zero if the header leaves that to the frame's contents.
    pub channels: u8,
}

impl FrameFormat {
    /// For people and for comparing: `aac 48000 Hz 2 ch`.
    pub(super) fn detail(&self) -> String {
        detail(self.codec, self.rate, u32::from(self.channels))
    }
}

/// Writes a format in words; unknown parts (zero) are left out.
pub(super) fn detail(codec: &str, rate: u32, channels: u32) -> String {
    let rate = if rate == 0 { String::new() } else { format!(" {rate} Hz") };
    let channels = if channels == 0 { String::new() } else { format!(" {channels} ch") };
    format!("{codec}{rate}{channels}")
}

/// How the frames of a codec are recognised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    /// The first byte of each frame.
    pub sync: u8,
    /// Reads the header at the beginning of some bytes, if there is a valid one. Looks at [`HEADER`] bytes at most.
    pub header: fn(&[u8]) -> Option<Header>,
}

/// The longest header that a [`Coding`] looks at.
pub(super) const HEADER: usize = 7;
/// No frame of the formats we know is longer (ADTS: 13 bits).
const LONGEST_FRAME: usize = 8191;

/// Whether `bytes` begin with two consecutive consistent frames, or with exactly one and nothing else.
pub(super) fn begins(bytes: &[u8], coding: Coding) -> bool {
    follows(bytes, coding, 2)
}

/// Whether `count` consecutive consistent frames begin anywhere near the beginning of `bytes`: one joins an endless
/// stream in the middle of a frame.
pub(super) fn contains(bytes: &[u8], coding: Coding, count: usize) -> bool {
    (0..bytes.len().min(2 * LONGEST_FRAME)).any(|at| {
        bytes.get(at) == Some(&coding.sync)
            && bytes.get(at..).is_some_and(|rest| chain(rest, coding, count) == Some(true))
    })
}

fn follows(bytes: &[u8], coding: Coding, count: usize) -> bool {
    match chain(bytes, coding, count) {
        Some(whole) => whole,
        None => (coding.header)(bytes).is_some_and(|header| header.length == bytes.len()),
    }
}

/// Whether `count` headers of one format follow each other; `None` if the bytes end too early to say.
fn chain(bytes: &[u8], coding: Coding, count: usize) -> Option<bool> {
    let mut at = 0;
    let mut first = None;
    for _ in 0..count {
        let rest = bytes.get(at..).filter(|rest| rest.len() >= HEADER)?;
        let Some(header) = (coding.header)(rest) else { return Some(false) };
        if *first.get_or_insert(header.format) != header.format {
            return Some(false);
        }
        at += header.length;
    }
    Some(true)
}

/// Splits a stream into frames, whatever lies between them. Holds at most what was pushed since the last
/// [`FrameReader::next`] returned `None`, plus one frame or one ID3 tag of a sensible size.
#[derive(Debug)]
pub(super) struct FrameReader {
    coding: Coding,
    buffer: BytesMut,
    sync: Option<FrameFormat>,
}

impl FrameReader {
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, buffer: BytesMut::new(), sync: None }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame. `ended`: nothing follows what was pushed, so that a last frame is believed without another
    /// header after it.
    pub(super) fn next(&mut self, ended: bool) -> Option<(Header, Bytes)> {
        loop {
            match id3_tag::length(&self.buffer) {
                id3_tag::Tag::Whole(length) => {
                    self.buffer.advance(length);
                    continue;
                }
                id3_tag::Tag::Begun if !ended => return None,
                id3_tag::Tag::Begun | id3_tag::Tag::None => {}
            }
            if self.buffer.len() < HEADER {
                return None;
            }
            let Some(header) = (self.coding.header)(&self.buffer) else {
                self.lose_sync();
                continue;
            };
            if self.sync != Some(header.format) {
                match chain(&self.buffer, self.coding, 2) {
                    Some(true) => {}
                    None if !ended => return None,
                    None if header.length == self.buffer.len() => {}
                    Some(false) | None => {
                        self.lose_sync();
                        continue;
                    }
                }
            }
            if header.length > self.buffer.len() {
                return None;
            }
            self.sync = Some(header.format);
            return Some((header, self.buffer.split_to(header.length).freeze()));
        }
    }

    /// The header of the frame that has begun but not ended, once [`FrameReader::next`] returned `None`.
    pub(super) fn begun(&self) -> Option<Header> {
        (self.coding.header)(&self.buffer).filter(|header| self.sync == Some(header.format))
    }

    fn lose_sync(&mut self) {
        self.sync = None;
        // Frames begin with their sync byte, tags with "ID3": the bytes before are no sound.
        let sync = self.coding.sync;
        let skip = self.buffer.iter().skip(1).position(|byte| *byte == sync || *byte == b'I');
        self.buffer.advance(skip.map_or(self.buffer.len(), |at| at + 1));
    }
}
