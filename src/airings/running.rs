//! Running airings, and the handle of each: while an airing is recorded, a person may move its end or take its claim
//! back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::order::Order;
use crate::model::{Airing, AiringId, Cause, StationId};

/// Describes an airing that is being recorded.
#[derive(Debug, Clone)]
pub struct Running {
    /// The airing with its current end.
    pub airing: Airing,
    /// The show's title.
    pub title: String,
    /// The station's name.
    pub station: String,
    /// What keeps the airing from being finished; its station is taped all the same.
    pub held: Option<Cause>,
    /// Whether the airing needs its station no longer: what is left to do only computes.
    pub taped: bool,
}

/// Tells the task of an airing about changes.
#[derive(Debug)]
pub struct AiringHandle {
    /// The current airing.
    pub airing: watch::Receiver<Airing>,
    /// Cancelled if the airing is not to be recorded at all; then its row in the catalogue is gone.
    pub taken_back: CancellationToken,
}

/// Whether an airing can still be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EditState {
    /// It can be changed; this is the airing now.
    Open(Airing),
    /// It cannot be changed: its sound is complete and is becoming a recording.
    Frozen,
}

/// Holds all airings that are being recorded.
#[derive(Debug, Default)]
pub(super) struct RunningAirings(Mutex<BTreeMap<AiringId, Entry>>);

#[derive(Debug)]
struct Entry {
    airing: watch::Sender<Airing>,
    title: String,
    station: String,
    held: Option<Cause>,
    frozen: bool,
    taped: bool,
    taken_back: CancellationToken,
}

impl RunningAirings {
    /// Adds the airing of `order`, and returns its handle.
    pub(super) fn begin(&self, order: &Order) -> AiringHandle {
        let (airing, receiver) = watch::channel(order.airing.clone());
        let taken_back = CancellationToken::new();
        let entry = Entry {
            airing,
            title: order.show.title.clone(),
            station: order.station.name.clone(),
            held: None,
            frozen: false,
            taped: false,
            taken_back: taken_back.clone(),
        };
        self.entries().insert(order.airing.id.clone(), entry);
        AiringHandle { airing: receiver, taken_back }
    }

    /// Removes an airing whose task has ended. An airing that was taken back is removed already, and may have been
    /// claimed again.
    pub(super) fn end(&self, handle: &AiringHandle) {
        if !handle.taken_back.is_cancelled() {
            let id = handle.airing.borrow().id.clone();
            self.entries().remove(&id);
        }
    }

    /// Returns all running airings, the earliest first.
    pub(super) fn all(&self) -> Vec<Running> {
        let running = |entry: &Entry| Running {
            airing: entry.airing.borrow().clone(),
            title: entry.title.clone(),
            station: entry.station.clone(),
            held: entry.held.clone(),
            taped: entry.taped,
        };
        let mut all: Vec<Running> = self.entries().values().map(running).collect();
        all.sort_by_key(|running| running.airing.on_air.start);
        all
    }

    /// Returns the earliest start of a cut of `station`.
    pub(super) fn needed(&self, station: &StationId) -> Option<DateTime<Utc>> {
        let entries = self.entries();
        let airings = entries.values().map(|entry| entry.airing.borrow());
        airings.filter(|airing| airing.station == *station).map(|airing| airing.cut().start).min()
    }

    pub(super) fn contains(&self, id: &AiringId) -> bool {
        self.entries().contains_key(id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    pub(super) fn get(&self, id: &AiringId) -> Option<EditState> {
        let entries = self.entries();
        let entry = entries.get(id)?;
        Some(if entry.frozen { EditState::Frozen } else { EditState::Open(entry.airing.borrow().clone()) })
    }

    /// Returns whether the airing is running and its cut has begun by `now`.
    pub(super) fn has_begun(&self, id: &AiringId, now: DateTime<Utc>) -> bool {
        self.entries().get(id).is_some_and(|entry| entry.airing.borrow().cut().start <= now)
    }

    /// Sets whether an airing is closed to changes.
    pub(super) fn freeze(&self, id: &AiringId, frozen: bool) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.frozen = frozen;
        }
    }

    /// Marks an airing as one that needs its station no longer.
    pub(super) fn mark_taped(&self, id: &AiringId) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.taped = true;
        }
    }

    /// Returns whether an airing needs its station no longer.
    pub(super) fn is_taped(&self, id: &AiringId) -> bool {
        self.entries().get(id).is_some_and(|entry| entry.taped)
    }

    /// Sets what keeps an airing from being finished. `None`: nothing does any more.
    pub(super) fn hold(&self, id: &AiringId, held: Option<Cause>) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.held = held;
        }
    }

    /// Sends the task of an airing its new beginning or end.
    pub(super) fn change(&self, airing: &Airing) {
        if let Some(entry) = self.entries().get_mut(&airing.id) {
            let changed = entry.airing.send_if_modified(|known| {
                *known != *airing && {
                    airing.clone_into(known);
                    true
                }
            });
            entry.taped &= !changed;
        }
    }

    /// Removes an airing that is not to be recorded, and ends its task.
    pub(super) fn take_back(&self, id: &AiringId) {
        if let Some(entry) = self.entries().remove(id) {
            entry.taken_back.cancel();
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<AiringId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
