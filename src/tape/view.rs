//! What is on tape around a span of time, each entry in its place. It is a copy: the tape may grow on.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::{self, Trouble};
use super::entry::{Entry, Sound};
use super::place::{Placed, delta, place};
use crate::model::{Cause, Gap, Span};

/// A stretch of a tape around a cut, with every entry in its place.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub(super) first: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) placed: Vec<Placed>,
    troubles: Vec<Trouble>,
}

impl View {
    /// Places `entries`, the first of which is number `first` of its tape.
    pub(super) fn new(first: u64, entries: Vec<Entry>, troubles: Vec<Trouble>, delay: TimeDelta) -> Self {
        let placed = place(&entries, delay);
        Self { first, entries, placed, troubles }
    }

    /// The instant from which the tape holds sound.
    pub fn start(&self) -> Option<DateTime<Utc>> {
        self.placed.iter().zip(&self.entries).find(|(_, entry)| entry.sound.is_ok()).map(|(placed, _)| placed.start)
    }

    /// Where the first begins that the station offered from `instant` on, sound or known gap, and when the newest of it
    /// arrived. That is `instant` itself where what was on the air then is on tape, or what has come since then will
    /// reach it: it was on the air before.
    pub fn offered_since(&self, instant: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let ends = |placed: &Placed, entry: &Entry| placed.start + delta(entry.duration);
        let mut offered = self.placed.iter().zip(&self.entries).filter(|(placed, entry)| {
            !entry.duration.is_zero() && (entry.arrived >= instant || ends(placed, entry) > instant)
        });
        let (placed, entry) = offered.next()?;
        let newest = offered.next_back().map_or(entry, |(_, newest)| newest);
        Some((placed.start.max(instant), newest.arrived))
    }

    /// The sound that came last.
    pub fn newest(&self) -> Option<&Sound> {
        self.entries.iter().rev().find_map(|entry| entry.sound.as_ref().ok())
    }

    /// How much sound is on it, wherever it lies.
    pub fn sound(&self) -> Duration {
        self.entries.iter().filter(|entry| entry.sound.is_ok()).map(|entry| entry.duration).sum()
    }

    /// How much is on it that the station offered and that is no sound, and why the last of it is none.
    pub fn lost(&self) -> Option<(Duration, &Cause)> {
        let lost = || self.entries.iter().filter_map(|entry| Some((entry.duration, entry.sound.as_ref().err()?)));
        Some((lost().map(|(duration, _)| duration).sum(), lost().next_back()?.1))
    }

    /// Entry `number` of the tape, and its place.
    pub(super) fn get(&self, number: u64) -> Option<(&Entry, Placed)> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        Some((self.entries.get(index)?, *self.placed.get(index)?))
    }

    /// Whether an entry after number `after` holds any of `cut`.
    pub(super) fn comes_to(&self, cut: &Span, after: u64) -> bool {
        let skip = usize::try_from((after + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let mut later = self.placed.iter().zip(&self.entries).skip(skip);
        later.any(|(placed, entry)| placed.start < cut.end && placed.start + delta(entry.duration) > cut.start)
    }

    /// What is missing in `hole`, and why.
    pub(super) fn gap(&self, hole: &Span) -> Gap {
        let placed: Vec<_> = self.placed.iter().map(|p| p.start).zip(&self.entries).collect();
        cause::gap(hole, &placed, &self.troubles)
    }
}
