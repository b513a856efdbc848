//! Decks: each keeps one station on tape while somebody needs it.
//!
//! A deck runs while at least one [`Lease`] on its station is held, however many airings that are: overlapping and
//! back-to-back shows share one connection and one tape. The deck knows nothing of shows; it writes the events of the
//! source. If the address of the station changes, it reconnects ([`Decks::configured`]).
//!
//! While the disk is full, or cannot be written to for another reason, the deck holds on to what it could not write,
//! and tries again: sound that was left out would move all that follows it. The queue to the source is short, so memory
//! stays bounded, and what the source could not hand on in time becomes a hole with that cause. A deck that panics is
//! started again.

mod folder;
mod needs;
mod probe;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod refusal;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, error_span, info, warn};

use self::needs::Needs;
use self::writer::DeckWriter;
use crate::base::blocking::{Lane, blocking};
use crate::base::duration::delta;
use crate::base::environment::Environment;
use crate::capture::source::{Health, Source};
use crate::capture::titles::{Asking, Titles};
use crate::config::{Config, Station};
use crate::model::{Cause, CauseKind, MediaEvent, StationId};
use crate::tape::{Tally, Tape, TapeError};

pub use folder::{folder_of, present_folder_of, take_over};
pub use needs::Need;
pub use probe::{Probed, probe};

/// How many threads write tapes at a time, for all stations: a write takes a few milliseconds.
const WRITERS: usize = 8;
/// How long sound waits at most to be synchronised with the disk.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// The wait before a deck that panicked is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// All decks of a process, and the tapes of all stations.
#[derive(Debug, Clone)]
pub struct Decks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    environment: Environment,
    folder: PathBuf,
    /// The lane to the disk of the tapes, for writing.
    lane: Lane,
    stations: Mutex<HashMap<StationId, Slot>>,
    needs: Needs,
}

#[derive(Debug, Default)]
struct Slot {
    /// The tape, once it was opened: there must be one writer.
    tape: Option<Tape>,
    /// The running deck, if somebody holds a lease on it.
    running: Weak<Running>,
    /// Held while a deck writes: one that was stopped may still be writing its last chunks.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A running deck; dropping the last lease on it stops it.
#[derive(Debug)]
struct Running {
    began: DateTime<Utc>,
    stop: CancellationToken,
    /// The station with its current address.
    station: watch::Sender<Arc<Station>>,
    /// How its source is.
    health: watch::Receiver<Health>,
    /// Asks what it plays.
    asking: Asking,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Keeps a station on tape for as long as it is held.
#[derive(Debug)]
pub struct Lease {
    tape: Tape,
    _running: Arc<Running>,
}

impl Lease {
    /// The tape that is being written.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }
}

impl Decks {
    /// Decks whose tapes are in `folder`, one folder per station.
    pub fn new(environment: Environment, folder: PathBuf) -> Self {
        let shared = Shared {
            environment,
            folder,
            lane: Lane::new(WRITERS),
            stations: Mutex::default(),
            needs: Needs::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The folder of all tapes.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// The tape of `station`, whether or not it is being written.
    pub async fn tape(&self, station: &Station) -> Result<Tape, TapeError> {
        if let Some(tape) = self.slots().entry(station.id.clone()).or_default().tape.clone() {
            return Ok(tape);
        }
        let folder = folder_of(&self.shared.folder, &station.id);
        let (delay, now) = (station.delay, self.shared.environment.clock.now());
        let opened = self.shared.lane.run(move || Tape::open(&folder, delay, now)).await?;
        // Somebody else may have opened it meanwhile, and there must be one writer.
        Ok(self.slots().entry(station.id.clone()).or_default().tape.get_or_insert(opened).clone())
    }

    /// The tape of `station` if it has one; makes none.
    pub async fn present_tape(&self, station: &Station) -> Result<Option<Tape>, TapeError> {
        let folder = folder_of(&self.shared.folder, &station.id);
        if self.known(&station.id).is_none() && !self.shared.lane.run(move || folder.exists()).await {
            return Ok(None);
        }
        self.tape(station).await.map(Some)
    }

    /// Writes an event to `tape` that comes from no source.
    pub async fn write(&self, tape: &Tape, event: MediaEvent, now: DateTime<Utc>) -> Result<(), TapeError> {
        let tape = tape.clone();
        self.shared.lane.run(move || tape.write(event, now)).await
    }

    /// Promises to keep the tape of `station` for so long.
    pub async fn promise(&self, station: &Station, keep: Duration) -> Result<(), TapeError> {
        let tape = self.tape(station).await?;
        if tape.promised() == keep { Ok(()) } else { self.shared.lane.run(move || tape.promise(keep)).await }
    }

    /// The tape of a station, if it was asked for since the process began.
    pub fn known(&self, station: &StationId) -> Option<Tape> {
        self.slots().get(station)?.tape.clone()
    }

    /// Keeps `station` on tape until the lease is dropped, from as far back as `since` if the station still offers
    /// that.
    pub async fn lease(&self, station: &Arc<Station>, since: DateTime<Utc>) -> Result<Lease, TapeError> {
        let tape = self.tape(station).await?;
        let mut slots = self.slots();
        let slot = slots.entry(station.id.clone()).or_default();
        if let Some(running) = slot.running.upgrade() {
            return Ok(Lease { tape, _running: running });
        }
        let (told, heard) = watch::channel(Arc::clone(station));
        let (health, observed) = watch::channel(Health::default());
        let environment = self.shared.environment.clone();
        let stop = environment.stop.child_token();
        let (asking, titles) = Asking::begin(heard.clone(), &environment, &stop);
        let began = environment.clock.now();
        let running = Arc::new(Running { began, stop, station: told, health: observed, asking });
        slot.running = Arc::downgrade(&running);
        let writer =
            DeckWriter { tape: tape.clone(), lane: self.shared.lane.clone(), environment: environment.clone() };
        let deck = keep_running(heard, since, (writer, titles), health, running.stop.clone());
        let turn = Arc::clone(&slot.turn);
        environment.spawn(async move {
            let _turn = turn.lock().await;
            Box::pin(deck).await;
        });
        Ok(Lease { tape, _running: running })
    }

    /// Needs the tape of `station` from `since` on, until the result is dropped: it is not deleted.
    pub fn need(&self, station: &StationId, since: DateTime<Utc>) -> Need {
        self.shared.needs.add(station, since)
    }

    /// Returns from when on the tape of `station` is needed. `None` if nobody needs it.
    pub fn needed(&self, station: &StationId) -> Option<DateTime<Utc>> {
        self.shared.needs.earliest(station)
    }

    /// Takes over the addresses and delays of the stations of `config`, and where their titles are asked for. Leases stay
    /// valid. What the new source still offers of the time before is put on tape as well.
    pub fn configured(&self, config: &Config) {
        for (id, slot) in self.slots().iter() {
            let Some(station) = config.station(id) else { continue };
            if let Some(tape) = &slot.tape {
                tape.set_delay(station.delay);
            }
            let Some(running) = slot.running.upgrade() else { continue };
            running.station.send_if_modified(|known| {
                let other = known.source != station.source;
                *known = Arc::clone(station);
                other
            });
            running.asking.follow(station);
        }
    }

    /// Since when `station` is being connected to, or would be if it were leased now: its deck has had no sound yet.
    /// `None` if it is on tape already.
    pub fn connecting(&self, station: &StationId) -> Option<DateTime<Utc>> {
        let running = self.slots().get(station).and_then(|slot| slot.running.upgrade());
        let Some(running) = running else { return Some(self.shared.environment.clock.now()) };
        let heard = running.health.borrow().heard;
        heard.is_none().then_some(running.began)
    }

    /// The stations being taped now.
    pub fn running(&self) -> Vec<StationId> {
        let slots = self.slots();
        let mut stations: Vec<_> =
            slots.iter().filter(|(_, slot)| slot.running.strong_count() > 0).map(|(id, _)| id.clone()).collect();
        stations.sort();
        stations
    }

    /// Returns what became of all sound that was taken since the process began.
    pub fn tally(&self) -> Tally {
        let tapes: Vec<_> = self.slots().values().filter_map(|slot| slot.tape.clone()).collect();
        tapes.iter().fold(Tally::default(), |sum, tape| sum.and(tape.tally()))
    }

    /// The stations whose tape somebody has asked for since the process began.
    pub fn known_stations(&self) -> Vec<StationId> {
        let slots = self.slots();
        let mut stations: Vec<_> =
            slots.iter().filter(|(_, slot)| slot.tape.is_some()).map(|(station, _)| station.clone()).collect();
        stations.sort();
        stations
    }

    /// How old each reel is at `now` that is there because its tape was promised to be kept, and of which nothing is held.
    pub async fn promised(&self, now: DateTime<Utc>) -> Vec<TimeDelta> {
        let tapes = self.shared.folder.clone();
        blocking(move || {
            let folders = std::fs::read_dir(&tapes).into_iter().flatten().flatten().map(|entry| entry.path());
            let promised = folders.filter(|folder| !Tape::promise_of(folder).is_zero());
            let ages = |folder: PathBuf| {
                let tape = Tape::read(&folder, Duration::ZERO).ok()?;
                let most = delta(tape.promised());
                let reels = tape.may_go(DateTime::<Utc>::MAX_UTC).ok()?;
                Some(reels.into_iter().map(move |reel| (now - reel.end).min(most)))
            };
            promised.filter_map(ages).flatten().collect()
        })
        .await
    }

    /// Deletes the reels of a known station on which nothing arrived since `before`. Returns how many bytes that freed.
    pub async fn forget(&self, station: &StationId, before: DateTime<Utc>) -> Result<u64, TapeError> {
        let Some(tape) = self.known(station) else { return Ok(0) };
        blocking(move || tape.forget_before(before)).await
    }

    /// Deletes the tape of a station that will not be taped again. Returns `false` if it is being taped, or something on it
    /// is held.
    pub async fn discard(&self, station: &StationId) -> Result<bool, TapeError> {
        if self.slots().get(station).is_some_and(|slot| slot.running.strong_count() > 0) {
            return Ok(false);
        }
        let folder = folder_of(&self.shared.folder, station);
        let discarded = self.shared.lane.run(move || folder::discard(&folder)).await?;
        if discarded {
            self.slots().remove(station);
        }
        Ok(discarded)
    }

    /// Deletes old reels of stations that nobody has asked for since the process began and that are not `needed`: those
    /// on which nothing arrived since the instant that `before` gives for what their tape is promised to be kept. Returns
    /// how many bytes that freed.
    pub async fn forget_unused(
        &self,
        needed: Vec<StationId>,
        before: impl Fn(Duration) -> DateTime<Utc> + Send + 'static,
    ) -> Result<u64, TapeError> {
        let folder = |station: &StationId| folder_of(&self.shared.folder, station);
        let used: Vec<_> = self.slots().keys().chain(&needed).map(folder).collect();
        let tapes = self.shared.folder.clone();
        blocking(move || {
            let Ok(folders) = std::fs::read_dir(&tapes) else { return Ok(0) };
            let unused =
                folders.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && !used.contains(path));
            let forget = |tape: Tape| tape.forget_before(before(tape.promised()));
            // What cannot be deleted of one keeps nothing of the others.
            let forgotten: Vec<_> = unused.map(|folder| forget(Tape::read(&folder, Duration::ZERO)?)).collect();
            forgotten.into_iter().sum()
        })
        .await
    }

    /// Tells all tapes that the clock was wrong until now and was put forward by `by`, which may be negative.
    pub async fn clock_was_wrong(&self, by: TimeDelta) {
        let now = self.shared.environment.clock.now();
        let tapes: Vec<_> = self.slots().values().filter_map(|slot| slot.tape.clone()).collect();
        blocking(move || tapes.iter().for_each(|tape| tape.clock_was_wrong(by, now))).await;
    }

    /// Drops what the tapes keep in memory of ended reels and nobody has needed since this was called before.
    pub fn drop_unused(&self) {
        self.slots().values().filter_map(|slot| slot.tape.as_ref()).for_each(Tape::drop_unused);
    }

    /// Tells all tapes that the clock was set.
    pub fn clock_was_set(&self) {
        let now = self.shared.environment.clock.now();
        for tape in self.slots().values().filter_map(|slot| slot.tape.as_ref()) {
            tape.clock_was_set(now);
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<StationId, Slot>> {
        self.shared.stations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Captures until `stop`, whatever happens. Reconnects if `stations` brings another source.
async fn keep_running(
    mut stations: watch::Receiver<Arc<Station>>,
    since: DateTime<Utc>,
    (writer, mut titles): (DeckWriter, Titles),
    health: watch::Sender<Health>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let station = Arc::clone(&stations.borrow_and_update());
        let replaced = stop.child_token();
        let capture = run(Arc::clone(&station), since, (&writer, &mut titles), &health, (&stop, replaced.clone()));
        let mut capture = pin!(AssertUnwindSafe(capture).catch_unwind());
        let ended = tokio::select! {
            ended = &mut capture => ended,
            Ok(()) = stations.changed() => {
                info!(station = %station.id, "its source has changed: reconnecting");
                replaced.cancel();
                capture.await
            }
        };
        if ended.is_ok() {
            continue;
        }
        error!(station = %station.id, "taping panicked, which is a defect in aircheck; starting again");
        if stop.run_until_cancelled(writer.environment.clock.sleep(PAUSE)).await.is_none() {
            return;
        }
    }
}

/// One capture: writes the events of the source on tape, and the titles that are asked for, until it is to `stop`, which
/// it does at last if nobody wants the station on tape any more: when `unwanted`.
async fn run(
    station: Arc<Station>,
    since: DateTime<Utc>,
    (writer, titles): (&DeckWriter, &mut Titles),
    health: &watch::Sender<Health>,
    (unwanted, stop): (&CancellationToken, CancellationToken),
) {
    info!(station = %station.id, "taping begins");
    let (mut source, capture) = Source::open(&station, since, &writer.environment, health, stop.clone());
    // A source does not know whose it is; the journal does by this.
    let capture = capture.instrument(error_span!("capture", station = %station.id));
    let write = async {
        let mut refusal = None;
        loop {
            tokio::select! {
                event = source.next() => match event {
                    Some(event) if titles.replace(&event) => {}
                    Some(event) => writer.write(&station.id, event, &mut refusal, &stop).await,
                    None => return,
                },
                Some(title) = titles.next() => writer.write(&station.id, title, &mut refusal, &stop).await,
                () = writer.environment.clock.sleep(SYNC_EVERY) => {
                    if let Err(error) = writer.work(Tape::sync).await {
                        warn!(station = %station.id, %error, "what is on tape may not survive a power loss");
                    }
                }
            }
        }
    };
    tokio::join!(capture, write);
    let why = why_it_ends(&writer.environment.stop, unwanted);
    if let Err(error) = writer.work(move |tape, now| tape.end_reel(why, now)).await {
        warn!(station = %station.id, %error, "the reel could not be ended; nothing on it is lost");
    }
    info!(station = %station.id, "taping ends");
}

/// Why no more comes on tape: the service stops, or nobody wants the station on tape. `None` if another source goes on.
fn why_it_ends(service_stops: &CancellationToken, unwanted: &CancellationToken) -> Option<Cause> {
    if service_stops.is_cancelled() {
        Some(Cause::new(CauseKind::NotRunning, "aircheck was not running"))
    } else if unwanted.is_cancelled() {
        Some(Cause::new(CauseKind::NotTaped, "the station was not to be on tape"))
    } else {
        None
    }
}
