//! What the station offers right now, shared between the one who reloads and those who fetch.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::playlist::Segment;

/// The window, and a bell for those who find that their rights have run out.
#[derive(Debug)]
pub struct Offer {
    window: watch::Sender<Arc<HashMap<u64, Segment>>>,
    rights_lost: Notify,
}

impl Offer {
    /// Nothing on offer yet.
    pub fn new() -> Self {
        Self { window: watch::Sender::new(Arc::default()), rights_lost: Notify::new() }
    }

    /// Sets what is on offer, by order.
    pub fn set(&self, window: HashMap<u64, Segment>) {
        self.window.send_replace(Arc::new(window));
    }

    /// The segment at its newest address, while it is on offer.
    pub fn get(&self, order: u64) -> Option<Segment> {
        self.window.borrow().get(&order).cloned()
    }

    /// A segment of a later order: the newest but one, as the very newest may not have arrived everywhere.
    pub fn newer(&self, order: u64) -> Option<Segment> {
        let window = Arc::clone(&self.window.borrow());
        let mut newer: Vec<u64> = window.keys().copied().filter(|other| *other > order).collect();
        newer.sort_unstable_by(|one, other| other.cmp(one));
        newer.iter().filter_map(|order| window.get(order)).filter(|segment| !segment.gap).nth(1).cloned()
    }

    /// Completes when the segment is no longer on offer.
    pub async fn withdrawn(&self, order: u64) {
        // An error means that the sender is gone, which owns this very future.
        let _ = self.window.subscribe().wait_for(|window| !window.contains_key(&order)).await;
    }

    /// Tells that a segment was refused for want of rights.
    pub fn tell_rights_lost(&self) {
        self.rights_lost.notify_one();
    }

    /// Completes when somebody told so.
    pub async fn rights_lost(&self) {
        self.rights_lost.notified().await;
    }
}
