//! The register of what is to be recorded, of the amendments, and of running airings.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, MutexGuard, mpsc, watch};
use tracing::{error, info, warn};

use super::agenda::Agenda;
use super::beginning::begun;
use super::claims::{self, Claim};
use super::order::Order;
use super::programme::{Programme, was_renamed};
use super::running::{AiringHandle, EditState, Running, RunningAirings};
use crate::base::environment::Environment;
use crate::capture::CONNECTING;
use crate::capture::deck::Decks;
use crate::config::Config;
use crate::events::{Changes, Topic};
use crate::library::catalogue::{Catalogue, CatalogueError, ClaimedAiring, Recording};
use crate::model::{AiringId, Amendments, Cause, Planned, StationId, Verdict};

/// Claims airings, changes them, and knows which are running. Clones share one state.
#[derive(Debug, Clone)]
pub struct Airings {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) environment: Environment,
    pub(super) catalogue: Catalogue,
    changes: Changes,
    pub(super) decks: Decks,
    /// The current configuration. Stations that somebody asks for are added to it.
    pub(super) config: watch::Sender<Arc<Config>>,
    /// The amendments, as the catalogue has them.
    amendments: watch::Sender<Arc<Amendments>>,
    pub(super) running: RunningAirings,
    turn: Mutex<()>,
    /// The channel to the recorder. It holds at most what is due.
    claims: mpsc::UnboundedSender<Claim>,
}

/// The right to claim airings and to change what is claimed; there is one.
#[derive(Debug)]
pub(super) struct Turn<'a>(#[expect(dead_code, reason = "held, not read")] MutexGuard<'a, ()>);

impl Airings {
    /// Reads the amendments from the catalogue. The receiver gets every claim of this process.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn open(
        environment: Environment,
        (catalogue, changes): (Catalogue, Changes),
        decks: Decks,
        config: watch::Sender<Arc<Config>>,
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

    /// Returns the current programme with the running airings.
    pub fn programme(&self) -> Programme {
        let running = self.running().into_iter().map(|running| (running.airing, running.title));
        self.plan().with_recording(running)
    }

    /// Returns the programme without running airings: it changes only with a reload or a change by hand.
    pub fn plan(&self) -> Programme {
        Programme::new(self.config(), self.amendments())
    }

    /// Returns a receiver that wakes at every change by hand.
    pub fn changes(&self) -> watch::Receiver<Arc<Amendments>> {
        self.shared.amendments.subscribe()
    }

    /// Returns the running airings, the earliest first.
    pub fn running(&self) -> Vec<Running> {
        self.shared.running.all()
    }

    /// Returns the earliest instant of a station's tape that an airing still needs.
    pub fn needed(&self, station: &StationId) -> Option<DateTime<Utc>> {
        self.shared.running.needed(station)
    }

    /// Returns whether the recording of an airing has begun and not ended.
    pub fn is_recording(&self, id: &AiringId) -> bool {
        self.shared.running.has_begun(id, self.now())
    }

    /// Claims what `agenda` says is due at `now`. If the catalogue refuses an airing, logs that and has the agenda hand
    /// it out again.
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
        // An airing that the catalogue refuses must not keep others from being recorded.
        for due in &due {
            if let Err(error) = self.claim(&turn, order(due).into_iter().collect()).await {
                error!(airing = %due.airing.id, %error, "could not be claimed; trying again");
                agenda.again(due);
            }
        }
    }

    /// Takes over the claims of processes that are gone: earlier holders of the lock, and owners whose leases have
    /// expired.
    ///
    /// # Errors
    /// The catalogue cannot be read or written.
    pub async fn take_over(&self) -> Result<Vec<ClaimedAiring>, CatalogueError> {
        let now = self.now();
        self.shared.catalogue.take_over(claims::LOCK_HOLDER, claims::lease(now), now).await
    }

    /// Hands a claimed airing to the recorder. `attempts` says how often its recording was begun.
    pub fn go_on(&self, order: Order, attempts: u32) {
        let handle = self.shared.running.begin(&order);
        self.tell();
        // Without a recorder the process is about to stop, and the next start goes on with the airing.
        let _ = self.shared.claims.send(Claim { order, handle, attempts });
    }

    /// Removes an airing whose task has ended from the running airings.
    pub fn end(&self, handle: &AiringHandle) {
        self.shared.running.end(handle);
        self.tell();
    }

    /// Sets what keeps an airing from being finished. `None`: nothing does any more.
    pub fn hold(&self, id: &AiringId, held: Option<Cause>) {
        self.shared.running.hold(id, held);
        self.tell();
    }

    /// Closes an airing to changes, because its sound is complete. Returns false if it was changed or taken back
    /// before.
    pub async fn freeze(&self, handle: &AiringHandle) -> bool {
        let _turn = self.turn().await;
        if handle.taken_back.is_cancelled() || handle.airing.has_changed().unwrap_or(false) {
            return false;
        }
        self.shared.running.freeze(&handle.airing.borrow().id, true);
        true
    }

    /// Opens an airing to changes again, because another attempt begins.
    pub fn thaw(&self, id: &AiringId) {
        self.shared.running.freeze(id, false);
    }

    /// Marks an airing as one that needs its station no longer, so that its recording no longer depends on the clock.
    pub fn mark_taped(&self, id: &AiringId) {
        self.shared.running.mark_taped(id);
    }

    /// Returns whether an airing needs its station no longer. A change by hand makes that false.
    pub fn is_taped(&self, id: &AiringId) -> bool {
        self.shared.running.is_taped(id)
    }

    /// Returns until when an airing that is added now waits for the first sound of `station` to begin with. `None` if
    /// the station is on tape already, or has been connected to in vain for too long.
    pub(super) fn connecting_until(&self, station: &StationId) -> Option<DateTime<Utc>> {
        let until = self.shared.decks.connecting(station)? + CONNECTING;
        (until > self.now()).then_some(until)
    }

    /// Returns an airing whose beginning is still open. `None` if it is decided.
    pub fn connecting(&self, id: &AiringId) -> Option<Planned> {
        self.shared.amendments.borrow().get(id).filter(|planned| planned.connecting_until.is_some()).cloned()
    }

    /// Decides that an airing begins with the `first` sound of its station. Returns whether that is later than before.
    ///
    /// # Errors
    /// The catalogue cannot be written.
    pub async fn begins_with(&self, id: &AiringId, first: DateTime<Utc>) -> Result<bool, CatalogueError> {
        let turn = self.turn().await;
        // Its end may have changed meanwhile.
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

    /// Returns `order` by the current configuration.
    pub fn current(&self, order: Order) -> Order {
        order.by(&self.config())
    }

    /// Announces that the configuration has changed.
    pub fn configured(&self) {
        self.shared.changes.tell(&[Topic::Configuration, Topic::Airings, Topic::Stations]);
    }

    /// Claims the airings of `orders` in one transaction, and hands those to the recorder that nobody had claimed
    /// before.
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

    /// Returns those of `orders` that were not begun under an earlier id of their show.
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

    /// Writes a change to the catalogue, publishes the amendments, and sends the change to the task of the airing.
    pub(super) async fn amend(&self, _turn: &Turn<'_>, planned: &Planned) -> Result<(), CatalogueError> {
        self.shared.catalogue.amend(planned, self.now()).await?;
        let read = self.read_amendments().await;
        // Last: the task that gets it may be the one that waits here, and would start again at once.
        self.shared.running.change(&planned.airing);
        read
    }

    /// Reads the amendments from the catalogue and publishes them.
    pub(super) async fn read_amendments(&self) -> Result<(), CatalogueError> {
        self.shared.amendments.send_replace(Arc::new(self.shared.catalogue.amendments().await?));
        self.tell();
        Ok(())
    }

    /// Waits for the turn. Ask for the programme only while you have it.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn(self.shared.turn.lock().await)
    }

    pub(super) fn edit_state(&self, id: &AiringId) -> Option<EditState> {
        self.shared.running.get(id)
    }

    /// Announces that running or planned airings, or their state, have changed.
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
