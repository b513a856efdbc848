//! Compares a list with what was listed before: which of its segments are known, and from where on it is new.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use url::Url;

use super::super::address::{ByteRange, segment_key};
use super::super::playlist::Segment;
use super::known::Known;
use crate::base::duration::delta;

/// How many segments may have been missed between two answers.
const MISSED: u64 = 64;

/// What a list turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The first with anything in it.
    Started,
    /// The window of what was listed before, or a later one.
    Continued,
    /// Nothing new.
    Unchanged,
    /// An older copy, to be ignored.
    Behind,
    /// The station began anew.
    Restarted,
    /// The window moved on past segments that were never seen; how many, if the numbers say so.
    Jumped(Option<u64>),
}

/// How a list compares with what is known: each segment's known self, and from where on it is new.
pub(super) struct Alignment {
    pub(super) pairs: Vec<Option<usize>>,
    pub(super) fresh: usize,
    pub(super) reading: Reading,
    pub(super) discontinuity: bool,
    pub(super) doubtful: bool,
    /// Whether the list has none of the names that it had, under their numbers.
    pub(super) renamed: bool,
}

/// What was listed before.
pub(super) struct Past<'a> {
    /// Its segments; lists are compared if there are any.
    pub(super) known: &'a VecDeque<Known>,
    /// The path of the list that was read last.
    pub(super) list: &'a str,
    /// Whether that was renamed.
    pub(super) renamed: bool,
}

impl Past<'_> {
    /// Compares `segments` of a list found at `url`, from `first` to `last`, with what was listed before, up to
    /// `newest`.
    pub(super) fn align(
        &self,
        segments: &[&Segment],
        first: &Segment,
        last: &Segment,
        newest: &Known,
        url: &Url,
    ) -> Alignment {
        let pairs = self.recognise(segments);
        let Some(anchor) = pairs.iter().rposition(Option::is_some) else {
            if self.numbers_and_dates_agree(segments, newest) {
                return Alignment { renamed: true, ..self.by_number(segments, last, newest) };
            }
            let ahead = self.list == segment_key(url) && first.sequence > newest.sequence;
            let by_dates =
                if ahead || self.is_dated_anew(segments) { None } else { self.align_by_dates(segments, newest) };
            return by_dates.unwrap_or_else(|| self.align_by_numbers(segments, first, last, newest, url));
        };
        let renumbered =
            pairs.iter().flatten().all(|&at| self.known.get(at).is_some_and(|known| known.sequence < first.sequence));
        if renumbered && first.sequence > newest.sequence {
            // These are known names under numbers that are all new: names that go round, or the old sound renumbered.
            let apart = first.sequence > newest.sequence + 1;
            let doubtful = self.is_doubtful(first, newest, url);
            return Alignment { doubtful, ..Alignment::all_new(segments, Reading::Continued, apart) };
        }
        let at_the_end = pairs.get(anchor).copied().flatten() == Some(self.known.len() - 1);
        let reading = match (anchor + 1 < segments.len(), at_the_end) {
            (true, _) => Reading::Continued,
            (false, true) => Reading::Unchanged,
            (false, false) => Reading::Behind,
        };
        Alignment { pairs, fresh: anchor + 1, reading, discontinuity: false, doubtful: false, renamed: false }
    }

    /// Whether a segment of the same name and number had another date: its dates stand still, or the station starts
    /// again with old names. Then they say nothing about time.
    fn is_dated_anew(&self, segments: &[&Segment]) -> bool {
        let known: HashMap<_, _> = self.known.iter().map(|known| (known.sequence, known)).collect();
        let is_it =
            |known: &Known, segment: &Segment| known.segment_key == segment.segment_key && !known.same_time(segment);
        segments.iter().any(|segment| known.get(&segment.sequence).is_some_and(|known| is_it(known, segment)))
    }

    /// Whether a list that begins with `first`, whose number is after all known ones, may have old sound in it: a
    /// little ahead in the same list is new sound; far ahead, another numbering may have begun.
    fn is_doubtful(&self, first: &Segment, newest: &Known, url: &Url) -> bool {
        self.list != segment_key(url) || first.sequence.saturating_sub(newest.sequence.saturating_add(1)) > MISSED
    }

    /// Each segment's known self. Names may come round again, and an address may be played again. So a recognised
    /// segment must have about the distance in numbers that most of them have, and be in the order of those that have
    /// it exactly. That distance is zero if every known number has its name: a spot that soon comes again says nothing
    /// against it.
    fn recognise(&self, segments: &[&Segment]) -> Vec<Option<usize>> {
        // The byte range belongs to the key, because a whole day may lie in one file.
        let mut by_key: HashMap<(&str, Option<ByteRange>), Vec<usize>> = HashMap::new();
        let mut by_sequence: HashMap<u64, usize> = HashMap::new();
        for (at, known) in self.known.iter().enumerate() {
            by_key.entry((&known.segment_key, known.byte_range)).or_default().push(at);
            by_sequence.insert(known.sequence, at);
        }
        let known = |at: usize, segment: &Segment| self.known.get(at).filter(|known| known.is(segment));
        let same_place = |segment: &&Segment| -> Vec<usize> {
            let listed = by_key.get(&(segment.segment_key.as_str(), segment.byte_range)).into_iter().flatten().copied();
            listed.filter(|at| known(*at, segment).is_some()).collect()
        };
        let by_key: Vec<_> = segments.iter().map(same_place).collect();
        // If an address says which segment it is, no number overrules it.
        let told: HashSet<usize> = by_key.iter().flatten().copied().collect();
        let candidates = |(segment, same_place): (&&Segment, Vec<usize>)| -> Vec<(usize, i128)> {
            let same_number = by_sequence.get(&segment.sequence).copied().filter(|at| !told.contains(at));
            let distance = |at| Some((at, i128::from(segment.sequence) - i128::from(known(at, segment)?.sequence)));
            same_place.into_iter().chain(same_number).filter_map(distance).collect()
        };
        let candidates: Vec<_> = segments.iter().zip(by_key).map(candidates).collect();
        let same_number = |segment: &&Segment| {
            let at = *by_sequence.get(&segment.sequence)?;
            let holds = |known: &Known| known.segment_key == segment.segment_key || !told.contains(&at);
            Some(known(at, segment).is_some_and(holds))
        };
        let mut numbers = segments.iter().filter_map(same_number).peekable();
        let numbers_hold = numbers.peek().is_some() && numbers.all(|it| it);
        let expected = if numbers_hold { Some(0) } else { expected_distance(&candidates) };
        let Some(expected) = expected else { return vec![None; segments.len()] };
        let window = i128::try_from(segments.len()).unwrap_or(i128::MAX);
        let off = |distance: i128| (distance - expected).abs();
        let nearest = |found: &Vec<(usize, i128)>| found.iter().copied().min_by_key(|(_, distance)| off(*distance));
        let mut found: Vec<_> = candidates.iter().map(nearest).collect();
        in_order(&mut found, expected);
        found.into_iter().map(|pair| pair.and_then(|(at, distance)| (off(distance) < window).then_some(at))).collect()
    }

    /// For a list in which nothing is recognised, as after a change of address: compares the dates, if there are any.
    fn align_by_dates(&self, segments: &[&Segment], newest: &Known) -> Option<Alignment> {
        let end = newest.start?.checked_add_signed(delta(newest.duration))?;
        let middle = |segment: &Segment| segment.programme_time?.checked_add_signed(delta(segment.duration / 2));
        segments.last()?.programme_time?;
        let fresh = segments.iter().position(|segment| middle(segment).is_some_and(|middle| middle >= end));
        let Some((fresh, first)) = fresh.and_then(|at| Some((at, *segments.get(at)?))) else {
            return Some(Alignment::all_new(segments, Reading::Behind, true));
        };
        let by_start: BTreeMap<_, _> =
            self.known.iter().enumerate().filter_map(|(at, known)| Some((known.start?, at))).collect();
        let pair = |segment: &&Segment| {
            let (start, near) = (segment.programme_time?, delta(segment.duration / 2));
            let range = start.checked_sub_signed(near)?..start.checked_add_signed(near)?;
            by_start.range(range).map(|(_, at)| *at).next_back()
        };
        let pairs =
            segments.iter().enumerate().map(|(at, segment)| if at < fresh { pair(segment) } else { None }).collect();
        let late = first.programme_time.is_some_and(|start| start - end > delta(first.duration / 2));
        let reading = if late { Reading::Jumped(None) } else { Reading::Continued };
        let contiguous = first.sequence == newest.sequence.saturating_add(1) && !late;
        Some(Alignment { pairs, fresh, reading, discontinuity: !contiguous, doubtful: !contiguous, renamed: false })
    }

    /// The last resort.
    fn align_by_numbers(
        &self,
        segments: &[&Segment],
        first: &Segment,
        last: &Segment,
        newest: &Known,
        url: &Url,
    ) -> Alignment {
        let next = newest.sequence.saturating_add(1);
        if first.sequence == next {
            let mut contiguous = Alignment::all_new(segments, Reading::Continued, false);
            contiguous.doubtful = false;
            return contiguous;
        }
        if first.sequence > next {
            let jumped = Alignment::all_new(segments, Reading::Jumped(Some(first.sequence - next)), true);
            let doubtful = self.is_doubtful(first, newest, url);
            return Alignment { doubtful, ..jumped };
        }
        if self.list == segment_key(url) && self.goes_on(segments, last, newest) {
            // The station names its segments anew with every answer; their numbers stay. The first time it may be a
            // station that starts again under numbers that it has used; the bytes show which.
            if self.renamed {
                return Alignment { renamed: true, ..self.by_number(segments, last, newest) };
            }
            let pairs = self.by_number(segments, last, newest).pairs;
            return Alignment { pairs, renamed: true, ..Alignment::all_new(segments, Reading::Restarted, true) };
        }
        if self.list == segment_key(url) {
            // Other segments under used numbers: the encoder has restarted. Only numbers just before the first that was
            // seen may be those of an old copy.
            let oldest = self.known.front().map_or(0, |oldest| oldest.sequence);
            let before = oldest.checked_sub(last.sequence).and_then(|distance| usize::try_from(distance).ok());
            let old_copy = before.is_some_and(|distance| distance > 0 && distance <= segments.len());
            let reading = if old_copy { Reading::Behind } else { Reading::Restarted };
            return Alignment::all_new(segments, reading, true);
        }
        // It is another list, as after resolving again: its numbers go on.
        self.by_number(segments, last, newest)
    }

    /// Whether `segments` reach the `newest`, and every known number has the date that it had: only the names are new.
    fn numbers_and_dates_agree(&self, segments: &[&Segment], newest: &Known) -> bool {
        let starts: HashMap<_, _> = self.known.iter().map(|known| (known.sequence, known.start)).collect();
        let had: Vec<_> = segments.iter().filter(|segment| segment.sequence <= newest.sequence).collect();
        let agrees = |segment: &&&Segment| {
            let start = starts.get(&segment.sequence).copied().flatten();
            let both = start.zip(segment.programme_time);
            both.is_some_and(|(known, listed)| (known - listed).abs() <= delta(segment.duration / 2))
        };
        had.last().is_some_and(|last| last.sequence == newest.sequence) && had.iter().all(agrees)
    }

    /// Whether `segments` have numbers that go on, and lengths that agree with those of before.
    fn goes_on(&self, segments: &[&Segment], last: &Segment, newest: &Known) -> bool {
        let lengths: HashMap<_, _> = self.known.iter().map(|known| (known.sequence, known.duration)).collect();
        let had = segments.iter().take_while(|segment| segment.sequence <= newest.sequence);
        last.sequence >= newest.sequence && had.into_iter().all(|it| lengths.get(&it.sequence) == Some(&it.duration))
    }

    /// For a list of which only the numbers say anything.
    fn by_number(&self, segments: &[&Segment], last: &Segment, newest: &Known) -> Alignment {
        let next = newest.sequence.saturating_add(1);
        let fresh = segments.iter().position(|segment| segment.sequence >= next).unwrap_or(segments.len());
        let numbers: HashMap<_, _> = self.known.iter().enumerate().map(|(at, known)| (known.sequence, at)).collect();
        let by_number = |segment: &&Segment| numbers.get(&segment.sequence).copied();
        let pairs: Vec<_> = segments.iter().map(by_number).collect();
        let reading = match (fresh < segments.len(), last.sequence == newest.sequence) {
            (true, _) => Reading::Continued,
            (false, true) => Reading::Unchanged,
            (false, false) => Reading::Behind,
        };
        Alignment { pairs, fresh, reading, discontinuity: false, doubtful: false, renamed: false }
    }
}

/// The distance in numbers that most of the segments have from their known selves. An address that was played several
/// times says nothing about it; if all are such, numbers stay as they are, if they can.
fn expected_distance(candidates: &[Vec<(usize, i128)>]) -> Option<i128> {
    let votes = |sure: bool| {
        let mut votes: HashMap<i128, (usize, usize)> = HashMap::new();
        for (at, distance) in candidates.iter().filter(|found| !sure || found.len() == 1).flatten() {
            let (many, newest) = votes.entry(*distance).or_default();
            (*many, *newest) = (*many + 1, (*newest).max(*at));
        }
        votes
    };
    let most = |votes: HashMap<i128, (usize, usize)>| {
        votes
            .into_iter()
            .max_by_key(|(distance, count)| (*count, Reverse(distance.abs())))
            .map(|(distance, _)| distance)
    };
    most(votes(true)).or_else(|| {
        let votes = votes(false);
        if votes.contains_key(&0) { Some(0) } else { most(votes) }
    })
}

/// Drops segments that would stand on the wrong side of one with the `expected` distance.
fn in_order(found: &mut [Option<(usize, i128)>], expected: i128) {
    let exact = |pair: &Option<(usize, i128)>| pair.filter(|(_, distance)| *distance == expected).map(|(at, _)| at);
    let mut before = None;
    let mut after: Vec<Option<usize>> = vec![None; found.len()];
    let mut next = None;
    for (pair, after) in found.iter().zip(&mut after).rev() {
        *after = next;
        next = exact(pair).or(next);
    }
    for (pair, after) in found.iter_mut().zip(after) {
        let (kept, at) = (exact(pair), pair.map(|(at, _)| at));
        let misplaced = |at: usize| before.is_some_and(|before| at <= before) || after.is_some_and(|after| at >= after);
        if kept.is_none() && at.is_some_and(misplaced) {
            *pair = None;
        }
        before = kept.or(before);
    }
}

impl Alignment {
    pub(super) fn all_new(segments: &[&Segment], reading: Reading, discontinuity: bool) -> Self {
        Self { pairs: vec![None; segments.len()], fresh: 0, reading, discontinuity, doubtful: true, renamed: false }
    }
}
