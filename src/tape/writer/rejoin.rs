//! How a new capture joins what is on tape.
//!
//! After a restart or a reconnect, a station's window reaches back to sound that was captured before. Such chunks are
//! equal to the byte, which joins the two captures exactly, even if only arrivals are known. But an advertisement that
//! is on the air again is equal to the byte, too. So a chunk is left out only if it is proven to be a repeat: by its
//! date, or because it and those after it equal, chunk after chunk, what is on tape up to the newest. Until that is
//! known such chunks are held back; their bytes are on tape. What is not proven is new sound.
//!
//! If the station numbers its sound and its numbers go on, a chunk after the newest number on tape is new, whatever it
//! sounds like: what was lost may have been the same advertisement once more.
//!
//! A source that has compared its sound itself, with more to go by, says so
//! ([`MediaEvent::NewSound`](crate::model::MediaEvent)). Then nothing is compared here.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::model::Chunk;
use crate::tape::index::entry::{Entry, Sound};

/// How many of the newest entries with sound an incoming chunk is compared with.
pub(super) const COMPARED: usize = 400;
/// How many entries are held back at most before a chunk is recognised.
const MOST_HELD: usize = 64;
/// Two dates that differ by no more than this are those of one chunk.
const SAME_DATE: TimeDelta = TimeDelta::milliseconds(1_000);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Chunks are new.
    #[default]
    Over,
    /// Chunks may repeat what is on tape.
    Open,
    /// The last chunk equals the entry with this number.
    At(u64),
}

/// What a chunk turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Sound that is, or may be, on tape; this much is now proven to be.
    Known(Duration),
    /// New sound, and how it joins the newest entry.
    New(Join),
}

/// How new sound joins the newest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    Follows,
    Apart,
    AsItSays,
}

impl Join {
    /// Sets the marks of new sound accordingly.
    pub(super) fn mark(self, discontinuity: &mut bool, follows: &mut bool) {
        match self {
            Self::Follows => *follows = true,
            Self::Apart => (*discontinuity, *follows) = (true, false),
            Self::AsItSays => *follows |= !*discontinuity,
        }
    }
}

/// Joins a capture to the tape.
#[derive(Debug, Default)]
pub(super) struct Rejoin {
    phase: Phase,
    /// The newest entries with sound and their numbers when the capture began, the newest first.
    before: Vec<(u64, Entry)>,
    /// The last entry that is proven to have come again.
    proven: Option<u64>,
    /// When the newest sound on tape ends, by its date.
    dated: Option<DateTime<Utc>>,
    /// Whether entries after the newest sound were lost.
    lost_behind: bool,
    /// The number that the station gave the newest sound, and when that arrived.
    numbered: Option<(u64, DateTime<Utc>)>,
    /// Entries that may be on tape already. Their sound is where it stands on tape.
    held: VecDeque<Entry>,
}

impl Rejoin {
    /// A new capture begins; its first entry will have the number `end`. `before` are the newest entries with sound and
    /// their numbers, the newest first.
    pub(super) fn begin(&mut self, before: Vec<(u64, Entry)>, end: u64) {
        let newest = before.first();
        self.numbered = newest.and_then(|(_, entry)| Some((entry.sequence?, entry.arrived)));
        self.dated = newest.and_then(|(_, entry)| ends(entry));
        self.proven = None;
        self.lost_behind = newest.is_some_and(|(number, _)| number + 1 < end);
        self.phase = if newest.is_some() { Phase::Open } else { Phase::Over };
        self.before = before;
    }

    fn newest(&self) -> Option<u64> {
        self.before.first().map(|(number, _)| *number)
    }

    /// Enters `phase`. Once chunks are new, the entries of before are not needed any more.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        if phase == Phase::Over {
            self.before = Vec::new();
        }
    }

    /// Decides what `chunk` is. Reads from the disk if it may be a repeat.
    pub(super) fn judge(&mut self, chunk: &Chunk, end: u64) -> Judged {
        if self.phase == Phase::Over {
            return Judged::New(Join::AsItSays);
        }
        let found = if self.goes_on(chunk) { None } else { self.find(chunk) };
        if let Some((number, sound, proven)) = found {
            self.hold(Entry::of(chunk, Ok(sound)));
            self.phase = Phase::At(number);
            // After a loss, one chunk alone may also be an advertisement that is on the air again.
            let up_to_the_newest = Some(number) == self.newest() && (self.held.len() > 1 || !self.lost_behind);
            if !proven && !up_to_the_newest {
                return Judged::Known(Duration::ZERO);
            }
            self.proven = Some(number);
            return Judged::Known(self.release());
        }
        let join = self.join(end);
        // This is other sound of a time that is on tape. What follows may still be known.
        let within =
            chunk.programme_time.zip(self.dated).is_some_and(|(start, end)| start + delta(chunk.duration) <= end);
        self.enter(if within { Phase::Open } else { Phase::Over });
        Judged::New(join)
    }

    /// Decides what a lost chunk is: those after it may prove that it is on tape.
    pub(super) fn judge_lost(&mut self, entry: &Entry, end: u64) -> Judged {
        let next = match self.phase {
            Phase::At(number) if number + 1 < end => Phase::At(number + 1),
            Phase::Open if self.held.len() < MOST_HELD => Phase::Open,
            _ => {
                let join = self.join(end);
                self.enter(Phase::Over);
                return Judged::New(join);
            }
        };
        self.hold(entry.clone());
        self.phase = next;
        Judged::Known(Duration::ZERO)
    }

    /// Holds back `entry`. If the entries before it were proven to be on tape, it stands apart from the newest one.
    fn hold(&mut self, mut entry: Entry) {
        if self.held.is_empty() && matches!(self.phase, Phase::At(_)) {
            Join::Apart.mark(&mut entry.discontinuity, &mut entry.follows);
        }
        self.held.push_back(entry);
    }

    /// How new sound joins the newest entry. If entries are held back, it joins them as it says itself.
    fn join(&self, end: u64) -> Join {
        match self.phase {
            Phase::At(_) if !self.held.is_empty() => Join::AsItSays,
            Phase::At(number) if number + 1 == end => Join::Follows,
            Phase::At(_) => Join::Apart,
            Phase::Open | Phase::Over => Join::AsItSays,
        }
    }

    /// The first entry that is held back and must be written because nothing proves that it is known.
    pub(super) fn first_held(&self) -> Option<&Entry> {
        self.held.front()
    }

    /// The first entry that was held back is written.
    pub(super) fn drop_first(&mut self) {
        self.held.pop_front();
    }

    /// `entry` is on tape, after all others.
    pub(super) fn advance(&mut self, entry: &Entry) {
        if entry.sound.is_ok() {
            self.dated = ends(entry);
        }
    }

    /// Whether what comes is compared with what is on tape.
    pub(super) fn compares(&self) -> bool {
        self.phase != Phase::Over
    }

    /// Nothing comes any more that could prove that an entry is known.
    pub(super) fn stop_comparing(&mut self) {
        self.enter(Phase::Over);
    }

    fn release(&mut self) -> Duration {
        self.held.drain(..).map(|held| held.duration).sum()
    }

    /// Whether the station gave the number of `chunk` since the newest on tape. A number far ahead counts anew.
    fn goes_on(&self, chunk: &Chunk) -> bool {
        let ahead = self.numbered.zip(chunk.sequence).and_then(|((newest, arrived), sequence)| {
            let since = u64::try_from((chunk.arrived - arrived).num_seconds()).ok()?;
            Some((sequence.checked_sub(newest)?, since))
        });
        ahead.is_some_and(|(numbers, seconds)| numbers > 0 && numbers <= seconds + 1)
    }

    /// Finds the entry that `chunk` equals, and whether its date proves that it is that one.
    fn find(&self, chunk: &Chunk) -> Option<(u64, Sound, bool)> {
        let by_date = |entry: &Entry| {
            chunk.programme_time.zip(entry.programme_time).map(|(one, other)| (one - other).abs() <= SAME_DATE)
        };
        let sound_of = |(number, entry)| -> Option<(u64, &Entry, &Sound)> {
            let entry: &Entry = entry;
            Some((number, entry, entry.sound.as_ref().ok()?))
        };
        let may_be = |(_, entry, sound): &(u64, &Entry, &Sound)| {
            by_date(entry) != Some(false) && sound.length == chunk.bytes.len() as u64 && sound.length > 0
        };
        let equal = |(_, _, sound): &(u64, &Entry, &Sound)| sound.read().is_ok_and(|bytes| bytes == chunk.bytes);
        // Sound is offered in the order in which it was on the air, and what this capture has written is new.
        let behind = |(number, ..): &(u64, &Entry, &Sound)| Some(*number) > self.proven;
        let before = || self.before.iter().map(|(number, entry)| (*number, entry)).filter_map(sound_of);
        let candidates = || before().take_while(behind);
        let mut entries = candidates();
        if let Phase::At(last) = self.phase {
            // The next entry, or a later one with the right date.
            let next = candidates().take_while(|(number, ..)| *number > last).last();
            let next = next.filter(|next| may_be(next) && equal(next));
            if let Some((number, entry, sound)) = next {
                return Some((number, sound.clone(), by_date(entry) == Some(true)));
            }
            let later = entries.take_while(|(number, ..)| *number > last);
            let mut dated = later.filter(|it| by_date(it.1) == Some(true) && may_be(it));
            return dated.find(equal).map(|(number, _, sound)| (number, sound.clone(), true));
        }
        let (number, entry, sound) = entries.find(|it| may_be(it) && equal(it))?;
        let proven = by_date(entry) == Some(true);
        // Silence looks like silence: a chunk that equals several entries proves nothing.
        let several = !proven && entries.any(|it| may_be(&it) && equal(&it));
        (!several).then(|| (number, sound.clone(), proven))
    }
}

/// When `entry` ends, by its date.
fn ends(entry: &Entry) -> Option<DateTime<Utc>> {
    entry.programme_time?.checked_add_signed(delta(entry.duration))
}
