//! Titles in fragmented MP4: event message boxes (ISO/IEC 23009-1, 5.10.3.3) that contain ID3 tags (AOM, *Carriage of
//! ID3 Timed Metadata in the Common Media Application Format*).

use chrono::TimeDelta;

use super::super::fmp4::Track;
use super::tag::{self, MOST_TITLES, TimedTitle};
use crate::base::fields::{be32, be64, byte};
use crate::base::mp4::atoms;

/// The schemes of messages that are ID3 tags: that of AOM, and the older one of Apple.
const SCHEMES: [&[u8]; 2] = [b"https://aomedia.org/emsg/ID3", b"https://developer.apple.com/streaming/emsg-id3"];
/// The length of the version and flags of a box, in bytes.
const FLAGS: usize = 4;

/// Returns the titles in a whole segment. `init` is its initialisation section.
pub(super) fn titles(segment: &[u8], init: Option<&[u8]>) -> Vec<TimedTitle> {
    let track = init.and_then(Track::read).or_else(|| Track::read(segment));
    let begins = track.and_then(|track| nanoseconds(track.begins(segment)?, track.timescale));
    let messages = atoms(segment).filter(|atom| atom.kind == *b"emsg").filter_map(|atom| Message::read(atom.body));
    messages.flat_map(|message| tag::titles(message.tags, message.after(begins))).take(MOST_TITLES).collect()
}

/// An event message.
struct Message<'a> {
    /// Nanoseconds. `None` if the time scale is zero.
    time: Option<i128>,
    /// Whether `time` is on the clock of the movie; otherwise it is since the begin of the segment.
    is_absolute: bool,
    tags: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a box of version 0 or 1. `None` if its message is no ID3 tag.
    fn read(body: &'a [u8]) -> Option<Self> {
        let (scheme, time, is_absolute, tags);
        match byte(body, 0)? {
            0 => {
                let rest;
                (scheme, rest) = text(body.get(FLAGS..)?)?;
                let (_, rest) = text(rest)?;
                // Time scale, time since the segment began, length, number.
                (time, is_absolute) = (nanoseconds(be32(rest, 4)?.into(), be32(rest, 0)?), false);
                tags = rest.get(16..)?;
            }
            1 => {
                // Time scale, time, length, number.
                (time, is_absolute) = (nanoseconds(be64(body, FLAGS + 4)?, be32(body, FLAGS)?), true);
                let rest;
                (scheme, rest) = text(body.get(FLAGS + 20..)?)?;
                (_, tags) = text(rest)?;
            }
            _ => return None,
        }
        SCHEMES.contains(&scheme).then_some(Self { time, is_absolute, tags })
    }

    /// Returns how long after the begin of the segment the message counts. The segment begins at `begins` on the clock
    /// of the movie. `None` if that is not known.
    fn after(&self, begins: Option<i128>) -> Option<TimeDelta> {
        let begins = if self.is_absolute { begins? } else { 0 };
        let after = self.time?.checked_sub(begins)?;
        i64::try_from(after).ok().map(TimeDelta::nanoseconds)
    }
}

/// Returns the text that ends with a zero byte, and the bytes after it. `None` if there is no zero byte.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

fn nanoseconds(ticks: u64, timescale: u32) -> Option<i128> {
    (i128::from(ticks) * 1_000_000_000).checked_div(i128::from(timescale))
}
