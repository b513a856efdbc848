//! The tags of Opus and Vorbis: Vorbis comments, with the cover in `METADATA_BLOCK_PICTURE`
//! (<https://wiki.xiph.org/VorbisComment>) and chapters as `CHAPTER000` (<https://wiki.xiph.org/Chapter_Extension>).
//!
//! The comments are one packet, which is padded. It is written anew with as many bytes, so every page stays where it is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tags::{LONGEST, MOST_CHAPTERS, TagError, Tags, cut};
use crate::base::comments::{self, OPUS, VORBIS};
use crate::base::ogg::{self, Page, pages_of};
use crate::base::read_at::read_at_most;
use crate::config::Id3;
use crate::library::artwork::Picture;

/// What the loudness refers to in Opus is so much lower than in ReplayGain 2.0, in dB (RFC 7845, section 5.2.1).
const BELOW: f64 = 5.0;
/// The front cover, as ID3v2 numbers pictures.
const FRONT_COVER: u32 = 3;

/// Writes `tags` into the comments of the Ogg file at `path`. Blocks.
pub(super) fn write(path: &Path, tags: &Tags) -> Result<(), TagError> {
    let failed = |source| TagError::File { path: path.to_owned(), source };
    let no_space = || TagError::NoSpace { path: path.to_owned(), reason: "it is no Ogg file with room for tags" };
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    let first = read_at_most(&file, 0, ogg::LONGEST).map_err(failed)?;
    let (at, page) = Page::read(&first).ok_or_else(no_space)?;
    let (serial, is_opus) = (page.serial, page.body.starts_with(b"OpusHead"));
    let reserved = length_at(&file, at as u64).map_err(failed)?.ok_or_else(no_space)?;
    let (begin, end): (&[u8], &[u8]) = if is_opus { (OPUS, &[]) } else { (VORBIS, &[1]) };
    let written = comments::write(&tags.encoded_by, &named(tags, is_opus));
    let mut packet = [begin, &written, end].concat();
    if packet.len() > reserved {
        return Err(TagError::TooLarge { path: path.to_owned(), needed: packet.len(), reserved });
    }
    packet.resize(reserved, 0);
    file.write_all_at(&pages_of(&[&packet], serial, 1, 0), at as u64).map_err(failed)
}

/// How long the packet is that begins on the page at `at`. `None` if another begins on one of its pages.
fn length_at(file: &File, mut at: u64) -> io::Result<Option<usize>> {
    let mut length = 0;
    loop {
        let bytes = read_at_most(file, at, ogg::LONGEST)?;
        let Some((page_length, page)) = Page::read(&bytes) else { return Ok(None) };
        length += page.body.len();
        at += page_length as u64;
        match page.lacing.iter().position(|part| *part < 255) {
            None => {}
            Some(last) => return Ok((last + 1 == page.lacing.len()).then_some(length)),
        }
    }
}

/// The names and texts. The imprint is the first of them.
fn named(tags: &Tags, is_opus: bool) -> Vec<(String, String)> {
    let mut named = Vec::new();
    let mut add = |name: &str, text: &str| {
        let text = cut(text, LONGEST, Id3::V24);
        if !text.is_empty() {
            named.push((name.to_owned(), text));
        }
    };
    for (name, value) in &tags.extra {
        if !is_opus || !name.starts_with("REPLAYGAIN") {
            add(name, value);
        }
    }
    if is_opus && let Some(gain) = gain(tags) {
        add("R128_TRACK_GAIN", &gain.to_string());
    }
    let recorded = tags.recorded.map(|at| at.format("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
    let texts = [
        ("TITLE", &tags.title),
        ("ARTIST", &tags.artist),
        ("ALBUM", &tags.album),
        ("GENRE", &tags.genre),
        ("DATE", &recorded),
        ("ORGANIZATION", &tags.station),
        ("STATION", &tags.station),
        ("COMMENT", &tags.comment),
        ("ENCODED-BY", &tags.encoded_by),
    ];
    for (name, text) in texts {
        add(name, text);
    }
    for (number, chapter) in tags.chapters.iter().take(MOST_CHAPTERS).enumerate() {
        let (seconds, millis) = (chapter.start.as_secs(), chapter.start.subsec_millis());
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        add(&format!("CHAPTER{number:03}"), &format!("{hours:02}:{minutes:02}:{:02}.{millis:03}", seconds % 60));
        add(&format!("CHAPTER{number:03}NAME"), &chapter.title);
    }
    if let Some(cover) = &tags.cover {
        named.push(("METADATA_BLOCK_PICTURE".to_owned(), STANDARD.encode(picture(cover))));
    }
    named
}

/// The gain of Opus in 256ths of a decibel, from that of ReplayGain.
fn gain(tags: &Tags) -> Option<i16> {
    let (_, text) = tags.extra.iter().find(|(name, _)| name == "REPLAYGAIN_TRACK_GAIN")?;
    let decibels: f64 = text.strip_suffix(" dB")?.parse().ok()?;
    let parts = ((decibels - BELOW) * 256.0).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX));
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
    Some(parts as i16)
}

/// A picture as FLAC has it (RFC 9639, section 8.8). Its size is not said.
fn picture(cover: &Picture) -> Vec<u8> {
    let number = |length: usize| u32::try_from(length).unwrap_or_default().to_be_bytes();
    let mime = cover.kind.mime();
    [
        &FRONT_COVER.to_be_bytes()[..],
        &number(mime.len()),
        mime.as_bytes(),
        &number(0),
        &[0; 16],
        &number(cover.bytes.len()),
        &cover.bytes,
    ]
    .concat()
}
