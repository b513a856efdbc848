//! The register: what is to be recorded, what a person changed of it, what is being recorded.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, MutexGuard, mpsc, watch};
use tracing::{error, info, warn};

use super::agenda::Agenda;
use super::beginning::begun;
use super::claims::{self, Claim};
use super::order::Order;
use super::programme::{Programme, was_renamed};
use super::running::{AiringHandle, Known, Running, RunningAirings};
use crate::base::environment::Environment;
use crate::capture::CONNECTING;
use crate::capture::deck::Decks;
use crate::config::Config;
use crate::events::{Changes, Topic};
use crate::library::catalogue::{Catalogue, CatalogueError, ClaimedAiring, Recording};
use crate::model::{AiringId, Amendments, Cause, Planned, StationId, Verdict};

/// What is to be recorded, and by whom. Its clones are one.
#[derive(Debug, Clone)]
pub struct Airings {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) environment: Environment,
    pub(super) catalogue: Catalogue,
    changes: Changes,
    decks: Decks,
    /// The configuration as it is now.
    config: watch::Receiver<Arc<Config>>,
    /// What a person changed, as the catalogue has it.
    amendments: watch::Sender<Arc<Amendments>>,
    pub(super) running: RunningAirings,
    turn: Mutex<()>,
    /// The way to the recorder. What is in it is bounded by what is due.
    claims: mpsc::UnboundedSender<Claim>,
}

/// The right to claim airings and to change what is claimed; there is one.
#[derive(Debug)]
pub(super) struct Turn<'a>(#[expect(dead_code, reason = "held, not read")] MutexGuard<'a, ()>);

impl Airings {
    /// With the changes of before. The receiver gets every claim of this process.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn open(
        environment: Environment,
        (catalogue, changes): (Catalogue, Changes),
        decks: Decks,
        config: watch::Receiver<Arc<Config>>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Claim>), CatalogueError> {
        let (claims, receiver) = mpsc::unbounded_channel();
        let shared = Shared {
            environment,
            catalogue,
            changes,
            decks,
            config,
            amendments: watch::Sender::default(),
            running: RunningAirings::default(),
            turn: Mutex::default(),
            claims,
        };
        let airings = Self { shared: Arc::new(shared) };
        airings.read_amendments().await?;
        Ok((airings, receiver))
    }

    /// The programme as it is now, with what is being recorded.
    pub fn programme(&self) -> Programme {
        let running = self.running().into_iter().map(|running| (running.airing, running.title));
        self.plan().with_recording(running)
    }

    /// The programme without what is being recorded: it changes only with a reload or a change by hand.
    pub fn plan(&self) -> Programme {
        Programme::new(self.config(), self.amendments())
    }

    /// Wakes at every change by hand.
    pub fn changes(&self) -> watch::Receiver<Arc<Amendments>> {
        self.shared.amendments.subscribe()
    }

    /// What is being recorded, the earliest first.
    pub fn running(&self) -> Vec<Running> {
        self.shared.running.all()
    }

    /// The earliest instant of a station's tape that an airing still needs.
    pub fn needed(&self, station: &StationId) -> Option<DateTime<Utc>> {
        self.shared.running.needed(station)
    }

    /// Whether the recording of an airing has begun and can still be changed.
    pub fn is_recording(&self, id: &AiringId) -> bool {
        self.shared.running.has_begun(id, self.now())
    }

    /// Claims what `agenda` says is due at `now`. What the catalogue refuses is logged and handed out again.
    pub async fn claim_due(&self, agenda: &mut Agenda, now: DateTime<Utc>, lead: TimeDelta) {
        if agenda.is_quiet(&self.plan(), now, lead) {
            return;
        }
        let turn = self.turn().await;
        let due = agenda.due(&self.programme(), now, lead);
        let config = self.config();
        let order = |due: &Planned| Order::of(&config, &due.airing, &due.title);
        let Err(error) = self.claim(&turn, due.iter().filter_map(order).collect()).await else { return };
        if due.len() > 1 {
            warn!(airings = due.len(), %error, "could not be claimed together; trying one by one");
        }
        // One that the list refuses keeps no other from being recorded.
        for due in &due {
            if let Err(error) = self.claim(&turn, order(due).into_iter().collect()).await {
                error!(airing = %due.airing.id, %error, "could not be claimed; trying again");
                agenda.again(due);
            }
        }
    }

    /// Takes over the claims of processes that are gone: those that held the lock before, and those that did not renew them.
    ///
    /// # Errors
    /// The catalogue cannot be read or written.
    pub async fn take_over(&self) -> Result<Vec<ClaimedAiring>, CatalogueError> {
        let now = self.now();
        self.shared.catalogue.take_over(claims::LOCK_HOLDER, claims::lease(now), now).await
    }

    /// Hands an airing that was claimed before to the recorder. `attempts` says how often its recording was begun.
    pub fn go_on(&self, order: Order, attempts: u32) {
        let handle = self.shared.running.begin(&order);
        self.tell();
        // Without a recorder the process is about to stop, and the next start goes on with it.
        let _ = self.shared.claims.send(Claim { order, handle, attempts });
    }

    /// Removes an airing whose task has ended from what is being recorded.
    pub fn end(&self, handle: &AiringHandle) {
        self.shared.running.end(handle);
        self.tell();
    }

    /// Says what keeps an airing from being finished, or that nothing does any more.
    pub fn hold(&self, id: &AiringId, held: Option<Cause>) {
        self.shared.running.hold(id, held);
        self.tell();
    }

    /// Closes an airing to changes, because its sound is taken. False if it was changed or taken back before.
    pub async fn freeze(&self, handle: &AiringHandle) -> bool {
        let _turn = self.turn().await;
        if handle.taken_back.is_cancelled() || handle.airing.has_changed().unwrap_or(false) {
            return false;
        }
        self.shared.running.freeze(&handle.airing.borrow().id, true);
        true
    }

    /// Opens an airing to changes again, because its sound is taken once more.
    pub fn thaw(&self, id: &AiringId) {
        self.shared.running.freeze(id, false);
    }

    /// Says that nothing more is waited for of an airing's station, so that its recording no longer depends on the clock.
    pub fn taped(&self, id: &AiringId) {
        self.shared.running.taped(id);
    }

    /// Whether nothing more is waited for of an airing's station. A change by hand makes that untrue.
    pub fn is_taped(&self, id: &AiringId) -> bool {
        self.shared.running.is_taped(id)
    }

    /// By when sound of `station` must come for an airing to begin with it that is asked for now. `None` if the station is
    /// on tape already, or has been connected to in vain for too long.
    pub(super) fn connecting_until(&self, station: &StationId) -> Option<DateTime<Utc>> {
        let until = self.shared.decks.connecting(station)? + CONNECTING;
        (until > self.now()).then_some(until)
    }

    /// An airing of which it is open where it begins.
    pub fn connecting(&self, id: &AiringId) -> Option<Planned> {
        self.shared.amendments.borrow().get(id).filter(|planned| planned.connecting_until.is_some()).cloned()
    }

    /// Writes down that an airing begins with the `first` sound of its station. True if that is later than it did.
    ///
    /// # Errors
    /// The catalogue cannot be written.
    pub async fn begins_with(&self, id: &AiringId, first: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let turn = self.turn().await;
        // By now its end may be another.
        let Some(planned) = self.shared.amendments.borrow().get(id).cloned() else { return Ok(false) };
        let asked = planned.airing.cut().start;
        let decided = begun(planned, first);
        let begins = decided.airing.cut().start;
        self.amend(&turn, &decided).await?;
        if begins > asked {
            info!(airing = %id, %begins, "begins with the first sound after connecting");
        }
        Ok(begins > asked)
    }

    /// `order` by the configuration as it is now.
    pub fn current(&self, order: Order) -> Order {
        order.by(&self.config())
    }

    /// Says that there is another configuration.
    pub fn configured(&self) {
        self.shared.changes.tell(&[Topic::Configuration, Topic::Airings, Topic::Stations]);
    }

    /// Claims the airings of `orders` in one transaction, and hands those on that nobody had claimed before.
    pub(super) async fn claim(&self, _turn: &Turn<'_>, orders: Vec<Order>) -> Result<(), CatalogueError> {
        let Shared { running, catalogue, .. } = &*self.shared;
        let orders = orders.into_iter().filter(|order| !running.contains(&order.airing.id)).collect();
        let orders = self.without_begun(orders).await?;
        if orders.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let airings = orders.iter().map(|order| (order.airing.clone(), order.show.title.clone())).collect();
        let claimed = catalogue.claim_all(airings, claims::lease(now), now).await?;
        for (order, _) in orders.into_iter().zip(claimed).filter(|(_, claimed)| *claimed) {
            info!(airing = %order.airing.id, station = %order.airing.station, "claimed");
            self.go_on(order, 0);
        }
        Ok(())
    }

    /// Those of `orders` that were not begun under the id that their show had before.
    async fn without_begun(&self, mut orders: Vec<Order>) -> Result<Vec<Order>, CatalogueError> {
        if orders.is_empty() {
            return Ok(orders);
        }
        let starts = orders.iter().map(|order| (order.airing.station.clone(), order.airing.on_air.start)).collect();
        let mut begun = self.shared.catalogue.begun_at(starts).await?.into_iter();
        let amendments = self.amendments();
        orders.retain(|Order { airing, config, .. }| {
            let begun = begun.next().unwrap_or_default();
            let before = begun.into_iter().filter(|claimed| claimed.verdict != Some(Verdict::Failed)).find(|claimed| {
                let moved = amendments.get(&claimed.id).is_some_and(|planned| planned.moved);
                was_renamed(config, &claimed.airing(), moved, airing)
            });
            if let Some(Recording { id: begun, .. }) = &before {
                info!(airing = %airing.id, %begun, "not claimed: it was begun under the id that its show had before");
            }
            before.is_none()
        });
        Ok(orders)
    }

    /// Writes a change down; then the task of the airing gets it, and whoever watches the changes.
    pub(super) async fn amend(&self, _turn: &Turn<'_>, planned: &Planned) -> Result<(), CatalogueError> {
        self.shared.catalogue.amend(planned).await?;
        let read = self.read_amendments().await;
        // Last: the task that gets it may be the one that waits here, and begins anew.
        self.shared.running.change(&planned.airing);
        read
    }

    /// Publishes what the catalogue says now of what a person changed.
    pub(super) async fn read_amendments(&self) -> Result<(), CatalogueError> {
        self.shared.amendments.send_replace(Arc::new(self.shared.catalogue.amendments().await?));
        self.tell();
        Ok(())
    }

    /// Waits for the turn. Whoever has it must ask for the programme only then.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn(self.shared.turn.lock().await)
    }

    pub(super) fn known(&self, id: &AiringId) -> Option<Known> {
        self.shared.running.get(id)
    }

    /// Says that something else is being recorded now or is planned, or does otherwise.
    pub fn tell(&self) {
        self.shared.changes.tell(&[Topic::Airings, Topic::Stations]);
    }

    pub(super) fn amendments(&self) -> Arc<Amendments> {
        Arc::clone(&self.shared.amendments.borrow())
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.shared.config.borrow())
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.shared.environment.clock.now()
    }
}
