//! Witnesses: what time it is by the clocks of stations, as far as their answers say so anyway. Nothing is asked for that.
//!
//! A single clock may be wrong, so nothing is concluded from one. A witness is a station with the host that answered it
//! last: a station that lies with several hosts is one witness, and so are stations that share a host. If most witnesses
//! agree with each other, they are right about the clock of this machine. What they say counts by monotonic time, so a clock
//! that was set is right at once, without a new answer.
//!
//! `Date` is never later than the present, but earlier if a cache says nothing of its age: of what a station says within
//! some minutes the latest counts. The time of a programme says only that it is not earlier than that; so it can contradict
//! the dates by which this machine is ahead, and never says by how much it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::base::readable;

/// Witnesses who agree differ by no more from their median: a date is good to a second, an answer is on its way for some,
/// and a cache may keep one for a moment.
const AGREEMENT: TimeDelta = TimeDelta::seconds(10);
/// So long after the programme the present is at most, for a station without dates.
const LATENCY: TimeDelta = TimeDelta::minutes(2);
/// A date in an answer that took longer is too old or too young.
const SLOWEST: Duration = Duration::from_secs(10);
/// For so long the latest counts of what a station says.
const LATEST: Duration = Duration::from_mins(10);
/// Of whom is asked: those heard lately, and if these are too few, all since the check-ups of the day before.
const RECENT: [Duration; 2] = [Duration::from_hours(1), Duration::from_hours(26)];
/// So many witnesses have to agree, if there are so many.
const ENOUGH: usize = 3;
/// And so many at least: one is no witness against a clock.
const FEWEST: usize = 2;

/// So many of those who agree are named.
const NAMED: usize = 4;

/// What time it is by the clocks of stations. Clones share what is known.
#[derive(Debug, Clone, Default)]
pub struct Witnesses {
    heard: Arc<Mutex<BTreeMap<Arc<str>, Testimony>>>,
    /// Whose answers come.
    station: Option<Arc<str>>,
}

/// What a station has said.
#[derive(Debug, Clone, Default)]
struct Testimony {
    /// The host, and its date.
    date: Option<(Box<str>, Heard)>,
    /// The end of the newest sound.
    programme: Option<Heard>,
}

/// A time that was said.
#[derive(Debug, Clone, Copy)]
struct Heard {
    /// What time it was then when the monotonic clock began.
    origin: DateTime<Utc>,
    /// When it was heard, monotonic.
    at: Duration,
}

impl Heard {
    fn new(told: DateTime<Utc>, at: Duration) -> Option<Self> {
        Some(Self { origin: told.checked_sub_signed(delta(at))?, at })
    }

    /// Whether it counts although there is `other`, which was heard later.
    fn outlasts(&self, other: Self) -> bool {
        self.origin > other.origin && other.at.saturating_sub(self.at) < LATEST
    }

    /// How far the clock that shows `now` at the monotonic time `monotonic` is ahead of it.
    fn ahead(&self, now: DateTime<Utc>, monotonic: Duration) -> TimeDelta {
        now - self.origin - delta(monotonic)
    }
}

/// What the witnesses say of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How far it is ahead of theirs. Negative if it is behind.
    pub ahead: TimeDelta,
    /// The hosts of those who agree.
    pub hosts: Vec<String>,
}

impl Judgement {
    /// Returns how far it is off, for people: `5:12`.
    pub fn by(&self) -> String {
        readable::clock(self.ahead.abs().as_seconds_f64())
    }

    /// Returns into which direction: `ahead` or `behind`.
    pub fn way(&self) -> &'static str {
        if self.ahead > TimeDelta::zero() { "ahead" } else { "behind" }
    }

    /// Names some of those who say so.
    pub fn who(&self) -> String {
        let named = self.hosts.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.hosts.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} + {more}"),
        }
    }

    /// Says it in English.
    pub fn in_words(&self) -> String {
        format!("the clock of this machine is {} {}, by the clocks of {}", self.by(), self.way(), self.who())
    }
}

impl Witnesses {
    /// Returns the same, for answers to what `station` is asked for.
    #[must_use]
    pub fn of(&self, station: &str) -> Self {
        Self { heard: Arc::clone(&self.heard), station: Some(station.into()) }
    }

    /// Remembers that `host` said that it is `told`, some time from `asked.0` to `asked.1`, monotonic.
    pub fn note_date(&self, host: &str, told: DateTime<Utc>, (sent, came): (Duration, Duration)) {
        let way = came.saturating_sub(sent);
        let Some(station) = self.station.as_ref().filter(|_| way <= SLOWEST) else { return };
        let Some(new) = Heard::new(told, sent.saturating_add(way / 2)) else { return };
        let mut heard = self.heard();
        let known = heard.entry(Arc::clone(station)).or_default();
        if !known.date.as_ref().is_some_and(|(_, before)| before.outlasts(new)) {
            match &mut known.date {
                Some((name, before)) if **name == *host => *before = new,
                other => *other = Some((host.into(), new)),
            }
        }
    }

    /// Remembers that the station has offered sound that ended at `end`, at the monotonic time `at`.
    pub fn note_programme(&self, end: DateTime<Utc>, at: Duration) {
        let Some((station, new)) = self.station.as_ref().zip(Heard::new(end, at)) else { return };
        let mut heard = self.heard();
        let known = &mut heard.entry(Arc::clone(station)).or_default().programme;
        if !known.is_some_and(|before| before.outlasts(new)) {
            *known = Some(new);
        }
    }

    /// Judges the clock that shows `now` at the monotonic time `monotonic`. `None` if there are too few witnesses, or they do
    /// not agree. Forgets what is old.
    pub fn judge(&self, now: DateTime<Utc>, monotonic: Duration) -> Option<Judgement> {
        let is_recent = |heard: &Heard, within: Duration| monotonic.saturating_sub(heard.at) <= within;
        let mut heard = self.heard();
        heard.retain(|_, known| {
            known.date.take_if(|(_, date)| !is_recent(date, RECENT[1]));
            known.programme.take_if(|programme| !is_recent(programme, RECENT[1]));
            known.date.is_some() || known.programme.is_some()
        });
        RECENT.into_iter().find_map(|within| {
            // Of the stations that share a host, the one counts that was heard last.
            let mut witnesses: BTreeMap<&str, (Duration, Witness)> = BTreeMap::new();
            for (station, Testimony { date, programme }) in &*heard {
                let date = date.as_ref().filter(|(_, date)| is_recent(date, within));
                let programme = programme.as_ref().filter(|programme| is_recent(programme, within));
                let Some(at) = date.map(|(_, date)| date.at).or(programme.map(|programme| programme.at)) else {
                    continue;
                };
                let ahead = |heard: &Heard| heard.ahead(now, monotonic);
                let witness = Witness { date: date.map(|(_, date)| ahead(date)), programme: programme.map(ahead) };
                let name = date.map_or(&**station, |(host, _)| host);
                if witnesses.get(name).is_none_or(|(before, _)| *before < at) {
                    witnesses.insert(name, (at, witness));
                }
            }
            agreed(&witnesses.into_iter().map(|(name, (_, witness))| (name, witness)).collect::<Vec<_>>())
        })
    }

    fn heard(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Testimony>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the clock is ahead of a witness.
#[derive(Debug, Clone, Copy)]
struct Witness {
    /// By its date.
    date: Option<TimeDelta>,
    /// By its programme: at most so far.
    programme: Option<TimeDelta>,
}

impl Witness {
    /// Whether it may be that the clock is so far `ahead`.
    fn agrees(&self, ahead: TimeDelta) -> bool {
        let dated = self.date.map(|date| (date - ahead).abs() <= AGREEMENT);
        let most = self.programme.is_none_or(|programme| ahead <= programme + AGREEMENT);
        // Without a date, the programme has to be about of the present.
        most && dated.unwrap_or_else(|| self.programme.is_some_and(|programme| programme <= ahead + LATENCY))
    }
}

/// Returns what most of the named witnesses agree on.
fn agreed(witnesses: &[(&str, Witness)]) -> Option<Judgement> {
    let mut dates: Vec<_> = witnesses.iter().filter_map(|(_, witness)| witness.date).collect();
    dates.sort_unstable();
    let (middle, other) = (dates.get(dates.len() / 2)?, dates.get(dates.len().saturating_sub(1) / 2)?);
    let ahead = *other + (*middle - *other) / 2;
    let hosts: Vec<_> =
        witnesses.iter().filter(|(_, it)| it.agrees(ahead)).map(|(name, _)| (*name).to_owned()).collect();
    let enough = witnesses.len().clamp(FEWEST, ENOUGH);
    (hosts.len() >= enough && hosts.len() > witnesses.len() / 2).then_some(Judgement { ahead, hosts })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the clock is looked at, which shows midnight then.
    const LOOKED: Duration = Duration::from_hours(50);

    fn midnight() -> DateTime<Utc> {
        "2026-11-29T00:00:00Z".parse().unwrap()
    }

    /// A station at a host says `minutes` before the look that the clock is `ahead` by so many seconds.
    fn say(all: &Witnesses, (station, host): (&str, &str), ahead: i64, minutes: u64) {
        let before = Duration::from_mins(minutes);
        let told = midnight() - delta(before) - TimeDelta::seconds(ahead);
        let at = LOOKED.checked_sub(before).unwrap();
        all.of(station).note_date(host, told, (at, at));
    }

    fn judged(all: &Witnesses) -> Option<(i64, usize)> {
        let judged = all.judge(midnight(), LOOKED)?;
        Some((judged.ahead.num_seconds(), judged.hosts.len()))
    }

    /// What is concluded from stations of their own hosts, each with how far the clock is ahead.
    fn concluded(ahead: &[i64]) -> Option<(i64, usize)> {
        let all = Witnesses::default();
        for (number, ahead) in ahead.iter().enumerate() {
            say(&all, (&format!("s{number}"), &format!("h{number}")), *ahead, 1);
        }
        judged(&all)
    }

    #[test]
    fn most_witnesses_are_right_and_a_single_one_never_is() {
        assert_eq!(concluded(&[-312, -310, -311]), Some((-311, 3)));
        assert_eq!(concluded(&[3600, 1, -1, 0]), Some((0, 3)), "one station alone is off");
        assert_eq!(concluded(&[300, 301]), Some((300, 2)), "there are no others");
        assert_eq!(concluded(&[300, 0]), None);
        assert_eq!(concluded(&[300]), None);
        assert_eq!(concluded(&[]), None);
        assert_eq!(concluded(&[300, 300, 0]), None, "two of three are too few");
        assert_eq!(concluded(&[300, 300, 300, 0, 0, 0]), None, "nobody has the most");
        assert_eq!(concluded(&[300, 312, 324, 0, 7]), None, "they differ");
        assert_eq!(concluded(&[300, 302, 304, 0, 7]), Some((300, 3)));
    }

    #[test]
    fn a_station_is_one_witness_and_so_are_stations_that_share_a_host() {
        let all = Witnesses::default();
        for host in ["page", "list", "segments"] {
            say(&all, ("s", host), 300, 1);
        }
        assert_eq!(judged(&all), None);
        say(&all, ("t", "list"), 300, 1);
        say(&all, ("u", "list"), 300, 1);
        assert_eq!(judged(&all), Some((300, 2)), "what was heard last of the first came from elsewhere");
        say(&all, ("s", "list"), 300, 0);
        assert_eq!(judged(&all), None);
    }

    #[test]
    fn what_is_old_is_forgotten_and_who_was_heard_lately_counts_more() {
        let all = Witnesses::default();
        for (number, minutes) in [(0, 1559), (1, 1500), (2, 400), (3, 1561)] {
            say(&all, (&format!("s{number}"), &format!("h{number}")), 300, minutes);
        }
        assert_eq!(judged(&all), Some((300, 3)));
        for number in 4..7 {
            say(&all, (&format!("s{number}"), &format!("h{number}")), 0, 30);
        }
        assert_eq!(judged(&all), Some((0, 3)));
    }

    #[test]
    fn a_clock_that_was_set_is_right_at_once() {
        let all = Witnesses::default();
        for (station, host) in [("s", "a"), ("t", "b"), ("u", "c")] {
            say(&all, (station, host), -200, 5);
        }
        assert_eq!(judged(&all), Some((-200, 3)));
        let set = midnight() + TimeDelta::seconds(200) + TimeDelta::minutes(3);
        let later = all.judge(set, LOOKED + Duration::from_mins(3)).unwrap();
        assert_eq!(later.ahead, TimeDelta::zero());
    }

    #[test]
    fn an_old_answer_of_a_cache_does_not_count_beside_a_newer_one_and_a_slow_one_not_at_all() {
        let all = Witnesses::default();
        for (station, host) in [("s", "a"), ("t", "b"), ("u", "c")] {
            say(&all, (station, host), 0, 9);
            say(&all, (station, host), 240, 1);
        }
        assert_eq!(judged(&all), Some((0, 3)));
        let slow = Witnesses::default();
        for (station, host) in [("s", "a"), ("t", "b")] {
            slow.of(station).note_date(
                host,
                midnight(),
                (LOOKED.checked_sub(Duration::from_secs(11)).unwrap(), LOOKED),
            );
        }
        assert_eq!(judged(&slow), None);
    }

    #[test]
    fn the_programme_contradicts_dates_that_are_too_old_and_confirms_what_others_say() {
        let all = Witnesses::default();
        let stations = [("s", "a"), ("t", "b"), ("u", "c")];
        let plays = |station: &str, ago: i64| {
            all.of(station).note_programme(midnight() - TimeDelta::seconds(ago), LOOKED);
        };
        for (station, host) in stations {
            say(&all, (station, host), 600, 1);
            plays(station, 640);
        }
        assert_eq!(judged(&all), Some((600, 3)), "sound is some seconds old");
        plays("s", 20);
        assert_eq!(judged(&all), None, "by its programme the clock is ahead by 20 seconds at most");
        let all = Witnesses::default();
        let plays = |station: &str, ago: i64| {
            all.of(station).note_programme(midnight() - TimeDelta::seconds(ago), LOOKED);
        };
        say(&all, stations[0], -300, 1);
        plays("x", -280);
        assert_eq!(judged(&all), Some((-300, 2)), "a station without dates");
        plays("y", 3600);
        assert_eq!(judged(&all), None, "it may be a programme of before");
    }
}
