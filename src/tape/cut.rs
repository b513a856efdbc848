//! From a span of time to what must be decoded: a walk along the tape.
//!
//! The walk is pure and can be taken while the tape still grows. It yields *runs*: stretches that one decoder can
//! decode in one go, each with its place in the cut, and collects what is missing between them. Within a run time is
//! counted in samples by whoever decodes; the walk only says where the run begins.
//!
//! Two entries that follow each other join without a seam unless their places differ by more than our knowledge of
//! them is uncertain: a little for stamped ones, up to an entry's length where only arrivals are known. Where they
//! overlap by more, the later one loses its beginning; where there is a hole, it goes to the ledger. A gap of zero length
//! says that something is missing there, of a length that nobody knows: then there is a seam, however near they are.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::entry::{Entry, Reel, Sound};
use super::place::{Placed, delta};
use super::view::View;
use crate::model::{Gap, Span};

/// A stamp may be off its neighbour by this much before it is a jump: stations round them to a second.
const STAMP_JUMP: TimeDelta = TimeDelta::milliseconds(1_000);
/// Two sessions of stamped entries join without a seam within this.
const STAMPED_SEAM: TimeDelta = TimeDelta::milliseconds(350);
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
    /// The place of that sample in the cut.
    pub at: Duration,
    /// How much right before that is missing, as the gaps tell.
    pub missing: Duration,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// End the decoder, if there is one, and begin another.
    Run(Run),
    /// Decode this.
    Feed {
        /// Where it is.
        sound: Sound,
        /// How long it plays.
        duration: Duration,
    },
    /// Nothing yet: come back when the tape has grown.
    Wait,
    /// The cut is complete, or will never be more complete.
    End,
}

/// The entry before the next one.
#[derive(Debug, Clone)]
struct Last {
    number: u64,
    session: usize,
    stamped: bool,
    duration: TimeDelta,
    end: DateTime<Utc>,
    /// The reel it was decoded from; `None` where it was a gap or lay before the cursor.
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
}

impl Walker {
    /// At the beginning of `cut`.
    pub fn new(cut: Span) -> Self {
        Self { cut, next: None, last: None, cursor: cut.start, pending: VecDeque::new(), gaps: Vec::new() }
    }

    /// The next step through `view`; views of later calls may have grown at the end. `sealed`: nothing more will come.
    pub fn step(&mut self, view: &View, sealed: bool) -> Step {
        loop {
            if let Some(step) = self.pending.pop_front() {
                return step;
            }
            if self.cursor >= self.cut.end {
                return Step::End;
            }
            let number = self.next.unwrap_or(view.first).max(view.first);
            let Some((entry, placed)) = view.get(number) else {
                if !sealed {
                    return Step::Wait;
                }
                self.hole_until(view, self.cut.end);
                return Step::End;
            };
            self.next = Some(number + 1);
            if self.take(view, number, entry, placed) {
                return Step::End;
            }
        }
    }

    /// Walks on as far as `view` goes; whether that is to the end of the cut.
    fn walk(&mut self, view: &View) -> bool {
        loop {
            match self.step(view, false) {
                Step::Run(_) | Step::Feed { .. } => {}
                Step::Wait => return false,
                Step::End => return true,
            }
        }
    }

    /// What is missing, so far.
    pub fn into_gaps(self) -> Vec<Gap> {
        self.gaps
    }

    /// Takes one entry; true when it lies after the cut.
    fn take(&mut self, view: &View, number: u64, entry: &Entry, placed: Placed) -> bool {
        let joins = self.last.as_ref().filter(|last| joins(last, number, entry, placed)).cloned();
        let start = joins.as_ref().map_or(placed.start, |last| last.end);
        let end = start + delta(entry.duration);
        if start >= self.cut.end {
            self.hole_until(view, self.cut.end);
            return true;
        }
        let sound = entry.sound.as_ref().ok();
        let wanted = sound.filter(|_| end > self.cursor + TimeDelta::microseconds(1));
        if let Some(sound) = wanted {
            let goes_on = joins.and_then(|last| last.fed).is_some_and(|reel| sound.reel.continues(&reel));
            if !goes_on {
                self.begin(view, number, start, sound);
            }
            self.pending.push_back(Step::Feed { sound: sound.clone(), duration: entry.duration });
            self.cursor = end.min(self.cut.end);
        }
        self.last = Some(Last {
            number,
            session: placed.session,
            stamped: placed.stamped,
            duration: delta(entry.duration),
            end,
            fed: wanted.map(|sound| Arc::clone(&sound.reel)),
        });
        false
    }

    /// Begins a run with `sound`, which starts at `start`.
    fn begin(&mut self, view: &View, number: u64, start: DateTime<Utc>, sound: &Sound) {
        let missing = self.hole_until(view, start.min(self.cut.end));
        let mut skip = (self.cursor - start).max(TimeDelta::zero());
        let before = number.checked_sub(1).and_then(|number| view.get(number)).filter(|_| skip < PREROLL);
        let preroll = before.and_then(|(entry, _)| {
            let joined = self.last.as_ref().is_some_and(|last| last.number + 1 == number && last.end == start);
            let sound_before = entry.sound.as_ref().ok()?;
            (joined && sound.reel.continues(&sound_before.reel)).then(|| (sound_before.clone(), entry.duration))
        });
        if let Some((_, duration)) = &preroll {
            skip += delta(*duration);
        }
        self.pending.push_back(Step::Run(Run {
            reel: Arc::clone(&sound.reel),
            skip: skip.to_std().unwrap_or_default(),
            // A hole that is rounding still has its length: the sound stays where it belongs.
            at: (start.min(self.cut.end).max(self.cursor) - self.cut.start).to_std().unwrap_or_default(),
            missing,
        }));
        self.pending.extend(preroll.map(|(sound, duration)| Step::Feed { sound, duration }));
    }

    /// Moves the cursor to `instant`; what lies between is missing, unless it is rounding. Returns how much that is.
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

/// How much of `cut` is on tape, and how much of the time before that is missing.
pub fn progress(view: &View, cut: Span) -> (Duration, Duration) {
    let mut walker = Walker::new(cut);
    walker.walk(view);
    let passed = (walker.cursor - cut.start).to_std().unwrap_or_default();
    let missing = walker.gaps.iter().map(|gap| gap.length).sum();
    (passed.saturating_sub(missing), missing)
}

/// Whether a walk through `cut` comes to its end by what is on tape. The place of the newest entry does not tell: where
/// sessions join, the sound lies up to an entry's length beside its place.
pub fn reaches(view: &View, cut: Span) -> bool {
    Walker::new(cut).walk(view)
}

/// Whether an entry follows the last one without a seam.
fn joins(last: &Last, number: u64, entry: &Entry, placed: Placed) -> bool {
    if last.duration.is_zero() {
        return false;
    }
    let stamped = last.stamped && placed.stamped;
    let uncertain = if placed.session == last.session {
        if stamped { STAMP_JUMP } else { return last.number + 1 == number }
    } else if stamped {
        STAMPED_SEAM
    } else {
        delta(entry.duration).max(last.duration).max(STAMPED_SEAM)
    };
    last.number + 1 == number && (placed.start - last.end).abs() <= uncertain
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::PathBuf;

    use super::*;
    use crate::model::{Cause, CauseKind, Container};

    fn at(seconds: f64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::from_std(Duration::from_secs_f64(seconds)).unwrap()
    }

    fn reel(name: &str, detail: &str) -> Arc<Reel> {
        let detail = detail.to_owned();
        Arc::new(Reel { path: PathBuf::from(name), container: Container::Adts, detail, init: 0 })
    }

    /// Stamped entries of 4 s; `None` is a gap, a letter names the reel.
    fn stamped(entries: &[(f64, Option<&str>)]) -> View {
        let entries = entries.iter().map(|(start, name)| Entry {
            duration: Duration::from_secs(4),
            arrived: at(start + 10.0),
            programme_time: Some(at(*start)),
            discontinuity: false,
            sound: name
                .map(|name| Sound { reel: reel(name, name.trim_end_matches('\'')), offset: 0, length: 1 })
                .ok_or_else(|| Cause::new(CauseKind::Refused, "404")),
        });
        View::new(7, entries.collect(), Vec::new(), TimeDelta::zero())
    }

    /// The steps as text: `run skip@at`, one `.` per entry, then the gaps as `start+length`.
    fn walk(view: &View, start: f64, end: f64) -> String {
        let mut walker = Walker::new(Span::new(at(start), at(end)));
        let mut text = String::new();
        loop {
            match walker.step(view, true) {
                Step::Run(run) => {
                    let _ = write!(text, " run {}@{}", run.skip.as_secs_f64(), run.at.as_secs_f64());
                }
                Step::Feed { .. } => text.push('.'),
                Step::Wait => unreachable!("a sealed tape never waits"),
                Step::End => break,
            }
        }
        for gap in walker.into_gaps() {
            let start = (gap.start - DateTime::UNIX_EPOCH).as_seconds_f64();
            let _ = write!(text, " gap {start}+{} {}", gap.length.as_secs_f64(), gap.cause);
        }
        text.trim_start().to_owned()
    }

    #[test]
    fn a_cut_begins_and_ends_inside_segments() {
        let view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (108.0, Some("a")), (112.0, Some("a"))]);
        assert_eq!(walk(&view, 105.5, 109.0), "run 1.5@0..");
    }

    #[test]
    fn a_cut_at_a_segment_border_gets_the_segment_before_as_preroll() {
        let view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (108.0, Some("a"))]);
        assert_eq!(walk(&view, 104.0, 110.0), "run 4@0...");
    }

    #[test]
    fn a_lost_segment_is_a_gap_with_its_exact_place_and_cause() {
        let view = stamped(&[(100.0, Some("a")), (104.0, None), (108.0, Some("a")), (112.0, Some("a"))]);
        assert_eq!(walk(&view, 100.0, 116.0), "run 0@0. run 0@8.. gap 104+4 404");
    }

    #[test]
    fn what_is_before_and_after_the_tape_is_missing() {
        let view = stamped(&[(100.0, Some("a"))]);
        let nothing = "nothing arrived from the station";
        assert_eq!(walk(&view, 98.0, 106.0), format!("run 0@2. gap 98+2 {nothing} gap 104+2 {nothing}"));
        assert_eq!(walk(&View::default(), 98.0, 106.0), format!("gap 98+8 {nothing}"));
    }

    #[test]
    fn hourly_reels_join_and_another_format_gets_a_decoder_of_its_own() {
        let view = stamped(&[(100.0, Some("a")), (104.0, Some("a'")), (108.0, Some("b")), (112.0, Some("b"))]);
        assert_eq!(walk(&view, 101.0, 115.0), "run 1@0.. run 0@7..");
    }

    #[test]
    fn an_overlap_is_dropped_from_the_later_entry() {
        let mut view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (105.0, Some("a")), (109.0, Some("a"))]);
        view.entries[2].discontinuity = true;
        let view = View::new(0, view.entries, Vec::new(), TimeDelta::zero());
        assert_eq!(walk(&view, 100.0, 113.0), "run 0@0.. run 3@8..");
    }

    #[test]
    fn after_an_overlap_longer_than_an_entry_nothing_is_doubled() {
        let starts = [(100.0, Some("a")), (104.0, Some("a")), (102.0, Some("a")), (106.0, Some("a"))];
        let mut view = stamped(&starts);
        view.entries[2].discontinuity = true;
        let view = View::new(0, view.entries, Vec::new(), TimeDelta::zero());
        assert_eq!(walk(&view, 100.0, 110.0), "run 0@0.. run 2@8.");
    }

    #[test]
    fn entries_before_the_cut_are_not_decoded_and_a_hole_before_it_is_no_gap() {
        let view = stamped(&[(80.0, Some("a")), (100.0, Some("a")), (104.0, Some("a"))]);
        assert_eq!(walk(&view, 101.0, 107.0), "run 1@0..");
    }

    #[test]
    fn the_walk_waits_for_the_tape_to_grow_and_goes_on_in_the_same_run() {
        let whole = stamped(&[(100.0, Some("a")), (104.0, Some("a"))]);
        let mut early = whole.clone();
        early.entries.truncate(1);
        early.placed.truncate(1);
        let mut walker = Walker::new(Span::new(at(101.0), at(107.0)));
        assert!(matches!(walker.step(&early, false), Step::Run(_)));
        assert!(matches!(walker.step(&early, false), Step::Feed { .. }));
        assert_eq!(walker.step(&early, false), Step::Wait);
        assert!(matches!(walker.step(&whole, false), Step::Feed { .. }));
        assert_eq!(walker.step(&whole, false), Step::End);
        assert!(walker.into_gaps().is_empty());
    }

    #[test]
    fn a_jump_of_the_stamps_shows_behind_an_entry_without_one() {
        let mut view = stamped(&[(100.0, Some("a")), (104.0, Some("a")), (112.0, Some("a"))]);
        view.entries[1].programme_time = None;
        let view = View::new(0, view.entries, Vec::new(), TimeDelta::zero());
        assert_eq!(walk(&view, 100.0, 116.0), "run 0@0.. run 0@12. gap 108+4 nothing arrived from the station");
    }

    #[test]
    fn arrival_timed_sessions_within_a_segment_of_each_other_join() {
        let entry = |arrived: f64, discontinuity| Entry {
            duration: Duration::from_secs(4),
            arrived: at(arrived),
            programme_time: None,
            discontinuity,
            sound: Ok(Sound { reel: reel("a", "a"), offset: 0, length: 1 }),
        };
        let near = View::new(0, vec![entry(104.0, false), entry(109.5, true)], Vec::new(), TimeDelta::zero());
        assert_eq!(walk(&near, 100.0, 108.0), "run 0@0..");
        // The second one lies a segment and a half before its place: the end of a cut comes later by as much.
        let cut = |end: f64| Span::new(at(100.0), at(end));
        assert_eq!(near.placed[1].start, at(105.5), "and it ends four seconds later");
        assert!(reaches(&near, cut(108.0)) && !reaches(&near, cut(109.0)));
        let far = View::new(0, vec![entry(104.0, false), entry(114.0, true)], Vec::new(), TimeDelta::zero());
        assert_eq!(walk(&far, 100.0, 114.0), "run 0@0. run 0@10. gap 104+6 nothing arrived from the station");
        let mut known = vec![entry(104.0, false), entry(104.2, true), entry(109.5, true)];
        (known[1].duration, known[1].sound) =
            (Duration::ZERO, Err(Cause::new(CauseKind::Connection, "connection reset")));
        let known = View::new(0, known, Vec::new(), TimeDelta::zero());
        assert_eq!(walk(&known, 100.0, 108.0), "run 0@0. run 0@5.5. gap 104+1.5 connection reset");
    }
}
