//! The airings that are being recorded, and the handle of each: while one goes on, a person may move its end or take its
//! claim back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::order::Order;
use crate::model::{Airing, AiringId, Cause, StationId};

/// An airing that is being recorded.
#[derive(Debug, Clone)]
pub struct Running {
    /// The airing, with the end that it has now.
    pub airing: Airing,
    /// The show's title.
    pub title: String,
    /// The station's name.
    pub station: String,
    /// What keeps it from being finished; its station is taped all the same.
    pub held: Option<Cause>,
    /// Whether nothing more is waited for of its station: what is left to do only computes.
    pub taped: bool,
}

/// What the task of an airing holds.
#[derive(Debug)]
pub struct AiringHandle {
    /// The airing as it is now.
    pub airing: watch::Receiver<Airing>,
    /// Cancelled if the airing is not to be recorded at all; its row in the catalogue is gone then.
    pub taken_back: CancellationToken,
}

/// Whether an airing can still be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// It can; this is how it is now.
    Open(Airing),
    /// It cannot: its sound is taken and is being made a recording.
    Frozen,
}

/// All airings that are being recorded.
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
    /// Adds the airing of `order`.
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

    /// Removes an airing whose task has ended. One that was taken back is gone already, and may be claimed anew.
    pub(super) fn end(&self, handle: &AiringHandle) {
        if !handle.taken_back.is_cancelled() {
            let id = handle.airing.borrow().id.clone();
            self.entries().remove(&id);
        }
    }

    /// All of them, the earliest first.
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

    /// The earliest start of a cut of `station`.
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

    pub(super) fn get(&self, id: &AiringId) -> Option<Known> {
        let entries = self.entries();
        let entry = entries.get(id)?;
        Some(if entry.frozen { Known::Frozen } else { Known::Open(entry.airing.borrow().clone()) })
    }

    /// Whether the cut of an airing that is being recorded has begun by `now`.
    pub(super) fn has_begun(&self, id: &AiringId, now: DateTime<Utc>) -> bool {
        self.entries().get(id).is_some_and(|entry| entry.airing.borrow().cut().start <= now)
    }

    /// Closes an airing to changes, or opens it to them again.
    pub(super) fn freeze(&self, id: &AiringId, frozen: bool) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.frozen = frozen;
        }
    }

    /// Says that nothing more is waited for of an airing's station.
    pub(super) fn taped(&self, id: &AiringId) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.taped = true;
        }
    }

    /// Whether nothing more is waited for of an airing's station.
    pub(super) fn is_taped(&self, id: &AiringId) -> bool {
        self.entries().get(id).is_some_and(|entry| entry.taped)
    }

    /// Says what keeps an airing from being finished, or that nothing does any more.
    pub(super) fn hold(&self, id: &AiringId, held: Option<Cause>) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.held = held;
        }
    }

    /// Hands the task of an airing another beginning or end.
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

    /// Ends the task of an airing that is not to be recorded.
    pub(super) fn take_back(&self, id: &AiringId) {
        if let Some(entry) = self.entries().remove(id) {
            entry.taken_back.cancel();
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<AiringId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
