//! Failover between the variants of a station: which one is played, which was left because it does not deliver, and
//! when to probe that one again. Pure: it is given what happens, and says what to play.
//!
//! A variant is left for the next in order if its list fails [`TOLERATED`] times running (one failure may be a token
//! that has expired), or if it is found not to deliver. It is played again when it has been proven to deliver, and not
//! before a pause is over that doubles each time it is left: so a variant that comes and goes is seldom changed to. If
//! all variants have been left, each failure makes the next one be tried, because any may be the first to come back.

use std::collections::HashMap;
use std::time::Duration;

use super::variables::Variables;
use super::variants::{Choice, Master, Wish};
use crate::capture::source::resolve::Entry;

/// After this many failures of its list in a row a variant is left.
const TOLERATED: u32 = 2;
/// How long after it was left a variant is probed again: the first time, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_mins(10));
/// A variant that was played for this long is as good as any other.
const TRUSTED_AFTER: Duration = Duration::from_mins(10);
/// If there are more records than this, those of variants that the master no longer names are dropped.
const REMEMBERED: usize = 1000;

/// The variants of a station.
#[derive(Debug, Default)]
pub struct Failover {
    /// What its master playlist offered last, the best first.
    ranked: Vec<Choice>,
    /// The one that is played, and since when; monotonic.
    playing: Option<(usize, Duration)>,
    records: HashMap<String, Record>,
    /// The variants that led to the list that names the one that is played.
    parents: Vec<String>,
    variables: Variables,
}

/// How a variant has fared.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    /// Failures of its list in a row.
    failures: u32,
    /// When it was left, or found not to deliver again.
    left: Option<Duration>,
    /// How often in a row.
    times: u32,
}

impl Record {
    fn leave(&mut self, now: Duration) {
        self.left = Some(now);
        self.times = self.times.saturating_add(1);
    }

    /// Whether it is time to probe it again.
    fn is_due(&self, now: Duration) -> bool {
        let pause = PAUSE.0.saturating_mul(2_u32.saturating_pow(self.times.saturating_sub(1).min(20))).min(PAUSE.1);
        self.left.is_some_and(|left| now.saturating_sub(left) >= pause)
    }
}

impl Failover {
    /// Takes what `master` offers and chooses a variant; `None` if there is none.
    pub fn choose(&mut self, master: &Master, wish: Wish<'_>, now: Duration) -> Option<Entry> {
        let parent = self.playing.and_then(|(playing, _)| self.ranked.get(playing));
        self.parents.extend(parent.map(|parent| parent.name.clone()));
        self.ranked = master.ranked(wish);
        self.variables.clone_from(&master.variables);
        if self.records.len() > REMEMBERED {
            let named = |name: &String| self.ranked.iter().any(|choice| choice.name == *name);
            self.records.retain(|name, _| named(name) || self.parents.contains(name));
        }
        let left = |at: usize| self.ranked.get(at).and_then(|choice| self.records.get(&choice.name)?.left);
        let best = (0..self.ranked.len()).min_by_key(|at| left(*at))?;
        self.play(best, now)
    }

    /// The station's address was resolved again: nothing is played until a master has been read, if there is one. If
    /// the variant did not deliver (`in_vain`), that counts against what led to it as well.
    pub fn begin_anew(&mut self, in_vain: bool, now: Duration) {
        self.playing = None;
        for parent in std::mem::take(&mut self.parents) {
            self.records.entry(parent).or_default().left = in_vain.then_some(now);
        }
    }

    /// The variables of the master playlist.
    pub fn variables(&self) -> Option<&Variables> {
        self.playing.map(|_| &self.variables)
    }

    /// Whether another variant could be played.
    pub fn has_spare(&self) -> bool {
        self.playing.is_some() && self.ranked.len() > 1
    }

    /// The list of the variant that is played failed, which counts `weight` times. Returns what to play from now on, if
    /// that changes.
    pub fn failed(&mut self, weight: u32, now: Duration) -> Option<Entry> {
        let record = self.record()?;
        record.failures = record.failures.saturating_add(weight);
        if record.failures < TOLERATED { None } else { self.leave(now) }
    }

    /// The list of the variant that is played could be read.
    pub fn list_works(&mut self) {
        if let Some(record) = self.record() {
            record.failures = 0;
        }
    }

    /// The variant that is played delivers.
    pub fn delivers(&mut self, now: Duration) {
        let since = self.playing.map_or(now, |(_, since)| since);
        if let Some(record) = self.record() {
            record.left = None;
            if now.saturating_sub(since) >= TRUSTED_AFTER {
                record.times = 0;
            }
        }
    }

    /// The variant that is played does not deliver. Returns what to play from now on, if that changes.
    pub fn leave(&mut self, now: Duration) -> Option<Entry> {
        let (playing, _) = self.playing.filter(|_| self.has_spare())?;
        self.record()?.leave(now);
        let is_left = |at: &usize| self.is_left(*at);
        let next = (0..self.ranked.len()).find(|at| !is_left(at)).unwrap_or((playing + 1) % self.ranked.len());
        self.play(next, now)
    }

    /// Whether the variant that is played was itself left before, and is only tried for want of a better one.
    pub fn is_last_resort(&self) -> bool {
        self.playing.is_some_and(|(playing, _)| self.is_left(playing))
    }

    /// A better variant than the one that is played, which was left a while ago.
    pub fn due(&self, now: Duration) -> Option<&Choice> {
        let (playing, _) = self.playing?;
        let is_due = |choice: &&Choice| self.records.get(&choice.name).is_some_and(|record| record.is_due(now));
        self.ranked.get(..playing)?.iter().find(is_due)
    }

    /// Takes the result of the probe of the variant `name`. Returns what to play from now on, if that changes.
    pub fn looked_after(&mut self, name: &str, delivers: bool, now: Duration) -> Option<Entry> {
        let at = self.ranked.iter().position(|choice| choice.name == name)?;
        let record = self.records.get_mut(name)?;
        if !delivers {
            record.leave(now);
            return None;
        }
        record.left = None;
        let (playing, _) = self.playing.filter(|(playing, _)| at < *playing)?;
        tracing::debug!(from = self.ranked.get(playing).map(|choice| &*choice.name), to = name, "a variant is back");
        self.play(at, now)
    }

    fn play(&mut self, at: usize, now: Duration) -> Option<Entry> {
        let choice = self.ranked.get(at)?;
        self.records.entry(choice.name.clone()).or_default().failures = 0;
        self.playing = Some((at, now));
        Some(choice.entry.clone())
    }

    fn record(&mut self) -> Option<&mut Record> {
        let (playing, _) = self.playing?;
        self.records.get_mut(&self.ranked.get(playing)?.name)
    }

    fn is_left(&self, at: usize) -> bool {
        let record = self.ranked.get(at).and_then(|choice| self.records.get(&choice.name));
        record.is_some_and(|record| record.left.is_some())
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn master(query: &str) -> Master {
        Master::of_equals(["a", "b", "c"].map(|path| Url::parse(&format!("http://h/{path}{query}")).unwrap()))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn path(entry: Option<Entry>) -> String {
        entry.map_or_else(String::new, |entry| entry.url.path().to_owned())
    }

    fn playing() -> Failover {
        let mut standing = Failover::default();
        assert_eq!(path(standing.choose(&master(""), Wish::default(), at(0))), "/a");
        standing
    }

    #[test]
    fn a_variant_is_left_after_its_second_failure_not_its_first() {
        let mut standing = playing();
        assert_eq!(standing.failed(1, at(1)), None);
        standing.begin_anew(false, at(1));
        // This is the same variant with another token.
        assert_eq!(path(standing.choose(&master("?t=2"), Wish::default(), at(2))), "/a");
        standing.list_works();
        assert_eq!(standing.failed(1, at(3)), None);
        assert_eq!(path(standing.failed(1, at(4))), "/b");
        // Nor is it chosen when the master is read again.
        assert_eq!(path(standing.choose(&master("?t=3"), Wish::default(), at(5))), "/b");
        assert_eq!(path(standing.failed(TOLERATED, at(6))), "/c");
    }

    #[test]
    fn if_all_variants_were_left_they_are_tried_in_turn() {
        let mut standing = playing();
        let next = |standing: &mut Failover, second| path(standing.leave(at(second)));
        assert_eq!((next(&mut standing, 1), next(&mut standing, 2)), ("/b".into(), "/c".into()));
        assert!(!standing.is_last_resort());
        assert_eq!((next(&mut standing, 3), next(&mut standing, 4)), ("/a".into(), "/b".into()));
        assert!(standing.is_last_resort());
        standing.delivers(at(5));
        assert!(!standing.is_last_resort());
        // The one that was left first is next.
        let mut standing = playing();
        (1..=3).for_each(|second| drop(standing.leave(at(second))));
        standing.delivers(at(4));
        standing.leave(at(5));
        assert_eq!(path(standing.choose(&master(""), Wish::default(), at(6))), "/b");
    }

    #[test]
    fn a_variant_that_was_left_is_looked_after_less_and_less_often() {
        let mut standing = playing();
        standing.leave(at(0));
        assert_eq!(standing.due(at(19)), None);
        let name = standing.due(at(20)).unwrap().name.clone();
        assert_eq!(standing.looked_after(&name, false, at(22)), None);
        assert_eq!(standing.due(at(61)), None);
        assert!(standing.due(at(62)).is_some());
        assert_eq!(path(standing.looked_after(&name, true, at(64))), "/a");
        assert_eq!(standing.due(at(1000)), None);
        // Left again soon after: the pause is longer than before.
        standing.delivers(at(70));
        standing.leave(at(80));
        assert!(standing.due(at(159)).is_none() && standing.due(at(160)).is_some());
        standing.looked_after(&name, true, at(160));
        standing.delivers(at(800));
        standing.leave(at(900));
        assert!(standing.due(at(920)).is_some());
    }

    #[test]
    fn a_master_that_leads_nowhere_is_left_for_the_one_beside_it() {
        let list =
            |paths: [&str; 2]| Master::of_equals(paths.map(|path| Url::parse(&format!("http://h{path}")).unwrap()));
        let outer = list(["/first", "/second"]);
        let mut standing = Failover::default();
        let begin = |standing: &mut Failover, second| path(standing.choose(&outer, Wish::default(), at(second)));
        assert_eq!(begin(&mut standing, 0), "/first");
        let inner = list(["/first/a", "/first/b"]);
        assert_eq!(path(standing.choose(&inner, Wish::default(), at(0))), "/first/a");
        standing.begin_anew(false, at(1));
        assert_eq!(begin(&mut standing, 1), "/first", "a token that has run out says nothing about it");
        standing.choose(&inner, Wish::default(), at(1));
        standing.begin_anew(true, at(2));
        assert_eq!(begin(&mut standing, 2), "/second");
        standing.choose(&list(["/second/a", "/second/b"]), Wish::default(), at(2));
        standing.begin_anew(true, at(3));
        assert_eq!(begin(&mut standing, 3), "/first", "the one that was left first");
    }

    #[test]
    fn a_single_list_is_never_left() {
        let mut standing = Failover::default();
        assert_eq!((standing.leave(at(0)), standing.failed(9, at(0))), (None, None));
        let single = Master::of_equals([Url::parse("http://h/a").unwrap()]);
        standing.choose(&single, Wish::default(), at(0));
        assert_eq!((standing.leave(at(0)), standing.failed(9, at(0))), (None, None));
        assert!(!standing.has_spare() && !standing.is_last_resort());
    }
}
