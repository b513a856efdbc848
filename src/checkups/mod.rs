//! Check-ups: stations are tried ahead of their shows, so that a person learns of one that is down while there is time to
//! mend it, and not from a recording that is empty.
//!
//! A check-up reaches the station as a show does and waits for its first sound. A station that is on tape needs none: its
//! sound is proof. Nothing is decided from a single failure. What is down is said once, with the shows that need it, and
//! once more when it answers again.
//!
//! While nothing is due, a look costs a comparison per station; what begins soon is asked of the programme every few
//! minutes, or when that has changed.

pub mod machine_clock;
mod plan;
mod trial;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tracing::{info, warn};

use self::machine_clock::MachineClock;
use self::plan::Record;
use crate::airings::Airings;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::config::{Config, Station};
use crate::model::{Cause, Planned, Span, StationId};

/// How often it is looked for what is due.
const LOOK: Duration = Duration::from_secs(5);
/// How many looks it takes until the programme is asked again, if that has not changed.
const LOOKS: u32 = 60;
/// How many stations are checked at a time.
const AT_A_TIME: usize = 4;
/// The shows that need a station are looked for so far ahead.
const CONCERNED: TimeDelta = TimeDelta::hours(24);

/// Checks stations ahead of their shows. Clones share one state.
#[derive(Debug, Clone)]
pub struct Checkups {
    environment: Environment,
    airings: Airings,
    decks: Decks,
    known: Arc<Mutex<BTreeMap<StationId, Known>>>,
    machine_clock: Arc<Mutex<MachineClock>>,
}

/// What is known of a station.
#[derive(Debug, Default)]
struct Known {
    record: Record,
    /// Since when it failed, and why it did last. `None` if it did not fail.
    trouble: Option<(DateTime<Utc>, Cause)>,
}

impl Known {
    /// Whether it failed, and is not yet said to be down for that.
    fn is_in_doubt(&self) -> bool {
        (1..plan::DOWN).contains(&self.record.failures)
    }

    /// How it is down, if it is.
    fn down(&self) -> Option<Down> {
        let (since, cause) = self.trouble.clone().filter(|_| self.record.failures >= plan::DOWN)?;
        Some(Down { since, cause })
    }
}

/// A station that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// The first check-up that failed.
    pub since: DateTime<Utc>,
    /// Why, by the last check-up.
    pub cause: Cause,
}

impl Checkups {
    /// Begins to check the stations that `airings` need, but for those that `decks` have on tape.
    pub fn start(environment: Environment, airings: Airings, decks: Decks) -> Self {
        let checkups = Self { environment, airings, decks, known: Arc::default(), machine_clock: Arc::default() };
        checkups.environment.spawn(checkups.clone().run());
        checkups
    }

    /// Returns the stations of which is known whether they answer, each with how it is down if it is.
    pub fn found(&self) -> BTreeMap<StationId, Option<Down>> {
        let known = self.known();
        let certain = known.iter().filter(|(_, known)| known.record.checked.is_some() && !known.is_in_doubt());
        certain.map(|(id, known)| (id.clone(), known.down())).collect()
    }

    /// Whether a station has failed that is not on tape, and is about to be checked again. What brings one station down often
    /// brings down others.
    pub fn is_any_in_doubt(&self) -> bool {
        let leased = self.decks.running();
        self.known().iter().any(|(id, known)| known.is_in_doubt() && leased.binary_search(id).is_err())
    }

    /// Returns the stations that do not answer.
    pub fn down(&self) -> BTreeMap<StationId, Down> {
        self.known().iter().filter_map(|(id, known)| Some((id.clone(), known.down()?))).collect()
    }

    /// Returns what is known of the clock of this machine.
    pub fn machine_clock(&self) -> MachineClock {
        self.machine_clock.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn run(self) {
        let stop = self.environment.stop.clone();
        let _ = stop.run_until_cancelled(self.check_forever()).await;
    }

    async fn check_forever(&self) {
        let Environment { clock, .. } = &self.environment;
        let (began, mut changes) = (clock.now(), self.airings.changes());
        let mut soon = Soon::default();
        let (mut checking, mut busy) = (FuturesUnordered::new(), HashSet::new());
        loop {
            let now = clock.now();
            self.look_at_clock(now);
            let programme = self.airings.plan();
            let config = programme.config();
            if soon.looks == 0 || !soon.is_of(config) || changes.has_changed().unwrap_or_default() {
                changes.mark_unchanged();
                let window = Span::new(now, now + plan::HORIZON);
                soon = Soon {
                    config: Some(Arc::clone(config)),
                    looks: LOOKS,
                    begins: begins(programme.airings(window), now),
                };
            }
            soon.looks -= 1;
            let leased = self.note_taped(config, now);
            for station in &config.stations {
                let id = &station.id;
                if checking.len() < AT_A_TIME && !busy.contains(id) && !leased.contains(id) {
                    let record = self.known().get(id).map(|known| known.record).unwrap_or_default();
                    let begins = soon.begins.get(id).copied().filter(|begins| *begins - now > plan::NEAR);
                    if plan::next(id, begins, record, began) <= now {
                        busy.insert(id.clone());
                        checking.push(self.check(Arc::clone(station)));
                    }
                }
            }
            tokio::select! {
                Some(station) = checking.next() => drop(busy.remove(&station)),
                () = clock.sleep(LOOK) => {}
            }
        }
    }

    /// Compares the clock of this machine with those of stations, and says once that it is off, and that it is right again.
    fn look_at_clock(&self, now: DateTime<Utc>) {
        let judged = self.environment.witnesses.judge(now, self.environment.clock.monotonic());
        let mut known = self.machine_clock.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *known);
        let was_off = before.off().is_some();
        *known = before.after(judged);
        match known.off() {
            Some(off) if !was_off => {
                let words = off.in_words();
                warn!("{words}: shows are recorded at the wrong time; `timedatectl set-ntp true` keeps it right");
            }
            None if was_off => info!("the clock of this machine is right again"),
            _ => {}
        }
    }

    /// Notes that a station which is on tape is as good as checked, unless it is in trouble, and forgets those that are not
    /// in the file any more. Returns the stations that are on tape, or are being connected to for that: whoever needs those
    /// says what is wrong.
    fn note_taped(&self, config: &Config, now: DateTime<Utc>) -> HashSet<StationId> {
        let leased = self.decks.running();
        for station in &leased {
            let trouble = self.decks.known(station).and_then(|tape| tape.trouble());
            match trouble.filter(|trouble| !trouble.cause.kind.is_ours()) {
                Some(trouble) => self.note_troubled(station, trouble.cause, now),
                None if self.decks.connecting(station).is_none() => self.note(station, Ok(()), now),
                None => {}
            }
        }
        self.known().retain(|station, _| config.station(station).is_some());
        leased.into_iter().collect()
    }

    /// Remembers that a station is in trouble while it is to be on tape. That is no check-up, but one is due as soon as it
    /// is not to be on tape any more.
    fn note_troubled(&self, station: &StationId, cause: Cause, now: DateTime<Utc>) {
        let mut all = self.known();
        let known = all.entry(station.clone()).or_default();
        known.record = Record { checked: Some(now), failures: known.record.failures.max(1) };
        let since = known.trouble.take().map_or(now, |(since, _)| since);
        known.trouble = Some((since, cause));
    }

    async fn check(&self, station: Arc<Station>) -> StationId {
        let checked = trial::check(&station, &self.environment).await;
        self.note(&station.id, checked, self.environment.clock.now());
        station.id.clone()
    }

    /// Remembers what became of a check-up, and says what is new about the station.
    fn note(&self, station: &StationId, checked: Result<(), Cause>, now: DateTime<Utc>) {
        let mut all = self.known();
        let known = all.entry(station.clone()).or_default();
        known.record.checked = Some(now);
        match checked {
            Ok(()) => {
                let down = known.down();
                (known.record.failures, known.trouble) = (0, None);
                if down.is_some() {
                    // What has mended this one may have mended others, which are not looked at for up to half an hour.
                    for other in all.values_mut() {
                        other.record.failures = other.record.failures.min(plan::DOWN);
                    }
                }
                drop(all);
                if let Some(Down { since, .. }) = down {
                    let minutes = (now - since).num_minutes();
                    info!(%station, minutes, "the station answers again");
                }
            }
            Err(cause) => {
                let since = known.trouble.take().map_or(now, |(since, _)| since);
                known.trouble = Some((since, cause.clone()));
                known.record.failures = known.record.failures.saturating_add(1);
                let is_new = known.record.failures == plan::DOWN;
                drop(all);
                if is_new {
                    self.warn(station, &cause, now);
                }
            }
        }
    }

    fn warn(&self, station: &StationId, cause: &Cause, now: DateTime<Utc>) {
        let coming = self.concerned(station, now);
        let next = coming.first().map(|planned| planned.title.as_str()).unwrap_or_default();
        let begins =
            coming.first().map(|planned| planned.airing.cut().start.to_rfc3339_opts(SecondsFormat::Secs, true));
        let (shows, begins) = (coming.len(), begins.unwrap_or_default());
        warn!(%station, cause = %cause.words, shows, next, begins, "the station does not answer; its shows of the next day are in danger");
    }

    /// Returns what is to be recorded of `station` within a day from `now`, the earliest first.
    fn concerned(&self, station: &StationId, now: DateTime<Utc>) -> Vec<Planned> {
        let mut coming = self.airings.plan().airings(Span::new(now, now + CONCERNED));
        coming.retain(|planned| !planned.skipped && planned.airing.station == *station);
        coming
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<StationId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What begins soon.
#[derive(Debug, Default)]
struct Soon {
    /// What it was found in.
    config: Option<Arc<Config>>,
    /// After so many looks it is old.
    looks: u32,
    begins: BTreeMap<StationId, DateTime<Utc>>,
}

impl Soon {
    fn is_of(&self, config: &Arc<Config>) -> bool {
        self.config.as_ref().is_some_and(|known| Arc::ptr_eq(known, config))
    }
}

/// Returns when the next cut of each station begins after `now`.
fn begins(coming: Vec<Planned>, now: DateTime<Utc>) -> BTreeMap<StationId, DateTime<Utc>> {
    let mut begins = BTreeMap::new();
    for Planned { airing, skipped, .. } in coming {
        let start = airing.cut().start;
        if !skipped && now < start {
            let next = begins.entry(airing.station).or_insert(start);
            *next = start.min(*next);
        }
    }
    begins
}
