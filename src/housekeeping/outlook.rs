//! The outlook: whether what is planned for the next day fits on the disks, while there is time to make room.
//!
//! It is looked for every ten minutes, and soon after the plan has changed. What is on tape is known from memory and from what
//! is held of each tape; no folder is walked. What would be deleted as soon as space is short counts as free: old tape that
//! nothing needs, the bin, renditions, and what `keep` does not keep.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tracing::{info, warn};

use super::forecast::{self, ASSUMED, Coming, Flow};
use super::plan::ANCHORED_BY;
use super::retention::Scope;
use super::{Housekeeping, TAPE_KEPT};
use crate::airings::plan;
use crate::airings::programme::Programme;
use crate::base::blocking::blocking;
use crate::base::duration::delta;
use crate::base::environment::Environment;
use crate::base::readable;
use crate::config::Config;
use crate::library::catalogue::{CatalogueError, Kept};
use crate::library::store::{StoreError, room_of};
use crate::model::{Airing, Planned, Span, StationId};
use crate::tape::Tape;

/// How far ahead is looked.
pub(super) const AHEAD: TimeDelta = TimeDelta::hours(24);
/// How often.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// How long it is waited after the start or a change: tapes are opened meanwhile, and one change follows another.
const SETTLED: Duration = Duration::from_secs(10);
/// So many airings in danger are remembered.
const NAMED: usize = 100;
/// It fits again if a tenth of `min_free`, and a twentieth of what is planned, is left over: so it is not told to fit and
/// not to fit by turns.
const SPARE: u64 = 10;
const SPARE_OF_PLANNED: f64 = 20.0;

/// What is known of the disks. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    disks: Arc<Mutex<Vec<DiskOutlook>>>,
}

/// What is known of a disk.
#[derive(Debug, Clone)]
pub struct DiskOutlook {
    /// Its name: `recordings`, or `state` if that is another disk.
    pub name: &'static str,
    /// The folder on it.
    pub folder: PathBuf,
    /// How much is left over of the room above `min_free` when there is least of it, in bytes; negative if so much is
    /// missing.
    pub spare: f64,
    /// The bytes that are needed in all.
    pub planned: u64,
    /// Whether what is planned does not fit; stays so until it fits with some room to spare.
    pub short: Option<Shortage>,
}

/// That what is planned does not fit.
#[derive(Debug, Clone)]
pub struct Shortage {
    /// When room runs out.
    pub runs_out: DateTime<Utc>,
    /// The bytes that are missing. Where it fits by now, those that are until it does so with room to spare.
    pub missing: u64,
    /// The bytes above `min_free` that are free or would be deleted for it.
    pub room: u64,
    /// The bytes that are needed in all.
    pub planned: u64,
    /// The airings in danger, the first first. Empty if only tape is that `tape` promises to keep.
    pub airings: Vec<Planned>,
}

impl Shortage {
    /// Says in English what is missing.
    pub fn in_words(&self) -> String {
        let [missing, planned, room] = [self.missing, self.planned, self.room].map(readable::bytes);
        let at = self.runs_out.format("%Y-%m-%d %H:%M UTC");
        format!(
            "{planned} are planned for the next 24 hours, and there is room for {room}: it runs out at {at}, and {missing} more are needed"
        )
    }
}

impl Outlook {
    /// Returns what is known of each disk.
    pub fn disks(&self) -> Vec<DiskOutlook> {
        self.known().clone()
    }

    /// Looks again and again, until the process stops.
    pub async fn look_forever(
        self,
        housekeeping: Housekeeping,
        mut config: watch::Receiver<Arc<Config>>,
        environment: Environment,
    ) {
        let Environment { clock, stop, .. } = environment;
        let mut changes = housekeeping.airings.changes();
        let looking = async {
            loop {
                clock.sleep(SETTLED).await;
                let current = Arc::clone(&config.borrow_and_update());
                changes.mark_unchanged();
                match look(&housekeeping, &current).await {
                    Ok(disks) => self.take(disks, &current),
                    Err(error) => info!(%error, "whether the next day fits on the disk cannot be told for now"),
                }
                tokio::select! {
                    changed = config.changed() => if changed.is_err() { return },
                    Ok(()) = changes.changed() => {}
                    () = clock.sleep(EVERY) => {}
                }
            }
        };
        stop.run_until_cancelled(looking).await.unwrap_or_default();
    }

    /// Takes over what was found, and says what is new.
    fn take(&self, mut found: Vec<DiskOutlook>, config: &Config) {
        let mut known = self.known();
        for disk in &mut found {
            let before = known.iter().find(|known| known.name == disk.name).and_then(|known| known.short.clone());
            let enough = ((config.min_free / SPARE) as f64).max(disk.planned as f64 / SPARE_OF_PLANNED);
            let lacking = enough - disk.spare;
            if disk.short.is_none() && lacking > 0.0 {
                // It fits: barely, if it did not before.
                disk.short = before.clone().map(|short| Shortage { missing: forecast::whole(lacking), ..short });
            }
            let folder = disk.folder.display();
            match (&before, &disk.short) {
                (None, Some(short)) => {
                    let first = short.airings.first().map(|planned| planned.title.as_str()).unwrap_or_default();
                    warn!(%folder, first, shows = short.airings.len(), "the next day does not fit on the disk: {}; make room, or have `keep` keep less", short.in_words());
                }
                (Some(_), None) => info!(%folder, "the next day fits on the disk again"),
                _ => {}
            }
        }
        *known = found;
    }

    fn known(&self) -> MutexGuard<'_, Vec<DiskOutlook>> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns about how many bytes the recordings of the day from `now` on take that no rule deletes later, by the file alone.
/// For each of the others an older one may go.
pub fn kept_for_good(config: &Config, now: DateTime<Utc>) -> u64 {
    let of_rules = Scope::of(config);
    let is_kept = |airing: &Airing| !of_rules.has(airing.show.as_str(), airing.station.as_str());
    let size = |airing: Airing| {
        let (cut, encoding) = (airing.cut(), config.show(&airing.show)?.encoding);
        Some(forecast::recording(&encoding, cut.end - cut.start, ASSUMED))
    };
    let airings = plan::airings(&config.shows, Span::new(now, now + AHEAD));
    forecast::whole(airings.into_iter().filter(is_kept).filter_map(size).sum())
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
enum OutlookError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

/// What is known before anything is computed.
struct Known {
    programme: Programme,
    now: DateTime<Utc>,
    tapes: Vec<KnownTape>,
    /// The finished recordings that `keep` is about, and those that were kept as the station sent them.
    recordings: Vec<Kept>,
    bin: f64,
    renditions: f64,
}

/// A tape of which something is known.
struct KnownTape {
    station: StationId,
    tape: Tape,
    /// The earliest instant that is still needed.
    needed: Option<DateTime<Utc>>,
}

/// A disk, what is free on it, and the folder.
struct Disk<'a> {
    name: &'static str,
    folder: &'a Path,
    free: u64,
}

async fn look(housekeeping: &Housekeeping, config: &Arc<Config>) -> Result<Vec<DiskOutlook>, OutlookError> {
    let Housekeeping { airings, decks, catalogue, store, renditions, .. } = housekeeping;
    let now = housekeeping.now();
    let (recordings, state) = (room_of(store.shown_folder()).await?, room_of(decks.folder()).await?);
    let scope = Scope::of(config);
    let originals: Vec<String> =
        config.shows.iter().filter(|show| show.encoding.original).map(|show| show.id.to_string()).collect();
    let concerns =
        move |show: &str, station: &str| scope.has(show, station) || originals.iter().any(|original| original == show);
    let tape = |station: StationId| {
        let needed = [airings.needed(&station), decks.needed(&station)].into_iter().flatten().min();
        Some(KnownTape { tape: decks.known(&station)?, station, needed })
    };
    let binned = catalogue.binned().await?.into_iter();
    let known = Known {
        programme: airings.programme(),
        now,
        tapes: decks.known_stations().into_iter().filter_map(tape).collect(),
        recordings: catalogue.kept(concerns).await?,
        bin: binned.filter_map(|recording| recording.binned?.bytes).sum::<u64>() as f64,
        renditions: renditions.cache().bytes as f64,
    };
    let mut disks = vec![Disk { name: "recordings", folder: store.shown_folder(), free: recordings.free }];
    let is_one = recordings.device == state.device;
    if !is_one {
        disks.push(Disk { name: "state", folder: decks.folder(), free: state.free });
    }
    let min_free = config.min_free;
    let balances = blocking(move || balances(known)).await;
    let window = Span::new(now, now + AHEAD);
    let outlook = |(number, disk): (usize, Disk<'_>)| {
        let of_disk = |side: usize| is_one || side == number;
        let mut flows: Vec<Flow> = Vec::new();
        let mut more = 0.0;
        for (_, side) in balances.sides.iter().enumerate().filter(|(side, _)| of_disk(*side)) {
            flows.extend(&side.flows);
            more += side.free_at_need;
        }
        let room = disk.free as f64 - min_free as f64 + more;
        let lowest = forecast::lowest(room, &flows, window);
        // Tape that is promised goes before a show is lost.
        let promised = if of_disk(1) { balances.promised } else { 0.0 };
        let without_promises = forecast::lowest(room + promised, &flows, window);
        let planned = forecast::whole(flows.iter().map(|flow| flow.bytes.max(0.0)).sum());
        let in_danger = |runs_out: DateTime<Utc>| {
            let late = balances.coming.iter().filter(move |coming| coming.planned.airing.cut().end > runs_out);
            late.take(NAMED).map(|coming| coming.planned.clone()).collect()
        };
        // Shows are told of rather than tape.
        let told = if without_promises.runs_out.is_some() { without_promises } else { lowest };
        let short = told.runs_out.map(|runs_out| Shortage {
            runs_out,
            missing: forecast::whole(-told.room),
            room: forecast::whole(room),
            planned,
            airings: without_promises.runs_out.map(in_danger).unwrap_or_default(),
        });
        DiskOutlook { name: disk.name, folder: disk.folder.to_owned(), spare: lowest.room, planned, short }
    };
    Ok(disks.into_iter().enumerate().map(outlook).collect())
}

/// What comes and goes in a folder.
#[derive(Default)]
struct Side {
    flows: Vec<Flow>,
    /// What would be deleted if space was short, in bytes.
    free_at_need: f64,
}

/// What comes and goes in all.
struct Balances {
    /// Of recordings, and of the state folder.
    sides: [Side; 2],
    /// The tape that was promised to be kept and would be deleted last, in bytes.
    promised: f64,
    /// What is to be recorded.
    coming: Vec<Coming>,
}

/// Computes what comes and goes. Blocks on what is held of tapes.
fn balances(known: Known) -> Balances {
    let Known { programme, now, tapes, recordings, bin, renditions } = known;
    let (config, window) = (Arc::clone(programme.config()), Span::new(now, now + AHEAD));
    let mut rates = rates(&recordings, &config);
    rates.extend(tapes.iter().filter_map(|known| Some((known.station.clone(), known.tape.rate()?.1))));
    let rate = |station: &StationId| rates.get(station).copied().unwrap_or(ASSUMED);

    let size = |planned: &Planned| {
        let (airing, cut) = (&planned.airing, planned.airing.cut());
        let of_show = config.show(&airing.show).map(|show| show.encoding);
        let of_station = || config.station(&airing.station).map(|station| config.encoding_of(station));
        let encoding = of_show.or_else(of_station).unwrap_or_else(|| config.encodings.wanted());
        forecast::recording(&encoding, cut.end - cut.start, rate(&airing.station))
    };
    let planned = programme.airings(window).into_iter().filter(|planned| !planned.skipped);
    let coming: Vec<_> = planned.map(|planned| Coming { bytes: size(&planned), planned }).collect();

    let mut files = Side { free_at_need: bin, ..Side::default() };
    let mut on_tape: BTreeMap<&StationId, Vec<Span>> = BTreeMap::new();
    for Coming { planned, bytes } in &coming {
        let cut = planned.airing.cut();
        // Of one that runs, nothing may be encoded yet.
        let span = Span::new(cut.start.max(now), cut.end.max(now));
        files.flows.push(Flow { span, bytes: *bytes });
        on_tape.entry(&planned.airing.station).or_default().push(cut);
    }
    let of_rules = Scope::of(&config);
    let ruled: Vec<_> =
        recordings.into_iter().filter(|it| of_rules.has(it.show.as_str(), it.station.as_str())).collect();
    if !of_rules.is_empty() {
        let gone = forecast::kept(ruled, &coming, &config, window);
        files.flows.extend(gone.into_iter().map(|(at, gone)| Flow::gone(at, gone.bytes as f64)));
    }

    let mut state = Side { free_at_need: renditions, ..Side::default() };
    for station in &config.stations {
        if let Some(rule) = &station.tape {
            let spans = forecast::always(rule, station.timezone, window);
            on_tape.entry(&station.id).or_default().extend(spans);
        }
    }
    for (station, spans) in on_tape {
        let promised = config.station(station).is_some_and(|station| station.tape.is_some());
        state.flows.extend(forecast::tape(&forecast::merged(spans), rate(station), promised, now));
    }
    let mut promised = 0.0;
    for KnownTape { station, tape, needed } in &tapes {
        let keep = delta(tape.promised());
        let needed = needed.map_or(now, |needed| needed - ANCHORED_BY);
        let before = if keep.is_zero() { needed } else { (now - TAPE_KEPT).min(needed) };
        // Nobody knows what is held of it.
        let Ok(spans) = tape.may_go(before) else { continue };
        if keep.is_zero() {
            state.free_at_need += forecast::on_tape(&spans, rate(station));
            continue;
        }
        promised += forecast::on_tape(&spans, rate(station));
        let keep = keep.max(TAPE_KEPT);
        let expires = spans.into_iter().filter(|span| span.end + keep < window.end);
        let gone =
            expires.map(|span| Flow::gone((span.end + keep).max(now), forecast::on_tape(&[span], rate(station))));
        state.flows.extend(gone);
    }
    Balances { sides: [files, state], promised, coming }
}

/// Returns what stations send in bits per second, by the newest of their recordings that were kept as they were sent.
/// `recordings` are the newest first.
fn rates(recordings: &[Kept], config: &Config) -> HashMap<StationId, f64> {
    let is_original = |it: &&Kept| it.bytes > 0 && config.show(&it.show).is_some_and(|show| show.encoding.original);
    let mut rates = HashMap::new();
    for recording in recordings.iter().filter(is_original) {
        let seconds = (recording.on_air.end - recording.on_air.start).as_seconds_f64();
        if seconds > 0.0 {
            rates.entry(recording.station.clone()).or_insert(recording.bytes as f64 * 8.0 / seconds);
        }
    }
    rates
}

#[cfg(test)]
mod tests;
