//! Looks at what can be bad for a while: stations, disks, folders, the object store, the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::matter::{Bad, Looked};
use super::news;
use crate::airings::Airings;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::clock::witnesses::Judgement;
use crate::base::readable;
use crate::base::redact;
use crate::capture::deck::Decks;
use crate::checkups::Checkups;
use crate::checkups::machine_clock::MachineClock;
use crate::config::{Config, Station};
use crate::copies::Copies;
use crate::housekeeping::outlook::{DiskOutlook, Outlook, Shortage};
use crate::library::store::{Store, free_space};
use crate::model::{Cause, CauseKind, Named, NoticeAiring, NoticeKind, StationId};
use crate::recorder::Recorder;

/// How long a disk may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// A station from which sound came so lately is well.
const LATELY: TimeDelta = TimeDelta::seconds(60);
/// How long the object store may be away before that is told: copies wait, and nothing is lost meanwhile.
const STORE_AWAY: TimeDelta = TimeDelta::hours(1);
/// How long it is waited for others that may be down as well, before a station is told that a check-up found down.
const OTHERS: TimeDelta = TimeDelta::minutes(5);
/// How far ahead airings are concerned by what is bad now.
const AHEAD: TimeDelta = TimeDelta::hours(24);

/// The parts of the service that are looked at.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is being recorded.
    pub airings: Airings,
    /// The stations on tape.
    pub decks: Decks,
    /// The output folder.
    pub store: Store,
    /// What keeps recordings from being finished.
    pub recorder: Recorder,
    /// The copies to the object store.
    pub copies: Copies,
    /// What is known of stations that are not on tape.
    pub checkups: Checkups,
    /// Whether what is planned fits on the disks.
    pub outlook: Outlook,
}

impl Parts {
    /// Returns what is bad and what is well, as far as that can be told. `rejected` says what is wrong with the
    /// configuration that was read last.
    pub(super) async fn look(
        &self,
        config: &Config,
        rejected: &watch::Receiver<Option<String>>,
        clock: &SharedClock,
    ) -> Looked {
        let now = clock.now();
        let mut looked = self.stations(config, now);
        let bad = |kind, what: &str, reason: String| Bad::new(kind, now, what.to_owned(), reason);
        let mistakes = rejected.borrow().clone();
        let name = config.file.display().to_string();
        looked.insert("config".to_owned(), mistakes.map(|words| bad(NoticeKind::ConfigRejected, &name, words)));
        if let Some((free, folder)) = self.least_room(clock).await {
            let wanted = config.min_free;
            if free >= wanted {
                // A disk that has too little room already is told as that.
                looked.extend(self.outlook.disks().into_iter().map(|disk| soon(disk, config, now)));
            }
            if free < wanted {
                let reason = format!(
                    "only {} are free, less than min_free ({}): nothing new is recorded until there is room",
                    readable::bytes(free),
                    readable::bytes(wanted)
                );
                let explained = "told_disk_nothing_new".to_owned();
                let low = Bad { explained, ..bad(NoticeKind::DiskLow, &folder, reason) };
                looked.insert("disk".to_owned(), Some(low));
            } else if free >= wanted.saturating_add(wanted / 10) {
                // Not told to be well and bad by turns.
                looked.insert("disk".to_owned(), None);
            }
        }
        if let Ok(trouble) = clock.timeout(PATIENCE, self.recorder.output_trouble()).await {
            // A full disk is told as that.
            let trouble = trouble.filter(|cause| cause.kind != CauseKind::DiskFull);
            let folder = self.store.shown_folder().display().to_string();
            let away = trouble.map(|cause| Bad {
                explained: explained(cause.kind),
                ..bad(NoticeKind::FolderAway, &folder, cause.words)
            });
            looked.insert("folder".to_owned(), away);
        }
        match self.checkups.machine_clock() {
            MachineClock::Unknown => {}
            MachineClock::Right(_) => drop(looked.insert("clock".to_owned(), None)),
            MachineClock::Off(off) => {
                let off = Bad { facts: facts(&off), ..bad(NoticeKind::ClockOff, "", off.in_words()) };
                looked.insert("clock".to_owned(), Some(off));
            }
        }
        match self.copies.trouble() {
            None => drop(looked.insert("store".to_owned(), None)),
            Some(trouble) if trouble.since < now - STORE_AWAY => {
                let place = config.store.as_ref().map(|store| store.place()).unwrap_or_default();
                let away = Bad { since: trouble.since, ..bad(NoticeKind::StoreAway, &place, trouble.words) };
                looked.insert("store".to_owned(), Some(away));
            }
            Some(_) => {}
        }
        looked
    }

    /// Looks at the stations that are to be on tape now, and at what check-ups know of the others. From memory.
    fn stations(&self, config: &Config, now: DateTime<Utc>) -> Looked {
        let mut looked = BTreeMap::new();
        let taped = self.decks.running();
        for id in &taped {
            let (Some(tape), Some(station)) = (self.decks.known(id), config.station(id)) else { continue };
            let heard = tape.heard();
            // A tape from last week says nothing of when this trouble began.
            let since = |trouble: DateTime<Utc>| self.decks.connecting(id).or(heard).unwrap_or(trouble);
            let trouble = tape.trouble().filter(|trouble| !trouble.cause.kind.is_ours());
            let found = match trouble {
                Some(trouble) => Some(down(station, since(trouble.at), &trouble.cause)),
                None if heard.is_some_and(|heard| heard > now - LATELY) => None,
                // Nothing is known yet.
                None => continue,
            };
            looked.insert(Bad::key_of_station(id), found);
        }
        let in_doubt = self.checkups.is_any_in_doubt();
        for (id, found) in self.checkups.found() {
            let Some(station) = config.station(&id).filter(|_| taped.binary_search(&id).is_err()) else { continue };
            if found.as_ref().is_some_and(|found| in_doubt && now - found.since < OTHERS) {
                continue;
            }
            let found = found.map(|found| Bad { certain: true, ..down(station, found.since, &found.cause) });
            looked.insert(Bad::key_of_station(&id), found);
        }
        looked
    }

    /// Returns the room on the disk that has least, and the folder on it. `None` if it cannot be measured.
    async fn least_room(&self, clock: &SharedClock) -> Option<(u64, String)> {
        let recordings = clock.timeout(PATIENCE, self.store.free_space()).await.ok().and_then(Result::ok);
        let tape = clock.timeout(PATIENCE, free_space(self.decks.folder())).await.ok().and_then(Result::ok);
        let rooms = [(recordings, self.store.shown_folder()), (tape, self.decks.folder())];
        let (free, folder) = rooms.into_iter().filter_map(|(free, folder)| Some((free?, folder))).min()?;
        Some((free, folder.display().to_string()))
    }

    /// Returns, for each of `stations`, its airings that run, and those that come within a day.
    pub(super) async fn concerned(
        &self,
        stations: BTreeSet<StationId>,
        now: DateTime<Utc>,
    ) -> BTreeMap<StationId, Vec<NoticeAiring>> {
        if stations.is_empty() {
            return BTreeMap::new();
        }
        let (running, programme) = (self.airings.running(), self.airings.programme());
        blocking(move || {
            let config = Arc::clone(programme.config());
            let runs = running
                .iter()
                .filter(|running| stations.contains(&running.airing.station) && !running.taped)
                .map(|running| (&running.airing.station, news::airing(&running.airing, &running.title, &config, None)));
            let ahead = programme
                .ahead(now)
                .take_while(|planned| planned.airing.on_air.start < now + AHEAD)
                .filter(|planned| stations.contains(&planned.airing.station) && !planned.skipped);
            let mut concerned: BTreeMap<StationId, Vec<NoticeAiring>> = BTreeMap::new();
            for (station, airing) in runs {
                concerned.entry(station.clone()).or_default().push(airing);
            }
            for planned in ahead {
                let airing = news::airing(&planned.airing, &planned.title, &config, None);
                let known = concerned.entry(planned.airing.station).or_default();
                if known.iter().all(|known| known.id != airing.id) {
                    known.push(airing);
                }
            }
            concerned
        })
        .await
    }
}

/// Returns that a station sends no sound since `since`.
fn down(station: &Station, since: DateTime<Utc>, cause: &Cause) -> Bad {
    let named = Named { id: station.id.to_string(), name: station.name.clone() };
    let bad = Bad::new(NoticeKind::StationDown, since, station.name.clone(), redact::text(&cause.words));
    Bad { explained: explained(cause.kind), station: Some(named), ..bad }
}

/// Returns whether what is planned fits on a disk.
fn soon(disk: DiskOutlook, config: &Config, now: DateTime<Utc>) -> (String, Option<Bad>) {
    let short = disk.short.map(|short| {
        let Shortage { runs_out, missing, room, planned, .. } = short;
        let bytes = |(name, bytes): (&str, u64)| (name.to_owned(), readable::bytes(bytes));
        let mut facts: BTreeMap<_, _> =
            [("missing", missing), ("room", room), ("planned", planned)].into_iter().map(bytes).collect();
        facts.insert("until".to_owned(), news::said_at(runs_out, config.timezone));
        let airings = short.airings.iter().map(|it| news::airing(&it.airing, &it.title, config, None)).collect();
        let bad = Bad::new(NoticeKind::DiskSoon, now, disk.folder.display().to_string(), short.in_words());
        Bad { facts, airings, ..bad }
    });
    (format!("disk_soon:{}", disk.name), short)
}

/// Returns what a message says of a clock that is off.
fn facts(off: &Judgement) -> BTreeMap<String, String> {
    let facts = [("way", off.way().to_owned()), ("by", off.by()), ("hosts", off.who())];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Returns the key of the message that explains a kind of cause.
fn explained(kind: CauseKind) -> String {
    format!("cause_{}", kind.name())
}
