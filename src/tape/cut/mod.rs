//! From a span of time to what must be decoded: a walk along the tape.
//!
//! The walk is pure and can be taken while the tape still grows. It yields *runs*, stretches that one decoder can
//! decode in one go, each with its position in the cut, and collects what is missing between them. Within a run the
//! decoding side counts time in samples; the walk only says where the run begins.
//!
//! Sound is a fact, a date is a claim. Within a session entries are contiguous whatever their dates say: a date that
//! does not fit says where *later cuts* begin, and costs this one no sample. The same holds after a break that the
//! station marked, except that a hole is believed there.
//!
//! After any other break, entries join without a seam unless their times differ by more than they are uncertain: a
//! little for stamped entries, up to an entry's length if only arrivals are known. If they overlap by more, the later
//! one loses its beginning, and [`Walker::left_out`] says how much. If there is a hole, it becomes a gap. A gap of zero
//! length says that something of unknown length is missing there: then there is a seam, however near the entries are.

mod listing;
mod whole;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::tape::index::entry::{Entry, Reel, Sound};
use crate::tape::timing::Timed;
use crate::tape::view::View;

use crate::model::{Gap, Span};
pub use listing::{Listed, Lister, listing};
pub use whole::{ReelSound, sound_of};

/// Two sessions of stamped entries join without a seam if they are no further apart than this.
pub const STAMPED_SEAM: TimeDelta = TimeDelta::milliseconds(350);
/// Holes and overlaps shorter than this are the rounding of durations.
const ROUNDING: TimeDelta = TimeDelta::milliseconds(50);
/// Decoders need a little sound before the first sample that counts (the bit reservoir of MP3, the overlap of AAC).
const PREROLL: TimeDelta = TimeDelta::milliseconds(200);

/// The beginning of a stretch for one decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What to decode; its initialisation section goes first.
    pub reel: Arc<Reel>,
    /// How much of the decoded sound to drop before the first sample that counts.
    pub skip: Duration,
    /// The position of that sample in the cut.
    pub at: Duration,
    /// How much is missing right before it, as the gaps say.
    pub missing: Duration,
}

/// The next step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// End the decoder, if there is one, and begin another.
    Run(Run),
    /// Decode this sound.
    Feed {
        /// Where it is.
        sound: Sound,
        /// How long it plays.
        duration: Duration,
    },
    /// Nothing yet: ask again when the tape has grown.
    Wait,
    /// The cut is complete, or will never be more complete.
    End,
}

/// The entry before the next one.
#[derive(Debug, Clone)]
struct Last {
    number: u64,
    stamped: bool,
    duration: TimeDelta,
    end: DateTime<Utc>,
    /// The reel it was decoded from; `None` if it was a gap or lay before the cursor.
    fed: Option<Arc<Reel>>,
}

/// A walk along a tape through one cut.
#[derive(Debug)]
pub struct Walker {
    cut: Span,
    next: Option<u64>,
    last: Option<Last>,
    cursor: DateTime<Utc>,
    pending: VecDeque<Step>,
    gaps: Vec<Gap>,
    left_out: TimeDelta,
}

impl Walker {
    /// A walk that stands at the beginning of `cut`.
    pub fn new(cut: Span) -> Self {
        let (pending, left_out) = (VecDeque::new(), TimeDelta::zero());
        Self { cut, next: None, last: None, cursor: cut.start, pending, gaps: Vec::new(), left_out }
    }

    /// Returns the next step through `view`. Views of later calls may have grown at the end, and may begin at the hour
    /// that the walk has reached. `sealed`: nothing more will come.
    pub fn step(&mut self, view: &View, sealed: bool) -> Step {
        loop {
            if let Some(step) = self.pending.pop_front() {
                return step;
            }
            if self.cursor >= self.cut.end {
                return Step::End;
            }
            let number = self.next.unwrap_or(view.first).max(view.first);
            let Some((entry, timed)) = view.get(number) else {
                if !sealed {
                    return Step::Wait;
                }
                self.hole_until(view, self.cut.end);
                return Step::End;
            };
            self.next = Some(number + 1);
            if self.pass_entry(view, number, entry, timed) {
                return Step::End;
            }
        }
    }

    /// Walks on as far as `view` goes. Returns whether that is the end of the cut.
    fn walk(&mut self, view: &View) -> bool {
        loop {
            match self.step(view, false) {
                Step::Run(_) | Step::Feed { .. } => {}
                Step::Wait => return false,
                Step::End => return true,
            }
        }
    }

    /// What is missing so far.
    pub fn into_gaps(self) -> Vec<Gap> {
        self.gaps
    }

    /// How much sound was left out so far because another connection had brought sound of the same time.
    pub fn left_out(&self) -> Duration {
        self.left_out.to_std().unwrap_or_default()
    }

    /// Goes past one entry. Returns true if the entry lies after the cut.
    fn pass_entry(&mut self, view: &View, number: u64, entry: &Entry, timed: Timed) -> bool {
        let joins = self.last.as_ref().filter(|last| joins(view, last, number, entry, timed)).cloned();
        let start = joins.as_ref().map_or(timed.start, |last| {
            // The cut begins where the newest dates say. From there on sound is contiguous.
            let begun = last.end > self.cut.start || timed.start > self.cut.start;
            if begun { last.end } else { timed.start }
        });
        let end = start + delta(entry.duration);
        if start >= self.cut.end && self.cursor == self.cut.start && view.comes_to(&self.cut, number) {
            // A station that has set its clock back comes to the time of the cut again.
            return false;
        }
        if start >= self.cut.end {
            self.hole_until(view, self.cut.end);
            return true;
        }
        let sound = entry.sound.as_ref().ok();
        let wanted = sound.filter(|_| end > self.cursor + TimeDelta::microseconds(1));
        let joined = joins.is_some();
        let overlap = end.min(self.cursor) - start.max(self.cut.start);
        if sound.is_some() && overlap > ROUNDING {
            self.left_out += overlap;
        }
        if let Some(sound) = wanted {
            let goes_on = joins.and_then(|last| last.fed).is_some_and(|reel| sound.reel.continues(&reel));
            if !goes_on {
                self.begin(view, number, start, joined, sound);
            }
            self.pending.push_back(Step::Feed { sound: sound.clone(), duration: entry.duration });
            self.cursor = end.min(self.cut.end);
        }
        self.last = Some(Last {
            number,
            stamped: timed.stamped,
            duration: delta(entry.duration),
            end,
            fed: wanted.map(|sound| Arc::clone(&sound.reel)),
        });
        false
    }

    /// Begins a run with `sound`, which starts at `start`; `joined` says whether it joins the entry before without a
    /// seam.
    fn begin(&mut self, view: &View, number: u64, start: DateTime<Utc>, joined: bool, sound: &Sound) {
        let missing = self.hole_until(view, start.min(self.cut.end));
        let mut skip = (self.cursor - start).max(TimeDelta::zero());
        let before = number.checked_sub(1).and_then(|number| view.get(number)).filter(|_| skip < PREROLL);
        let preroll = before.and_then(|(entry, _)| {
            let sound_before = entry.sound.as_ref().ok()?;
            (joined && sound.reel.continues(&sound_before.reel)).then(|| (sound_before.clone(), entry.duration))
        });
        if let Some((_, duration)) = &preroll {
            skip += delta(*duration);
        }
        self.pending.push_back(Step::Run(Run {
            reel: Arc::clone(&sound.reel),
            skip: skip.to_std().unwrap_or_default(),
            // Even a hole that is only rounding keeps its length: the sound stays where it belongs.
            at: (start.min(self.cut.end).max(self.cursor) - self.cut.start).to_std().unwrap_or_default(),
            missing,
        }));
        self.pending.extend(preroll.map(|(sound, duration)| Step::Feed { sound, duration }));
    }

    /// Moves the cursor to `instant`. What lies between is missing, unless it is only rounding. Returns how much is
    /// missing.
    fn hole_until(&mut self, view: &View, instant: DateTime<Utc>) -> Duration {
        if instant - self.cursor <= ROUNDING {
            return Duration::ZERO;
        }
        let gap = view.gap(&Span::new(self.cursor, instant));
        let missing = gap.length;
        self.gaps.push(gap);
        self.cursor = instant;
        missing
    }
}

/// Returns how much of `cut` is on tape, and how much of the time before that is missing.
pub fn progress(view: &View, cut: Span) -> (Duration, Duration) {
    let mut walker = Walker::new(cut);
    walker.walk(view);
    let passed = (walker.cursor - cut.start).to_std().unwrap_or_default();
    let missing = walker.gaps.iter().map(|gap| gap.length).sum();
    (passed.saturating_sub(missing), missing)
}

/// Whether a walk through `cut` comes to its end with what is on tape. The time of the newest entry does not say so:
/// where sessions join, the sound lies up to an entry's length beside its time.
pub fn reaches(view: &View, cut: Span) -> bool {
    Walker::new(cut).walk(view)
}

/// Whether an entry joins the last one without a seam.
fn joins(view: &View, last: &Last, number: u64, entry: &Entry, timed: Timed) -> bool {
    if last.number + 1 != number || last.duration.is_zero() {
        return false;
    }
    // Each view counts its sessions by itself.
    if view.get(last.number).is_some_and(|(_, before)| before.session == timed.session) {
        return true;
    }
    let uncertain = if last.stamped && timed.stamped {
        STAMPED_SEAM
    } else {
        delta(entry.duration).max(last.duration).max(STAMPED_SEAM)
    };
    let off = timed.start - last.end;
    // Dates and arrivals are two clocks: if a station changes from one to the other, they say nothing about a hole.
    let one_clock = last.stamped == timed.stamped;
    off.abs() <= uncertain || entry.follows && (off < TimeDelta::zero() || !one_clock)
}

#[cfg(test)]
mod tests;
