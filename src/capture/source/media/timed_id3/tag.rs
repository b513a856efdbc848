//! The title in an ID3v2 tag (id3.org, `ID3v2.3.0` and `ID3v2.4.0` structure and native frames).
//!
//! The crate `id3` decodes the text of a frame. It must not get whole tags of a station: it reserves as much memory as
//! a frame claims to need, unpacks frames with too high a bound, and compares each frame with all others. So the frames
//! are found here, and the crate gets one at a time, of bounded length.

use std::io::Cursor;

use chrono::TimeDelta;
use id3::{Content, Tag};

use super::super::id3_tag;
use crate::base::fields::{array, be32};
use crate::base::id3v2::{HEADER, synchsafe};

/// How many titles of one segment are read; a few more if they are in its last tags.
pub(super) const MOST_TITLES: usize = 16;
/// The longest frame that is read, in bytes.
const LONGEST_FRAME: usize = 4 << 10;
/// How many frames of one tag are read.
const MOST_FRAMES: usize = 16;
/// The frames with title and artist (section 4.2.1), a text with a name (4.2.6), and an address with a name (4.3.2).
const WANTED: [&[u8; 4]; 4] = [b"TIT2", b"TPE1", b"TXXX", b"WXXX"];
/// The names, in lower case, under which stations write the title that ICY has.
const NAMES: [&str; 2] = ["streamtitle", "title"];
const UNSYNCHRONISED: u8 = 0x80;
const EXTENDED: u8 = 0x40;

/// A title that a segment carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedTitle {
    /// How long after the first sample of the segment the title begins, by its time stamp. Negative if it begins before
    /// the segment. `None` if that is not known.
    pub after: Option<TimeDelta>,
    /// The text of the station, `Artist - Title` if both are known. Untrusted, and never empty.
    pub text: String,
}

/// Returns the titles in the tags with which `bytes` begin. All begin at `after`.
pub(super) fn titles(mut bytes: &[u8], after: Option<TimeDelta>) -> Vec<TimedTitle> {
    let mut titles = Vec::new();
    while titles.len() < MOST_TITLES
        && let id3_tag::Tag::Whole(length) = id3_tag::length(bytes)
    {
        let (tag, rest) = bytes.split_at(length.min(bytes.len()));
        titles.extend(title(tag).map(|text| TimedTitle { after, text }));
        bytes = rest;
    }
    titles
}

/// Returns the title in one whole tag. `None` if it has none.
fn title(tag: &[u8]) -> Option<String> {
    let [_, _, _, major @ 3..=4, _, flags, ..] = array::<HEADER>(tag, 0)? else { return None };
    let body = tag.get(HEADER..)?;
    // Before version 2.4, the lengths of frames do not include unsynchronisation.
    let whole = (major == 3 && flags & UNSYNCHRONISED != 0).then(|| synchronised(body));
    let mut frames = whole.as_deref().unwrap_or(body);
    if flags & EXTENDED != 0 {
        frames = frames.get(extended_header(frames, major)?..)?;
    }
    let (mut title, mut artist, mut named) = (None, None, None);
    for content in wanted(frames, major).take(MOST_FRAMES) {
        match content {
            (b"TIT2", Content::Text(text)) => title = title.or(words(&text)),
            (b"TPE1", Content::Text(text)) => artist = artist.or(words(&text)),
            (_, Content::ExtendedText(text)) if is_title(&text.description) => named = named.or(words(&text.value)),
            (_, Content::ExtendedLink(link)) if is_title(&link.description) => named = named.or(words(&link.link)),
            _ => {}
        }
    }
    match (artist, title) {
        (Some(artist), Some(title)) => Some(format!("{artist} - {title}")),
        (None, Some(title)) => Some(title),
        (_, None) => named,
    }
}

/// Returns `text` without padding, its values joined by slashes. `None` if nothing is left.
fn words(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    // Zero bytes separate values. Before version 2.4 slashes do, and the crate replaces them by zero bytes.
    (!text.is_empty()).then(|| text.replace('\0', "/"))
}

fn is_title(description: &str) -> bool {
    let description = description.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    NAMES.iter().any(|name| description.eq_ignore_ascii_case(name))
}

/// Undoes the unsynchronisation of a tag (`ID3v2.3.0`, section 5), which puts a zero byte after each byte 0xff.
fn synchronised(body: &[u8]) -> Vec<u8> {
    let mut before = 0;
    let stays = |byte: &u8| std::mem::replace(&mut before, *byte) != 0xff || *byte != 0;
    body.iter().copied().filter(stays).collect()
}

/// Returns the length of the extended header (section 3.2 of both versions). In version 2.3, the length does not
/// include itself.
fn extended_header(frames: &[u8], major: u8) -> Option<usize> {
    if major == 3 { usize::try_from(be32(frames, 0)?).ok()?.checked_add(4) } else { synchsafe(array(frames, 0)?) }
}

/// Returns the ids and contents of the `frames` that may have a title.
fn wanted(mut frames: &[u8], major: u8) -> impl Iterator<Item = (&'static [u8; 4], Content)> {
    std::iter::from_fn(move || {
        loop {
            let [id @ .., s0, s1, s2, s3, _, flags] = array::<HEADER>(frames, 0)?;
            let size = [s0, s1, s2, s3];
            let length = if major == 3 { usize::try_from(u32::from_be_bytes(size)).ok()? } else { synchsafe(size)? };
            if !id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
                // Padding.
                return None;
            }
            let frame = frames.get(..length.checked_add(HEADER)?)?;
            frames = frames.get(frame.len()..)?;
            // A title need not be compressed, encrypted, or in a group.
            let plain = flags & if major == 3 { 0xe0 } else { 0x4c } == 0;
            let Some(id) = WANTED.into_iter().find(|wanted| **wanted == id) else { continue };
            if !plain || length > LONGEST_FRAME {
                continue;
            }
            if let Some(content) = content(frame, major) {
                return Some((id, content));
            }
        }
    })
}

/// Returns the content of one frame, which is no longer than [`LONGEST_FRAME`]. `None` if the encoding of its text is
/// unknown.
fn content(frame: &[u8], major: u8) -> Option<Content> {
    let length = u16::try_from(frame.len()).ok()?;
    let [high, low] = [length >> 7, length & 0x7f].map(|bits| u8::try_from(bits).unwrap_or_default());
    let header = [b'I', b'D', b'3', major, 0, 0, 0, 0, high, low];
    let tag = Tag::read_from2(Cursor::new([&header[..], frame].concat())).ok()?;
    tag.frames().next().map(|frame| frame.content().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a tag of version 2.`major` with these frames.
    fn tag(major: u8, flags: u8, frames: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let body: Vec<u8> = frames.iter().flat_map(|(id, content)| frame(**id, major, content)).collect();
        let body = if flags & UNSYNCHRONISED == 0 { body } else { unsynchronised(&body) };
        [b"ID3", &[major, 0, flags][..], &size(body.len()), &body].concat()
    }

    fn size(length: usize) -> [u8; 4] {
        [21, 14, 7, 0].map(|shift| u8::try_from(length >> shift & 0x7f).unwrap())
    }

    fn frame(id: [u8; 4], major: u8, content: &[u8]) -> Vec<u8> {
        let plain = u32::try_from(content.len()).unwrap().to_be_bytes();
        let size = if major == 3 { plain } else { size(content.len()) };
        [&id[..], &size, &[0, 0], content].concat()
    }

    fn unsynchronised(body: &[u8]) -> Vec<u8> {
        body.iter().flat_map(|byte| if *byte == 0xff { vec![0xff, 0] } else { vec![*byte] }).collect()
    }

    fn utf_16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn artist_and_title_are_read_in_every_encoding() {
        let (artist, name) = ("아이유", "밤편지");
        let with_mark = |text: &str| [&[1, 0xff, 0xfe][..], &utf_16(text, false)].concat();
        let big = |text: &str| [&[2][..], &utf_16(text, true)].concat();
        let utf_8 = |text: &str| [&[3], text.as_bytes(), &[0]].concat();
        let in_two = [(b"TIT2", with_mark(name)), (b"TPE1", with_mark(artist))];
        let in_four = [(b"TPE1", utf_8(artist)), (b"TIT2", big(name))];
        for (major, flags, frames) in [(3, 0, &in_two), (3, UNSYNCHRONISED, &in_two), (4, 0, &in_four)] {
            let frames = frames.each_ref().map(|(id, content)| (*id, &content[..]));
            assert_eq!(title(&tag(major, flags, &frames)).unwrap(), "아이유 - 밤편지", "2.{major}, {flags}");
        }
        assert_eq!(title(&tag(3, 0, &[(b"TIT2", b"\0Caf\xe9 del Mar\0")])).unwrap(), "Café del Mar");
        assert_eq!(title(&tag(3, 0, &[(b"TIT2", b"\0T.N.T."), (b"TPE1", b"\0AC/DC")])).unwrap(), "AC/DC - T.N.T.");
        assert_eq!(title(&tag(4, 0, &[(b"TIT2", b"\x03Duet"), (b"TPE1", b"\x03A\0B")])).unwrap(), "A/B - Duet");
    }

    #[test]
    fn a_stream_title_in_a_named_frame_counts_if_there_is_no_other_title() {
        let text: (&[u8; 4], &[u8]) = (b"TXXX", b"\x03StreamTitle\0Artist - Title\0");
        let link: (&[u8; 4], &[u8]) = (b"WXXX", b"\0streamtitle\0The News");
        let other: (&[u8; 4], &[u8]) = (b"TXXX", b"\x03adId\0 4711");
        assert_eq!(title(&tag(4, 0, &[other, text])).unwrap(), "Artist - Title");
        assert_eq!(title(&tag(3, 0, &[link])).unwrap(), "The News");
        assert_eq!(title(&tag(4, 0, &[text, (b"TIT2", b"\x03Song")])).unwrap(), "Song");
        assert_eq!(title(&tag(4, 0, &[text, (b"TIT2", b"\x03 \0")])).unwrap(), "Artist - Title", "an empty title");
        assert_eq!(title(&tag(4, 0, &[other, (b"TPE1", b"\x03Artist")])), None);
    }

    #[test]
    fn a_title_is_read_although_other_frames_cannot_be() {
        let name: (&[u8; 4], &[u8]) = (b"TIT2", b"\x03Song");
        let picture = vec![0; 100_000];
        assert_eq!(title(&tag(4, 0, &[(b"APIC", &picture), name])).unwrap(), "Song");
        assert_eq!(title(&tag(4, 0, &[(b"TPE1", b"\x03\xff\xff"), name])).unwrap(), "Song", "no UTF-8");
        assert_eq!(title(&tag(4, 0, &[(b"TPE1", b"\x09Artist"), name])).unwrap(), "Song", "no encoding");
        let mut extended = tag(4, EXTENDED, &[name]);
        extended.splice(10..10, [0, 0, 0, 6, 1, 0]);
        assert_eq!(title(&extended).unwrap(), "Song");
    }

    #[test]
    fn a_frame_that_is_torn_packed_long_or_behind_many_others_gives_no_title() {
        let mut claims = tag(3, 0, &[(b"TIT2", b"\x03Song")]);
        claims[14..18].fill(0xff);
        assert_eq!(title(&claims), None, "four gibibytes");
        let mut packed = tag(4, 0, &[(b"TIT2", b"\x03Song")]);
        packed[19] = 0x08;
        assert_eq!(title(&packed), None, "compressed");
        let long = [&[3][..], &[b'a'; LONGEST_FRAME]].concat();
        assert_eq!(title(&tag(4, 0, &[(b"TIT2", &long)])), None);
        let many = vec![(b"TXXX", &b"\x03a\0b"[..]); MOST_FRAMES];
        assert_eq!(title(&tag(4, 0, &[&many[..], &[(b"TIT2", b"\x03Song")]].concat())), None);
        assert_eq!(title(&timestamp_only()), None);
    }

    fn timestamp_only() -> Vec<u8> {
        crate::base::id3v2::timestamp_tag(90_000)
    }
}
