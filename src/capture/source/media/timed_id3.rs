//! Titles that a segment carries as timed ID3: in an elementary stream of their own, in boxes, or between the frames of
//! packed audio (RFC 8216 section 3.4).
//!
//! The sound is not changed. Hostile input yields only a few titles of bounded length.

mod emsg;
mod tag;
#[cfg(test)]
mod tests;
mod transport;

use chrono::TimeDelta;

use self::tag::MOST_TITLES;
use super::frames::Coding;
use super::play_time::PlayTime;
use super::{ac3, adts, id3_tag, mpeg_audio};
use crate::model::Container;

pub use self::tag::TimedTitle;

/// Returns the titles in a whole segment of `container`, in their order in the segment. `init` is its initialisation
/// section (`EXT-X-MAP`).
pub fn titles(container: Container, bytes: &[u8], init: Option<&[u8]>) -> Vec<TimedTitle> {
    match container {
        Container::MpegTs => transport::titles(bytes),
        Container::Fmp4 => emsg::titles(bytes, init),
        Container::Adts => packed(bytes, adts::CODING),
        Container::Mp3 => packed(bytes, mpeg_audio::CODING),
        Container::Ac3 => packed(bytes, ac3::CODING),
        Container::Eac3 => packed(bytes, ac3::ENHANCED),
        Container::Ogg | Container::Flac | Container::Wav => Vec::new(),
    }
}

/// Returns the titles between frames. Each counts from the frame after it.
fn packed(mut bytes: &[u8], coding: Coding) -> Vec<TimedTitle> {
    let mut titles = Vec::new();
    let mut played = PlayTime::default();
    while !bytes.is_empty() && titles.len() < MOST_TITLES {
        let length = if let id3_tag::Tag::Whole(length) = id3_tag::length(bytes) {
            let tag = bytes.get(..length).unwrap_or_default();
            titles.extend(tag::titles(tag, TimeDelta::from_std(played.total()).ok()));
            length
        } else if let Some(header) = (coding.header)(bytes) {
            played.add(header.samples.into(), header.format.rate);
            header.length
        } else {
            let may_begin = |byte: &u8| *byte == coding.sync || *byte == b'I';
            bytes.iter().skip(1).position(may_begin).map_or(bytes.len(), |at| at + 1)
        };
        bytes = bytes.get(length..).unwrap_or_default();
    }
    titles
}
