//! Which packets of a run are in the file. Pure.
//!
//! A packet is in the file if the middle of it is in the cut. So the file begins and ends at most half a packet beside what
//! was asked for, and no seam moves what comes behind it by more, however many there are.

use std::collections::VecDeque;

use crate::encode::written::Packet;

/// The most packets that are kept before the first one that counts.
const MOST_BEFORE: usize = 8;

/// The walk through the packets of one run.
#[derive(Debug)]
pub(super) struct Placing {
    /// The first sample of the run that is wanted. Below 0: as many are missing before the first.
    start: i64,
    /// The last that is wanted in the whole file, counted from its first.
    end: u64,
    /// The samples of the run that have passed.
    passed: i64,
    /// The packets that have passed, the last of them.
    before: VecDeque<Packet>,
    begun: bool,
}

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It lies before what is wanted.
    Before,
    /// It is the first one. It begins so many samples behind the first that is wanted, below 0 before it.
    First(i64),
    /// It follows.
    Next,
    /// It lies behind what is wanted.
    Behind,
}

impl Placing {
    /// The walk through a run of which the samples from `start` on are wanted, in a file that ends at `end`.
    pub(super) fn new(start: i64, end: u64) -> Self {
        Self { start, end, passed: 0, before: VecDeque::new(), begun: false }
    }

    /// Says what becomes of `packet`, if the file plays `played` samples by now.
    pub(super) fn next(&mut self, packet: &Packet, played: u64) -> Place {
        let samples = i64::try_from(packet.samples).unwrap_or_default();
        let at = self.passed;
        if !self.begun && at + samples / 2 < self.start {
            self.passed += samples;
            if self.before.len() == MOST_BEFORE {
                self.before.pop_front();
            }
            self.before.push_back(packet.clone());
            return Place::Before;
        }
        if played + packet.samples / 2 >= self.end {
            return Place::Behind;
        }
        self.passed += samples;
        if std::mem::replace(&mut self.begun, true) { Place::Next } else { Place::First(at - self.start) }
    }

    /// The packets right before the first that is wanted.
    pub(super) fn before(&self) -> &VecDeque<Packet> {
        &self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(samples: u64) -> Packet {
        Packet { bytes: Vec::new(), samples }
    }

    #[test]
    fn a_packet_counts_if_its_middle_does() {
        for (start, first, off) in
            [(0, 0, 0), (511, 0, -511), (513, 1, 511), (1_024, 1, 0), (1_536, 1, -512), (-300, 0, 300)]
        {
            let mut placing = Placing::new(start, 10_000);
            let places: Vec<_> = (0..3).map(|_| placing.next(&packet(1_024), 0)).collect();
            let place = places.iter().position(|place| *place == Place::First(off));
            assert_eq!(place, Some(first), "{start}: {places:?}");
            assert_eq!(placing.before().len(), first);
        }
    }

    #[test]
    fn what_lies_behind_the_end_by_more_than_half_is_left_out() {
        let mut placing = Placing::new(0, 2_600);
        let places = [0, 1_024, 2_048].map(|played| placing.next(&packet(1_024), played));
        assert_eq!(places, [Place::First(0), Place::Next, Place::Next]);
        let mut placing = Placing::new(0, 2_500);
        let places = [0, 1_024, 2_048].map(|played| placing.next(&packet(1_024), played));
        assert_eq!(places[2], Place::Behind);
    }
}
