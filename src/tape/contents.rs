//! What is on a tape, for everybody who reads it: the reels that have ended by their sums, and what came since in blocks that
//! are shared.
//!
//! Every entry has a number that stays: the first on the tape when it was opened has 0. Nothing here waits for a disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::Trouble;
use super::closed::Closed;
use super::entry::Entry;
use super::index::{Index, moved_by};
use super::place::withdraw_dates;
use super::sum::Sum;
use super::tally::Tally;
use super::view::{Block, View, Window};
use crate::model::Span;

/// So many entries, or troubles, share one block: what is copied when one is added while somebody reads.
const BLOCK: usize = 64;
/// The rate is measured over so much of the newest sound, in entries.
const MEASURED: usize = 30;
/// How far around a cut entries are considered: arrivals within it teach where the cut lies, those farther away would
/// add the drift of the station's clock.
const AROUND: TimeDelta = TimeDelta::hours(1);
/// So many indexes of reels that have ended are kept for the next view: a cut of some hours is looked at again and again while
/// it grows.
const KEPT: usize = 8;

/// What is on a tape.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// How much later than on the air the station's stream arrives, where it does not say.
    pub delay: TimeDelta,
    /// The reels that have ended, the oldest first.
    pub reels: VecDeque<Arc<Closed>>,
    /// What came since: on the reel that is being written, or on none where there is none.
    pub open: Vec<Block>,
    /// Since when nothing was written, if this was not running.
    pub down: Option<Trouble>,
    /// The number of the first entry after the clock was set back, and the time it was set to.
    pub set_back: Option<(u64, DateTime<Utc>)>,
    /// Whether the tape was opened, or the clock was set, and nothing was written since.
    pub reopened: bool,
    pub tally: Tally,
    /// When the newest sound arrived.
    pub heard: Option<DateTime<Utc>>,
    /// The newest trouble.
    pub trouble: Option<Trouble>,
    /// The format of the newest sound, and of its newest entries how long each plays and its bytes.
    pub format: String,
    pub measured: VecDeque<(Duration, u64)>,
    /// The indexes that were read last, the newest last.
    pub kept: VecDeque<Arc<Index>>,
}

impl Contents {
    /// The tape of these `reels`.
    pub(super) fn of(reels: VecDeque<Arc<Closed>>) -> Self {
        let heard = reels.iter().rev().find_map(|reel| reel.sum.heard);
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
        if let Ok(sound) = &entry.sound {
            self.heard = Some(entry.arrived);
            self.measure(&sound.reel.detail, entry.duration, sound.length);
        }
        self.block(|index| index.entries.len()).entries.push(entry);
    }

    /// Adds a trouble.
    pub(super) fn note(&mut self, trouble: Trouble) {
        self.trouble = Some(trouble.clone());
        self.block(|index| index.troubles.len()).troubles.push(trouble);
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

    /// The block to add to, of which so much counts.
    fn block(&mut self, full: impl Fn(&Index) -> usize) -> &mut Index {
        let end = self.end();
        if self.open.last().is_none_or(|block| full(&block.index) >= BLOCK) {
            self.open.push(Block { first: end, index: Arc::default() });
        }
        let last = self.open.len() - 1;
        Arc::make_mut(&mut self.open[last].index)
    }

    /// What came since the last reel has ended belongs to the reel at `path`, which has ended now. Gives its sum; nothing
    /// where nothing came.
    pub(super) fn close(&mut self, path: PathBuf) -> Option<Sum> {
        let blocks: Vec<&Index> = self.open.iter().map(|block| block.index.as_ref()).collect();
        let sum = Sum::of(&blocks)?;
        let first = self.open.first().map_or(0, |block| block.first);
        self.open.clear();
        self.reels.push_back(Arc::new(Closed::new(path, first, sum)));
        Some(sum)
    }

    /// Everything that came since the last reel has ended came `by` later, and so did the newest of all.
    pub(super) fn move_open(&mut self, by: TimeDelta) {
        for block in &mut self.open {
            Arc::make_mut(&mut block.index).shift(by);
        }
        self.heard = self.heard.map(|at| moved_by(at, by));
        if let Some(trouble) = &mut self.trouble {
            trouble.at = moved_by(trouble.at, by);
        }
    }

    /// The clock was set, to `now`.
    pub(super) fn clock_was_set(&mut self, now: DateTime<Utc>) {
        self.reopened = true;
        let open = self.open.iter().rev().find_map(|block| block.index.entries.last()).map(|last| last.arrived);
        let last = open.or_else(|| self.reels.back().map(|reel| reel.sum.to));
        if last.is_some_and(|last| last > now) {
            self.set_back = Some((self.end(), now));
        }
    }

    /// Takes the dates from what came since the last reel has ended, back to a break behind which nobody knows what is
    /// missing. False where there is none: dates of the reel before it are none either.
    pub(super) fn undate_open(&mut self) -> bool {
        self.open.iter_mut().rev().any(|block| withdraw_dates(&mut Arc::make_mut(&mut block.index).entries))
    }

    /// Reads in the newest reel's `index` what its sum does not tell.
    pub(super) fn learn(&mut self, index: &Index) {
        let newest = index.entries.iter().filter_map(|entry| Some((entry.duration, entry.sound.as_ref().ok()?)));
        for (duration, sound) in newest.rev().take(MEASURED).collect::<Vec<_>>().into_iter().rev() {
            self.measure(&sound.reel.detail, duration, sound.length);
        }
        self.trouble = index.troubles.last().cloned();
    }

    /// What a view of `span` needs.
    pub(super) fn plan(&self, span: &Span) -> Plan {
        let (from, to) = (span.start - AROUND, span.end + AROUND + self.delay);
        let set_back = self.set_back.filter(|(_, instant)| span.end > *instant);
        let window = Window { from, to, oldest: set_back.map_or(0, |(number, _)| number) };
        let is_near = |reel: &Arc<Closed>| reel.sum.is_near(from, to);
        let first = self.reels.iter().position(is_near).unwrap_or(self.reels.len());
        let is_open_near = self.open.iter().any(|block| block.index.came_between(from, to));
        let behind =
            if is_open_near { Some(self.reels.len()) } else { self.reels.iter().rposition(is_near).map(|at| at + 1) };
        let near = self.reels.iter().take(behind.unwrap_or(first)).skip(first);
        let reels = near.map(|reel| (Arc::clone(reel), reel.shared())).collect();
        let open = if is_open_near { self.open.clone() } else { Vec::new() };
        let down = self.down.clone().filter(|trouble| trouble.at >= from && trouble.at <= to);
        Plan { reels, open, down, end: self.end(), window, delay: self.delay }
    }

    /// Keeps `read`, which was read for a view, for the next ones.
    pub(super) fn keep(&mut self, read: impl IntoIterator<Item = Arc<Index>>) {
        for index in read {
            self.kept.retain(|kept| !Arc::ptr_eq(kept, &index));
            self.kept.push_back(index);
        }
        self.kept.drain(..self.kept.len().saturating_sub(KEPT));
    }

    /// Takes off the reels of which nothing came since `instant`, from the oldest on. Gives their sound files.
    pub(super) fn forget_before(&mut self, instant: DateTime<Utc>) -> Vec<PathBuf> {
        self.kept.clear();
        let gone = self.reels.iter().take_while(|reel| reel.sum.to < instant).count();
        self.down = self.down.take().filter(|trouble| trouble.at >= instant);
        self.reels.drain(..gone).map(|reel| reel.path.clone()).collect()
    }
}

/// What a view needs, of which some must be read from the disk.
#[derive(Debug)]
pub(super) struct Plan {
    reels: Vec<(Arc<Closed>, Option<Arc<Index>>)>,
    open: Vec<Block>,
    down: Option<Trouble>,
    end: u64,
    window: Window,
    delay: TimeDelta,
}

impl Plan {
    /// Whether the disk must be asked.
    pub(super) fn is_on_disk(&self) -> bool {
        self.reels.iter().any(|(_, index)| index.is_none())
    }

    /// The view, and the indexes of reels that it needed. Blocks where the disk must be asked.
    pub(super) fn view(self) -> (View, Vec<Arc<Index>>) {
        let block = |(reel, index): (Arc<Closed>, Option<Arc<Index>>)| Block {
            first: reel.first,
            index: index.unwrap_or_else(|| reel.index()),
        };
        let read: Vec<Block> = self.reels.into_iter().map(block).collect();
        let indexes = read.iter().map(|block| Arc::clone(&block.index)).collect();
        let blocks: Vec<Block> = read.into_iter().chain(self.open).collect();
        let mut view = View::of(&blocks, self.end, self.window, self.delay);
        if let Some(down) = self.down {
            view.note(down);
        }
        (view, indexes)
    }
}
