//! Ogg pages as bytes (RFC 3533), and what Opus (RFC 7845, RFC 6716) and Vorbis (Vorbis I) say of their packets.

use std::sync::LazyLock;

/// The header of a page without its table of lengths.
pub const HEADER: usize = 27;
/// The longest page.
pub const LONGEST: usize = HEADER + 255 + 255 * 255;
/// The page goes on with a packet of the page before.
pub const CONTINUED: u8 = 1;
/// The first page of a stream.
pub const FIRST: u8 = 2;
/// The last page of a stream.
pub const LAST: u8 = 4;
/// The position of a page on which no packet ends.
pub const NO_POSITION: u64 = u64::MAX;

/// The checksums of single bytes: CRC-32 by the polynomial 0x04c11db7, the highest bit first (RFC 3533, section 6).
static CHECKSUMS: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let mut table = [0; 256];
    for (byte, sum) in (0u32..).zip(&mut table) {
        *sum = (0..8).fold(byte << 24, |sum, _| sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 });
    }
    table
});

fn checksum(parts: &[&[u8]]) -> u32 {
    let table = &*CHECKSUMS;
    parts.iter().flat_map(|part| part.iter()).fold(0u32, |sum, byte| {
        let index = usize::from((sum >> 24).to_le_bytes()[0] ^ byte);
        sum << 8 ^ table.get(index).copied().unwrap_or_default()
    })
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// [`CONTINUED`], [`FIRST`] and [`LAST`].
    pub flags: u8,
    /// The granule position at the end of the last packet that ends on it; [`NO_POSITION`] if none does.
    pub position: u64,
    /// The stream.
    pub serial: u32,
    /// The number of the page.
    pub number: u32,
    /// The lengths of the parts of packets: 255 goes on with the next part.
    pub lacing: &'a [u8],
    /// The parts.
    pub body: &'a [u8],
}

impl<'a> Page<'a> {
    /// Reads the page at the beginning of `bytes`, and returns it with its length. `None` if it is not whole or no page.
    pub fn read(bytes: &'a [u8]) -> Option<(usize, Self)> {
        let header = bytes.get(..HEADER).filter(|header| header.starts_with(b"OggS\0"))?;
        let number = |at: usize| header.get(at..at + 4)?.first_chunk().copied().map(u32::from_le_bytes);
        let lacing = bytes.get(HEADER..HEADER + usize::from(*header.last()?))?;
        let start = HEADER + lacing.len();
        let length = start + lacing.iter().map(|part| usize::from(*part)).sum::<usize>();
        let position = header.get(6..14)?.first_chunk().copied().map(u64::from_le_bytes)?;
        let (serial, page) = (number(14)?, number(18)?);
        let body = bytes.get(start..length)?;
        Some((length, Self { flags: *header.get(5)?, position, serial, number: page, lacing, body }))
    }

    /// Whether `bytes`, which begin with this page of `length` bytes, have its checksum.
    pub fn is_sound(bytes: &[u8], length: usize) -> bool {
        let (Some(before), Some(said), Some(behind)) = (bytes.get(..22), bytes.get(22..26), bytes.get(26..length))
        else {
            return false;
        };
        checksum(&[before, &[0; 4], behind]).to_le_bytes() == *said
    }

    /// Returns the bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.lacing.len() + self.body.len());
        bytes.extend(b"OggS\0");
        bytes.push(self.flags);
        bytes.extend(self.position.to_le_bytes());
        bytes.extend(self.serial.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.push(u8::try_from(self.lacing.len()).unwrap_or(u8::MAX));
        bytes.extend(self.lacing);
        bytes.extend(self.body);
        let sum = checksum(&[&bytes]).to_le_bytes();
        bytes.splice(22..26, sum);
        bytes
    }
}

/// Adds the lengths by which a page says that it has a packet of `length` bytes.
pub fn lace(lacing: &mut Vec<u8>, length: usize) {
    lacing.extend(std::iter::repeat_n(255, length / 255));
    lacing.push(u8::try_from(length % 255).unwrap_or_default());
}

/// Returns the pages that have one packet each packet of `packets`, from page `number` on: no other packet begins on the
/// last of them. `flags` are those of the first page.
pub fn pages_of(packets: &[&[u8]], serial: u32, mut number: u32, mut flags: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut lacing = Vec::new();
    for packet in packets {
        lace(&mut lacing, packet.len());
    }
    let body = packets.concat();
    let mut at = 0;
    for part in lacing.chunks(255) {
        let length = part.iter().map(|part| usize::from(*part)).sum::<usize>();
        let ends = part.iter().any(|part| *part < 255);
        let position = if ends { 0 } else { NO_POSITION };
        let body = body.get(at..at + length).unwrap_or_default();
        bytes.extend(Page { flags, position, serial, number, lacing: part, body }.write());
        flags = if part.last() == Some(&255) { CONTINUED } else { 0 };
        (at, number) = (at + length, number.wrapping_add(1));
    }
    bytes
}

/// Takes packets off pages that follow each other.
#[derive(Debug, Default)]
pub struct Packets {
    begun: Vec<u8>,
    /// Whether a packet that goes on is known from its beginning.
    whole: bool,
}

impl Packets {
    /// Returns the packets that end on `page`.
    pub fn push(&mut self, page: &Page<'_>) -> Vec<Vec<u8>> {
        if page.flags & CONTINUED == 0 {
            self.begun.clear();
            self.whole = true;
        }
        let mut packets = Vec::new();
        let mut body = page.body;
        for part in page.lacing {
            let (now, rest) = body.split_at(usize::from(*part).min(body.len()));
            self.begun.extend_from_slice(now);
            body = rest;
            if *part < 255 {
                let packet = std::mem::take(&mut self.begun);
                if std::mem::replace(&mut self.whole, true) {
                    packets.push(packet);
                }
            }
        }
        packets
    }
}

/// Returns how many samples at 48 kHz an Opus packet plays (RFC 6716, section 3.1).
pub fn opus_samples(packet: &[u8]) -> u64 {
    let Some(toc) = packet.first() else { return 0 };
    let config = toc >> 3;
    let frame = match (config, config & 3) {
        (0..12, 0) => 480,
        (0..12, 1) => 960,
        (0..12, 2) => 1_920,
        (0..12, _) => 2_880,
        (12..16, odd) => 480 << (odd & 1),
        (_, power) => 120 << power,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| u64::from(count & 0x3f)),
    };
    frame * frames
}

/// What the headers of a Vorbis stream say of its packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VorbisModes {
    /// The lengths of short and long blocks.
    blocks: [u64; 2],
    /// Whether the blocks of each mode are long.
    long: Vec<bool>,
}

impl VorbisModes {
    /// Reads them from the first and the third header. The modes are the last thing in the third (section 4.2.4); from
    /// the beginning they can only be found by reading all codebooks, so they are looked for from the end, as ffmpeg does
    /// (`libavcodec/vorbis_parser.c`).
    pub fn read(first: &[u8], third: &[u8]) -> Option<Self> {
        let sizes = *first.get(28).filter(|_| first.starts_with(b"\x01vorbis"))?;
        let blocks = [1 << (sizes & 15), 1 << (sizes >> 4)];
        third.starts_with(b"\x05vorbis").then_some(())?;
        let mut bits = Backwards { bytes: third, at: 0 };
        while bits.take(1)? == 0 {}
        let framing = bits.at;
        // Each mode: block flag, window type and transform type, which are zero, and a mapping, from its end.
        let (mut count, mut found) = (0, 0);
        while bits.left() >= 97 {
            if bits.take(8)? > 63 || bits.take(16)? != 0 || bits.take(16)? != 0 {
                break;
            }
            bits.take(1)?;
            count += 1;
            if count > 64 {
                break;
            }
            let mut ahead = bits;
            if ahead.take(6)? + 1 == count {
                found = count;
            }
        }
        if found == 0 {
            return None;
        }
        let mut bits = Backwards { bytes: third, at: framing };
        let mut long = Vec::new();
        for _ in 0..found {
            bits.take(40)?;
            long.push(bits.take(1)? == 1);
        }
        long.reverse();
        Some(Self { blocks, long })
    }

    /// How many bits the number of a mode has.
    fn bits(&self) -> u32 {
        usize::BITS - (self.long.len() - 1).leading_zeros()
    }

    /// Returns the length of the block of a packet; 0 if it is no sound.
    pub fn block(&self, packet: &[u8]) -> u64 {
        let Some(first) = packet.first().filter(|first| **first & 1 == 0) else { return 0 };
        let mode = usize::from(first >> 1) & ((1 << self.bits()) - 1);
        self.long.get(mode).map_or(0, |long| self.blocks[usize::from(*long)])
    }

    /// Returns a packet in which nothing is heard: no channel has a floor.
    pub fn silence(&self) -> Vec<u8> {
        let mode = self.long.iter().position(|long| *long).unwrap_or(0);
        let bits = self.bits();
        let flags = if self.long.get(mode) == Some(&true) { 0b11 << (1 + bits) } else { 0 };
        let packet = u32::try_from(mode).unwrap_or_default() << 1 | flags;
        packet.to_le_bytes().to_vec()
    }
}

/// Bits from the end of bytes to their beginning.
#[derive(Clone, Copy)]
struct Backwards<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Backwards<'_> {
    fn left(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.at)
    }

    fn take(&mut self, count: usize) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.bytes.len().checked_sub(1 + self.at / 8)?)?;
            // Vorbis fills bytes from the lowest bit on, so from the end the highest comes first.
            value = value << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_off_pages_as_they_were_put_on_them() {
        let packets: Vec<Vec<u8>> = [0, 1, 254, 255, 256, 70_000].map(|length| vec![7; length]).to_vec();
        let borrowed: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
        let bytes = pages_of(&borrowed, 5, 3, FIRST);
        let (mut rest, mut read, mut numbers) = (&bytes[..], Packets::default(), Vec::new());
        let mut back = Vec::new();
        while let Some((length, page)) = Page::read(rest) {
            assert!(Page::is_sound(rest, length) && page.serial == 5);
            numbers.push((page.number, page.flags));
            back.extend(read.push(&page));
            rest = &rest[length..];
        }
        assert_eq!((back, rest.len()), (packets, 0));
        assert_eq!(numbers, [(3, FIRST), (4, CONTINUED)]);
        let mut torn = bytes.clone();
        torn[40] ^= 1;
        assert!(!Page::is_sound(&torn, Page::read(&torn).unwrap().0));
    }

    #[test]
    fn an_opus_packet_says_how_long_it_plays() {
        assert_eq!([&[0xfc, 1][..], &[0xff, 3], &[0x08], &[]].map(opus_samples), [960, 2_880, 960, 0]);
    }
}
