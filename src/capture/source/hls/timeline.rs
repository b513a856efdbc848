//! Which segments are new, in order, each exactly once: a pure state machine that reads one playlist after another.
//!
//! A media sequence number alone does not say so: encoders restart and count from zero, caches answer with older lists,
//! lists name a segment twice, a new session has other names. So a list is compared with what was listed before, and
//! recognised by, in this order: its addresses (the segment key of [`address`](super::address), or the file's name
//! under the same number), its dates, its numbers. What follows the last recognised segment is new.
//!
//! One list without dates does not distinguish an old copy from an encoder that starts again with the same names. But
//! the window of an encoder that starts is short, and both kinds go on differently. So a list that lies behind is
//! believed as soon as it is much shorter than the ones before, or moves on by itself.
//!
//! If all of that leaves a doubt, the segments are handed out marked as doubtful, and the fetching half drops those
//! that are proven to be repeats. So a wrong guess costs a request and never a second of sound.
//!
//! Numbers that go on are sound that goes on: an address or bytes that come again under a new number are on the air
//! again, and a date that does not fit is wrong ([`dates`]).

mod align;
mod dates;
mod known;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use self::align::{Alignment, Past};
use self::dates::Dates;
use self::known::Known;
use super::address::segment_key;
use super::playlist::{MediaPlaylist, Segment};
use crate::base::duration::delta;
use crate::model::DatesNews;

pub use self::align::Reading;

/// A list's dates are believed if its newest sound ends this close to our clock.
const TRUST: TimeDelta = TimeDelta::minutes(2);
/// The least number of segments remembered after they have left the window.
const MEMORY: usize = 64;
/// The shortest time for which a list that lies behind is taken for an old copy; longer for a list with dates, which
/// show it.
const PATIENCE: Duration = Duration::from_secs(1);
const PATIENCE_WITH_DATES: Duration = Duration::from_secs(3);

/// A segment to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says another thing of how it joins on to what was had")]
pub struct Ordered {
    /// Its position among all segments that this capture hands out; goes up by one, from 0.
    pub order: u64,
    /// The segment; dated only if the date is believed.
    pub segment: Segment,
    /// When it was first listed.
    pub arrived: DateTime<Utc>,
    /// Whether its media time may not continue that of the one before.
    pub discontinuity: bool,
    /// Whether the station puts it right behind the one before, whatever media time does.
    pub follows: bool,
    /// Whether it may be sound that came before under another name.
    pub doubtful: bool,
    /// Whether dates have proved to be good, so that its date distinguishes it from other sound of its number.
    pub date_proves: bool,
    /// What the station's dates turned out to be, up to here.
    pub news: Option<DatesNews>,
}

/// The result of one reload.
#[derive(Debug)]
pub struct Observed {
    /// What the list was.
    pub reading: Reading,
    /// What is new, in order.
    pub new: Vec<Ordered>,
    /// What is on offer now, by [`Ordered::order`], at its newest address; `None` if nothing changed.
    pub offered: Option<HashMap<u64, Segment>>,
}

/// The state machine.
#[derive(Debug)]
pub struct Timeline {
    since: DateTime<Utc>,
    known: VecDeque<Known>,
    next_order: u64,
    /// The path of the list that was read last.
    list: String,
    discontinuity_sequence: u64,
    ended: bool,
    last_new: DateTime<Utc>,
    behind: Option<Behind>,
    /// The number of segments in the list that was read last.
    window: usize,
    /// How many segments to come may have been listed before an old copy was taken for a restart, up to this number if
    /// their numbers stayed.
    doubts: (usize, Option<u64>),
    /// Whether the list before had none of the names before it under their numbers.
    renamed: bool,
    dates: Dates,
}

/// Since when lists lie behind, and what the first of them ended with.
#[derive(Debug)]
struct Behind {
    since: Duration,
    last: (String, u64),
}

impl Timeline {
    /// A timeline that begins with the segment that plays at `since` (and the one before, for safety), if the first
    /// list reaches back so far.
    pub fn new(since: DateTime<Utc>) -> Self {
        Self {
            since,
            known: VecDeque::new(),
            next_order: 0,
            list: String::new(),
            discontinuity_sequence: 0,
            ended: false,
            last_new: since,
            behind: None,
            window: 0,
            doubts: (0, None),
            renamed: false,
            dates: Dates::default(),
        }
    }

    /// Reads `list`, found at `url`, received at `now` (wall clock) and `monotonic`.
    pub fn observe(&mut self, list: &MediaPlaylist, url: &Url, now: DateTime<Utc>, monotonic: Duration) -> Observed {
        let undated;
        let mut segments: Vec<&Segment> = list.segments.iter().filter(|segment| !segment.repeat).collect();
        let believed = self.dates.read(&segments);
        if !believed {
            undated = without_dates(&segments);
            segments = undated.iter().collect();
            self.known.iter_mut().for_each(|known| known.start = None);
        }
        let nothing = |reading| Observed { reading, new: Vec::new(), offered: None };
        let (Some(&oldest), Some(&newest)) = (segments.first(), segments.last()) else {
            self.ended |= list.ended;
            return nothing(Reading::Unchanged);
        };
        let trusted = believed && list.end().is_some_and(|end| (end - now).abs() <= TRUST);
        let mut alignment = match self.known.back() {
            None => Alignment {
                pairs: vec![None; segments.len()],
                fresh: start_at(&segments, self.since, now, trusted),
                reading: Reading::Started,
                discontinuity: true,
                doubtful: false,
                renamed: false,
            },
            Some(known) => {
                let past = Past { known: &self.known, list: &self.list, renamed: self.renamed };
                past.align(&segments, oldest, newest, known, url)
            }
        };
        let renamed = alignment.renamed;
        if alignment.reading == Reading::Behind {
            let renewed = list.discontinuity_sequence > self.discontinuity_sequence || self.ended && !list.ended;
            let begins = newest.programme_time.is_none() && self.is_short(segments.len());
            if !renewed && !begins && !self.out_of_patience(newest, list.target_duration, monotonic) {
                return nothing(Reading::Behind);
            }
            alignment.reading = Reading::Restarted;
            if !renewed {
                let anchor = alignment.pairs.iter().rev().find_map(|pair| *pair);
                let many = self.known.len().saturating_sub(anchor.map_or(0, |anchor| anchor + 1));
                self.doubts = (many, self.newest_number(&segments, &alignment));
            }
        }
        if alignment.reading == Reading::Restarted {
            // Only what can have been made since the last new segment; the clocks of both sessions need not agree.
            let guessed = self.older_than_handed(&alignment);
            let from = self.last_new - delta(list.target_duration.saturating_mul(2));
            alignment = Alignment {
                fresh: start_at(&segments, from, now, false).max(guessed),
                ..Alignment::all_new(&segments, Reading::Restarted, true)
            };
            self.known.clear();
        }
        self.behind = None;
        self.renamed = renamed;
        segment_key(url).clone_into(&mut self.list);
        self.discontinuity_sequence = list.discontinuity_sequence;
        self.ended = list.ended;
        self.window = segments.len();
        self.accept(&segments, &alignment, now, trusted)
    }

    /// Records what the list says, and hands out what is new.
    fn accept(&mut self, segments: &[&Segment], alignment: &Alignment, now: DateTime<Utc>, trusted: bool) -> Observed {
        let mut new = Vec::new();
        let mut offered = HashMap::with_capacity(segments.len());
        let again = self.numbers_again(segments, alignment);
        let date_proves = self.dates.are_good();
        for (at, segment) in segments.iter().enumerate() {
            let known = alignment.pairs.get(at).copied().flatten().and_then(|at| self.known.get_mut(at));
            if let Some(known) = known.filter(|_| at < alignment.fresh) {
                known.sequence = segment.sequence;
                segment.segment_key.clone_into(&mut known.segment_key);
                // Dates that are believed again count for what was listed meanwhile.
                known.start = known.start.or(segment.programme_time);
                if let Some(order) = known.order {
                    offered.insert(order, (*segment).clone());
                }
                continue;
            }
            if at < alignment.fresh && !matches!(alignment.reading, Reading::Started | Reading::Restarted) {
                // It lies between known segments: it was never seen in time, and its turn has passed.
                continue;
            }
            if at < alignment.fresh {
                self.known.push_back(Known::new(None, segment));
                continue;
            }
            let order = self.next_order;
            self.next_order += 1;
            self.known.push_back(Known::new(Some(order), segment));
            offered.insert(order, (*segment).clone());
            let mut segment = (*segment).clone();
            segment.programme_time = segment.programme_time.filter(|_| trusted);
            let apart = alignment.discontinuity && new.is_empty();
            segment.programme_time = self.dates.of(&segment, apart);
            let (discontinuity, follows) = (segment.discontinuity || apart, !apart);
            let (doubts, up_to) = self.doubts;
            let in_doubt = doubts > 0 && up_to.is_none_or(|newest| segment.sequence <= newest);
            let doubtful = alignment.doubtful || in_doubt || again.get(at) == Some(&true);
            self.doubts.0 = doubts.saturating_sub(usize::from(!alignment.doubtful));
            let news = self.dates.news();
            new.push(Ordered { order, segment, arrived: now, discontinuity, follows, doubtful, date_proves, news });
        }
        if !new.is_empty() {
            self.last_new = now;
        }
        let kept = MEMORY.max(segments.len().saturating_mul(3));
        self.known.drain(..self.known.len().saturating_sub(kept));
        Observed { reading: alignment.reading, new, offered: Some(offered) }
    }

    /// Which segments may be old sound or new: they have the number of a known segment that this list has nowhere else,
    /// or its name too, and no date distinguishes them. Such a one is not recognised if, for example, a mark has
    /// appeared on it, or another list had another name for it. Dates count once they have proved to be good; until
    /// then only a date after all that is known does.
    fn numbers_again(&self, segments: &[&Segment], alignment: &Alignment) -> Vec<bool> {
        let listed: HashSet<usize> = alignment.pairs.iter().flatten().copied().collect();
        let mut by_number: HashMap<u64, Vec<(&Known, bool)>> = HashMap::new();
        for (at, known) in self.known.iter().enumerate() {
            by_number.entry(known.sequence).or_default().push((known, listed.contains(&at)));
        }
        let good = self.dates.are_good();
        let end = self.known.back().and_then(|newest| newest.start?.checked_add_signed(delta(newest.duration)));
        let is_later = |segment: &Segment| segment.programme_time.zip(end).is_some_and(|(start, end)| start >= end);
        let may_be = |(known, listed): &(&Known, bool), segment: &Segment| {
            let told_apart = !known.same_time(segment) && (good || is_later(segment));
            let same_name = known.segment_key == segment.segment_key && known.byte_range == segment.byte_range;
            !told_apart && (same_name || !listed)
        };
        let again = |segment: &&Segment| {
            by_number.get(&segment.sequence).is_some_and(|known| known.iter().any(|known| may_be(known, segment)))
        };
        segments.iter().map(again).collect()
    }

    /// The newest known number, if `segments` have the numbers that they had.
    fn newest_number(&self, segments: &[&Segment], alignment: &Alignment) -> Option<u64> {
        let known = |pair: &Option<usize>| pair.and_then(|at| self.known.get(at)).map(|known| known.sequence);
        let mut had = alignment.pairs.iter().zip(segments).filter_map(|(pair, it)| Some((known(pair)?, it.sequence)));
        let stayed =
            had.next().is_some_and(|(known, listed)| known == listed) && had.all(|(known, listed)| known == listed);
        self.known.back().filter(|_| stayed).map(|newest| newest.sequence)
    }

    /// How many segments of a list that lies behind are older than anything that was ever handed out, if it is an old
    /// copy after all: their bytes never came, so they could not be recognised.
    fn older_than_handed(&self, alignment: &Alignment) -> usize {
        let handed =
            |pair: &Option<usize>| pair.and_then(|at| self.known.get(at)).is_some_and(|known| known.order.is_some());
        alignment.pairs.iter().position(handed).unwrap_or(0)
    }

    /// Whether a window of so many segments is much shorter than the last one.
    fn is_short(&self, window: usize) -> bool {
        window.saturating_mul(2) <= self.window || window.saturating_add(2) <= self.window
    }

    /// Whether lists have lain behind for so long, while moving, that this is no old copy but a restart.
    fn out_of_patience(&mut self, last: &Segment, target: Duration, monotonic: Duration) -> bool {
        let dated = last.programme_time.is_some();
        let last = (last.segment_key.clone(), last.sequence);
        match &self.behind {
            None => {
                self.behind = Some(Behind { since: monotonic, last });
                false
            }
            Some(behind) => {
                let patience = if dated { PATIENCE_WITH_DATES.max(target.mul_f32(2.5)) } else { PATIENCE.max(target) };
                monotonic.saturating_sub(behind.since) >= patience && behind.last != last
            }
        }
    }
}

fn without_dates(segments: &[&Segment]) -> Vec<Segment> {
    segments.iter().map(|segment| Segment { programme_time: None, ..(*segment).clone() }).collect()
}

/// The first segment to fetch so that `since` is on tape: the one that plays then and, for safety, the one before.
/// Without dates the newest is taken to end now, which is the latest it can.
fn start_at(segments: &[&Segment], since: DateTime<Utc>, now: DateTime<Utc>, trusted: bool) -> usize {
    let mut end = now;
    let mut start = segments.len().saturating_sub(1);
    for (at, segment) in segments.iter().enumerate().rev() {
        let ends = if trusted { segment.end().unwrap_or(end) } else { end };
        if ends <= since {
            break;
        }
        start = at;
        end = end.checked_sub_signed(delta(segment.duration)).unwrap_or(end);
    }
    start.saturating_sub(1)
}

#[cfg(test)]
mod tests;
