//! The recorder: one task per airing, from the claim to the file in the library.
//!
//! An airing is claimed by its row in the catalogue; whoever inserted it records it. Its station is then leased from the
//! decks, its cut encoded while it comes on tape, tagged, shelved and finished. Whatever goes wrong on the way ends in
//! a verdict in the catalogue, never in silence; a process that stops leaves the claim open, and the next start goes on
//! from the tape.
//!
//! What is asked for at once begins with the first sound where its station has to be connected to (`beginning`). While an
//! airing goes on a person may move its end or, before it has begun, take it back ([`Control`]). Claims, such
//! changes and the end of taking have one [`Turn`] at a time, so that no change is answered and then forgotten.

mod attempt;
mod beginning;
mod causes;
mod chapters;
mod control;
mod error;
mod hindrance;
mod label;
mod live;
mod lookout;
mod missed;
mod order;
mod progress;
mod recut;
mod replay_gain;
mod room;
mod take;
mod task;
mod trial;
mod verdict;
mod watched;
mod words;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, MutexGuard, watch};
use tracing::{info, warn};

use crate::airings::programme::was_renamed;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::config::Config;
use crate::events::Topic;
use crate::library::archive::{self, ArchiveError};
use crate::library::artwork::Pictures;
use crate::library::bin::{self, Bin};
use crate::library::catalogue::{Catalogue, CatalogueError, ClaimedAiring, Outcome, Recording};
use crate::library::shelf::Shelf;
use crate::library::strays;
use crate::model::{Airing, Amendment, Amendments, Cause, Gap, Measured, StationId, Verdict};

use live::Live;
use watched::Watched;

pub use beginning::{CONNECTING, first_sound};
pub use chapters::chapters;
pub use control::{Control, ControlError, Later, Wish};
pub use error::RecorderError;
pub use live::Current;
pub use order::Order;
pub use progress::Progress;
pub use recut::{Recoverable, Recut, RecutError, recoverable, recut};
pub use replay_gain::replay_gain;
pub use take::{Encoders, Ending, Taken, take};
pub use trial::{Heard, hear};
pub use verdict::{SILENCE, judge};
pub use words::{comment, ledger, summary};

/// Tape is kept this long after it was needed, for a second look at what went wrong.
pub const TAPE_KEPT: TimeDelta = TimeDelta::hours(24);
/// How often the finishing of an airing is begun before it is called failed, and how often the process may end in it
/// before it is held back.
const ATTEMPTS: u32 = 10;

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
    watched: Watched,
    /// The configuration as it is now.
    config: watch::Sender<Option<Arc<Config>>>,
    /// What was changed by hand, as the catalogue says.
    amendments: watch::Sender<Arc<Amendments>>,
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
            watched: Watched::default(),
            config: watch::Sender::default(),
            amendments: watch::Sender::default(),
            turn: Mutex::default(),
        })
    }

    /// Waits for the turn. Whoever has it must ask for the programme only then.
    pub async fn turn(&self) -> Turn<'_> {
        Turn(self.turn.lock().await)
    }

    /// Claims airings, in one transaction, and records each in a task of its own; nothing happens where one was claimed
    /// before.
    pub async fn begin(
        self: &Arc<Self>,
        _turn: &Turn<'_>,
        orders: impl IntoIterator<Item = Order>,
    ) -> Result<(), CatalogueError> {
        let orders = orders.into_iter().filter(|order| !self.live.contains(&order.airing.id)).collect();
        let orders = self.not_begun(orders).await?;
        if orders.is_empty() {
            return Ok(());
        }
        let now = self.environment.clock.now();
        let airings = orders.iter().map(|order| (order.airing.clone(), order.show.title.clone())).collect();
        let claimed = self.catalogue.claim_all(airings, now).await?;
        for (order, _) in orders.into_iter().zip(claimed).filter(|(_, claimed)| *claimed) {
            info!(airing = %order.airing.id, station = %order.airing.station, "claimed");
            self.spawn(order, 0);
        }
        Ok(())
    }

    /// Goes on with the airings that a stopped or crashed process had claimed, whether or not `config` still has their
    /// shows and stations. An output folder that is away keeps none of them from it.
    pub async fn recover(self: &Arc<Self>, config: &Arc<Config>) -> Result<(), RecorderError> {
        self.config.send_replace(Some(Arc::clone(config)));
        let mut open = Vec::new();
        let mut away = self.shelf.look().await.err();
        for claimed in self.catalogue.unfinished().await? {
            let now = self.environment.clock.now();
            match archive::recover(&self.catalogue, &self.shelf, &claimed, now).await {
                Ok(true) => info!(airing = %claimed.airing.id, "was on the shelf already"),
                Ok(false) => open.push((claimed, true)),
                Err(ArchiveError::Shelf(error)) => {
                    away = Some(error);
                    open.push((claimed, false));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(error) = away {
            warn!(%error, "what a crash may have left in the output folder stays there");
        } else {
            let now = self.environment.clock.now();
            room::empty(&self.bin, now, bin::KEPT).await;
            // Only now is it known which temporary files nobody needs.
            if let Err(error) = self.shelf.clean(now).await {
                warn!(%error, "what a crash has left in the output folder stays there");
            }
        }
        for (claimed, known) in open {
            let order = Order::begun(config, &claimed.airing, &claimed.title);
            self.go_on(&claimed, known, order).await?;
        }
        Ok(())
    }

    /// Those of `orders` that were not begun under the id that their show had before.
    async fn not_begun(&self, mut orders: Vec<Order>) -> Result<Vec<Order>, CatalogueError> {
        if orders.is_empty() {
            return Ok(orders);
        }
        let starts = orders.iter().map(|order| (order.airing.station.clone(), order.airing.on_air.start)).collect();
        let mut begun = self.catalogue.begun_at(starts).await?.into_iter();
        let amendments = self.amendments.borrow();
        orders.retain(|Order { airing, config, .. }| {
            let begun = begun.next().unwrap_or_default();
            let before = begun.into_iter().filter(|claimed| claimed.verdict != Some(Verdict::Failed)).find(|claimed| {
                let moved = amendments.get(&claimed.id).is_some_and(|amendment| amendment.moved);
                was_renamed(config, &claimed.airing(), moved, airing)
            });
            if let Some(Recording { id: begun, .. }) = &before {
                info!(airing = %airing.id, %begun, "not claimed: it was begun under the id that its show had before");
            }
            before.is_none()
        });
        Ok(orders)
    }

    /// `known` says that it has no file yet.
    async fn go_on(
        self: &Arc<Self>,
        claimed: &ClaimedAiring,
        known: bool,
        order: Option<Order>,
    ) -> Result<(), CatalogueError> {
        let airing = &claimed.airing;
        // A restart in the middle of an airing is no failure of it and costs no attempt.
        let finishing = claimed.prepared.is_some() || self.environment.clock.now() >= airing.cut().end;
        // Another attempt forgets the name that its file may have.
        let attempt = if finishing && known { self.catalogue.retry(&airing.id).await? } else { claimed.attempts };
        match order {
            Some(_) if attempt > ATTEMPTS && self.environment.clock.now() > airing.cut().end + TAPE_KEPT => {
                self.fail(airing, causes::died()).await
            }
            Some(order) => {
                info!(airing = %airing.id, attempt, "goes on");
                self.spawn(order, attempt);
                Ok(())
            }
            None => self.fail(airing, causes::removed()).await,
        }
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

    /// The output folder, until the process ends: another one in the configuration is for the next.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Tells, once, of recordings in the output folder that the list does not have.
    pub async fn tell_of_strays(&self) {
        match strays::count(&self.catalogue, &self.shelf, self.environment.clock.as_ref()).await {
            Ok(0) => {}
            Ok(count) => warn!(
                count, folder = %self.shelf.output().display(),
                "recordings in the output folder are not on the list; `aircheck recover --files` puts them there"
            ),
            Err(error) => warn!(%error, "whether the list has every recording could not be found out"),
        }
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

    /// `begun` is 0 for an airing that was just claimed.
    fn spawn(self: &Arc<Self>, order: Order, begun: u32) {
        let mut reins = self.live.begin(&order);
        self.tell();
        let recorder = Arc::clone(self);
        self.environment.tasks.spawn(async move {
            recorder.see_through(order, &mut reins, begun).await;
            recorder.live.end(&reins);
            recorder.tell();
        });
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
        Outcome { verdict, seconds: 0.0, file: None, bytes: None, gaps, notes: Vec::new(), measured, at }
    }

    /// Writes down a change; then whoever records the airing hears of it, and whoever asks what was changed.
    async fn amend(&self, _turn: &Turn<'_>, amendment: &Amendment) -> Result<(), CatalogueError> {
        self.catalogue.amend(amendment).await?;
        let told = self.tell_amendments().await;
        // Last: the task that is told may be the one that waits here, and begins anew.
        self.live.change(&amendment.airing);
        told
    }

    /// Makes known what the catalogue says now of what was changed.
    async fn tell_amendments(&self) -> Result<(), CatalogueError> {
        self.amendments.send_replace(Arc::new(self.catalogue.amendments().await?));
        self.tell();
        Ok(())
    }

    /// Goes on by another configuration, and tells that there is one.
    pub fn configured(&self, config: &Arc<Config>) {
        self.config.send_replace(Some(Arc::clone(config)));
        self.catalogue.changes().tell(&[Topic::Configuration, Topic::Airings, Topic::Stations]);
    }

    /// `order`, of the airing as it is now, by the configuration as it is now.
    fn current(&self, order: &Order, airing: &Airing) -> Order {
        let order = order.amended(airing);
        match &*self.config.borrow() {
            Some(config) => order.by(config),
            None => order,
        }
    }

    /// Tells that something else is being recorded now, or is planned.
    fn tell(&self) {
        self.catalogue.changes().tell(&[Topic::Airings, Topic::Stations]);
    }
}
