//! Fetches each segment for as long as the window offers it, several at a time.
//!
//! A segment that waits between two tries holds no request slot, so one that never comes delays no other. After it has
//! left the window it is tried once more (RFC 8216 section 6.2.2 asks servers to keep it for a while). Then it is given
//! up with the cause of its last failure.
//!
//! Later segments wait for it, though, because sound is committed in order, and a window may be hours long. So if a
//! segment does not come for a while, a newer one is requested, even one that came before. If that comes, twice
//! running, the station is well and the segment is at fault: it is given up. If it does not, the station is down, and
//! may have both when it is back.
//!
//! A body that was cut short on its way into a cache has a length that agrees: only the list knows better. So sound
//! that plays for less than its list says is requested again, unless the station's lists have been found to claim too
//! much.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::buffered;
use super::claims::Claims;
use super::fetch::{EncryptedBytes, Fetcher, Sound};
use super::offer::Offer;
use super::timeline::Ordered;
use crate::base::clock::SharedClock;
use crate::capture::source::policy;
use crate::model::{AsCause, Cause, CauseKind, MediaEvent};

/// Requests for segments beside the first one: they catch up, or go on while one hangs.
const BESIDE: usize = 2;
/// Requests beside the first of all stations together; each of them is a connection with buffers. If a thousand
/// stations start within one second, each with a window to catch up with, most fetch one segment after another.
static ALL_BESIDE: Semaphore = Semaphore::const_new(128);
/// If more bytes than this wait for an earlier segment, only that one is fetched.
const WAITING_CAP: usize = 16 << 20;
/// How often a fetch whose bytes may not wait in memory checks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How the capture ends.
#[derive(Debug, Clone)]
pub struct End {
    /// No new fetch begins from now on.
    pub stop: CancellationToken,
    /// Fetches that are under way are abandoned.
    pub late: CancellationToken,
}

/// The outcome of a segment.
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
    /// It came; the duration is how much of its end is missing.
    Sound(Sound, Duration),
    /// It could not be fetched, for this cause.
    Lost(Cause),
    /// The capture ended first.
    Unfinished,
}

/// Fetches segments.
#[derive(Debug)]
pub struct Obtainer<'a> {
    pub(super) fetcher: Fetcher,
    pub(super) offer: &'a Offer,
    /// The queue in which sound waits for the tape.
    events: &'a mpsc::Sender<MediaEvent>,
    pub(super) clock: SharedClock,
    pub(super) end: End,
    first: Semaphore,
    beside: Semaphore,
    /// The bytes that are fetched and not yet committed, and the order of the segment that is committed next. Orders go
    /// up by one, so that segment is on its way or the next to come, and never waits for others.
    waiting: AtomicUsize,
    head: AtomicU64,
    claims: Claims,
}

impl<'a> Obtainer<'a> {
    /// An obtainer that has fetched nothing yet.
    pub fn new(
        fetcher: Fetcher,
        offer: &'a Offer,
        events: &'a mpsc::Sender<MediaEvent>,
        clock: SharedClock,
        end: End,
    ) -> Self {
        let (first, beside) = (Semaphore::new(1), Semaphore::new(BESIDE));
        let (waiting, head) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { fetcher, offer, events, clock, end, first, beside, waiting, head, claims: Claims::default() }
    }

    /// Fetches `ordered`, however long it takes.
    pub async fn obtain(&self, ordered: Ordered) -> Obtained {
        let outcome = if ordered.segment.gap {
            Outcome::Lost(Cause::new(CauseKind::OffAir, "the station itself had no sound (EXT-X-GAP)"))
        } else {
            self.get(&ordered).await
        };
        if let Outcome::Sound(sound, _) = &outcome {
            self.waiting.fetch_add(sound.bytes.len(), Ordering::Relaxed);
        }
        Obtained { ordered, outcome }
    }

    /// `obtained` does not wait any more, and the next segment is next to be committed.
    pub fn release(&self, obtained: &Obtained) {
        if let Outcome::Sound(sound, _) = &obtained.outcome {
            self.waiting.fetch_sub(sound.bytes.len(), Ordering::Relaxed);
        }
        self.head.store(obtained.ordered.order.saturating_add(1), Ordering::Relaxed);
    }

    async fn get(&self, ordered: &Ordered) -> Outcome {
        let mut failures = 0_u32;
        let mut short = Short::default();
        let mut fault = Fault::default();
        let mut encrypted = EncryptedBytes::default();
        loop {
            let permit = tokio::select! {
                biased;
                () = self.end.stop.cancelled() => return short.or(Outcome::Unfinished),
                permit = self.permit(ordered.order) => permit,
            };
            // The offer may have changed while it waited.
            let offered = self.offer.get(ordered.order);
            let last_try = offered.is_none();
            let segment = offered.unwrap_or_else(|| ordered.segment.clone());
            let begun = self.clock.monotonic();
            let result = tokio::select! {
                // The last try holds up later segments, so it gets no more time than the first.
                result = self.fetcher.segment(&segment, if last_try { 0 } else { failures }, &mut encrypted) => result,
                () = self.end.late.cancelled() => return short.or(Outcome::Unfinished),
            };
            drop(permit);
            let wait = match result {
                Ok(sound) => {
                    self.offer.report_came(begun);
                    let lacking = self.claims.lacking(&sound, &segment);
                    let untrue = segment.claimed.is_none() || !lacking.is_zero() && self.claims.are_too_high();
                    if let Some(counted) = sound.probe.duration.filter(|_| untrue) {
                        self.offer.report_length(counted);
                    }
                    let sound = Sound { bytes: buffered::count(sound.bytes), ..sound };
                    if lacking.is_zero() {
                        return Outcome::Sound(sound, lacking);
                    }
                    short.remember(sound, lacking);
                    if last_try || policy::SHORT.gives_up(short.tries) || self.claims.are_too_high() {
                        let cut = !self.claims.confirm_short();
                        return short.believed(cut);
                    }
                    policy::SHORT.wait(short.tries)
                }
                Err(error) => {
                    tracing::debug!(sequence = segment.sequence, %error, "a segment could not be fetched");
                    if !last_try {
                        self.offer.report_failed(begun);
                    }
                    if error.lost_rights() {
                        self.offer.report_rights_lost();
                    }
                    failures = failures.saturating_add(1);
                    let wait = policy::SEGMENT.wait(failures);
                    // The wait for a permit does not count: it is no try.
                    let took = self.clock.monotonic().saturating_sub(begun);
                    fault.tried = fault.tried.saturating_add(took).saturating_add(wait);
                    let is_final = error.is_final() && !self.offer.has_spare();
                    if last_try || is_final || self.is_at_fault(ordered.order, &mut fault).await {
                        return short.or(Outcome::Lost(error.as_cause()));
                    }
                    wait
                }
            };
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = self.offer.changed(ordered.order, &segment) => {}
                () = self.end.stop.cancelled() => return short.or(Outcome::Unfinished),
            }
        }
    }

    /// Whether the segment of this order, which has just failed, is given up because newer ones come.
    async fn is_at_fault(&self, order: u64, fault: &mut Fault) -> bool {
        if fault.tried < policy::COMPARED_AFTER {
            return false;
        }
        fault.tried = Duration::ZERO;
        fault.compared = if self.newer_comes(order).await { fault.compared.saturating_add(1) } else { 0 };
        fault.compared >= policy::COMPARED
    }

    /// Requests a segment that is newer than that of this order. Returns whether it came.
    async fn newer_comes(&self, order: u64) -> bool {
        let Some(newer) = self.offer.newer(order) else { return false };
        let asking = async {
            let _permit = self.request().await?;
            self.fetcher.segment(&newer, 0, &mut EncryptedBytes::default()).await.ok()
        };
        tokio::select! {
            sound = asking => sound.is_some(),
            () = self.end.stop.cancelled() => false,
        }
    }

    /// Waits until a request may be made.
    async fn permit(&self, order: u64) -> Option<Permit<'_>> {
        let waits = || self.waiting.load(Ordering::Relaxed) > WAITING_CAP && self.head.load(Ordering::Relaxed) < order;
        let is_ahead = || buffered::is_much() && self.events.capacity() < self.events.max_capacity();
        loop {
            while waits() || is_ahead() {
                self.clock.sleep(LOOK_AGAIN).await;
            }
            let permit = self.request().await;
            // Others may have made requests meanwhile.
            if permit.is_none() || !waits() && !is_ahead() {
                return permit;
            }
        }
    }

    /// A permit for a request, if there is one.
    async fn request(&self) -> Option<Permit<'_>> {
        let beside = async {
            let of_station = self.beside.acquire().await.ok()?;
            Some(Permit { _place: of_station, _of_all: Some(ALL_BESIDE.acquire().await.ok()?) })
        };
        tokio::select! {
            biased;
            first = self.first.acquire() => Some(Permit { _place: first.ok()?, _of_all: None }),
            beside = beside => beside,
        }
    }
}

/// The right to make a request, until it is dropped.
#[derive(Debug)]
struct Permit<'a> {
    _place: SemaphorePermit<'a>,
    _of_all: Option<SemaphorePermit<'a>>,
}

/// The evidence that a segment is at fault for its failures, and not the station.
#[derive(Debug, Default)]
struct Fault {
    /// How long it was tried since it was last compared.
    tried: Duration,
    /// How often in a row a newer one came.
    compared: u32,
}

/// The longest sound that came of a segment that is too short.
#[derive(Debug, Default)]
struct Short {
    best: Option<(Sound, Duration)>,
    tries: u32,
}

impl Short {
    fn remember(&mut self, sound: Sound, lacking: Duration) {
        self.tries = self.tries.saturating_add(1);
        if self.best.as_ref().is_none_or(|(_, least)| lacking < *least) {
            self.best = Some((sound, lacking));
        }
    }

    /// The sound, if there is some; else `nothing`.
    fn or(self, nothing: Outcome) -> Outcome {
        self.best.map_or(nothing, |(sound, lacking)| Outcome::Sound(sound, lacking))
    }

    /// The sound: whole, or, if `cut`, without its end.
    fn believed(self, cut: bool) -> Outcome {
        let sound = |(sound, lacking)| Outcome::Sound(sound, if cut { lacking } else { Duration::ZERO });
        self.best.map_or(Outcome::Unfinished, sound)
    }
}
