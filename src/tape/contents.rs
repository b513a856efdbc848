//! What is on a tape, shared by its writer and its readers: the reels that have ended, by their summaries, and what
//! came since, in blocks that views share.
//!
//! Every entry has a number that never changes: the first entry on the tape when it was opened has 0. Nothing here
//! waits for a disk.

use std::collections::VecDeque;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::index::closed::ClosedReel;
use super::index::entry::{Entry, Sound, Title, Trouble};
use super::index::summary::Summary;
use super::index::{Index, moved_by};
use super::tally::Tally;
use super::timing::withdraw_dates;
use super::view::{Block, View, Window};
use crate::model::{CauseKind, Span};

/// A block has this many entries or troubles. It is copied if one is added while a view shares it.
const BLOCK: usize = 64;
/// The rate is measured over this many of the newest entries.
const MEASURED: usize = 30;
/// How far around a cut entries are considered. Arrivals within it help to tell when the cut was on the air; those
/// farther away would add the drift of the station's clock.
pub(super) const AROUND: TimeDelta = TimeDelta::hours(1);
/// A reel that goes on after another begins no later than this after it.
const BETWEEN_REELS: TimeDelta = TimeDelta::minutes(1);
/// How many indexes of ended reels are cached for the next view: a cut of some hours is viewed again and again while it
/// grows.
const CACHED: usize = 8;

/// What is on a tape.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// How much later than on the air the stream arrives, if the station does not say when its sound was on the air.
    pub delay: TimeDelta,
    /// The reels that have ended, the oldest first.
    pub reels: VecDeque<Arc<ClosedReel>>,
    /// What came since: on the reel that is being written, or on none yet.
    pub open: Vec<Block>,
    /// Since when nothing was written, if aircheck was not running.
    pub down: Option<Trouble>,
    /// How often the clock was set back, each time with the number of the first entry after that, and the time it was set
    /// to.
    pub set_back: Vec<(u64, DateTime<Utc>)>,
    /// Whether nothing was written since the tape was opened or the clock was set.
    pub reopened: bool,
    /// The time that the clock was set to, until something arrives after that.
    pub set_to: Option<DateTime<Utc>>,
    pub tally: Tally,
    /// When the newest sound arrived.
    pub heard: Option<DateTime<Utc>>,
    /// The newest trouble.
    pub trouble: Option<Trouble>,
    /// The format of the newest sound.
    pub format: String,
    pub measured: VecDeque<(Duration, u64)>,
    /// The indexes that were read last, the newest at the end.
    pub cached: VecDeque<Arc<Index>>,
    /// Whether anybody has needed those since [`Contents::drop_unused`] was called.
    pub needed: bool,
}

impl Contents {
    /// A tape with these `reels`.
    pub(super) fn of(reels: VecDeque<Arc<ClosedReel>>) -> Self {
        let heard = reels.iter().rev().find_map(|reel| reel.summary.heard);
        Self { reels, heard, reopened: true, ..Self::default() }
    }

    /// The number that the next entry will have.
    pub(super) fn end(&self) -> u64 {
        let open = self.open.last().map(Block::end);
        open.or_else(|| self.reels.back().map(|reel| reel.end())).unwrap_or_default()
    }

    /// Whether nothing was ever written.
    pub(super) fn is_empty(&self) -> bool {
        self.end() == 0
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, entry: Entry) {
        let end = self.end();
        if self.set_to.is_some()
            && let Some((first, _)) = self.set_back.last_mut().filter(|(first, _)| *first == end)
        {
            *first += 1;
        }
        if let Ok(sound) = &entry.sound {
            self.heard = Some(entry.arrived);
            self.measure(&sound.reel.detail, entry.duration, sound.length);
        }
        self.block(|index| index.entries.len()).entries.push(entry);
    }

    /// The newest sounds since the last reel ended, `most` at most, the newest last.
    pub(super) fn newest(&self, most: usize) -> Vec<Sound> {
        let entries = self.open.iter().rev().flat_map(|block| block.index.entries.iter().rev());
        let mut newest: Vec<_> = entries.filter_map(|entry| entry.sound.as_ref().ok()).take(most).cloned().collect();
        newest.reverse();
        newest
    }

    /// Every reel with sound whose files are there: its sound file, and from when to when its entries arrived.
    pub(super) fn reels_with_sound(&self) -> Vec<(PathBuf, Span)> {
        let there = self.reels.iter().filter(|reel| !reel.is_deleted());
        let ended = there.filter_map(|reel| {
            let heard = reel.summary.heard?;
            Some((reel.path(), Span::new(reel.summary.begun, heard)))
        });
        let entries = || self.open.iter().flat_map(|block| &block.index.entries);
        let path = entries().find_map(|entry| Some(entry.sound.as_ref().ok()?.reel.path.clone()));
        let span = entries().next().zip(self.heard).map(|(first, heard)| Span::new(first.arrived, heard));
        ended.chain(path.zip(span)).collect()
    }

    /// Whether sound arrived around `instant`.
    pub(super) fn has_around(&self, instant: DateTime<Utc>) -> bool {
        let begun = self.open.first().and_then(|block| block.index.entries.first()).map(|first| first.arrived);
        let open = begun.zip(self.heard);
        let there = self.reels.iter().rev().filter(|reel| !reel.is_deleted());
        let ended = there.filter_map(|reel| Some((reel.summary.begun, reel.summary.heard?)));
        let mut came = open.into_iter().chain(ended).take_while(|(_, heard)| instant - *heard <= BETWEEN_REELS);
        came.any(|(begun, _)| begun - instant <= BETWEEN_REELS)
    }

    /// The newest reel that has ended whose files are there and the name of whose sound file `is_it` accepts. If there is none, what
    /// came since the last reel ended: it may be on that reel.
    pub(super) fn reel(&self, is_it: impl Fn(&Path) -> bool) -> (Option<Arc<ClosedReel>>, Vec<Block>) {
        let ended = self.reels.iter().rfind(|reel| !reel.is_deleted() && is_it(reel.file())).cloned();
        let open = if ended.is_none() { self.open.clone() } else { Vec::new() };
        (ended, open)
    }

    /// Adds a trouble.
    pub(super) fn push_trouble(&mut self, trouble: Trouble) {
        self.trouble = Some(trouble.clone());
        self.block(|index| index.troubles.len()).troubles.push(trouble);
    }

    /// Adds why nothing more comes. That is no trouble of the capture.
    pub(super) fn push_end(&mut self, end: Trouble) {
        self.block(|index| index.troubles.len()).troubles.push(end);
    }

    /// Adds a title.
    pub(super) fn push_title(&mut self, title: Title) {
        self.block(|index| index.titles.len()).titles.push(title);
    }

    fn measure(&mut self, format: &str, duration: Duration, bytes: u64) {
        if self.format != format {
            format.clone_into(&mut self.format);
        }
        if self.measured.len() == MEASURED {
            self.measured.pop_front();
        }
        self.measured.push_back((duration, bytes));
    }

    /// The block to add to: a new one if `full` counts [`BLOCK`] in the last.
    fn block(&mut self, full: impl Fn(&Index) -> usize) -> &mut Index {
        let end = self.end();
        if self.open.last().is_none_or(|block| full(&block.index) >= BLOCK) {
            self.open.push(Block { first: end, index: Arc::default() });
        }
        let last = self.open.len() - 1;
        Arc::make_mut(&mut self.open[last].index)
    }

    /// The reel at `path` has ended: what came since the last ended reel is on it. Returns its summary, `None` if it
    /// has no entry.
    pub(super) fn close(&mut self, path: &Path) -> Option<Summary> {
        let blocks: Vec<&Index> = self.open.iter().map(|block| block.index.as_ref()).collect();
        let summary = Summary::of(&blocks)?;
        let first = self.open.first().map_or(0, |block| block.first);
        self.open.clear();
        let closed = ClosedReel::new(path, first, summary, self.reels.back().map(AsRef::as_ref));
        self.reels.push_back(Arc::new(closed));
        Some(summary)
    }

    /// Moves everything that came since the last reel ended by `by`, and with it the newest arrival and trouble.
    pub(super) fn shift_open(&mut self, by: TimeDelta) {
        for block in &mut self.open {
            Arc::make_mut(&mut block.index).shift(by);
        }
        self.heard = self.heard.map(|at| moved_by(at, by));
        if let Some(trouble) = &mut self.trouble {
            trouble.at = moved_by(trouble.at, by);
        }
    }

    /// The clock was set, to `now`. What arrived before and is still to be written belongs to the time before.
    pub(super) fn clock_was_set(&mut self, now: DateTime<Utc>) {
        self.reopened = true;
        self.set_to = Some(now);
        let open = self.open.iter().rev().find_map(|block| block.index.entries.last()).map(|last| last.arrived);
        let last = open.or_else(|| self.reels.back().map(|reel| reel.summary.to));
        if last.is_some_and(|last| last > now) {
            self.set_back.push((self.end(), now));
        }
    }

    /// Whether what arrived at `arrived` and is written at `now` begins another session: it is the first after the tape was
    /// opened or the clock was set. Asked once of each.
    pub(super) fn begins(&mut self, arrived: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        // By a clock that was set back, it arrives in the future.
        if self.set_to.is_some_and(|instant| arrived < instant || arrived > now) {
            return false;
        }
        self.set_to = None;
        std::mem::take(&mut self.reopened)
    }

    /// Removes the dates from what came since the last reel ended, back to a break of unknown length. Returns false if
    /// there is no such break: then the dates of the reel before are wrong, too.
    pub(super) fn withdraw_dates_of_open(&mut self) -> bool {
        self.open.iter_mut().rev().any(|block| withdraw_dates(&mut Arc::make_mut(&mut block.index).entries))
    }

    /// Learns from the newest reel's `index` what its summary does not say.
    pub(super) fn recall_newest(&mut self, index: &Index) {
        let newest = index.entries.iter().filter_map(|entry| Some((entry.duration, entry.sound.as_ref().ok()?)));
        for (duration, sound) in newest.rev().take(MEASURED).collect::<Vec<_>>().into_iter().rev() {
            self.measure(&sound.reel.detail, duration, sound.length);
        }
        self.trouble = index.troubles.iter().rfind(|trouble| trouble.cause.kind != CauseKind::NotTaped).cloned();
    }

    /// What a view of `span` needs, by a clock that was set back only `set_back` times.
    pub(super) fn plan(&self, span: &Span, set_back: usize) -> ViewPlan {
        let (from, to) = (span.start - AROUND, span.end + AROUND + self.delay);
        let (before, after) = self.set_back.split_at(set_back.min(self.set_back.len()));
        let last = before.iter().rfind(|(_, instant)| span.end > *instant);
        let oldest = last.map_or(0, |(number, _)| *number);
        let window = Window { from, to, oldest, newest: after.first().map_or(u64::MAX, |(number, _)| *number) };
        let is_near = |reel: &Arc<ClosedReel>| reel.summary.is_near(from, to);
        let first = self.reels.iter().position(is_near).unwrap_or(self.reels.len());
        let is_open_near = self.open.iter().any(|block| block.index.came_between(from, to));
        let behind =
            if is_open_near { Some(self.reels.len()) } else { self.reels.iter().rposition(is_near).map(|at| at + 1) };
        let near = self.reels.iter().take(behind.unwrap_or(first)).skip(first);
        let reels = near.map(|reel| (Arc::clone(reel), reel.shared())).collect();
        let open = if is_open_near { self.open.clone() } else { Vec::new() };
        let down = self.down.clone().filter(|trouble| trouble.at >= from && trouble.at <= to);
        ViewPlan { reels, open, down, end: self.end(), window, delay: self.delay }
    }

    /// Caches `read`, the indexes that a view has read, for the next views.
    pub(super) fn cache(&mut self, read: impl IntoIterator<Item = Arc<Index>>) {
        for index in read {
            self.needed = true;
            self.cached.retain(|cached| !Arc::ptr_eq(cached, &index));
            self.cached.push_back(index);
        }
        self.cached.drain(..self.cached.len().saturating_sub(CACHED));
    }

    /// Drops the indexes that are cached, unless somebody has needed one since this was called before.
    pub(super) fn drop_unused(&mut self) {
        if !mem::take(&mut self.needed) {
            self.cached = VecDeque::new();
        }
    }

    /// The reels that may go if what came before `instant` may, except for what is `held`: those on which nothing came
    /// since, and without which the time of what is held is known as well as with them.
    pub(super) fn old(&self, instant: DateTime<Utc>, held: &[Span]) -> Vec<Arc<ClosedReel>> {
        let is_held = |reel: &ClosedReel| {
            held.iter().any(|span| reel.summary.is_near(span.start - AROUND, span.end + AROUND + self.delay))
        };
        let is_old = |reel: &&Arc<ClosedReel>| reel.summary.to < instant && !reel.is_deleted() && !is_held(reel);
        self.reels.iter().filter(is_old).cloned().collect()
    }

    /// The reels that stay although the one after them is among `gone`.
    pub(super) fn left_before(&self, gone: &[Arc<ClosedReel>]) -> Vec<(Arc<ClosedReel>, DateTime<Utc>)> {
        let is_gone = |reel: &Arc<ClosedReel>| reel.is_deleted() || gone.iter().any(|old| Arc::ptr_eq(old, reel));
        let pairs = self.reels.iter().zip(self.reels.iter().skip(1));
        let ends = pairs.filter(|(stays, next)| !is_gone(stays) && is_gone(next));
        ends.map(|(stays, next)| (Arc::clone(stays), next.summary.from)).collect()
    }

    /// The files of `gone` are deleted. Reels between others keep the numbers of their entries.
    pub(super) fn forget(&mut self, gone: &[Arc<ClosedReel>]) {
        self.cached.clear();
        for reel in &mut self.reels {
            if gone.iter().any(|old| Arc::ptr_eq(old, reel)) {
                *reel = Arc::new(reel.without_files());
            }
        }
        while self.reels.front().is_some_and(|reel| reel.is_deleted()) {
            self.reels.pop_front();
        }
        let oldest = self.reels.front().map(|reel| reel.summary.from);
        self.down = self.down.take().filter(|trouble| oldest.is_some_and(|oldest| trouble.at >= oldest));
    }

    /// Puts `new` in the place of an ended reel.
    pub(super) fn replace(&mut self, reel: &Arc<ClosedReel>, new: ClosedReel) {
        if let Some(old) = self.reels.iter_mut().find(|old| Arc::ptr_eq(old, reel)) {
            *old = Arc::new(new);
        }
    }
}

/// What a view needs. Some of it may have to be read from the disk.
#[derive(Debug)]
pub(super) struct ViewPlan {
    reels: Vec<(Arc<ClosedReel>, Option<Arc<Index>>)>,
    open: Vec<Block>,
    down: Option<Trouble>,
    end: u64,
    window: Window,
    delay: TimeDelta,
}

impl ViewPlan {
    /// Whether an index must be read from the disk.
    pub(super) fn needs_disk(&self) -> bool {
        self.reels.iter().any(|(_, index)| index.is_none())
    }

    /// Builds the view. Returns the indexes of ended reels that it needed as well. Blocks if [`ViewPlan::needs_disk`].
    pub(super) fn view(self) -> (View, Vec<Arc<Index>>) {
        let block = |(reel, index): (Arc<ClosedReel>, Option<Arc<Index>>)| Block {
            first: reel.first,
            index: index.unwrap_or_else(|| reel.index()),
        };
        let read: Vec<Block> = self.reels.into_iter().map(block).collect();
        let indexes = read.iter().map(|block| Arc::clone(&block.index)).collect();
        let blocks: Vec<Block> = read.into_iter().chain(self.open).collect();
        let mut view = View::of(&blocks, self.end, self.window, self.delay);
        if let Some(down) = self.down {
            view.push_trouble(down);
        }
        (view, indexes)
    }
}
