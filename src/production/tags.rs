//! ID3v2 tags, written into the space that ffmpeg has reserved for them.
//!
//! ffmpeg, told `-id3v2_version 4 -metadata_header_padding N`, begins an MP3 with a tag whose declared size covers its
//! frames and N bytes of padding; the first MPEG frame follows at once. [`write()`] replaces exactly that many bytes: the
//! new frames, padded with zeros. No byte of sound moves, the file keeps its size, and tagging takes the same time
//! whatever its length. Still it is not atomic, so only temporary files are tagged.
//!
//! ffprobe, mutagen and players agree about all that is written; what they disagree about (TYER beside TDRC, zones in
//! timestamps) is left out.
//!
//! Version 2.4 is in UTF-8. In version 2.3 (ID3v2.3.0, 3.3) the time is in three frames (TYER, TDAT, TIME), and texts are
//! in ISO 8859-1 where they are ASCII, which the oldest readers understand, else in UTF-16.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Datelike, NaiveDateTime, Timelike};
use id3::frame::{Comment, ExtendedText, Frame, PictureType, TableOfContents};
use id3::{Encoder, Encoding, Tag, TagLike, Timestamp, Version};
use thiserror::Error;

use crate::base::id3v2::{HEADER, tag_length};
use crate::config::Id3;
use crate::library::artwork::Picture;

/// The longest text of a tag, in bytes as they are written; the rest is cut off. Sixteen of them fit into the reserved
/// space.
pub(super) const LONGEST: usize = 3_900;

/// The most chapters; the rest is left out. The format counts them in one byte (ID3v2 Chapter Frame Addendum, 3.2), and
/// with their titles they must fit into the space that the texts leave.
pub const MOST_CHAPTERS: usize = 100;
/// The longest title of a chapter, in bytes: ffmpeg misreads the size of a frame inside a chapter from 128 bytes on,
/// and then shows no chapter at all. In version 2.3 these sizes are plain numbers, which ffmpeg reads.
const LONGEST_CHAPTER: usize = 120;

/// A chapter mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// Where the chapter begins, from the beginning of the file.
    pub start: Duration,
    /// Where the chapter ends.
    pub end: Duration,
    /// The title.
    pub title: String,
}

/// The tags of a recording. Empty texts are not written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags {
    /// The version of ID3.
    pub version: Id3,
    /// TIT2
    pub title: String,
    /// TPE1
    pub artist: String,
    /// TALB
    pub album: String,
    /// TCON
    pub genre: String,
    /// TDRC, or TYER, TDAT and TIME: when the show was on the air, by its own clock; the format has no zones.
    pub recorded: Option<NaiveDateTime>,
    /// TRSN and TPUB: the station's name.
    pub station: String,
    /// COMM, in English: the verdict in words.
    pub comment: String,
    /// TENC: the program that made the file.
    pub encoded_by: String,
    /// TLEN: how long the file plays.
    pub length: Option<Duration>,
    /// TXXX: description and value, such as `REPLAYGAIN_TRACK_GAIN` and `-6.20 dB`.
    pub extra: Vec<(String, String)>,
    /// CHAP and CTOC, in order; at most [`MOST_CHAPTERS`].
    pub chapters: Vec<Chapter>,
    /// APIC, the front cover. It fits only if [`space_for`] it was reserved.
    pub cover: Option<Picture>,
}

/// Returns how many bytes a picture takes up in a tag.
pub fn space_for(cover: &Picture) -> u32 {
    // The header of its frame, its type and the bytes that end its texts (ID3v2.4.0 frames, 4.14).
    const AROUND: usize = 64;
    u32::try_from(cover.bytes.len() + AROUND).unwrap_or(u32::MAX)
}

/// Why a file was not tagged; the file is unchanged.
#[derive(Debug, Error)]
pub enum TagError {
    /// The file cannot be read or written.
    #[error("{} cannot be tagged: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not begin with space for tags, as it does where it is made.
    #[error("{} cannot be tagged: {reason}", path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
        /// What is there instead.
        reason: &'static str,
    },
    /// The tag does not fit the space.
    #[error("{} cannot be tagged: its tags need {needed} bytes and {reserved} are reserved", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bytes that the tags need.
        needed: usize,
        /// The bytes that are reserved.
        reserved: usize,
    },
    /// The id3 crate refuses a frame.
    #[error("{} cannot be tagged: {source}", path.display())]
    Frame {
        /// The file.
        path: PathBuf,
        /// What the crate said.
        source: id3::Error,
    },
    /// The process is stopping; nothing was written.
    #[error("nothing was tagged, because aircheck is stopping")]
    Stopping,
}

/// Writes `tags` into the space reserved at the beginning of the MP3 at `path`, and fills exactly that space. Blocks.
pub fn write(path: &Path, tags: &Tags) -> Result<(), TagError> {
    let failed = |source| TagError::File { path: path.to_owned(), source };
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    let reserved = reserved(&file, path)?;
    let tag = frames(tags);
    let plain = encode(&tag, 0, path)?;
    let Some(padding) = reserved.checked_sub(plain.len()) else {
        return Err(TagError::TooLarge { path: path.to_owned(), needed: plain.len(), reserved });
    };
    let padded = encode(&tag, padding, path)?;
    if padded.len() != reserved {
        return Err(TagError::TooLarge { path: path.to_owned(), needed: padded.len(), reserved });
    }
    // The crate's own function for files would resize the region and move the sound.
    file.write_all_at(&padded, 0).map_err(failed)
}

/// Returns how many bytes the tag at the beginning of the file takes up, with header and padding; sound follows it.
fn reserved(file: &File, path: &Path) -> Result<usize, TagError> {
    let no_space = |reason| TagError::NoSpace { path: path.to_owned(), reason };
    let failed = |source| TagError::File { path: path.to_owned(), source };
    let length = file.metadata().map_err(failed)?.len();
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, 0).map_err(failed)?;
    let [b'I', b'D', b'3', 3 | 4, _, 0, ..] = header else {
        return Err(no_space("it does not begin with a plain ID3v2.3 or ID3v2.4 tag"));
    };
    let reserved = tag_length(header).ok_or_else(|| no_space("the size of its tag is no number"))?;
    let mut sync = [0; 2];
    if u64::try_from(reserved).is_ok_and(|end| end + 2 > length) {
        return Err(no_space("no sound follows its tag"));
    }
    file.read_exact_at(&mut sync, reserved as u64).map_err(failed)?;
    // The sync word of an MPEG audio frame: eleven set bits (ISO/IEC 11172-3, 2.4.2.3).
    if sync[0] != 0xFF || sync[1] & 0xE0 != 0xE0 {
        return Err(no_space("no MPEG frame follows its tag"));
    }
    Ok(reserved)
}

fn encode(tag: &Tag, padding: usize, path: &Path) -> Result<Vec<u8>, TagError> {
    let mut bytes = Vec::new();
    Encoder::new()
        .version(tag.version())
        .padding(padding)
        .encode(tag, &mut bytes)
        .map_err(|source| TagError::Frame { path: path.to_owned(), source })?;
    Ok(bytes)
}

fn frames(tags: &Tags) -> Tag {
    let id3 = tags.version;
    let clean = |text: &str| cut(text, LONGEST, id3);
    let mut tag = Tag::with_version(match id3 {
        Id3::V24 => Version::Id3v24,
        Id3::V23 => Version::Id3v23,
    });
    let texts = [
        ("TIT2", &tags.title),
        ("TPE1", &tags.artist),
        ("TALB", &tags.album),
        ("TCON", &tags.genre),
        ("TRSN", &tags.station),
        ("TPUB", &tags.station),
        ("TENC", &tags.encoded_by),
    ];
    for (frame, text) in texts {
        let text = clean(text);
        if !text.is_empty() {
            tag.add_frame(encoded(Frame::text(frame, &text), &text, id3));
        }
    }
    if let Some(at) = tags.recorded {
        add_time(&mut tag, at, id3);
    }
    if let Some(length) = tags.length {
        let text = length.as_millis().to_string();
        tag.add_frame(encoded(Frame::text("TLEN", &text), &text, id3));
    }
    let comment = clean(&tags.comment);
    if !comment.is_empty() {
        let frame = Comment { lang: "eng".into(), description: String::new(), text: comment.clone() };
        tag.add_frame(encoded(frame.into(), &comment, id3));
    }
    for (description, value) in &tags.extra {
        let (description, value) = (clean(description), clean(value));
        let both = format!("{description}{value}");
        tag.add_frame(encoded(ExtendedText { description, value }.into(), &both, id3));
    }
    add_chapters(&mut tag, &tags.chapters, id3);
    if let Some(cover) = &tags.cover {
        let frame = id3::frame::Picture {
            mime_type: cover.kind.mime().to_owned(),
            picture_type: PictureType::CoverFront,
            description: String::new(),
            data: cover.bytes.to_vec(),
        };
        tag.add_frame(encoded(frame.into(), "", id3));
    }
    tag
}

/// Adds when the show was on the air.
fn add_time(tag: &mut Tag, at: NaiveDateTime, id3: Id3) {
    let part = |number: u32| u8::try_from(number).ok();
    match id3 {
        // Never set_year: it adds TYER, and readers then show only the year.
        Id3::V24 => tag.set_date_recorded(Timestamp {
            year: at.year(),
            month: part(at.month()),
            day: part(at.day()),
            hour: part(at.hour()),
            minute: part(at.minute()),
            second: part(at.second()),
        }),
        // Four figures each: year, DDMM, HHMM (ID3v2.3.0, 4.2.1).
        Id3::V23 => {
            for (frame, format) in [("TYER", "%Y"), ("TDAT", "%d%m"), ("TIME", "%H%M")] {
                let text = at.format(format).to_string();
                tag.add_frame(encoded(Frame::text(frame, &text), &text, id3));
            }
        }
    }
}

/// `frame`, whose words are `text`, in the encoding that readers of this version know best.
fn encoded(frame: Frame, text: &str, id3: Id3) -> Frame {
    frame.set_encoding(Some(match id3 {
        Id3::V24 => Encoding::UTF8,
        Id3::V23 if text.is_ascii() => Encoding::Latin1,
        Id3::V23 => Encoding::UTF16,
    }))
}

/// Adds chapters, and the table of contents without which players show no chapter (ID3v2 Chapter Frame Addendum, 1.0).
fn add_chapters(tag: &mut Tag, chapters: &[Chapter], id3: Id3) {
    /// Says that a chapter is found by time, not by byte offset (section 3.1).
    const BY_TIME: u32 = u32::MAX;
    let milliseconds = |at: Duration| u32::try_from(at.as_millis()).unwrap_or(u32::MAX);
    let longest = match id3 {
        Id3::V24 => LONGEST_CHAPTER,
        Id3::V23 => LONGEST_CHAPTER * 2,
    };
    let chapters = chapters.get(..MOST_CHAPTERS).unwrap_or(chapters);
    let mut elements = Vec::new();
    for (number, chapter) in chapters.iter().enumerate() {
        let element_id = format!("chp{number}");
        let title = cut(&chapter.title, longest, id3);
        tag.add_frame(id3::frame::Chapter {
            element_id: element_id.clone(),
            start_time: milliseconds(chapter.start),
            end_time: milliseconds(chapter.end),
            start_offset: BY_TIME,
            end_offset: BY_TIME,
            frames: vec![encoded(Frame::text("TIT2", &title), &title, id3)],
        });
        elements.push(element_id);
    }
    if !elements.is_empty() {
        let element_id = "toc".to_owned();
        tag.add_frame(TableOfContents { element_id, top_level: true, ordered: true, elements, frames: Vec::new() });
    }
}

/// Returns `text` as one line of visible text, at most `longest` bytes as they are written. A NUL would begin a second
/// value, a newline a second line.
pub(super) fn cut(text: &str, longest: usize, id3: Id3) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control());
    let mut clean = String::with_capacity(text.len().min(longest));
    let mut length = 0;
    for character in spaced {
        length += match id3 {
            Id3::V24 => character.len_utf8(),
            Id3::V23 => character.len_utf16() * 2,
        };
        if length > longest {
            break;
        }
        clean.push(character);
    }
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests;
