//! Gets each segment for as long as the window offers it, several at a time.
//!
//! A segment that waits between two tries holds no place in the line of requests, so that one that never comes delays
//! no other. After it has left the window it is tried once more (RFC 8216 section 6.2.2 asks servers to keep it for a
//! while), then it is given up with the cause of its last failure.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::fetch::{Fetcher, Sound};
use super::offer::Offer;
use super::policy;
use super::timeline::Ordered;
use crate::base::clock::SharedClock;

/// Requests for segments at the same time.
const AT_ONCE: usize = 3;
/// Above so many bytes that wait for an earlier segment, only that one is fetched.
const WAITING_CAP: usize = 32 << 20;
/// How often a fetch that may not wait in memory looks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How the capture ends.
#[derive(Debug, Clone)]
pub struct End {
    /// Nothing new is begun from now on.
    pub stop: CancellationToken,
    /// What has been begun is left where it is.
    pub late: CancellationToken,
}

/// What became of a segment.
#[derive(Debug)]
pub struct Obtained {
    /// Which.
    pub ordered: Ordered,
    /// What.
    pub outcome: Outcome,
}

/// What can become of a segment.
#[derive(Debug)]
pub enum Outcome {
    /// It is here.
    Sound(Sound),
    /// It could not be had, for this cause.
    Lost(String),
    /// The capture ended first.
    Unfinished,
}

/// Gets segments.
#[derive(Debug)]
pub struct Obtainer<'a> {
    pub(super) fetcher: Fetcher,
    pub(super) offer: &'a Offer,
    pub(super) clock: SharedClock,
    pub(super) end: End,
    requests: Semaphore,
    /// Bytes fetched and not yet committed, and the segment that is committed next.
    waiting: AtomicUsize,
    head: AtomicU64,
}

impl<'a> Obtainer<'a> {
    /// An obtainer that has got nothing yet.
    pub fn new(fetcher: Fetcher, offer: &'a Offer, clock: SharedClock, end: End) -> Self {
        let requests = Semaphore::new(AT_ONCE);
        Self { fetcher, offer, clock, end, requests, waiting: AtomicUsize::new(0), head: AtomicU64::new(0) }
    }

    /// Gets `ordered`, however long it takes.
    pub async fn obtain(&self, ordered: Ordered) -> Obtained {
        let outcome = if ordered.segment.gap {
            Outcome::Lost("the station itself had no sound (EXT-X-GAP)".to_owned())
        } else {
            self.get(&ordered).await
        };
        if let Outcome::Sound(sound) = &outcome {
            self.waiting.fetch_add(sound.bytes.len(), Ordering::Relaxed);
        }
        Obtained { ordered, outcome }
    }

    /// Notes that `obtained` waits no more, and who is next.
    pub fn release(&self, obtained: &Obtained) {
        if let Outcome::Sound(sound) = &obtained.outcome {
            self.waiting.fetch_sub(sound.bytes.len(), Ordering::Relaxed);
        }
        self.head.store(obtained.ordered.order.saturating_add(1), Ordering::Relaxed);
    }

    async fn get(&self, ordered: &Ordered) -> Outcome {
        let mut failures = 0_u32;
        loop {
            let offered = self.offer.get(ordered.order);
            let last_try = offered.is_none();
            let segment = offered.unwrap_or_else(|| ordered.segment.clone());
            let permit = tokio::select! {
                biased;
                () = self.end.stop.cancelled() => return Outcome::Unfinished,
                permit = self.turn(ordered.order) => permit,
            };
            let result = tokio::select! {
                // The last try holds up what follows, so it is given no more time than the first.
                result = self.fetcher.segment(&segment, if last_try { 0 } else { failures }) => result,
                () = self.end.late.cancelled() => return Outcome::Unfinished,
            };
            drop(permit);
            let error = match result {
                Ok(sound) => return Outcome::Sound(sound),
                Err(error) => error,
            };
            tracing::debug!(sequence = segment.sequence, %error, "a segment could not be had");
            if error.lost_rights() {
                self.offer.tell_rights_lost();
            }
            if last_try {
                return Outcome::Lost(error.to_string());
            }
            failures = failures.saturating_add(1);
            tokio::select! {
                () = self.clock.sleep(policy::backoff(failures, policy::LONGEST_SEGMENT)) => {}
                () = self.offer.withdrawn(ordered.order) => {}
                () = self.end.stop.cancelled() => return Outcome::Unfinished,
            }
        }
    }

    /// Waits until a request may be made.
    async fn turn(&self, order: u64) -> Option<SemaphorePermit<'_>> {
        while self.waiting.load(Ordering::Relaxed) > WAITING_CAP && self.head.load(Ordering::Relaxed) < order {
            self.clock.sleep(LOOK_AGAIN).await;
        }
        self.requests.acquire().await.ok()
    }
}
