//! What is on tape around a span of time, each entry in its place. The tape may grow on: what is here stays as it is.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::{self, Trouble};
use super::entry::{Entry, Sound};
use super::index::Index;
use super::place::{Placed, delta, place};
use crate::model::{Cause, Gap, Span};

/// Entries that follow each other, and the troubles noted while they came.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The number of the first entry.
    pub first: u64,
    pub index: Arc<Index>,
}

impl Block {
    /// The number behind its last entry.
    pub(super) fn end(&self) -> u64 {
        self.first + self.index.entries.len() as u64
    }
}

/// A stretch of a tape around a cut, with every entry in its place.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub(super) first: u64,
    parts: Vec<Part>,
    pub(super) placed: Vec<Placed>,
    troubles: Vec<Trouble>,
}

/// Entries that are shared with the tape.
#[derive(Debug, Clone)]
struct Part {
    index: Arc<Index>,
    range: Range<usize>,
    /// How many entries of the view lie before it.
    before: usize,
}

impl Part {
    fn entries(&self) -> &[Entry] {
        self.index.entries.get(self.range.clone()).unwrap_or_default()
    }
}

/// Which entries of some blocks a view has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// From the first entry that arrived in this time, to the last that did.
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    /// None before this number.
    pub(super) oldest: u64,
}

impl View {
    /// A view of what lies in `window` of `blocks`, which follow each other up to number `end`.
    pub(super) fn of(blocks: &[Block], end: u64, window: Window, delay: TimeDelta) -> Self {
        let numbered = || {
            blocks
                .iter()
                .flat_map(|block| block.index.entries.iter().enumerate().map(|(at, it)| (block.first + at as u64, it)))
        };
        let near = |entry: &Entry| entry.arrived >= window.from && entry.arrived <= window.to;
        let mut all_near = numbered().filter(|(_, entry)| near(entry)).map(|(number, _)| number);
        let from = all_near.next();
        let last = all_near.next_back().or(from);
        let first = from.unwrap_or(end).max(window.oldest).min(end);
        let behind = last.map_or(first, |last| last + 1).max(first);
        let mut view = Self { first, ..Self::default() };
        for block in blocks {
            let length = block.index.entries.len();
            let at =
                |number: u64| usize::try_from(number.saturating_sub(block.first)).map_or(length, |at| at.min(length));
            let (index, range) = (Arc::clone(&block.index), at(first)..at(behind));
            view.troubles.extend(index.troubles.iter().cloned());
            if !range.is_empty() {
                let before = view.parts.last().map_or(0, |part| part.before + part.range.len());
                view.parts.push(Part { index, range, before });
            }
        }
        view.troubles.sort_by_key(|trouble| trouble.at);
        view.placed = place(view.entries(), delay);
        view
    }

    /// Places `entries`, the first of which is number `first` of its tape.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn new(first: u64, entries: Vec<Entry>, troubles: Vec<Trouble>, delay: TimeDelta) -> Self {
        let placed = place(&entries, delay);
        let range = 0..entries.len();
        let index = Arc::new(Index { entries, troubles: Vec::new() });
        Self { first, parts: vec![Part { index, range, before: 0 }], placed, troubles }
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.parts.iter().flat_map(Part::entries)
    }

    /// Every entry with its place.
    fn all(&self) -> impl Iterator<Item = (&Placed, &Entry)> + Clone {
        self.placed.iter().zip(self.entries())
    }

    /// Notes a trouble that no reel has.
    pub(super) fn note(&mut self, trouble: Trouble) {
        let behind = self.troubles.partition_point(|noted| noted.at <= trouble.at);
        self.troubles.insert(behind, trouble);
    }

    /// The instant from which the tape holds sound.
    pub fn start(&self) -> Option<DateTime<Utc>> {
        self.all().find(|(_, entry)| entry.sound.is_ok()).map(|(placed, _)| placed.start)
    }

    /// Where the first begins that the station offered from `instant` on, sound or known gap, and when the newest of it
    /// arrived. That is `instant` itself where what was on the air then is on tape, or what has come since then will
    /// reach it: it was on the air before.
    pub fn offered_since(&self, instant: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let ends = |placed: &Placed, entry: &Entry| placed.start + delta(entry.duration);
        let mut offered = self.all().filter(|(placed, entry)| {
            !entry.duration.is_zero() && (entry.arrived >= instant || ends(placed, entry) > instant)
        });
        let (placed, entry) = offered.next()?;
        let newest = offered.last().map_or(entry, |(_, newest)| newest);
        Some((placed.start.max(instant), newest.arrived))
    }

    /// The sound that came last.
    pub fn newest(&self) -> Option<&Sound> {
        self.entries().rev().find_map(|entry| entry.sound.as_ref().ok())
    }

    /// How much sound is on it, wherever it lies.
    pub fn sound(&self) -> Duration {
        self.entries().filter(|entry| entry.sound.is_ok()).map(|entry| entry.duration).sum()
    }

    /// How much is on it that the station offered and that is no sound, and why the last of it is none.
    pub fn lost(&self) -> Option<(Duration, &Cause)> {
        let lost = || self.entries().filter_map(|entry| Some((entry.duration, entry.sound.as_ref().err()?)));
        Some((lost().map(|(duration, _)| duration).sum(), lost().next_back()?.1))
    }

    /// The first trouble noted since `at`.
    pub fn first_trouble(&self, at: DateTime<Utc>) -> Option<&Trouble> {
        self.troubles.iter().find(|trouble| trouble.at >= at)
    }

    /// Entry `number` of the tape, and its place.
    pub(super) fn get(&self, number: u64) -> Option<(&Entry, Placed)> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let part = self.parts.get(self.parts.partition_point(|part| part.before <= index).checked_sub(1)?)?;
        Some((part.entries().get(index - part.before)?, *self.placed.get(index)?))
    }

    /// Whether an entry after number `after` holds any of `cut`.
    pub(super) fn comes_to(&self, cut: &Span, after: u64) -> bool {
        let skip = usize::try_from((after + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let mut later = self.all().skip(skip);
        later.any(|(placed, entry)| placed.start < cut.end && placed.start + delta(entry.duration) > cut.start)
    }

    /// What is missing in `hole`, and why.
    pub(super) fn gap(&self, hole: &Span) -> Gap {
        cause::gap(hole, self.all().map(|(placed, entry)| (placed.start, entry)), &self.troubles)
    }
}
