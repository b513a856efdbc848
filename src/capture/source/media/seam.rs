//! How a new connection continues the one before.
//!
//! A server sends a burst of the last seconds to every new listener. After a reconnect that is sound that is on tape
//! already, followed by what was missed. Both connections carry the same frames to the byte. So the end of the tape is
//! found in the burst: what stands before it is dropped, what stands after it continues the tape as if nothing had
//! happened.
//!
//! A position counts only if *all* units that the tape and the burst have in common are equal, and if no other position
//! could be meant: silence looks like silence, and a test tone repeats itself. If nothing fits, everything is new.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use super::play_time::PlayTime;
use super::unit::Unit;
use crate::model::Container;

/// How many of the newest units are remembered: some 20 s of frames.
const REMEMBERED: usize = 1_024;
/// Less sound than this proves no position: a pause or a jingle of some frames may be equal by chance. Pages of Ogg are
/// numbered, so one is enough.
const LEAST: Duration = Duration::from_millis(750);
/// A burst is not held back beyond so many units …
const MOST_UNITS: usize = 8_192;
/// … or bytes.
const MOST_BYTES: usize = 8 << 20;

/// The sound that was handed over last, without a hole in it: one fingerprint per unit.
#[derive(Debug, Clone, Default)]
pub struct Tail(VecDeque<u64>);

impl Tail {
    /// Whether it holds nothing that could be repeated.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, unit: &Unit) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(fingerprint(unit));
    }

    fn newest(&self, back: usize) -> Option<u64> {
        self.0.get(self.0.len().checked_sub(back + 1)?).copied()
    }

    /// Whether its newest `length` units could also lie elsewhere: earlier in it, or shifted by a period of their own.
    fn is_ambiguous(&self, length: usize) -> bool {
        let repeats_after =
            |shift: usize, length: usize| (0..length).all(|back| self.newest(back) == self.newest(back + shift));
        let periodic = (1..=length / 2).any(|shift| repeats_after(shift, length - shift));
        periodic || (1..=self.0.len().saturating_sub(length)).any(|shift| repeats_after(shift, length))
    }
}

fn fingerprint(unit: &Unit) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(&unit.bytes);
    hasher.finish()
}

/// A unit and when its last byte came.
pub(super) type Timed<T> = (Unit, T);

/// The beginning of a connection, held back until it is known where it belongs.
#[derive(Debug)]
pub(super) struct Seam<T> {
    tail: Tail,
    held: Vec<Timed<T>>,
    fingerprints: Vec<u64>,
    bytes: usize,
}

/// How the beginning of a connection continues the tape.
#[derive(Debug)]
pub(super) enum Joined<T> {
    /// Not known yet.
    Held(Seam<T>),
    /// What comes next continues the tail.
    Continues(Tail),
    /// These units do not continue the tail.
    Apart(Vec<Timed<T>>),
}

impl<T> Seam<T> {
    /// A seam for a connection after one that ended with `tail`.
    pub(super) fn new(tail: Tail) -> Self {
        Self { tail, held: Vec::new(), fingerprints: Vec::new(), bytes: 0 }
    }

    /// Whether it holds anything.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes the next unit of the connection.
    pub(super) fn push(mut self, unit: Unit, at: T) -> Joined<T> {
        self.bytes += unit.bytes.len();
        self.fingerprints.push(fingerprint(&unit));
        self.held.push((unit, at));
        if self.ends_with_tail() {
            return Joined::Continues(self.tail);
        }
        if self.held.len() >= MOST_UNITS || self.bytes >= MOST_BYTES {
            return Joined::Apart(self.held);
        }
        Joined::Held(self)
    }

    /// Stops waiting. If all units are on tape already, from the first to the last, they are dropped.
    pub(super) fn give_up(self) -> Joined<T> {
        if self.held.is_empty() || self.is_within_tail() {
            Joined::Continues(self.tail)
        } else {
            Joined::Apart(self.held)
        }
    }

    fn ends_with_tail(&self) -> bool {
        let common = self.held.len().min(self.tail.0.len());
        common > 0
            && self.fingerprints.iter().rev().zip(self.tail.0.iter().rev()).all(|(here, there)| here == there)
            && self.proves(common)
            && !self.tail.is_ambiguous(common)
    }

    /// Whether its newest `common` units are enough to prove a position.
    fn proves(&self, common: usize) -> bool {
        let mut played = PlayTime::default();
        for (unit, _) in self.held.iter().rev().take(common) {
            played.add(unit.samples, unit.rate);
            if unit.format.container == Container::Ogg || played.total() >= LEAST {
                return true;
            }
        }
        false
    }

    fn is_within_tail(&self) -> bool {
        let (here, there) = (self.fingerprints.len(), self.tail.0.len());
        let stands_at = |from: usize| self.fingerprints.iter().eq(self.tail.0.range(from..from + here));
        self.proves(here) && here <= there && (0..=there - here).any(stands_at)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::Format;

    fn unit(number: u8) -> Unit {
        let format = Format { container: Container::Mp3, detail: String::new(), init: None };
        let bytes = Bytes::from(vec![number; 3]);
        Unit { bytes, samples: 400, rate: 1_000, ends: true, preamble: Bytes::new(), format }
    }

    /// The result of a connection with these units after a tape with those; `|` before what continues it, `/` before
    /// what does not.
    fn join(tape: &[u8], connection: &[u8]) -> String {
        let mut tail = Tail::default();
        for number in tape {
            tail.add(&unit(*number));
        }
        let mut joined = Joined::Held(Seam::new(tail));
        let mut new = Vec::new();
        for number in connection {
            joined = match joined {
                Joined::Held(seam) => seam.push(unit(*number), ()),
                over => {
                    new.push(*number);
                    over
                }
            };
        }
        let (mark, held) = match joined {
            Joined::Held(seam) => match seam.give_up() {
                Joined::Apart(held) => ('/', held),
                Joined::Continues(_) | Joined::Held(_) => ('|', Vec::new()),
            },
            Joined::Continues(_) => ('|', Vec::new()),
            Joined::Apart(held) => ('/', held),
        };
        let numbers = held.iter().map(|(unit, ())| unit.bytes[0]).chain(new).map(|number| number.to_string());
        format!("{mark}{}", numbers.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn sound_after_the_end_of_the_tape_continues_it() {
        assert_eq!(join(&[1, 2, 3, 4, 5], &[3, 4, 5, 6, 7]), "|6 7");
        assert_eq!(join(&[4, 5], &[1, 2, 3, 4, 5, 6]), "|6", "a burst that reaches back beyond the tape");
        assert_eq!(join(&[1, 2, 3], &[2, 3]), "|", "nothing new yet");
    }

    #[test]
    fn a_burst_that_does_not_reach_back_stands_apart() {
        assert_eq!(join(&[1, 2, 3], &[5, 6, 7]), "/5 6 7");
        assert_eq!(join(&[1, 2, 3], &[3, 4, 5]), "/3 4 5", "a single unit proves nothing");
        assert_eq!(join(&[1, 2, 3, 4], &[9, 3, 4, 5]), "/9 3 4 5", "all that both have in common must be equal");
        assert_eq!(join(&[], &[1, 2]), "/1 2");
    }

    #[test]
    fn sound_that_repeats_itself_proves_nothing() {
        assert_eq!(join(&[1, 0, 0, 0], &[0, 0, 0, 0, 5]), "/0 0 0 0 5", "silence");
        assert_eq!(join(&[0, 0], &[0, 0, 0, 5]), "/0 0 0 5", "nothing but silence");
        assert_eq!(join(&[1, 2, 1, 2], &[1, 2, 1, 2, 3]), "/1 2 1 2 3", "a test tone");
        assert_eq!(join(&[7, 8, 1, 7, 8], &[7, 8, 9]), "/7 8 9", "two places could be meant");
        assert_eq!(join(&[1, 0, 0, 0], &[1, 0, 0, 0, 0, 5]), "|0 5", "silence after sound is in its place");
    }

    #[test]
    fn a_burst_that_breaks_off_before_the_end_of_the_tape_is_no_news() {
        assert_eq!(join(&[1, 2, 3, 4, 5], &[2, 3, 4]), "|");
        assert_eq!(join(&[1, 2, 3, 4, 5], &[2, 3, 9]), "/2 3 9");
    }

    #[test]
    fn memory_of_a_seam_is_bounded() {
        let mut tail = Tail::default();
        for number in 0..3 * REMEMBERED {
            tail.add(&unit(u8::try_from(number % 251).unwrap()));
        }
        assert_eq!(tail.0.len(), REMEMBERED);
        let mut joined = Joined::Held(Seam::new(tail));
        let mut taken = 0;
        while let Joined::Held(seam) = joined {
            joined = seam.push(unit(255), ());
            taken += 1;
        }
        assert_eq!(taken, MOST_UNITS);
    }
}
