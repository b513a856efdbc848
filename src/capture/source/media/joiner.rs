//! Joins the segments of a transport stream into one, as they are.
//!
//! A transport stream may be cut and joined at any packet (ISO/IEC 13818-1), as long as its clock goes on. Two things do
//! not: the continuity counters (2.4.3.3), which many packagers begin anew in each segment, so that a player takes the
//! seam for a loss; they are shifted here, each segment by one number per stream, so that a loss within a segment stays
//! one. And the clock itself, where another programme begins or something is missing: such segments are not joined,
//! because only whoever sets all time stamps anew can make one file of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::mpegts::{PesStart, ticks_between};
use super::packets::{PACKET, Packet};

/// How far the first time stamp of a segment may be from the end of the one before, in ticks of 90 kHz: a second, as
/// segments are not cut at the same instant in sound and picture.
const TOLERANCE: i64 = 90_000;
/// A payload is in the packet (`adaptation_field_control`).
const HAS_PAYLOAD: u8 = 0x10;

/// Joins segments, one after another.
#[derive(Debug, Default)]
pub struct Joiner {
    /// The last counter that was written, by stream.
    counters: BTreeMap<u16, u8>,
    /// The first time stamp of the last segment, and how many ticks that one plays.
    last: Option<(u64, i64)>,
}

impl Joiner {
    /// Makes `segment`, which `plays` so long, go on where the last one ended. Returns `false` if it does not, and the
    /// joined file is then of no use: its clock begins anew, or it is not made of transport packets alone.
    pub fn push(&mut self, segment: &mut [u8], plays: Duration) -> bool {
        if !self.clock_goes_on(segment, plays) {
            return false;
        }
        let mut shifts = BTreeMap::new();
        let (packets, rest) = segment.as_chunks_mut::<PACKET>();
        for packet in packets {
            let Some(pid) = Packet::read(packet).map(|packet| packet.pid) else { return false };
            let Some(flags) = packet.get_mut(3) else { return false };
            let (counter, has_payload) = (*flags & 0x0f, *flags & HAS_PAYLOAD != 0);
            let shift = *shifts.entry(pid).or_insert_with(|| {
                let next = |last: &u8| last.wrapping_add(u8::from(has_payload));
                self.counters.get(&pid).map_or(0, next).wrapping_sub(counter) & 0x0f
            });
            let counter = counter.wrapping_add(shift) & 0x0f;
            *flags = *flags & 0xf0 | counter;
            self.counters.insert(pid, counter);
        }
        rest.is_empty()
    }

    fn clock_goes_on(&mut self, segment: &[u8], plays: Duration) -> bool {
        let ticks = i64::try_from(plays.as_millis() * 90).unwrap_or(i64::MAX);
        let Some(first) = first_stamp(segment) else { return false };
        let Some((last, played)) = self.last.replace((first, ticks)) else { return true };
        // A clock that begins anew at 0, after 26.5 hours, does not go on for players that seek by it.
        let passed = ticks_between(last, first);
        first > last && (passed - played).abs() <= TOLERANCE
    }
}

/// The first time stamp of any stream.
fn first_stamp(segment: &[u8]) -> Option<u64> {
    let (packets, _) = segment.as_chunks::<PACKET>();
    let stamp = |packet: Packet<'_>| PesStart::read(packet.payload).and_then(|pes| pes.stamp);
    packets.iter().filter_map(|packet| Packet::read(packet)).filter(|packet| packet.starts).find_map(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: u16 = 0x100;
    const FOUR: Duration = Duration::from_secs(4);

    /// A packet of the stream `pid`, in which a PES packet with this time stamp begins.
    fn packet(pid: u16, counter: u8, stamp: Option<u64>) -> [u8; PACKET] {
        let mut packet = [0xff; PACKET];
        let [high, low] = pid.to_be_bytes();
        let starts = if stamp.is_some() { 0x40 } else { 0 };
        packet[..4].copy_from_slice(&[0x47, high | starts, low, HAS_PAYLOAD | counter]);
        if let Some(stamp) = stamp {
            let bits = |from: u32, mask: u64| u8::try_from(stamp >> from & mask).unwrap();
            packet[4..13].copy_from_slice(&[0, 0, 1, 0xc0, 0, 0, 0x80, 0x80, 5]);
            let stamp =
                [bits(30, 7) << 1 | 1, bits(22, 0xff), bits(15, 0x7f) << 1 | 1, bits(7, 0xff), bits(0, 0x7f) << 1];
            packet[13..18].copy_from_slice(&stamp);
        }
        packet
    }

    /// A segment that begins at `seconds`, with these counters.
    fn segment(seconds: u64, counters: &[u8]) -> Vec<u8> {
        let stamp = |number: usize| (number == 0).then_some(seconds * 90_000);
        counters.iter().enumerate().flat_map(|(number, counter)| packet(SOUND, *counter, stamp(number))).collect()
    }

    fn counters(bytes: &[u8]) -> Vec<u8> {
        bytes.chunks(PACKET).map(|packet| packet[3] & 0x0f).collect()
    }

    #[test]
    fn counters_go_on_over_a_seam_and_a_loss_within_a_segment_stays_one() {
        let mut joiner = Joiner::default();
        let (mut one, mut other) = (segment(10, &[7, 8, 9]), segment(14, &[15, 0, 2, 2]));
        assert!(joiner.push(&mut one, FOUR) && joiner.push(&mut other, FOUR));
        assert_eq!([counters(&one), counters(&other)], [vec![0, 1, 2], vec![3, 4, 6, 6]]);
    }

    #[test]
    fn a_packet_without_payload_does_not_count() {
        let mut joiner = Joiner::default();
        let mut one = segment(10, &[7]);
        let mut clock = packet(SOUND, 3, None);
        (clock[3], clock[4]) = (0x20 | 3, 183);
        let mut other = [&clock[..], &segment(14, &[4])].concat();
        assert!(joiner.push(&mut one, FOUR) && joiner.push(&mut other, FOUR));
        assert_eq!([counters(&one), counters(&other)], [vec![0], vec![0, 1]]);
    }

    #[test]
    fn what_does_not_go_on_is_not_joined() {
        let begun = || {
            let mut joiner = Joiner::default();
            assert!(joiner.push(&mut segment(10, &[0]), FOUR));
            joiner
        };
        assert!(begun().push(&mut segment(15, &[0]), FOUR), "an edge that is not sharp");
        for (seconds, what) in [(18, "one is missing"), (10, "it begins anew"), (2, "it goes back"), (90_000, "a jump")]
        {
            assert!(!begun().push(&mut segment(seconds, &[0]), FOUR), "{what}");
        }
        assert!(!begun().push(&mut packet(SOUND, 0, None), FOUR), "no time stamp");
        let torn = segment(14, &[0, 1]);
        assert!(!begun().push(&mut torn[..PACKET + 7].to_vec(), FOUR), "cut in a packet");
        let mut strange = torn;
        strange[PACKET] = 0;
        assert!(!begun().push(&mut strange, FOUR), "a packet that is none");
    }
}
