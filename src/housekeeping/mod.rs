//! Housekeeping: deletes old tape, the content of the bin, and recordings. Nothing else deletes these.
//!
//! What is only kept to be at hand, the renditions of recordings, goes before any of these (`crate::renditions`).
//!
//! Pure plans say what may be deleted and in which order: old tape and the bin (`plan`), then recordings that `keep` does
//! not keep (`retention`, `keeping`). They are applied once in a while to what is due, and as far as necessary when a new
//! airing, or what is always on tape, finds too little space on the disk (`room_watch`).

mod forecast;
mod keeping;
pub mod outlook;
mod plan;
mod retention;
pub mod room_watch;
mod rule;

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tracing::{debug, error, info, warn};

use crate::airings::Airings;
use crate::base::clock::SharedClock;
use crate::base::readable;
use crate::capture::deck::Decks;
use crate::config::Config;
use crate::copies::let_go::let_go;
use crate::library::bin::{self, Bin};
use crate::library::catalogue::Catalogue;
use crate::library::moved;
use crate::library::store::{self, Store, StoreError};
use crate::renditions::Renditions;

pub use keeping::{Fate, Keeping, Run};
use plan::{Horizon, StationTape, Step};
pub use retention::Going;
pub use rule::{Bound, Rule};

/// How long tape is kept after it arrived, so that an airing can be cut again.
pub const TAPE_KEPT: TimeDelta = TimeDelta::hours(24);
/// How long events are kept in the outbox, and what is known of jobs that were called off.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(7);

/// How long a request with a key gets the same answer.
const ANSWERS_KEPT: TimeDelta = TimeDelta::hours(24);

/// Why a new airing is not begun.
#[derive(Debug, Error)]
pub enum RoomError {
    /// There is too little space, and nothing more may be deleted.
    #[error("{} has {free} free, which is less than `min_free` ({wanted}); delete something or lower it", path.display())]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// The free space, in words.
        free: String,
        /// The space that should be free, in words.
        wanted: String,
    },
    /// The free space cannot be determined.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Deletes what has to be deleted.
#[derive(Debug, Clone)]
pub struct Housekeeping {
    clock: SharedClock,
    airings: Airings,
    decks: Decks,
    catalogue: Catalogue,
    store: Store,
    bin: Bin,
    renditions: Renditions,
    keeping: Keeping,
}

impl Housekeeping {
    /// Returns the housekeeping of a service, with its tapes, its bin, its recordings and their renditions.
    pub fn new(
        clock: SharedClock,
        airings: Airings,
        decks: Decks,
        catalogue: Catalogue,
        (store, renditions): (Store, Renditions),
        bin: Bin,
    ) -> Self {
        let keeping = Keeping::new(catalogue.clone(), store.clone());
        Self { clock, airings, decks, catalogue, store, bin, renditions, keeping }
    }

    /// Deletes recordings by the `keep` of `config`; tape, bin, changes by hand and events by their age; links
    /// that have expired; and files that the object store has. Follows files that were moved by hand.
    pub async fn tidy(&self, config: &Config) {
        self.airings.forget_old_changes().await;
        if let Err(error) = self.catalogue.forget_events(self.now() - EVENTS_KEPT).await {
            warn!(%error, "old events could not be deleted from the outbox");
        }
        if let Err(error) = self.catalogue.forget_answers(self.now() - ANSWERS_KEPT).await {
            warn!(%error, "old answers to requests with a key could not be deleted");
        }
        if let Err(error) = self.catalogue.forget_links(self.now()).await {
            warn!(%error, "links that have expired could not be deleted; they open nothing all the same");
        }
        if let Err(error) = self.catalogue.forget_cancelled(self.now() - EVENTS_KEPT).await {
            warn!(%error, "jobs that were called off could not be deleted from the list");
        }
        self.forget_tape(TAPE_KEPT, TimeDelta::MAX).await;
        self.forget_ad_hoc_stations().await;
        self.empty_bin().await;
        if let Err(error) = moved::follow(&self.catalogue, &self.store, self.clock.as_ref()).await {
            warn!(%error, "files that were moved by hand could not be followed");
        }
        self.delete_recordings(config).await;
        if let Err(error) = let_go(config, &self.catalogue, &self.store, &self.clock).await {
            warn!(%error, "files that the store has could not be deleted");
        }
    }

    /// Forgets stations that are not in the file, with their tapes, once their recordings have been over for as long as
    /// tape is kept. One of whose tape something is held stays.
    async fn forget_ad_hoc_stations(&self) {
        let over = match self.catalogue.stations_over(self.now() - TAPE_KEPT).await {
            Ok(over) => over,
            Err(error) => return warn!(%error, "stations that were asked for could not be looked up"),
        };
        for station in over.iter().filter(|station| self.decks.needed(station).is_none()) {
            match self.decks.discard(station).await {
                Ok(true) => match self.airings.forget_ad_hoc(station).await {
                    Ok(()) => info!(%station, "its recordings are done; its tape is deleted"),
                    Err(error) => warn!(%station, %error, "the station could not be forgotten"),
                },
                Ok(false) => {}
                Err(error) => warn!(%station, %error, "its tape could not be deleted"),
            }
        }
    }

    /// Deletes what has been in the bin for long enough, and finishes what a crash interrupted there.
    pub async fn empty_bin(&self) {
        self.apply(Step::Bin { before: self.now() - bin::RESTORABLE_FOR }).await;
    }

    /// Deletes until the folders of recordings and tapes have `min_free` bytes free. A disk that fills up in the middle
    /// of an airing would spoil every other recording on it.
    ///
    /// # Errors
    /// All that may be deleted is deleted, and there is still too little space; or the free space cannot be determined.
    pub async fn make_room(&self, config: &Config) -> Result<(), RoomError> {
        if self.short_of_space(config.min_free).await?.is_some() {
            // They can be made again.
            self.renditions.give_way(config.min_free).await;
        }
        let Some((folder, _)) = self.short_of_space(config.min_free).await? else { return Ok(()) };
        warn!(folder = %folder.display(), "little space on the disk: deleting old tape");
        self.forget_tape(TimeDelta::zero(), TimeDelta::MAX).await;
        if self.short_of_space(config.min_free).await?.is_none() {
            return Ok(());
        }
        warn!(folder = %folder.display(), "little space on the disk: emptying the bin, and deleting what `keep` does not keep");
        self.apply(Step::Bin { before: self.now() }).await;
        self.delete_recordings(config).await;
        self.shorten_promises(config.min_free).await?;
        let Some((path, free)) = self.short_of_space(config.min_free).await? else { return Ok(()) };
        Err(RoomError::NoRoom {
            path: path.to_owned(),
            free: readable::bytes(free),
            wanted: readable::bytes(config.min_free),
        })
    }

    /// The first of the folders that has less than `min_free` bytes free, and how many it has.
    async fn short_of_space(&self, min_free: u64) -> Result<Option<(&Path, u64)>, StoreError> {
        let free = self.store.free_space().await?;
        if free < min_free {
            return Ok(Some((self.store.shown_folder(), free)));
        }
        let free = store::free_space(self.decks.folder()).await?;
        Ok((free < min_free).then_some((self.decks.folder(), free)))
    }

    /// Deletes tape that is older than `kept`, except for what an airing needs and what was promised to be kept. No
    /// promise counts for more than `most`.
    async fn forget_tape(&self, kept: TimeDelta, most: TimeDelta) {
        let station = |station| StationTape {
            needed: [self.airings.needed(&station), self.decks.needed(&station)].into_iter().flatten().min(),
            promised: self.decks.known(&station).map(|tape| tape.promised()).unwrap_or_default(),
            station,
        };
        let stations = self.decks.known_stations().into_iter().map(station);
        for step in plan::tape(stations.collect(), Horizon { now: self.now(), kept, most }) {
            self.apply(step).await;
        }
    }

    /// If space is short, deletes the oldest tape that was promised to be kept and is not held, an hour of all stations at a
    /// time, until there is enough. The newest hours stay, as without a promise.
    async fn shorten_promises(&self, min_free: u64) -> Result<(), StoreError> {
        if self.short_of_space(min_free).await?.is_none() {
            return Ok(());
        }
        let mut shortened = None;
        for most in plan::shortened(self.decks.promised(self.now()).await, TAPE_KEPT) {
            if self.short_of_space(min_free).await?.is_none() {
                break;
            }
            self.forget_tape(TimeDelta::zero(), most).await;
            shortened = Some(most.num_hours());
        }
        if let Some(hours) = shortened {
            error!(
                hours,
                "no space on the disk: tape that `tape` promises to keep is deleted; the newest hours stay. Add space, \
                 or shorten `tape`"
            );
        }
        Ok(())
    }

    /// Deletes the recordings that the rules of `config` do not keep.
    async fn delete_recordings(&self, config: &Config) {
        let planned = match self.keeping.plan(config, self.now()).await {
            Ok(planned) => planned.unwrap_or_default(),
            Err(error) => return warn!(%error, "what `keep` does not keep could not be looked up"),
        };
        if let Err(error) = self.keeping.carry_out(planned, Run::Real, self.now()).await {
            warn!(%error, "what `keep` does not keep could not be deleted");
        }
    }

    async fn apply(&self, step: Step) {
        match step {
            Step::Tape { station, before } => match self.decks.forget(&station, before).await {
                Ok(0) => {}
                Ok(bytes) => debug!(%station, bytes, "old tape deleted"),
                Err(error) => warn!(%station, %error, "old tape could not be deleted"),
            },
            Step::UnusedTape { horizon } => {
                // An airing of before a restart may not have asked for its tape yet.
                let needed = self.airings.running().into_iter().map(|running| running.airing.station).collect();
                match self.decks.forget_unused(needed, move |it| horizon.of(it)).await {
                    Ok(0) => {}
                    Ok(bytes) => debug!(bytes, "old tape of other stations deleted"),
                    Err(error) => warn!(%error, "old tape could not be deleted"),
                }
            }
            Step::Bin { before } => match self.bin.purge(self.now(), before).await {
                Ok(0) => {}
                Ok(count) => info!(count, "recordings deleted from the bin"),
                Err(error) => warn!(%error, "the bin could not be emptied"),
            },
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
