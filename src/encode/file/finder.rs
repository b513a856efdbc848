//! Where in an MP3 file frame number n is.
//!
//! With a constant bitrate that can be computed. A frame has one byte more or less than the one before where its exact
//! length is a fraction; but [`PERIOD`] frames have a whole number of bytes at every rate and bitrate. So a search goes to the
//! last whole period before the frame and reads the headers from there. It is believed if every header is as it must
//! be, there, at the end and at some places between. If one is not, all headers from the beginning on are read.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::head::{Head, LONGEST_FRAME, PROOF, SEARCH, find, is_alike};
use crate::base::mpeg_audio::{FrameHeader, HEADER};
use crate::base::read_at::read_at_most;

/// So many frames have a whole number of bytes: 49 × 144 × 1,000 × b / 44,100 = 160 × b, and at the other rates as well,
/// where b is a bitrate of the standard in kbit/s.
const PERIOD: u64 = 49;
/// How many frames one chunk has: two periods, two to eight seconds.
const CHUNK: u64 = 2 * PERIOD;
/// At how many places before the stretch it is checked that the bitrate was constant until there.
const PLACES: u64 = 8;
/// How many bytes are read at a time where all headers are read.
const BLOCK: usize = 256 << 10;
/// How many times what is no frame may lie between frames. A file with more is spoilt from there on: it would take for
/// ever to search.
const MOST_LOSSES: u32 = 1_000;

/// Frames that lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub offset: u64,
    pub length: u64,
    pub frames: u64,
}

/// Finds the frames `wanted`. They are fewer if the file ends before. Blocks.
pub(super) fn chunks(file: &File, head: &Head, wanted: Range<u64>) -> io::Result<Vec<Chunk>> {
    match computed(file, head, wanted.clone())? {
        Some(chunks) => Ok(chunks),
        None => walked(file, head, wanted),
    }
}

/// Finds frames of a constant bitrate. `None` if it is not constant.
pub(super) fn computed(file: &File, head: &Head, wanted: Range<u64>) -> io::Result<Option<Vec<Chunk>>> {
    let bits = PERIOD * u64::from(head.frame.bitrate) * head.samples();
    let eighths = 8 * u64::from(head.frame.rate);
    if !head.constant || !bits.is_multiple_of(eighths) {
        return Ok(None);
    }
    let period = Periods { file, head, bytes: bits / eighths };
    let last = head.end.saturating_sub(head.first) / period.bytes.max(1);
    for place in 1..=PLACES {
        let number = (wanted.start / PERIOD).min(last) * place / (PLACES + 1);
        if period.walk(number, PROOF as u64)?.is_none_or(|(frames, _)| frames == 0) {
            return Ok(None);
        }
    }
    let (Some((first, from)), Some((end, to))) =
        (period.locate(wanted.start, last, PROOF as u64)?, period.locate(wanted.end, last, 0)?)
    else {
        return Ok(None);
    };
    let mut chunks = Vec::new();
    let (mut at, mut offset) = (first, from);
    while at < end && first == wanted.start {
        let frames = CHUNK.min(end - at);
        // Any frames that are whole periods have as many bytes as these.
        let length = if frames == CHUNK { 2 * period.bytes } else { to.saturating_sub(offset) };
        chunks.push(Chunk { offset, length, frames });
        (at, offset) = (at + frames, offset + length);
    }
    Ok(Some(chunks))
}

/// The periods of a file with a constant bitrate.
struct Periods<'a> {
    file: &'a File,
    head: &'a Head,
    bytes: u64,
}

impl Periods<'_> {
    /// Where frame `number` begins; and if the file ends before, where that is and how many frames it has. `more`
    /// headers behind it are checked, too. `None` if a header is not what it must be.
    fn locate(&self, number: u64, last: u64, more: u64) -> io::Result<Option<(u64, u64)>> {
        let before = (number / PERIOD).min(last);
        let left = number - before * PERIOD;
        let Some((frames, bytes)) = self.walk(before, left.min(PERIOD + 1))? else { return Ok(None) };
        let (number, offset) = (before * PERIOD + frames, self.offset(before) + bytes);
        let is_right = frames < left || self.frames_at(offset, more)?.is_some();
        Ok(is_right.then_some((number, offset)))
    }

    /// How many of the `most` frames from period `number` on there are, and their bytes. `None` if something else is
    /// among them.
    fn walk(&self, number: u64, most: u64) -> io::Result<Option<(u64, u64)>> {
        self.frames_at(self.offset(number), most)
    }

    fn offset(&self, period: u64) -> u64 {
        self.head.first + period * self.bytes
    }

    fn frames_at(&self, offset: u64, most: u64) -> io::Result<Option<(u64, u64)>> {
        let left = usize::try_from(self.head.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let most_bytes = usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(LONGEST_FRAME);
        let block = read_at_most(self.file, offset, most_bytes.min(left))?;
        let (mut frames, mut at) = (0, 0);
        while frames < most {
            let rest = block.get(at..).unwrap_or_default();
            if rest.len() < HEADER {
                break;
            }
            let is_right =
                |frame: &FrameHeader| is_alike(&self.head.frame, frame) && frame.bitrate == self.head.frame.bitrate;
            let Some(frame) = FrameHeader::read(rest).filter(is_right) else { return Ok(None) };
            if frame.length > rest.len() {
                // Torn: the file ends in it.
                break;
            }
            (frames, at) = (frames + 1, at + frame.length);
        }
        Ok(Some((frames, at as u64)))
    }
}

/// Finds frames by the headers of all frames before them. What is no frame is left out, as players do.
pub(super) fn walked(file: &File, head: &Head, wanted: Range<u64>) -> io::Result<Vec<Chunk>> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut blocks = Blocks { file, at: 0, block: Vec::new() };
    let (mut number, mut offset, mut losses) = (0, head.first, 0);
    while number < wanted.end && offset < head.end {
        let frame = FrameHeader::read(blocks.header(offset)?).filter(|frame| is_alike(&head.frame, frame));
        let Some(frame) = frame else {
            losses += 1;
            let block = read_at_most(file, offset + 1, SEARCH + PROOF * LONGEST_FRAME)?;
            let Some((at, _)) = find(&block, SEARCH, Some(&head.frame)).filter(|_| losses <= MOST_LOSSES) else {
                break;
            };
            offset += 1 + at as u64;
            continue;
        };
        let length = frame.length as u64;
        if offset + length > head.end {
            break;
        }
        if number >= wanted.start {
            match chunks.last_mut() {
                Some(last) if last.offset + last.length == offset && last.frames < CHUNK => {
                    last.length += length;
                    last.frames += 1;
                }
                _ => chunks.push(Chunk { offset, length, frames: 1 }),
            }
        }
        (number, offset) = (number + 1, offset + length);
    }
    Ok(chunks)
}

/// A file that is read from its beginning to its end, block by block.
struct Blocks<'a> {
    file: &'a File,
    /// Where the block begins.
    at: u64,
    block: Vec<u8>,
}

impl Blocks<'_> {
    /// The four bytes at `offset`, or those that there are. Offsets only grow.
    fn header(&mut self, offset: u64) -> io::Result<&[u8]> {
        let place = |at: u64| usize::try_from(offset - at).unwrap_or(usize::MAX);
        if self.block.len() < place(self.at).saturating_add(HEADER) {
            (self.at, self.block) = (offset, read_at_most(self.file, offset, BLOCK)?);
        }
        let from = place(self.at);
        Ok(self.block.get(from..from.saturating_add(HEADER).min(self.block.len())).unwrap_or_default())
    }
}
