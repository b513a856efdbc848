//! What the station offers right now, shared between the reloading and the fetching half; and how the fetches go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::playlist::Segment;

/// The window, and signals for what is found to be wrong with it.
#[derive(Debug)]
pub struct Offer {
    window: watch::Sender<Arc<HashMap<u64, Segment>>>,
    rights_lost: Notify,
    fetches: Mutex<Fetches>,
    fetch_failed: Notify,
}

/// How fetching has gone since the list that is played was chosen.
#[derive(Debug, Default)]
struct Fetches {
    /// When that was; monotonic. Fetches that began earlier do not count.
    since: Duration,
    /// Whether there is another list to play if this one does not deliver.
    spare: bool,
    /// When the first of the failures in a row began, and how many there are.
    failing_since: Option<Duration>,
    failures: u32,
    came: bool,
    /// How long a segment really plays, if the list does not say so, or says it wrongly.
    length: Option<Duration>,
}

impl Offer {
    /// An empty offer.
    pub fn new() -> Self {
        let window = watch::Sender::new(Arc::default());
        Self { window, rights_lost: Notify::new(), fetches: Mutex::default(), fetch_failed: Notify::new() }
    }

    /// Sets the segments on offer, by order.
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

    /// Completes when the segment of this order is no longer what was `tried`: it is not on offer any more, or at another
    /// place. That tokens have changed does not count, which some stations change in each list.
    pub async fn changed(&self, order: u64, tried: &Segment) {
        let is_it = |now: &Segment| {
            now.segment_key == tried.segment_key
                && now.url.host() == tried.url.host()
                && now.byte_range == tried.byte_range
        };
        // An error means that the sender is gone, which owns this very future.
        let _ = self.window.subscribe().wait_for(|window| !window.get(&order).is_some_and(is_it)).await;
    }

    /// Reports that a segment was refused for want of rights.
    pub fn report_rights_lost(&self) {
        self.rights_lost.notify_one();
    }

    /// Completes when that is reported.
    pub async fn rights_lost(&self) {
        self.rights_lost.notified().await;
    }

    /// Another list is played from `now` on (monotonic): the fetches are counted from zero. `spare`: there is yet
    /// another list.
    pub fn begin(&self, now: Duration, spare: bool) {
        *self.fetches() = Fetches { since: now, spare, ..Fetches::default() };
    }

    /// Whether there is another list to play if this one does not deliver.
    pub fn has_spare(&self) -> bool {
        self.fetches().spare
    }

    /// Reports that a fetch that began at `begun` brought sound.
    pub fn report_came(&self, begun: Duration) {
        let mut fetches = self.fetches();
        if begun >= fetches.since {
            (fetches.failing_since, fetches.failures, fetches.came) = (None, 0, true);
        }
    }

    /// Reports that a fetch that began at `begun` failed.
    pub fn report_failed(&self, begun: Duration) {
        let mut fetches = self.fetches();
        if begun >= fetches.since {
            let since = fetches.failing_since.map_or(begun, |since| since.min(begun));
            fetches.failing_since = Some(since);
            fetches.failures = fetches.failures.saturating_add(1);
            self.fetch_failed.notify_one();
        }
    }

    /// Completes when that is reported.
    pub async fn fetch_failed(&self) {
        self.fetch_failed.notified().await;
    }

    /// Since when there were only failures, if there were several.
    pub fn failing_since(&self) -> Option<Duration> {
        let fetches = self.fetches();
        fetches.failing_since.filter(|_| fetches.failures > 1)
    }

    /// Whether sound came and nothing has failed since.
    pub fn comes(&self) -> bool {
        let fetches = self.fetches();
        fetches.came && fetches.failures == 0
    }

    /// Reports how long a segment really plays, if the list does not say so, or says it wrongly.
    pub fn report_length(&self, length: Duration) {
        self.fetches().length = Some(length);
    }

    /// How long segments really play, if that was reported.
    pub fn length(&self) -> Option<Duration> {
        self.fetches().length
    }

    fn fetches(&self) -> MutexGuard<'_, Fetches> {
        // No holder panics, and numbers are never half written.
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
