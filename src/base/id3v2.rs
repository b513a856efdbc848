//! ID3v2 tags as bytes (id3.org, `ID3v2.4.0` structure): how long one is, and the one that carries a timestamp. What is in
//! other tags is read and written by the crate `id3`.

/// The length of the header of a tag.
pub const HEADER: usize = 10;
/// Footers exist since `ID3v2.4`.
const FOOTER_PRESENT: u8 = 0x10;

/// How long the tag is that begins with `header`: header, body and footer (sections 3.1 and 3.4). `None` if it is no tag of
/// version 2.2 to 2.4, or its size is malformed.
pub fn tag_length(header: [u8; HEADER]) -> Option<usize> {
    let [b'I', b'D', b'3', major @ 2..=4, _, flags, size @ ..] = header else { return None };
    let footer = if flags & FOOTER_PRESENT != 0 && major == 4 { HEADER } else { 0 };
    Some(HEADER + synchsafe(size)? + footer)
}

/// Reads a size of four bytes with seven bits each, so that no size looks like the sync word of a frame (section 6.2).
/// `None` if it is malformed.
pub fn synchsafe(size: [u8; 4]) -> Option<usize> {
    let is_safe = size.iter().all(|byte| byte & 0x80 == 0);
    is_safe.then(|| size.iter().fold(0, |size, byte| size << 7 | usize::from(*byte)))
}

/// The tag at the beginning of a segment of packed audio (RFC 8216 section 3.4): its timestamp in `ticks` of a clock of
/// 90 kHz, of which 33 bits count, as in a transport stream.
pub fn timestamp_tag(ticks: u64) -> Vec<u8> {
    let mut tag = b"ID3\x04\0\0\0\0\0\x3FPRIV\0\0\0\x35\0\0com.apple.streaming.transportStreamTimestamp\0".to_vec();
    tag.extend((ticks & 0x1_FFFF_FFFF).to_be_bytes());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_as_long_as_its_header_says() {
        assert_eq!(tag_length(*b"ID3\x04\0\0\0\0\x01\x02"), Some(140));
        assert_eq!(tag_length(*b"ID3\x04\0\x10\0\0\0\0"), Some(20), "with a footer");
        assert_eq!(tag_length(*b"ID3\x03\0\x10\0\0\0\0"), Some(10), "footers came later");
        assert_eq!(tag_length(*b"ID3\x04\0\0\0\0\0\x80"), None);
        assert_eq!(tag_length(*b"ID3 is a n"), None);
    }

    #[test]
    fn the_tag_of_a_timestamp_has_the_length_that_it_says() {
        let tag = timestamp_tag(u64::MAX);
        assert_eq!(tag_length(*tag.first_chunk().unwrap()), Some(tag.len()));
        assert_eq!(tag[65..], [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff], "33 bits are all there is");
    }
}
