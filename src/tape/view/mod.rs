//! The tape around a span of time, as it was when it was looked at, with a time for every entry. The tape may grow on;
//! a view stays as it is.

mod gap_cause;

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use self::gap_cause::Losses;
use crate::base::duration::delta;
use crate::model::{Cause, CauseKind, Gap, Span};
use crate::tape::index::Index;
use crate::tape::index::entry::{Entry, Title, Trouble};
use crate::tape::timing::{Timed, on_air_times};

/// A title is written down no later than this after the sound with which it came.
const TOGETHER: TimeDelta = TimeDelta::milliseconds(50);

/// Entries that follow each other, and the troubles that came between them.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The number of the first entry.
    pub first: u64,
    pub index: Arc<Index>,
}

impl Block {
    /// The number after its last entry.
    pub(super) fn end(&self) -> u64 {
        self.first + self.index.entries.len() as u64
    }
}

/// A stretch of a tape around a cut, with a time for every entry.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub(super) first: u64,
    parts: Vec<Part>,
    pub(super) timed: Vec<Timed>,
    /// In order.
    troubles: Vec<Trouble>,
    /// Known once somebody asks for a gap.
    losses: OnceLock<Losses>,
}

/// Entries that are shared with the tape.
#[derive(Debug, Clone)]
struct Part {
    index: Arc<Index>,
    range: Range<usize>,
    /// How many entries of the view come before it.
    before: usize,
}

impl Part {
    fn entries(&self) -> &[Entry] {
        self.index.entries.get(self.range.clone()).unwrap_or_default()
    }
}

/// Which entries a view has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// From the first entry that arrived in this time, to the last that did.
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    /// No entry before this number.
    pub(super) oldest: u64,
    /// And none from this number on.
    pub(super) newest: u64,
}

impl View {
    /// A view of the entries of `blocks` that lie in `window`. The blocks follow each other up to number `end`.
    pub(super) fn of(blocks: &[Block], end: u64, window: Window, delay: TimeDelta) -> Self {
        let numbered = || {
            blocks
                .iter()
                .flat_map(|block| block.index.entries.iter().enumerate().map(|(at, it)| (block.first + at as u64, it)))
        };
        let near = |entry: &Entry| entry.arrived >= window.from && entry.arrived <= window.to;
        let end = end.min(window.newest);
        let counts = |(number, entry): &(u64, &Entry)| *number < end && near(entry);
        let mut all_near = numbered().filter(counts).map(|(number, _)| number);
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
        view.timed = on_air_times(view.entries(), delay);
        view
    }

    /// A view of `entries`, the first of which has the number `first`.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn new(first: u64, entries: Vec<Entry>, mut troubles: Vec<Trouble>, delay: TimeDelta) -> Self {
        troubles.sort_by_key(|trouble| trouble.at);
        let timed = on_air_times(&entries, delay);
        let range = 0..entries.len();
        let index = Arc::new(Index { entries, ..Index::default() });
        let parts = vec![Part { index, range, before: 0 }];
        Self { first, parts, timed, troubles, losses: OnceLock::new() }
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + Clone {
        self.parts.iter().flat_map(Part::entries)
    }

    /// Every entry with its time.
    fn timed_entries(&self) -> impl Iterator<Item = (&Timed, &Entry)> + Clone {
        self.timed.iter().zip(self.entries())
    }

    /// Adds a trouble that is on no reel.
    pub(super) fn push_trouble(&mut self, trouble: Trouble) {
        let behind = self.troubles.partition_point(|other| other.at <= trouble.at);
        self.troubles.insert(behind, trouble);
    }

    /// What the station said that it plays, on the reels of this time and in the order in which it came. The same title
    /// comes again where a reel begins with it.
    pub fn titles(&self) -> impl Iterator<Item = &Title> {
        self.parts.iter().flat_map(|part| &part.index.titles)
    }

    /// What was played, each title at the time at which it was on the air. If the station does not stamp its sound, only the time is known at
    /// which a title came; then it counts from the sound on that came with it.
    pub fn titles_on_air(&self) -> impl Iterator<Item = Title> {
        let mut newest = DateTime::<Utc>::MIN_UTC;
        let arrivals: Vec<(DateTime<Utc>, Timed)> = self
            .timed_entries()
            .map(|(timed, entry)| {
                newest = newest.max(entry.arrived);
                (newest, *timed)
            })
            .collect();
        self.titles().map(move |title| {
            let since = title.at.checked_sub_signed(TOGETHER).unwrap_or(title.at);
            let came_with = arrivals.get(arrivals.partition_point(|(arrived, _)| *arrived < since));
            let unstamped = came_with.filter(|(_, timed)| !timed.stamped);
            Title { at: unstamped.map_or(title.at, |(_, timed)| timed.start), text: title.text.clone() }
        })
    }

    /// The instant from which the tape holds sound.
    pub fn start(&self) -> Option<DateTime<Utc>> {
        self.timed_entries().find(|(_, entry)| entry.sound.is_ok()).map(|(timed, _)| timed.start)
    }

    /// When the first of its sound was on the air from `instant` on: `instant` itself, if sound of then is on it.
    pub fn sound_since(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let later = self.sounds().find(|(start, length, _)| *start + delta(*length) > instant);
        later.map(|(start, ..)| start.max(instant))
    }

    /// Returns when the first entry, sound or known gap, was on the air that the station offered from `instant` on, and
    /// when the newest arrived. The first is `instant` itself if what was on the air then is on tape, or if the entries
    /// since then reach back to it.
    pub fn offered_since(&self, instant: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let ends = |timed: &Timed, entry: &Entry| timed.start + delta(entry.duration);
        let mut offered = self.timed_entries().filter(|(timed, entry)| {
            !entry.duration.is_zero() && (entry.arrived >= instant || ends(timed, entry) > instant)
        });
        let (timed, entry) = offered.next()?;
        let newest = offered.last().map_or(entry, |(_, newest)| newest);
        Some((timed.start.max(instant), newest.arrived))
    }

    /// Its sound in the order of the tape: when each entry was on the air, how long it plays, and in which file it is.
    pub fn sounds(&self) -> impl Iterator<Item = (DateTime<Utc>, Duration, &Path)> {
        self.timed_entries().filter_map(|(timed, entry)| {
            let sound = entry.sound.as_ref().ok()?;
            Some((timed.start, entry.duration, &*sound.reel.path))
        })
    }

    /// Since when aircheck was not running, each time, in order.
    pub fn stops(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.troubles.iter().filter(|trouble| trouble.cause.kind == CauseKind::NotRunning).map(|trouble| trouble.at)
    }

    /// How much sound is on it, wherever it lies.
    pub fn sound(&self) -> Duration {
        self.entries().filter(|entry| entry.sound.is_ok()).map(|entry| entry.duration).sum()
    }

    /// How much of what the station offered is lost, and the cause of the last loss.
    pub fn lost(&self) -> Option<(Duration, &Cause)> {
        let lost = || self.entries().filter_map(|entry| Some((entry.duration, entry.sound.as_ref().err()?)));
        Some((lost().map(|(duration, _)| duration).sum(), lost().next_back()?.1))
    }

    /// The first trouble since `at`.
    pub fn first_trouble(&self, at: DateTime<Utc>) -> Option<&Trouble> {
        self.troubles.get(self.troubles.partition_point(|trouble| trouble.at < at))
    }

    /// Entry `number` of the tape, and its time.
    pub(super) fn get(&self, number: u64) -> Option<(&Entry, Timed)> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let part = self.parts.get(self.parts.partition_point(|part| part.before <= index).checked_sub(1)?)?;
        Some((part.entries().get(index - part.before)?, *self.timed.get(index)?))
    }

    /// Whether an entry after number `after` holds any of `cut`.
    pub(super) fn comes_to(&self, cut: &Span, after: u64) -> bool {
        let skip = usize::try_from((after + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let mut later = self.timed_entries().skip(skip);
        later.any(|(timed, entry)| timed.start < cut.end && timed.start + delta(entry.duration) > cut.start)
    }

    /// What is missing in `hole`, and why.
    pub(super) fn gap(&self, hole: &Span) -> Gap {
        let losses = || Losses::of(self.timed_entries().map(|(timed, entry)| (timed.start, entry)));
        let lost = self.losses.get_or_init(losses).first_in(hole);
        let lost =
            lost.and_then(|entry| self.get(self.first + entry)).and_then(|(entry, _)| entry.sound.as_ref().err());
        gap_cause::gap(hole, lost, &self.troubles)
    }
}
