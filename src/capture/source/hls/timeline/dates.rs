//! What the dates of a list (`EXT-X-PROGRAM-DATE-TIME`) are worth.
//!
//! A date is a claim of the station, the sound is a fact. Three things are found out here, from the lists alone:
//!
//! - *Dates that are wrong*: they stand still, or are the moment of the answer, or the moment when a burst of segments
//!   came. They do not advance as the sound does, or a segment has another date in the next list. They are not
//!   believed.
//! - *A clock that was set*: from one segment on all dates are off by the same. The sound goes on, and what follows was
//!   on the air when the new dates say.
//! - *Dates that are good*, up to rounding: they are handed on.
//!
//! After a break of unknown length the first date counts by itself.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, TimeDelta, Utc};

use super::super::playlist::Segment;
use crate::base::duration::delta;
use crate::model::DatesNews;

/// Dates are rounded, at most to whole seconds.
const ROUNDING: TimeDelta = TimeDelta::milliseconds(1_000);
/// A segment whose date differs by more from the one with which it was first listed was dated anew. Less is rounding,
/// which differs in each list if only the first segment has a date.
const STEADY: TimeDelta = TimeDelta::milliseconds(1_050);
/// After this many segments in a row whose dates do not fit those before them, dates are wrong.
const MISFITS: u32 = 4;
/// After this many lists in a row that date old segments anew, it is no station that starts again with old names.
const DATED_ANEW: u32 = 2;
/// After this many lists that moved on, with dates that stayed, dates have proved to be good.
const PROOF: u32 = 3;

/// What dates have proved to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Worth {
    /// Nothing yet: they are handed on.
    #[default]
    Unproved,
    /// They stayed for a few lists.
    Good,
    /// They are wrong, or nobody knows whether they are right.
    Doubted,
}

/// What the dates of one station are worth.
#[derive(Debug, Default)]
pub(super) struct Dates {
    /// The dates with which the segments of the list before were first listed, by number, each with a digest of the
    /// segment's name.
    listed: HashMap<u64, (u64, DateTime<Utc>)>,
    /// The newest number in it.
    newest: Option<u64>,
    worth: Worth,
    /// Lists in a row in which old segments had new dates.
    dated_anew: u32,
    /// Lists in a row that moved on and whose dates stayed.
    steady: u32,
    /// Whether dates have proved to be good since the sound last broke.
    proved: bool,
    /// Whether any date was handed on since the sound last broke.
    used: bool,
    /// When the segment to come is on the air, by the last date that was believed and the lengths since.
    expected: Option<DateTime<Utc>>,
    /// When it would be on the air by the last date that did not fit.
    candidate: Option<DateTime<Utc>>,
    misfits: u32,
    news: Option<DatesNews>,
}

impl Dates {
    /// Reads the dates of the next list, oldest first. Returns whether they are believed.
    pub(super) fn read(&mut self, segments: &[&Segment]) -> bool {
        let before = std::mem::take(&mut self.listed);
        let newest = self.newest;
        let (mut stayed, mut moved) = (0_u32, 0_u32);
        let has_name =
            |segment: &Segment, name: u64| before.get(&segment.sequence).is_some_and(|known| known.0 == name);
        // A station that names its segments anew with every answer keeps their numbers.
        let renamed = !segments.iter().any(|segment| has_name(segment, digest(&segment.segment_key)));
        for segment in segments {
            let Some(date) = segment.programme_time else { continue };
            let name = digest(&segment.segment_key);
            let known = before.get(&segment.sequence).filter(|_| renamed || has_name(segment, name));
            let first = known.map(|(_, first)| *first);
            let same = first.filter(|first| (date - *first).abs() <= STEADY);
            match (first, same) {
                (Some(_), Some(_)) => stayed += 1,
                (Some(_), None) => moved += 1,
                (None, _) => {}
            }
            self.listed.insert(segment.sequence, (name, same.unwrap_or(date)));
        }
        if self.listed.is_empty() {
            return true;
        }
        self.newest = segments.last().map(|segment| segment.sequence);
        // An unchanged list says nothing.
        if moved > stayed {
            self.dated_anew = self.dated_anew.saturating_add(1);
        } else if self.newest > newest {
            self.dated_anew = 0;
        }
        if self.dated_anew >= DATED_ANEW || !advance(segments) {
            self.doubt();
        } else if stayed > 0 && self.newest > newest {
            self.steady = self.steady.saturating_add(1);
            if self.steady >= PROOF {
                self.proved |= self.worth != Worth::Doubted;
                self.worth = Worth::Good;
            }
        }
        self.worth != Worth::Doubted
    }

    fn doubt(&mut self) {
        self.steady = 0;
        if std::mem::replace(&mut self.worth, Worth::Doubted) == Worth::Doubted {
            return;
        }
        (self.expected, self.candidate) = (None, None);
        let news = if self.proved { DatesNews::Ignored } else { DatesNews::Withdrawn };
        self.news = Some(news).filter(|_| self.used);
        (self.proved, self.used) = (false, false);
    }

    /// The date to hand on with the next segment, which continues the one before unless it is `apart` from it.
    pub(super) fn of(&mut self, segment: &Segment, apart: bool) -> Option<DateTime<Utc>> {
        if apart || segment.discontinuity {
            (self.expected, self.candidate, self.misfits) = (None, None, 0);
            if apart {
                (self.proved, self.used) = (false, false);
            }
        }
        let date = segment.programme_time.filter(|_| self.worth != Worth::Doubted);
        // A segment that does not say its length says nothing about the next date.
        let ends = |start: DateTime<Utc>| start.checked_add_signed(delta(segment.claimed?));
        let Some(date) = date else {
            (self.expected, self.candidate) = (self.expected.and_then(ends), self.candidate.and_then(ends));
            return None;
        };
        let fits = |expected: DateTime<Utc>| (date - expected).abs() <= ROUNDING;
        let believed = match (self.expected, self.candidate) {
            (None, _) => true,
            (Some(expected), _) if fits(expected) => true,
            (Some(expected), Some(candidate)) if fits(candidate) => {
                self.news = Some(DatesNews::Stepped(date - expected));
                true
            }
            _ => false,
        };
        if believed {
            (self.expected, self.candidate, self.misfits, self.used) = (ends(date), None, 0, true);
            return Some(date);
        }
        self.expected = self.expected.and_then(ends);
        self.candidate = ends(date);
        self.misfits += 1;
        if self.misfits >= MISFITS {
            self.doubt();
        }
        None
    }

    /// Whether dates have proved to be good.
    pub(super) fn are_good(&self) -> bool {
        self.worth == Worth::Good
    }

    /// What was found out since the last call.
    pub(super) fn news(&mut self) -> Option<DatesNews> {
        self.news.take()
    }
}

/// Whether most of the dates of a list are as far apart as its segments are long. One pair may always be off, by a
/// clock that was set; but nobody sets a clock back by exactly the length of a segment.
fn advance(segments: &[&Segment]) -> bool {
    let steps = segments.windows(2).filter_map(|pair| {
        let [one, next] = pair else { return None };
        let (step, length) = (next.programme_time? - one.programme_time?, one.claimed?);
        (!next.discontinuity).then(|| (step, delta(length)))
    });
    let steps: Vec<_> = steps.collect();
    let good = |(step, length): &&(TimeDelta, TimeDelta)| (*step - *length).abs() <= ROUNDING.max(*length / 2);
    let good = steps.iter().filter(good).count();
    let still = steps.iter().any(|(step, length)| step.is_zero() && *length > ROUNDING);
    steps.len() - good <= good.max(usize::from(!still))
}

fn digest(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::base::http::ExtraHeaders;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    /// Segments of 2 s from number `first` on, with these dates; `None` is one without a date.
    fn list(first: u64, dates: &[Option<i64>]) -> Vec<Segment> {
        let segment = |(sequence, date): (u64, &Option<i64>)| Segment {
            sequence,
            url: Url::parse("http://h/s").unwrap(),
            segment_key: format!("/{sequence}"),
            duration: Duration::from_secs(2),
            claimed: Some(Duration::from_secs(2)),
            byte_range: None,
            headers: ExtraHeaders::default(),
            key: None,
            map: None,
            programme_time: date.map(at),
            discontinuity: false,
            gap: false,
            repeat: false,
        };
        (first..).zip(dates).map(segment).collect()
    }

    /// The dates that are handed on with the new segments of these lists.
    fn handed(lists: &[(u64, Vec<Option<i64>>)]) -> (Vec<Option<i64>>, Vec<DatesNews>) {
        let (mut dates, mut next) = (Dates::default(), 0);
        let (mut handed, mut news) = (Vec::new(), Vec::new());
        for (first, listed) in lists {
            let list = list(*first, listed);
            dates.read(&list.iter().collect::<Vec<_>>());
            news.extend(dates.news());
            for segment in &list {
                if segment.sequence < next {
                    continue;
                }
                handed.push(dates.of(segment, next == 0).map(|date| (date - at(0)).num_seconds()));
                next = segment.sequence + 1;
                news.extend(dates.news());
            }
        }
        (handed, news)
    }

    fn dates(from: i64, many: usize) -> Vec<Option<i64>> {
        (0..).map(|at| Some(from + 2 * at)).take(many).collect()
    }

    #[test]
    fn good_dates_are_handed_on_without_news() {
        let lists = (0..10).map(|at| (at, dates(2 * i64::try_from(at).unwrap(), 5))).collect::<Vec<_>>();
        assert_eq!(handed(&lists), (dates(0, 14), vec![]));
    }

    #[test]
    fn rounding_to_a_second_is_no_step() {
        let dates = [0, 2, 3, 6, 7, 10, 12].map(Some).to_vec();
        assert_eq!(handed(&[(0, dates.clone())]), (dates, vec![]));
    }

    #[test]
    fn dates_that_are_rounded_anew_in_each_list_are_good() {
        // Segments of 2.56 s, of which the first has a date, in whole seconds.
        let at_second = at;
        let mut dates = Dates::default();
        for first in 0..12_i64 {
            let mut segments = list(u64::try_from(first).unwrap(), &[None; 5]);
            for (at, segment) in (0_i64..).zip(&mut segments) {
                segment.duration = Duration::from_millis(2_560);
                segment.claimed = Some(segment.duration);
                segment.programme_time = Some(at_second(first * 2_560 / 1_000) + TimeDelta::milliseconds(at * 2_560));
            }
            assert!(dates.read(&segments.iter().collect::<Vec<_>>()), "list {first}");
            let new = if first == 0 { &segments[..] } else { &segments[4..] };
            for segment in new {
                assert!(dates.of(segment, segment.sequence == 0).is_some());
            }
        }
        assert_eq!(dates.news(), None);
    }

    #[test]
    fn a_clock_that_is_set_is_followed_from_the_second_segment_on() {
        for by in [-30, -3, 3, 30] {
            let mut listed = dates(0, 4);
            listed.extend(dates(8 + by, 4));
            let (handed, news) = handed(&[(0, listed)]);
            assert_eq!(handed[..4], dates(0, 4));
            assert_eq!(handed[4..], [None, Some(10 + by), Some(12 + by), Some(14 + by)]);
            assert_eq!(news, [DatesNews::Stepped(TimeDelta::seconds(by))]);
        }
    }

    #[test]
    fn dates_that_stand_still_are_withdrawn() {
        // The first segment of each list has the same date, and the others what follows from it.
        let lists = (0..6).map(|at| (at, dates(0, 5))).collect::<Vec<_>>();
        let (handed, news) = handed(&lists);
        assert_eq!(handed[..5], dates(0, 5));
        assert!(handed[5..].iter().all(Option::is_none), "{handed:?}");
        assert_eq!(news, [DatesNews::Withdrawn]);
    }

    #[test]
    fn dates_that_stand_still_are_found_where_names_are_new_with_every_answer() {
        let believed = |dates_of: &mut Dates, answer: u64| {
            let mut segments = list(answer, &dates(0, 5));
            for segment in &mut segments {
                segment.segment_key = format!("/{answer}-{}", segment.sequence);
            }
            dates_of.read(&segments.iter().collect::<Vec<_>>())
        };
        let mut moving = Dates::default();
        assert_eq!([0, 1, 2, 3].map(|answer| believed(&mut moving, answer)), [true, true, false, false]);
        let mut asked_twice = Dates::default();
        assert_eq!([0, 1, 1, 2].map(|answer| believed(&mut asked_twice, answer)), [true, true, true, false]);
    }

    #[test]
    fn dates_of_the_answer_are_never_handed_on() {
        let lists = (0..6).map(|at| (at, vec![Some(100 + 2 * i64::try_from(at).unwrap()); 5])).collect::<Vec<_>>();
        let (handed, news) = handed(&lists);
        assert!(handed.iter().all(Option::is_none), "{handed:?}");
        assert_eq!(news, []);
    }

    #[test]
    fn two_segments_of_one_date_have_no_date() {
        assert_eq!(handed(&[(0, vec![Some(100); 2])]), (vec![None; 2], vec![]));
        assert_eq!(handed(&[(0, vec![Some(100), Some(130)])]).0, [Some(100), None], "a clock that was set");
    }

    #[test]
    fn dates_of_a_burst_are_not_believed() {
        // Five segments every ten seconds, all dated then; the first list ends with the first two of a burst.
        let all: Vec<_> = (0..40).map(|at: i64| Some(10 * (at / 5))).collect();
        let lists = (1..30).map(|at| (at as u64, all[at..at + 6].to_vec())).collect::<Vec<_>>();
        let (handed, _) = handed(&lists);
        assert!(handed.iter().all(Option::is_none), "{handed:?}");
    }

    #[test]
    fn good_dates_that_go_bad_are_ignored_and_believed_again_when_good() {
        let mut lists: Vec<_> = (0..6).map(|at| (at, dates(2 * i64::try_from(at).unwrap(), 5))).collect();
        lists.extend((6..9).map(|at| (at, dates(12, 5))));
        lists.extend((9..16).map(|at| (at, dates(2 * i64::try_from(at).unwrap(), 5))));
        let (handed, news) = handed(&lists);
        assert_eq!(handed[..10], dates(0, 10));
        assert!(handed[12].is_none());
        assert_eq!(handed.last().unwrap(), &Some(38));
        assert_eq!(news, [DatesNews::Ignored]);
    }
}
