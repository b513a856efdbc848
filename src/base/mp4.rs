//! Boxes of MP4 as bytes (ISO/IEC 14496-12), and the tags in them (the atoms of iTunes, which players agree about and no
//! standard describes; <https://developer.apple.com/library/archive/documentation/QuickTime/QTFF/Metadata/Metadata.html>).

use super::adts::AacConfig;
use super::fields::{be32, be64};

/// The longest header of a box.
pub const HEADER: usize = 16;
/// The length of a box that reaches to the end of the file.
pub const TO_THE_END: u64 = u64::MAX;
/// No rotation, no scaling, as every track says, also one of sound (8.3.2).
pub const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
/// The reverse-DNS name of tags that have no atom of their own.
const ITUNES: &[u8] = b"com.apple.iTunes";

/// A box: its type, what is in it, and how long it is with its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atom<'a> {
    /// The type.
    pub kind: [u8; 4],
    /// What is in it.
    pub body: &'a [u8],
    /// All of it.
    pub bytes: &'a [u8],
}

/// Reads the header of the box at the beginning of `bytes`: its type, and the lengths of the box, which may be
/// [`TO_THE_END`], and of the header.
pub fn header(bytes: &[u8]) -> Option<([u8; 4], u64, usize)> {
    let kind = *bytes.get(4..8)?.first_chunk()?;
    let (length, header) = match be32(bytes, 0)? {
        0 => (TO_THE_END, 8),
        1 => (be64(bytes, 8).filter(|length| *length != TO_THE_END)?, 16),
        length => (u64::from(length), 8),
    };
    (length >= header as u64).then_some((kind, length, header))
}

/// Returns the whole boxes in `bytes`, which one may reach to the end of.
pub fn atoms(mut bytes: &[u8]) -> impl Iterator<Item = Atom<'_>> {
    std::iter::from_fn(move || {
        let (kind, length, header) = header(bytes)?;
        let length = if length == TO_THE_END { bytes.len() } else { usize::try_from(length).ok()? };
        let atom = Atom { kind, body: bytes.get(header..length)?, bytes: bytes.get(..length)? };
        bytes = bytes.get(length..)?;
        Some(atom)
    })
}

/// Returns what is in the first box in `bytes` along `path`.
pub fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| atoms(bytes).find(|atom| atom.kind == **kind).map(|atom| atom.body))
}

/// Returns the box of type `kind` that has `parts` in it.
pub fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(length);
    // No box that is made in memory is longer.
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(kind);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Returns the box of type `kind` with a version and flags, and `parts` behind them.
pub fn full(kind: &[u8; 4], version: u8, flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let head = (u32::from(version) << 24 | flags & 0x00ff_ffff).to_be_bytes();
    let parts: Vec<&[u8]> = std::iter::once(&head[..]).chain(parts.iter().copied()).collect();
    boxed(kind, &parts)
}

/// Returns numbers of four bytes, one behind the other.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Returns how AAC is coded, as a description of samples says it (ISO/IEC 14496-14, 5.6, and 14496-1, 7.2.6). The bit
/// rate may be 0, if it is not known.
pub fn aac_entry(config: AacConfig, bits_per_second: u32) -> Vec<u8> {
    let descriptor = |tag: u8, parts: &[&[u8]]| {
        let body = parts.concat();
        [&[tag, u8::try_from(body.len()).unwrap_or(u8::MAX)][..], &body].concat()
    };
    let specific = descriptor(5, &[&config.specific()]);
    // AAC in an audio stream; the size of a buffer is not said.
    let decoder = descriptor(4, &[&[0x40, 0x15, 0, 0, 0], &words(&[bits_per_second; 2]), &specific]);
    // The last says that it is as in any MP4 (14496-14, 3.1.2).
    let stream = descriptor(3, &[&[0, 0, 0], &decoder, &descriptor(6, &[&[2]])]);
    let rate = config.heard_rate();
    // Half of it does not fit where 96 kHz and more are said; readers take the descriptor's.
    let said = if rate < 0x1_0000 { rate << 16 } else { 0 };
    let body = [
        &[0; 6][..],
        &1u16.to_be_bytes(),
        &[0; 8],
        &config.heard_speakers().to_be_bytes(),
        &16u16.to_be_bytes(),
        &[0; 4],
        &words(&[said]),
        &full(b"esds", 0, 0, &[&stream]),
    ];
    boxed(b"mp4a", &body)
}

/// What kind of value a tag has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Text in UTF-8.
    Text,
    /// A JPEG.
    Jpeg,
    /// A PNG.
    Png,
}

/// Returns the tag `kind` with its value.
pub fn tag(kind: &[u8; 4], value_kind: ValueKind, value: &[u8]) -> Vec<u8> {
    boxed(kind, &[&data(value_kind, value)])
}

/// Returns the tag that is called `name` and has no atom of its own.
pub fn named_tag(name: &str, value: &str) -> Vec<u8> {
    let mean = full(b"mean", 0, 0, &[ITUNES]);
    let name = full(b"name", 0, 0, &[name.as_bytes()]);
    boxed(b"----", &[&mean, &name, &data(ValueKind::Text, value.as_bytes())])
}

fn data(kind: ValueKind, value: &[u8]) -> Vec<u8> {
    let kind = match kind {
        ValueKind::Text => 1,
        ValueKind::Jpeg => 13,
        ValueKind::Png => 14,
    };
    // The type, and a language that stands for all.
    full(b"data", 0, kind, &[&[0; 4], value])
}

/// Returns the value of the tag that is called `name` in the `udta` box with this body.
pub fn named_value<'a>(user_data: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let tags = find(find(user_data, &[b"meta"])?.get(4..)?, &[b"ilst"])?;
    atoms(tags).filter(|tag| tag.kind == *b"----").find_map(|tag| {
        let called = find(tag.body, &[b"name"])?.get(4..)?;
        (called == name.as_bytes()).then(|| find(tag.body, &[b"data"])?.get(8..)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_tag_is_found_by_its_name() {
        let list = [tag(b"\xa9nam", ValueKind::Text, "뉴스".as_bytes()), named_tag("AIRCHECK", "{}")].concat();
        let meta = full(b"meta", 0, 0, &[&boxed(b"ilst", &[&list])]);
        let moov = [boxed(b"mvhd", &[]), boxed(b"udta", &[&meta])].concat();
        assert_eq!(named_value(&meta, "AIRCHECK"), Some(&b"{}"[..]));
        assert_eq!(named_value(&meta, "OTHER"), None);
        assert_eq!(find(&moov, &[b"udta", b"meta"]).map(<[u8]>::len), Some(meta.len() - 8));
        assert_eq!(atoms(&moov[..moov.len() - 1]).count(), 1, "the second is not whole");
    }
}
