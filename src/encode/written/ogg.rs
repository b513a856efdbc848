//! Opus and Vorbis in Ogg (RFC 3533, RFC 7845, Vorbis I, A).
//!
//! The comments are padded, so that the tags, which are written last, have room. How many samples are played is said by
//! the granule position of the last page, and of Opus where that begins by the first header.

use std::path::Path;

use super::packet::{Coding, Packet};
use super::sink::Sink;
use crate::base::ogg::{FIRST, LAST, Page, VorbisModes, lace, pages_of};
use crate::encode::error::EncodeError;

/// The stream: there is one in each file.
const SERIAL: u32 = 1;
/// A page is ended before it has more parts or bytes than these.
const PARTS: usize = 200;
const BYTES: usize = 48 << 10;
/// The name of the program in the comments before there are tags.
const VENDOR: &[u8] = b"aircheck";

/// A file that is being written.
#[derive(Debug)]
pub(super) struct OggFile {
    sink: Sink,
    modes: Option<VorbisModes>,
    rate: u64,
    /// The number of the next page.
    number: u32,
    /// The samples up to the end of the page that is being filled.
    position: u64,
    /// The samples up to the end of the page before.
    before: u64,
    /// The length of the block before, of Vorbis.
    block: Option<u64>,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl OggFile {
    /// Begins the file at `path` with `room` for tags. `before`: how many samples of Opus come before the first that is
    /// played.
    pub(super) async fn create(path: &Path, coding: &Coding, before: u64, room: u64) -> Result<Self, EncodeError> {
        let mut sink = Sink::create(path).await?;
        let head = head(coding, SERIAL, before, room);
        let number = pages(&head);
        sink.write(&head).await?;
        let modes = if let Coding::Vorbis { modes, .. } = coding { Some(modes.clone()) } else { None };
        let rate = u64::from(coding.rate());
        let (lacing, body) = (Vec::new(), Vec::new());
        Ok(Self { sink, modes, rate, number, position: 0, before: 0, block: None, lacing, body })
    }

    /// Writes a packet. Returns how many samples it plays.
    pub(super) async fn push(&mut self, packet: &Packet) -> Result<u64, EncodeError> {
        let samples = match &self.modes {
            None => packet.samples,
            Some(modes) => {
                let block = modes.block(&packet.bytes);
                // The first block only begins to overlap (Vorbis I, 4.3.8).
                self.block.replace(block).map_or(0, |before| (before + block) / 4)
            }
        };
        let parts = packet.bytes.len() / 255 + 1;
        let is_full = self.lacing.len() + parts > PARTS
            || self.body.len() + packet.bytes.len() > BYTES
            || self.position - self.before >= self.rate;
        if is_full && !self.lacing.is_empty() {
            self.end_page(0, self.position).await?;
        }
        if parts > 255 {
            // No encoder of sound for people makes one.
            return Err(self.sink.too_large());
        }
        lace(&mut self.lacing, packet.bytes.len());
        self.body.extend_from_slice(&packet.bytes);
        self.position += samples;
        Ok(samples)
    }

    /// Ends the file, whose last sample that is played is at this `position`.
    pub(super) async fn finish(mut self, position: u64) -> Result<(), EncodeError> {
        let position = position.min(self.position);
        self.end_page(LAST, position).await?;
        self.sink.flush().await
    }

    async fn end_page(&mut self, flags: u8, position: u64) -> Result<(), EncodeError> {
        let (lacing, body) = (std::mem::take(&mut self.lacing), std::mem::take(&mut self.body));
        let page = Page { flags, position, serial: SERIAL, number: self.number, lacing: &lacing, body: &body };
        let bytes = page.write();
        (self.number, self.before) = (self.number.wrapping_add(1), self.position);
        self.sink.write(&bytes).await
    }
}

/// Returns the pages before the sound.
pub(super) fn head(coding: &Coding, serial: u32, before: u64, room: u64) -> Vec<u8> {
    let (first, comments, third) = match coding {
        Coding::Vorbis { first, third, .. } => (first.clone(), comments(b"\x03vorbis", &[1], room), Some(third)),
        other => (opus_head(other, before), comments(b"OpusTags", &[], room), None),
    };
    let mut bytes = pages_of(&[&first], serial, 0, FIRST);
    bytes.extend(pages_of(&[&comments], serial, 1, 0));
    if let Some(third) = third {
        bytes.extend(pages_of(&[third], serial, pages(&bytes), 0));
    }
    bytes
}

/// How many pages are in `bytes`.
fn pages(mut bytes: &[u8]) -> u32 {
    let mut count = 0;
    while let Some((length, _)) = Page::read(bytes) {
        bytes = bytes.get(length..).unwrap_or_default();
        count += 1;
    }
    count
}

/// The first header of Opus (RFC 7845, section 5.1).
fn opus_head(coding: &Coding, before: u64) -> Vec<u8> {
    let input_rate = if let Coding::Opus { input_rate, .. } = coding { *input_rate } else { coding.rate() };
    let channels = u8::try_from(coding.channels()).unwrap_or(2);
    let before = u16::try_from(before).unwrap_or(u16::MAX);
    let parts = [
        &b"OpusHead\x01"[..],
        &[channels],
        &before.to_le_bytes(),
        &input_rate.to_le_bytes(),
        // No gain, and one stream of one channel or two.
        &[0; 3],
    ];
    parts.concat()
}

/// Comments without any, and `room` behind them.
fn comments(begin: &[u8], end: &[u8], room: u64) -> Vec<u8> {
    let length = u32::try_from(VENDOR.len()).unwrap_or_default();
    let mut bytes = [begin, &length.to_le_bytes(), VENDOR, &[0; 4], end].concat();
    bytes.resize(bytes.len() + usize::try_from(room).unwrap_or_default(), 0);
    bytes
}
