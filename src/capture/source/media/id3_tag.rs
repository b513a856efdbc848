//! `ID3v2` tags between frames (id3.org, `ID3v2.4` structure, section 3.1): packed audio segments begin with one (RFC 8216,
//! section 3.4), and some stations send them in the middle of a stream. They carry no sound.

use crate::base::id3v2::{HEADER, tag_length};

/// A longer tag is taken for garbage: to wait for it would hold its whole length in memory.
const LONGEST: usize = 1 << 20;

/// What some bytes begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// A tag of this many bytes, all of which are there.
    Whole(usize),
    /// A tag that goes on beyond the bytes.
    Begun,
    /// No tag.
    None,
}

/// The tag that `bytes` begin with.
pub(super) fn length(bytes: &[u8]) -> Tag {
    if bytes.is_empty() || !bytes.starts_with(b"ID3".get(..bytes.len().min(3)).unwrap_or_default()) {
        return Tag::None;
    }
    let Some(length) = bytes.first_chunk().and_then(|header| tag_length(*header)) else {
        return if bytes.len() < HEADER { Tag::Begun } else { Tag::None };
    };
    if length <= bytes.len() {
        Tag::Whole(length)
    } else if length <= LONGEST {
        Tag::Begun
    } else {
        Tag::None
    }
}

/// `bytes` without the tags at their beginning; `None` if a tag goes on beyond them.
pub(super) fn skip(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        match length(bytes) {
            Tag::Whole(length) => bytes = bytes.get(length..)?,
            Tag::Begun => return None,
            Tag::None => return Some(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_as_long_as_it_says_unless_that_is_too_long() {
        let mut tag = b"ID3\x04\0\0\0\0\x01\x02".to_vec();
        assert_eq!(length(&tag), Tag::Begun);
        tag.resize(10 + 130, 0);
        assert_eq!(length(&tag), Tag::Whole(140));
        assert_eq!(skip(&[&tag[..], &tag, b"\xff\xf1"].concat()), Some(&b"\xff\xf1"[..]));
        assert_eq!(length(b"ID"), Tag::Begun);
        assert_eq!(length(b"ID3 is a nice format"), Tag::None);
        assert_eq!(length(b"ID3\x04\0\0\x7f\x7f\x7f\x7f"), Tag::None);
        assert_eq!(length(b""), Tag::None);
    }
}
