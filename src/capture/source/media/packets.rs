//! The packets of a transport stream (ISO/IEC 13818-1, 2.4.3.2), found among whatever lies around them.
//!
//! A packet has 188 bytes. Disc recorders put a time stamp of four bytes before each (M2TS, 192), and broadcasters 16
//! bytes of error correction after it (204). Some stations begin each segment with the head of a picture, so that it
//! passes for one. Packets are handed on without all that, so that any player can read them.

use bytes::{Buf, Bytes, BytesMut};

use crate::base::fields::{array, byte};

/// The length of a packet.
pub(super) const PACKET: usize = 188;
const SYNC: u8 = 0x47;
/// How far apart packets begin.
const STEPS: [usize; 3] = [PACKET, 192, LONGEST_STEP];
const LONGEST_STEP: usize = 204;
const HEADER: usize = 4;
/// This many packets in a row are no accident among other bytes.
const PROOF: usize = 5;
/// The bytes before the first packet are fewer.
const LONGEST_HEAD: usize = 64 << 10;

/// Whether `bytes` begin with transport packets: sync bytes where they belong, as far as the bytes go.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let sync_at = |number: usize| byte(bytes, number * PACKET).is_none_or(|byte| byte == SYNC);
    bytes.len() >= PACKET && Packet::read(bytes).is_some() && (0..4).all(sync_at)
}

/// Whether transport packets are found after other bytes, or with other bytes between them.
pub(super) fn contains(bytes: &[u8]) -> bool {
    let packet = |at: usize| bytes.get(at..).and_then(Packet::read).is_some();
    let row = |at: usize| STEPS.iter().any(|step| (0..PROOF).all(|number| packet(at + number * step)));
    (0..bytes.len().min(LONGEST_HEAD)).any(|at| bytes.get(at) == Some(&SYNC) && row(at))
}

/// The packets in `bytes` without what lies before and between them; `bytes` themselves if nothing does.
pub(super) fn plain(bytes: &Bytes) -> Bytes {
    if begins(bytes) {
        return bytes.clone();
    }
    let mut packets = Packets::default();
    packets.push(bytes);
    let mut plain = BytesMut::with_capacity(bytes.len());
    while let Some(packet) = packets.next(true) {
        plain.extend_from_slice(&packet);
    }
    plain.freeze()
}

/// One packet, parsed.
pub(super) struct Packet<'a> {
    pub pid: u16,
    /// Whether a PES packet or a section begins in it.
    pub starts: bool,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the packet at the beginning of `bytes`.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let [b1, b2, b3] = header(bytes, 0)?;
        let adaptation = if b3 & 0x20 == 0 { 0 } else { 1 + usize::from(byte(bytes, 4)?) };
        let payload = if b3 & 0x10 == 0 { &[] } else { bytes.get(4 + adaptation..PACKET)? };
        Some(Self { pid: u16::from(b1 & 0x1f) << 8 | u16::from(b2), starts: b1 & 0x40 != 0, payload })
    }
}

/// What follows the sync byte in the header of the packet at `at`.
fn header(bytes: &[u8], at: usize) -> Option<[u8; 3]> {
    let [sync, b1, b2, b3] = array::<HEADER>(bytes, at)?;
    // Bit 0x80 marks a packet that was damaged on its way; adaptation field control 0 is reserved.
    (sync == SYNC && b1 & 0x80 == 0 && b3 & 0x30 != 0).then_some([b1, b2, b3])
}

/// Splits a stream into its packets.
#[derive(Debug, Default)]
pub(super) struct Packets {
    buffer: BytesMut,
    /// How far apart packets begin; `None` while that is unknown.
    step: Option<usize>,
    /// How many bytes to skip before the next packet.
    between: usize,
}

impl Packets {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet. `ended`: nothing follows what was pushed.
    pub(super) fn next(&mut self, ended: bool) -> Option<Bytes> {
        if self.buffer.len() < self.between {
            return None;
        }
        self.buffer.advance(std::mem::take(&mut self.between));
        while self.buffer.len() >= PACKET {
            if self.buffer.first() == Some(&SYNC) {
                // In sync, the byte at its position is enough, and the packet need not wait for the next one.
                if self.step.is_none() && !ended && self.buffer.len() < LONGEST_STEP + HEADER {
                    return None;
                }
                self.step = self.step.or_else(|| self.step());
                if let Some(step) = self.step {
                    self.between = step.saturating_sub(PACKET);
                    return Some(self.buffer.split_to(PACKET).freeze());
                }
            }
            self.step = None;
            let skip = self.buffer.iter().skip(1).position(|byte| *byte == SYNC);
            self.buffer.advance(skip.map_or(self.buffer.len(), |at| at + 1));
        }
        None
    }

    /// How far after the packet at the beginning the next one begins. The last of all has none after it.
    fn step(&self) -> Option<usize> {
        header(&self.buffer, 0)?;
        let next = STEPS.into_iter().find(|step| header(&self.buffer, *step).is_some());
        next.or_else(|| (self.buffer.len() < PACKET + HEADER).then_some(PACKET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten packets that count, with `before` bytes before each and `behind` bytes after each.
    fn stream(head: &[u8], before: usize, behind: usize) -> (Vec<u8>, Vec<u8>) {
        let packets = (0..10_u8).map(|number| [&[SYNC, 0x01, 0x00, 0x10][..], &[number; 184]].concat());
        let plain: Vec<u8> = packets.clone().flatten().collect();
        let wrapped = packets.flat_map(|packet| [&vec![0x46; before][..], &packet, &vec![0x45; behind]].concat());
        (head.iter().copied().chain(wrapped).collect(), plain)
    }

    #[test]
    fn packets_are_found_after_a_foreign_head_and_without_what_is_around_them() {
        let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0x47; 70]].concat();
        for (head, before, behind) in
            [(&b""[..], 0, 0), (b"\x89PNG\r\n\x1a\n", 0, 0), (&picture, 0, 0), (b"", 4, 0), (b"BM", 4, 0), (b"", 0, 16)]
        {
            let (bytes, plain) = stream(head, before, behind);
            assert!(begins(&bytes) || contains(&bytes), "{head:?} {before} {behind}");
            assert_eq!(super::plain(&bytes.clone().into()), plain, "{head:?} {before} {behind}");
            let mut packets = Packets::default();
            let mut one_by_one = Vec::new();
            for byte in &bytes {
                packets.push(&[*byte]);
                one_by_one.extend(std::iter::from_fn(|| packets.next(false)).flatten());
            }
            one_by_one.extend(std::iter::from_fn(|| packets.next(true)).flatten());
            assert_eq!(one_by_one, plain, "{head:?} {before} {behind}, byte by byte");
        }
    }

    #[test]
    fn other_bytes_hold_no_packets() {
        assert!(!contains(&"G".repeat(10_000).into_bytes()));
        assert!(!contains(&stream(b"x", 0, 0).0[..3 * PACKET]), "too few to be sure");
    }
}
