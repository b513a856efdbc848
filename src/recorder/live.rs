//! The airings that are being recorded, and the reins of each: while one goes on, its end may be moved, or its claim be
//! taken back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::order::Order;
use crate::model::{Airing, AiringId, Cause};

/// An airing that is being recorded.
#[derive(Debug, Clone)]
pub struct Current {
    /// The airing, with the end that it has now.
    pub airing: Airing,
    /// The show's title.
    pub title: String,
    /// The station's name.
    pub station: String,
    /// What keeps it from being finished, as long as something does; its station is taped all the same.
    pub held: Option<Cause>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<BTreeMap<AiringId, Entry>>);

#[derive(Debug)]
struct Entry {
    airing: watch::Sender<Airing>,
    title: String,
    station: String,
    held: Option<Cause>,
    /// Its sound is taken, and is being made a recording: it is too late for changes.
    closed: bool,
    taken_back: CancellationToken,
}

/// What the task of an airing holds.
#[derive(Debug)]
pub(super) struct Reins {
    /// The airing as it is now.
    pub(super) airing: watch::Receiver<Airing>,
    /// Cancelled when it is not to be recorded at all; its row in the catalogue is gone then.
    pub(super) taken_back: CancellationToken,
}

impl Live {
    /// Begins with what is ordered.
    pub(super) fn begin(&self, order: &Order) -> Reins {
        let (airing, receiver) = watch::channel(order.airing.clone());
        let taken_back = CancellationToken::new();
        let entry = Entry {
            airing,
            title: order.show.title.clone(),
            station: order.station.name.clone(),
            held: None,
            closed: false,
            taken_back: taken_back.clone(),
        };
        self.entries().insert(order.airing.id.clone(), entry);
        Reins { airing: receiver, taken_back }
    }

    /// The task has ended. The same airing may have been claimed anew after it was taken back.
    pub(super) fn end(&self, reins: &Reins) {
        if !reins.taken_back.is_cancelled() {
            let id = reins.airing.borrow().id.clone();
            self.entries().remove(&id);
        }
    }

    pub(super) fn all(&self) -> Vec<Current> {
        let current = |entry: &Entry| Current {
            airing: entry.airing.borrow().clone(),
            title: entry.title.clone(),
            station: entry.station.clone(),
            held: entry.held.clone(),
        };
        let mut all: Vec<Current> = self.entries().values().map(current).collect();
        all.sort_by_key(|current| current.airing.on_air.start);
        all
    }

    pub(super) fn contains(&self, id: &AiringId) -> bool {
        self.entries().contains_key(id)
    }

    /// One airing as it is now, and whether it can be changed no longer.
    pub(super) fn get(&self, id: &AiringId) -> Option<(Airing, bool)> {
        self.entries().get(id).map(|entry| (entry.airing.borrow().clone(), entry.closed))
    }

    /// Closes an airing to changes, or opens it again.
    pub(super) fn close(&self, id: &AiringId, closed: bool) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.closed = closed;
        }
    }

    /// Says what keeps an airing from being finished, or that nothing does any more.
    pub(super) fn hold(&self, id: &AiringId, held: Option<Cause>) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.held = held;
        }
    }

    /// Tells the task that the airing has another beginning or end.
    pub(super) fn change(&self, airing: &Airing) {
        if let Some(entry) = self.entries().get(&airing.id) {
            entry.airing.send_if_modified(|known| {
                *known != *airing && {
                    airing.clone_into(known);
                    true
                }
            });
        }
    }

    /// Tells the task that there is nothing to record.
    pub(super) fn take_back(&self, id: &AiringId) {
        if let Some(entry) = self.entries().remove(id) {
            entry.taken_back.cancel();
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<AiringId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
