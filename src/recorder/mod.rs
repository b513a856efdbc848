//! The recorder: one task per airing, from the claim to the file in the library.
//!
//! An airing is claimed by its row in the catalogue; whoever inserted it records it. Its station is then leased from the
//! decks, its cut encoded while it comes on tape, tagged, shelved and finished. Whatever goes wrong on the way ends in
//! a verdict in the catalogue, never in silence; a process that stops leaves the claim open, and the next start goes on
//! from the tape.
//!
//! While an airing goes on a person may move its end or, before it has begun, take it back ([`Control`]). Claims, such
//! changes and the end of taking have one [`Turn`] at a time, so that no change is answered and then forgotten.
//!
//! What cannot be finished for want of room on the disk waits for it, with an alert in the log and in the list; what
//! fails otherwise is tried `ATTEMPTS` times.

mod causes;
mod chapters;
mod control;
mod error;
mod label;
mod live;
mod order;
mod progress;
mod recut;
mod replay_gain;
mod room;
mod take;
mod verdict;
mod words;

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::config::Config;
use crate::deck::{Decks, Lease};
use crate::library::archive;
use crate::library::artwork::{Picture, Pictures};
use crate::library::bin::{self, Bin};
use crate::library::catalogue::{Catalogue, CatalogueError, ClaimedAiring, Outcome};
use crate::library::shelf::Shelf;
use crate::model::{Airing, AiringId, AsCause, Cause, Gap, Measured, MediaEvent, StationId, Topic, Verdict};

use label::{job, labelled};
use live::{Live, Reins};

pub use chapters::chapters;
pub use control::{Control, ControlError, Later, Wish};
pub use error::RecorderError;
pub use live::Current;
pub use order::Order;
pub use progress::Progress;
pub use recut::{Recoverable, RecutError, recoverable, recut};
pub use replay_gain::replay_gain;
pub use take::{Encoders, Ending, Taken, take};
pub use verdict::{SILENCE, judge};
pub use words::{comment, ledger, summary};

/// Tape is kept this long after it was needed, for a second look at what went wrong.
pub const TAPE_KEPT: TimeDelta = TimeDelta::hours(24);
/// How often the finishing of an airing is begun before it is called failed: by errors, or by the process dying in it.
const ATTEMPTS: u32 = 10;
/// The wait after the first attempt; it grows by this much after each.
const PAUSE: Duration = Duration::from_secs(5);

/// Records airings.
#[derive(Debug)]
pub struct Recorder {
    environment: Environment,
    decks: Decks,
    catalogue: Catalogue,
    shelf: Shelf,
    pictures: Pictures,
    bin: Bin,
    encoders: Encoders,
    live: Live,
    turn: Mutex<()>,
}

/// The right to claim airings and to change what is claimed; there is one.
#[derive(Debug)]
pub struct Turn<'a>(#[expect(dead_code, reason = "held, not read")] MutexGuard<'a, ()>);

impl Recorder {
    /// A recorder with as many places for encoders of either kind as there are processors.
    pub fn new(
        environment: Environment,
        decks: Decks,
        catalogue: Catalogue,
        shelf: Shelf,
        pictures: Pictures,
    ) -> Arc<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Arc::new(Self {
            environment,
            decks,
            bin: Bin::new(catalogue.clone(), shelf.clone()),
            catalogue,
            shelf,
            pictures,
            encoders: Encoders::new(processors),
            live: Live::default(),
            turn: Mutex::default(),
        })
    }

    /// Waits for the turn. Whoever has it must ask for the programme only then.
    pub async fn turn(&self) -> Turn<'_> {
        Turn(self.turn.lock().await)
    }

    /// Claims the airing and records it in a task of its own; nothing happens where it was claimed before.
    pub async fn begin(self: &Arc<Self>, _turn: &Turn<'_>, order: Order) -> Result<bool, CatalogueError> {
        if self.live.contains(&order.airing.id) {
            return Ok(false);
        }
        let now = self.environment.clock.now();
        if !self.catalogue.claim(&order.airing, &order.show.title, now).await? {
            return Ok(false);
        }
        info!(airing = %order.airing.id, station = %order.airing.station, "claimed");
        self.spawn(order, 0);
        Ok(true)
    }

    /// Goes on with the airings that a stopped or crashed process had claimed, as far as `config` still has their shows
    /// and stations.
    pub async fn recover(self: &Arc<Self>, config: &Arc<Config>) -> Result<(), RecorderError> {
        let mut open = Vec::new();
        for claimed in self.catalogue.unfinished().await? {
            let now = self.environment.clock.now();
            if archive::recover(&self.catalogue, &self.shelf, &claimed, now).await? {
                info!(airing = %claimed.airing.id, "was on the shelf already");
            } else {
                open.push(claimed);
            }
        }
        room::empty(&self.bin, self.environment.clock.now(), bin::KEPT).await;
        // Only now is it known which temporary files nobody needs.
        self.shelf.clean().await?;
        for claimed in open {
            let order = Order::of(config, &claimed.airing, &claimed.title);
            self.go_on(&claimed, order).await?;
        }
        Ok(())
    }

    async fn go_on(self: &Arc<Self>, claimed: &ClaimedAiring, order: Option<Order>) -> Result<(), CatalogueError> {
        let airing = &claimed.airing;
        // A restart in the middle of an airing is no failure of it and costs no attempt.
        let finishing = claimed.prepared.is_some() || self.environment.clock.now() >= airing.cut().end;
        let attempt = if finishing { self.catalogue.retry(&airing.id).await? } else { claimed.attempts };
        match order {
            Some(order) if attempt <= ATTEMPTS => {
                info!(airing = %airing.id, attempt, "goes on");
                self.spawn(order, attempt);
                Ok(())
            }
            Some(_) => self.fail(airing, causes::died()).await,
            None => self.fail(airing, causes::removed()).await,
        }
    }

    /// Writes down that an airing was not recorded because nobody was there to do it. Nothing happens where it was
    /// claimed before.
    pub async fn missed(&self, airing: &Airing, title: &str) -> Result<(), CatalogueError> {
        if self.catalogue.claim(airing, title, self.environment.clock.now()).await? {
            warn!(airing = %airing.id, "missed: aircheck was not running");
            self.fail(airing, causes::not_running()).await?;
        }
        Ok(())
    }

    /// What is being recorded, the earliest first.
    pub fn recording(&self) -> Vec<Current> {
        self.live.all()
    }

    /// The earliest instant of a station's tape that an airing still needs.
    pub fn needed(&self, station: &StationId) -> Option<DateTime<Utc>> {
        let current = self.live.all().into_iter().filter(|current| current.airing.station == *station);
        current.map(|current| current.airing.cut().start).min()
    }

    /// What a person has deleted.
    pub fn bin(&self) -> &Bin {
        &self.bin
    }

    /// Runs retention for the shows of `config`: what their `keep` says is deleted, and what has been in the bin for long
    /// enough.
    pub async fn tidy(&self, config: &Config) {
        room::empty(&self.bin, self.environment.clock.now(), bin::KEPT).await;
        room::tidy(&self.catalogue, &self.shelf, config, self.environment.clock.now()).await;
    }

    /// `attempt` is 0 for an airing that was just claimed.
    fn spawn(self: &Arc<Self>, order: Order, attempt: u32) {
        let mut reins = self.live.begin(&order);
        self.tell();
        let recorder = Arc::clone(self);
        self.environment.tasks.spawn(async move {
            recorder.see_through(order, &mut reins, attempt).await;
            recorder.live.end(&reins);
            recorder.tell();
        });
    }

    /// Tries until there is a verdict, the process stops, or the airing is taken back.
    async fn see_through(&self, ordered: Order, reins: &mut Reins, mut attempt: u32) {
        let id = &ordered.airing.id;
        let mut alerted = false;
        loop {
            // A defect in one airing must not leave it claimed and forgotten.
            let recorded = AssertUnwindSafe(self.record(&ordered, reins, attempt == 0)).catch_unwind().await;
            attempt = attempt.max(1);
            let error = match recorded.unwrap_or(Err(RecorderError::Panicked)) {
                Ok(()) => return,
                Err(error @ (RecorderError::Stopping | RecorderError::TakenBack)) => {
                    info!(airing = %id, "{error}");
                    return;
                }
                Err(error) => error,
            };
            let order = ordered.amended(&reins.airing.borrow());
            let size = size_of(&order);
            let waits = room::was_wanting(self.shelf.output(), size, &error).await
                && self.environment.clock.now() < order.airing.cut().end + TAPE_KEPT;
            if waits {
                self.hold(&order.airing, &error, alerted).await;
                alerted = true;
            } else if attempt >= ATTEMPTS || matches!(error, RecorderError::NoRoom { .. }) {
                error!(airing = %id, %error, "failed");
                self.live.close(id, true);
                if let Err(error) = self.fail(&order.airing, error.as_cause()).await {
                    error!(airing = %id, %error, "the failure could not be written down");
                }
                return;
            } else {
                warn!(airing = %id, %error, attempt, "did not work; its tape is there, so it is tried again");
            }
            let pause = async {
                let clock = &self.environment.clock;
                clock.sleep(if waits { PAUSE } else { PAUSE * attempt }).await;
                while waits && room::is_short(self.shelf.output(), size).await {
                    clock.sleep(PAUSE).await;
                }
            };
            if self.environment.stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
            // The file may have got its name, and only the list not have been told.
            match self.is_settled(id).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => warn!(airing = %id, %error, "the list could not be asked"),
            }
            if !waits {
                attempt = self.catalogue.retry(id).await.unwrap_or(attempt + 1);
            }
        }
    }

    /// Whether the airing is finished, or could be finished just now because its file is on the shelf.
    async fn is_settled(&self, id: &AiringId) -> Result<bool, RecorderError> {
        let open = self.catalogue.unfinished().await?;
        let Some(claimed) = open.iter().find(|claimed| claimed.airing.id == *id) else { return Ok(true) };
        Ok(archive::recover(&self.catalogue, &self.shelf, claimed, self.environment.clock.now()).await?)
    }

    /// Makes known, in the log and in the list, that an airing is not finished for want of room.
    async fn hold(&self, airing: &Airing, error: &RecorderError, alerted: bool) {
        // What there is of the MP3 takes the room that the tape and the list need.
        let _ = self.shelf.temporary(&airing.id).await;
        if alerted {
            return;
        }
        error!(airing = %airing.id, %error, "the disk is full: its tape is kept, it is finished when there is room");
        let outcome = self.nothing(airing, causes::held(error));
        if let Err(error) = self.catalogue.prepare(&airing.id, &outcome).await {
            // The list may be on the disk that is full.
            warn!(airing = %airing.id, %error, "the alert could not be written into the list");
        }
    }

    /// One attempt. Only a `new` airing can be refused for want of room: of another there may be tape.
    async fn record(&self, ordered: &Order, reins: &mut Reins, new: bool) -> Result<(), RecorderError> {
        if new {
            self.ensure_room(&ordered.config).await?;
        }
        let id = &ordered.airing.id;
        self.live.close(id, false);
        // Held over every new end, so that the station is taped in one go.
        let mut lease = None;
        loop {
            let order = ordered.amended(&reins.airing.borrow_and_update());
            let made = tokio::select! {
                biased;
                () = reins.taken_back.cancelled() => return Err(RecorderError::TakenBack),
                Ok(()) = reins.airing.changed() => continue,
                taken = self.take(&order, &mut lease) => taken?,
            };
            let turn = self.turn().await;
            if reins.taken_back.is_cancelled() || reins.airing.has_changed().unwrap_or(false) {
                continue;
            }
            self.live.close(id, true);
            drop((turn, lease));
            return self.publish(&order, made).await;
        }
    }

    /// Takes the sound of the airing into a temporary file.
    async fn take(&self, order: &Order, lease: &mut Option<Lease>) -> Result<Made, RecorderError> {
        let Order { airing, show, station, .. } = order;
        let tape = self.decks.tape(station).await?;
        let view = tape.view(&airing.cut());
        let on_tape = view.end().is_some_and(|end| end >= airing.cut().end);
        let now = self.environment.clock.now();
        // Before the lease: the first sound may be on tape a moment after it.
        if now > airing.cut().start && view.start().is_none() {
            let (tape, at, cause) = (tape.clone(), airing.cut().start, causes::began_late());
            blocking(move || tape.write(MediaEvent::Trouble { at, cause }, now)).await?;
        }
        if lease.is_none() && !on_tape {
            *lease = Some(self.decks.lease(station, airing.cut().start).await?);
        }
        let temporary = self.shelf.temporary(&airing.id).await?;
        let cover = self.pictures.cover(show, &order.config).await;
        let job = job(airing.cut(), show, &temporary, cover.as_ref());
        let ending = Ending { abandon: self.environment.stop.clone(), early: CancellationToken::new() };
        let taken = take(&tape, &job, station.delay, &self.environment, &self.encoders, &ending).await?;
        Ok(Made { taken, temporary, cover })
    }

    /// Judges what was taken against what was to be recorded, and gives it its place.
    async fn publish(&self, order: &Order, made: Made) -> Result<(), RecorderError> {
        let Made { taken, temporary, cover } = made;
        let airing = &order.airing;
        let verdict = judge(&airing.cut(), &taken);
        let at = self.environment.clock.now();
        let (gaps, measured) = (taken.gaps.clone(), taken.measured.clone());
        let outcome = Outcome { verdict, seconds: taken.seconds, file: None, bytes: None, gaps, measured, at };
        let file = if verdict == Verdict::Failed {
            self.catalogue.finish(&airing.id, &outcome).await?;
            // Nobody should find a file that is nothing; the next start removes what stays.
            let _ = tokio::fs::remove_file(&temporary).await;
            None
        } else {
            let name = labelled(order, verdict, &taken, cover, &temporary).await?;
            Some(archive::shelve(&self.catalogue, &self.shelf, &airing.id, &temporary, &name, outcome).await?)
        };
        tell(airing, verdict, &taken, file.map(|file| self.shelf.output().join(file)).as_deref());
        Ok(())
    }

    /// Old tape goes first, then what retention does not keep; then there is no room.
    async fn ensure_room(&self, config: &Config) -> Result<(), RecorderError> {
        let folders = [self.shelf.output(), self.decks.folder()];
        let Some(folder) = room::short(&folders, config.min_free).await? else { return Ok(()) };
        warn!(folder = %folder.display(), "little room on the disk: old tape goes");
        self.decks.forget(TimeDelta::zero(), |station| self.needed(station)).await;
        if room::short(&folders, config.min_free).await?.is_none() {
            return Ok(());
        }
        warn!(folder = %folder.display(), "little room on the disk: the bin, and what `keep` does not keep, goes");
        room::empty(&self.bin, self.environment.clock.now(), TimeDelta::zero()).await;
        self.tidy(config).await;
        match room::short(&folders, config.min_free).await? {
            Some(folder) => Err(room::refusal(folder, config.min_free).await?),
            None => Ok(()),
        }
    }

    /// Finishes an airing of which nothing came.
    async fn fail(&self, airing: &Airing, cause: Cause) -> Result<(), CatalogueError> {
        self.catalogue.finish(&airing.id, &self.nothing(airing, cause)).await
    }

    /// The outcome of an airing of which there is nothing.
    fn nothing(&self, airing: &Airing, cause: Cause) -> Outcome {
        let cut = airing.cut();
        let length = cut.length().to_std().unwrap_or_default();
        let gaps = vec![Gap { start: cut.start, length, cause }];
        let at = self.environment.clock.now();
        let (verdict, measured) = (Verdict::Failed, Measured::default());
        Outcome { verdict, seconds: 0.0, file: None, bytes: None, gaps, measured, at }
    }

    /// Tells that there is another configuration.
    pub fn configured(&self) {
        self.catalogue.changes().tell(&[Topic::Configuration, Topic::Airings, Topic::Stations]);
    }

    /// Tells that something else is being recorded now, or is planned.
    fn tell(&self) {
        self.catalogue.changes().tell(&[Topic::Airings, Topic::Stations]);
    }
}

/// Sound that was taken.
struct Made {
    taken: Taken,
    /// The file that it is in.
    temporary: PathBuf,
    /// The picture for which there is space in the file.
    cover: Option<Picture>,
}

/// About how many bytes the MP3 will have, with room for tags and the blocks of the file system.
fn size_of(order: &Order) -> u64 {
    let seconds = order.airing.cut().length().num_seconds().unsigned_abs();
    seconds.saturating_mul(u64::from(order.show.mp3.bitrate) / 8).saturating_add(1024 * 1024)
}

fn tell(airing: &Airing, verdict: Verdict, taken: &Taken, file: Option<&Path>) {
    let file = file.map(|file| file.display().to_string()).unwrap_or_default();
    for gap in &taken.gaps {
        let seconds = gap.length.as_secs_f64();
        warn!(airing = %airing.id, start = %gap.start, seconds, cause = gap.cause.words, "missing");
    }
    for dead in &taken.measured.dead_air {
        warn!(airing = %airing.id, start = %dead.start, seconds = dead.length.as_secs_f64(), "dead air");
    }
    match verdict {
        Verdict::Complete => info!(airing = %airing.id, seconds = taken.seconds, file, "complete"),
        other => warn!(airing = %airing.id, verdict = %other, seconds = taken.seconds, file, "recorded, but not whole"),
    }
}
