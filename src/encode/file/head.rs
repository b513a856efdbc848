//! What the beginning of an MP3 file says: where its sound begins, and which samples of it a player plays.
//!
//! An encoder puts samples of its own before the sound and after it, and a decoder delays it further. LAME and ffmpeg
//! write how many into the statistics in the place of the first frame (Xing or Info, with the part that LAME added:
//! <http://gabriel.mp3-tech.org/mp3infotag.html>). ffmpeg counts as players do (`libavformat/mp3dec.c`). If nothing is
//! written, nothing is taken off.

use std::fs::File;
use std::io;

use crate::base::id3v2;
use crate::base::mpeg_audio::{self, FrameHeader};
use crate::base::read_at::read_at_most;

/// How many samples a decoder of layer III delays the sound.
const DECODER_DELAY: u64 = 529;
/// The length of an ID3v1 tag, which is the last thing in a file.
const ID3V1: u64 = 128;
/// The greatest number of ID3v2 tags before the sound.
const MOST_TAGS: u32 = 16;
/// How far the first frame may be from the end of the tags, or from the frame before.
pub(super) const SEARCH: usize = 64 << 10;
/// How many frames that follow each other prove that a place is the beginning of a frame.
pub(super) const PROOF: usize = 3;
/// The longest frame: MPEG-1, 320 kbit/s at 32 kHz, padded.
pub(super) const LONGEST_FRAME: usize = 1_441;

/// What a file says of its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Where the first frame with sound begins.
    pub first: u64,
    /// Where its last frame ends at the latest.
    pub end: u64,
    /// The header of the first frame with sound.
    pub frame: FrameHeader,
    /// Whether its bitrate may be constant: the file does not deny it.
    pub constant: bool,
    /// How many frames with sound it has, if it says so.
    pub frames: Option<u64>,
    /// How many of the decoded samples come before the first that is played.
    pub before: u64,
    /// How many of the decoded samples come after the last that is played. It counts only with `frames`.
    pub after: u64,
}

impl Head {
    /// Reads the beginning of `file`, which has `length` bytes. `None` if no sound of layer III begins there. Blocks.
    pub(super) fn read(file: &File, length: u64) -> io::Result<Option<Self>> {
        let behind_tags = behind_tags(file)?;
        let block = read_at_most(file, behind_tags, SEARCH + PROOF * LONGEST_FRAME)?;
        let Some((at, frame)) = find(&block, SEARCH, None) else { return Ok(None) };
        let at_first = behind_tags + at as u64;
        let end = length.saturating_sub(if has_id3v1(file, length)? { ID3V1 } else { 0 });
        let bare = Self { first: at_first, end, frame, constant: true, frames: None, before: 0, after: 0 };
        let Some(statistics) = block.get(at..).and_then(|bytes| Statistics::read(frame, bytes)) else {
            return Ok(Some(bare));
        };
        let first = at_first + frame.length as u64;
        let header = read_at_most(file, first, mpeg_audio::HEADER)?;
        let Some(frame) = FrameHeader::read(&header).filter(|it| is_alike(&frame, it)) else { return Ok(None) };
        let Statistics { constant, frames, before, after } = statistics;
        Ok(Some(Self { first, frame, constant, frames, before, after, ..bare }))
    }

    /// How many samples a frame decodes to.
    pub(super) fn samples(&self) -> u64 {
        u64::from(self.frame.samples)
    }
}

/// What stands in the place of the first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Statistics {
    constant: bool,
    frames: Option<u64>,
    before: u64,
    after: u64,
}

impl Statistics {
    /// Reads the statistics from `bytes`, which begin with `frame`, if it has any.
    fn read(frame: FrameHeader, bytes: &[u8]) -> Option<Self> {
        // Fraunhofer's encoder writes statistics of its own, always in this place, and says nothing of delays.
        if bytes.get(36..40) == Some(b"VBRI") {
            return Some(Self { constant: false, frames: None, before: 0, after: 0 });
        }
        let info = frame.info(bytes)?;
        let constant = info.starts_with(b"Info");
        let flags = be32(info, 4)?;
        // Frames, bytes, a table of contents and the quality are there if their flag is set, in this order.
        let frames = (flags & 1 != 0).then(|| be32(info, 8)).flatten().filter(|frames| *frames > 0);
        let parts = [(1, 4), (2, 4), (4, 100), (8, 4)];
        let lame = 8 + parts.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, length)| length).sum::<usize>();
        let version = info.get(lame..lame + 4);
        let known = version.is_some_and(|version| [b"LAME", b"Lavf", b"Lavc"].iter().any(|name| version == *name));
        // Both in 12 bits each, after the version, the filter, the gains and the flags.
        let delays = be32(info, lame + 20)
            .filter(|_| known)
            .map(|word| (u64::from(word >> 12 & 0xfff), u64::from(word & 0xfff)));
        let (before, after) =
            delays.map_or((0, 0), |(delay, padding)| (delay + DECODER_DELAY, padding.saturating_sub(DECODER_DELAY)));
        Some(Self { constant, frames: frames.map(u64::from), before, after })
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// Whether two frames are of one stream. Their bitrates may differ.
pub(super) fn is_alike(one: &FrameHeader, other: &FrameHeader) -> bool {
    one.layer == other.layer && one.rate == other.rate && one.samples == other.samples
}

/// Finds the first place among the first `most` bytes of `block` where frames of layer III begin, like `like` if that is
/// given. Fewer frames prove it if the block ends where they do.
pub(super) fn find(block: &[u8], most: usize, like: Option<&FrameHeader>) -> Option<(usize, FrameHeader)> {
    (0..block.len().min(most)).filter(|at| block.get(*at) == Some(&0xff)).find_map(|at| {
        let first = FrameHeader::read(block.get(at..)?)?;
        let mut next = at;
        for _ in 0..PROOF {
            let rest = block.get(next..)?;
            if rest.is_empty() && next > at {
                break;
            }
            let frame = FrameHeader::read(rest).filter(|frame| frame.layer == 3 && is_alike(&first, frame))?;
            next += frame.length;
        }
        like.is_none_or(|like| is_alike(like, &first)).then_some((at, first))
    })
}

/// Where the ID3v2 tags at the beginning end.
fn behind_tags(file: &File) -> io::Result<u64> {
    let mut at = 0;
    for _ in 0..MOST_TAGS {
        let header = read_at_most(file, at, id3v2::HEADER)?;
        let Some(length) = header.first_chunk().and_then(|header| id3v2::tag_length(*header)) else { break };
        at += length as u64;
    }
    Ok(at)
}

fn has_id3v1(file: &File, length: u64) -> io::Result<bool> {
    let Some(at) = length.checked_sub(ID3V1) else { return Ok(false) };
    Ok(read_at_most(file, at, 3)? == b"TAG")
}
