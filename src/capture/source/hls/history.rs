//! Recognises sound that came before, if the numbering does not say which segments are new.
//!
//! A station plays jingles and advertisements again and again: equal bytes are no proof that a segment came again by
//! mistake. Segments are in doubt only if the numbering of the station was lost, as when it started again. Such a
//! segment is proven to be a repeat by its bytes together with
//!
//! - its number or its date, or else
//! - the segments around it: they equal, one after another, those that came before, up to the newest.
//!
//! A number that was lost, or that the station's lists jumped over, brings what was lost, whatever it sounds like.
//! Whatever is not proven is new sound. While a proof is under way, segments are held back; the number of their bytes
//! is bounded.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// How many segments are remembered.
const REMEMBERED: usize = 512;
/// The most bytes that are held back for a proof.
const HELD_CAP: usize = 16 << 20;
/// A number was jumped over if numbers this near on both sides of it came.
const NEAR: u64 = 64;
/// Two dates that differ by no more than this are those of one segment.
const SAME_DATE: TimeDelta = TimeDelta::milliseconds(1_000);

/// What distinguishes segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trait {
    /// A digest of its bytes.
    pub digest: u64,
    /// Its number in the list.
    pub sequence: u64,
    /// Its date, if that is believed.
    pub date: Option<DateTime<Utc>>,
}

impl Trait {
    /// Whether a number or a date says that these equal bytes are one segment. `None` if neither says anything.
    fn is(&self, other: &Self) -> Option<bool> {
        match (self.date, other.date) {
            (Some(one), Some(another)) => Some((one - another).abs() <= SAME_DATE),
            _ => (self.sequence == other.sequence).then_some(true),
        }
    }
}

/// The segments that came, newest last, and those that are held back.
#[derive(Debug)]
pub struct History<T> {
    had: VecDeque<Trait>,
    /// The numbers of what was lost, newest last.
    lost: VecDeque<u64>,
    held: Vec<(Trait, T)>,
    held_bytes: usize,
    /// How many of the newest came since segments are in doubt: they are not from before.
    since: usize,
    /// The last segment that was found again, counted back from the newest before the doubt.
    found: Option<usize>,
}

/// What became clear with one more segment.
#[derive(Debug)]
pub struct Cleared<T> {
    /// Segments that are new after all, in order; all of them before the repeats.
    pub new: Vec<T>,
    /// Segments that are proven to be repeats.
    pub repeats: Vec<T>,
    /// Whether the new sound directly follows the newest from before.
    pub follows: bool,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { had: VecDeque::new(), lost: VecDeque::new(), held: Vec::new(), held_bytes: 0, since: 0, found: None }
    }
}

impl<T> History<T> {
    /// Takes the next segment, which has so many `bytes`.
    pub fn push(&mut self, segment: T, its: Trait, bytes: usize, doubtful: bool) -> Cleared<T> {
        let mut cleared = Cleared { new: Vec::new(), repeats: Vec::new(), follows: false };
        if let Some((back, proven)) = doubtful.then(|| self.find(&its)).flatten() {
            if proven && self.found.is_some_and(|found| found != back + 1) {
                // The held segments do not lead up to this one.
                cleared.new = self.give_up();
            }
            self.found = Some(back);
            self.held.push((its, segment));
            self.held_bytes += bytes;
            if proven || back == 0 {
                cleared.repeats = self.let_go().map(|(_, segment)| segment).collect();
            } else if self.held_bytes > HELD_CAP {
                cleared.new = self.give_up();
            }
            return cleared;
        }
        cleared.follows = self.held.is_empty() && self.found == Some(0) && self.since == 0;
        cleared.new = self.give_up();
        self.remember(its);
        cleared.new.push(segment);
        if !doubtful {
            self.since = 0;
        }
        cleared
    }

    /// The dates of all segments that came are wrong.
    pub fn forget_dates(&mut self) {
        self.had.iter_mut().chain(self.held.iter_mut().map(|(its, _)| its)).for_each(|its| its.date = None);
    }

    /// Nothing more comes that could prove anything: the held segments are new.
    pub fn give_up(&mut self) -> Vec<T> {
        self.found = None;
        let held: Vec<_> = self.let_go().collect();
        held.into_iter()
            .map(|(its, segment)| {
                self.remember(its);
                segment
            })
            .collect()
    }

    /// The segment of this number was lost: it proves nothing about the held segments, and the next one does not lead
    /// up to the newest once that was found.
    pub fn lost(&mut self, sequence: u64) -> Vec<T> {
        self.lost.push_back(sequence);
        if self.lost.len() > REMEMBERED {
            self.lost.pop_front();
        }
        let ended = self.held.is_empty() && self.found == Some(0);
        let new = self.give_up();
        self.found = ended.then_some(0);
        new
    }

    fn let_go(&mut self) -> impl Iterator<Item = (Trait, T)> + use<T> {
        self.held_bytes = 0;
        std::mem::take(&mut self.held).into_iter()
    }

    fn remember(&mut self, its: Trait) {
        self.had.push_back(its);
        self.since += 1;
        if self.had.len() > REMEMBERED {
            self.had.pop_front();
        }
    }

    /// Whether segments on both sides of this number came, and none with it.
    fn was_jumped_over(&self, sequence: u64) -> bool {
        let near = || self.had.iter().map(|had| had.sequence).filter(|had| had.abs_diff(sequence) <= NEAR);
        near().any(|had| had < sequence) && near().any(|had| had > sequence) && near().all(|had| had != sequence)
    }

    /// Finds the segment that it repeats, counted back from the newest, and whether that is proven.
    fn find(&self, its: &Trait) -> Option<(usize, bool)> {
        let equal = || self.had.iter().rev().skip(self.since).enumerate().filter(|(_, had)| had.digest == its.digest);
        // Sound is offered in the order in which it was on the air.
        let later = |back: usize| self.found.is_none_or(|found| back < found);
        if let Some((back, _)) = equal().find(|(back, had)| later(*back) && had.is(its) == Some(true)) {
            return Some((back, true));
        }
        // Repeats are listed before new sound.
        if self.since > 0 || self.lost.contains(&its.sequence) || self.was_jumped_over(its.sequence) {
            return None;
        }
        let mut undecided = equal().filter(|(_, had)| had.is(its).is_none()).map(|(back, _)| back);
        match self.found {
            Some(found) => undecided.find(|back| back + 1 == found).map(|back| (back, false)),
            // Silence looks like silence: a segment that equals several proves nothing, unless it could be the newest.
            None => undecided.next().filter(|back| *back == 0 || undecided.next().is_none()).map(|back| (back, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result for segments named by letters, which are their bytes, after `had`; `x` for repeats, `|` before what
    /// directly follows. All have numbers of their own.
    fn told(had: &str, doubtful: &str, sure: &str) -> String {
        let mut history = History::default();
        let mut told = String::new();
        let mut sequence = 0;
        let mut take = |letter: char, doubtful: bool| {
            sequence += 1;
            let its = Trait { digest: u64::from(letter), sequence, date: None };
            history.push(letter, its, 1, doubtful)
        };
        for letter in had.chars() {
            take(letter, false);
        }
        for (letters, doubt) in [(doubtful, true), (sure, false)] {
            for letter in letters.chars() {
                let cleared = take(letter, doubt);
                told.extend(cleared.repeats.iter().map(|_| 'x'));
                told.extend(cleared.follows.then_some('|'));
                told.extend(cleared.new);
            }
        }
        told.extend(history.give_up());
        told
    }

    /// Takes sound that has a number.
    fn take(history: &mut History<u64>, digest: u64, sequence: u64, doubtful: bool) -> Cleared<u64> {
        history.push(sequence, Trait { digest, sequence, date: None }, 1, doubtful)
    }

    #[test]
    fn sound_without_doubt_is_new_however_often_it_was_had() {
        assert_eq!(told("abcab", "", "abab"), "abab");
    }

    #[test]
    fn segments_that_lead_up_to_the_newest_are_repeats() {
        assert_eq!(told("abcd", "cdef", ""), "xx|ef");
        assert_eq!(told("abcd", "d", "e"), "x|e");
    }

    #[test]
    fn an_advertisement_that_comes_again_after_a_break_is_new() {
        assert_eq!(told("pabqr", "abst", ""), "abst");
        assert_eq!(told("pabqr", "ab", "st"), "abst");
        assert_eq!(told("pabqr", "ab", ""), "ab", "nothing more comes");
    }

    #[test]
    fn a_spot_behind_the_newest_and_a_lost_segment_is_new() {
        let mut history = History::default();
        take(&mut history, 1, 7, false);
        assert_eq!(take(&mut history, 1, 7, true).repeats, [7]);
        assert!(history.lost(8).is_empty());
        assert_eq!(take(&mut history, 1, 9, true).new, [9]);
    }

    #[test]
    fn a_lost_segment_that_comes_late_is_no_repeat_of_the_newest() {
        let mut history = History::default();
        assert!(history.lost(5).is_empty());
        take(&mut history, 7, 6, false);
        take(&mut history, 1, 7, false);
        assert_eq!(take(&mut history, 1, 5, true).new, [5]);
        assert_eq!(take(&mut history, 7, 6, true).repeats, [6]);
        assert_eq!(take(&mut history, 1, 7, true).repeats, [7]);
    }

    #[test]
    fn a_number_that_lists_jumped_over_brings_new_sound() {
        let mut history = History::default();
        for (digest, sequence) in [(1, 4), (2, 5), (1, 7)] {
            take(&mut history, digest, sequence, false);
        }
        assert_eq!(take(&mut history, 1, 6, true).new, [6]);
        assert_eq!(take(&mut history, 1, 7, true).repeats, [7]);
    }

    #[test]
    fn silence_proves_nothing_unless_it_ends_what_was_had() {
        assert_eq!(told("a000b", "00c", ""), "00c");
        assert_eq!(told("ab00", "b00c", ""), "xxx|c");
    }

    #[test]
    fn a_number_or_a_date_proves_at_once_and_a_date_disproves() {
        let its = |digest, sequence, date: Option<i64>| {
            let date = date.map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap());
            Trait { digest, sequence, date }
        };
        let mut history = History::default();
        for number in 1..5 {
            history.push(number, its(number, number, Some(2 * i64::try_from(number).unwrap())), 1, false);
        }
        assert_eq!(history.push(9, its(2, 70, Some(4)), 1, true).repeats, [9]);
        assert_eq!(history.push(9, its(2, 2, Some(60)), 1, true).new, [9]);
        assert_eq!(history.push(9, its(3, 3, None), 1, true).repeats, [9]);
        history.forget_dates();
        assert_eq!(history.push(9, its(1, 70, Some(2)), 1, true).new, [9]);
    }
}
