//! The task of an airing: one attempt after another, until there is a verdict.
//!
//! After an attempt that did not work it is asked first whether the recording is on the shelf all the same, and only the
//! list could not be told: nothing else is done with the airing until the list has answered, because another attempt or
//! another outcome would make a second recording of it, and nobody would know of the first.
//!
//! The station is taped for as long as the airing lasts, whatever becomes of the attempts: the lease is the task's, and
//! attempts are counted from the end of the airing on. What then cannot be finished for what passes, a full disk, a folder
//! that cannot be written to, an ffmpeg that cannot be run, waits for that, with an alert in the log and in the list; what
//! fails otherwise is tried [`ATTEMPTS`] times.
//!
//! Where the process ends while it finishes an airing, nobody knows whether the airing brought it down or somebody else
//! did: a power cut, a lack of memory, a person. So no number of deaths is a failure; they only make the next attempt
//! wait, that one airing may not keep the others from being recorded, for as long as there is tape.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt as _;
use tracing::{error, info, warn};

use super::error::RecorderError;
use super::hindrance::Hindrance;
use super::live::Reins;
use super::order::Order;
use super::take::LATEST;
use super::{ATTEMPTS, Recorder, TAPE_KEPT, causes};
use crate::capture::deck::Lease;
use crate::library::archive::{self, ArchiveError};
use crate::model::{Airing, AiringId, AsCause, Cause};
use crate::tape::reaches;

/// The wait after the first attempt; it grows by this much after each.
const PAUSE: Duration = Duration::from_secs(5);
/// What passes is looked for in pauses that grow to so many.
const LONGEST_LOOK: u32 = 3;
/// What passes at once, and comes back, lets the pauses grow to so many.
const LONGEST_PAUSE: u32 = 60;

/// The longest wait after deaths of the process.
const LONGEST_HELD_BACK: Duration = Duration::from_secs(3_600);

/// What the task of an airing has beside its reins.
#[derive(Debug, Default)]
struct Seat {
    /// Of the airing, not of an attempt: the station is taped in one go.
    lease: Option<Lease>,
    /// What was told in the log.
    told: Option<Hindrance>,
    /// The list has an alert.
    listed: bool,
    /// So often something was in the way that was not when it was looked for.
    fleeting: u32,
}

impl Recorder {
    /// Tries until there is a verdict, the process stops, or the airing is taken back. `begun` says how often the airing
    /// was begun before, by this process or another.
    pub(super) async fn see_through(&self, ordered: Order, reins: &mut Reins, begun: u32) {
        let id = &ordered.airing.id;
        let mut seat = Seat::default();
        // At the start the folder may have been away in which its file may be.
        if begun > 0 && self.settled(id).await != Some(false) {
            return;
        }
        if begun > ATTEMPTS && !self.hold_back(&ordered, reins, &mut seat, begun).await {
            return;
        }
        let mut attempt = 1;
        let mut is_new = begun == 0;
        loop {
            // A defect in one airing must not leave it claimed and forgotten.
            let record = self.record(&ordered, reins, &mut seat.lease, std::mem::take(&mut is_new));
            let recorded = AssertUnwindSafe(record).catch_unwind().await;
            let error = match recorded.unwrap_or(Err(RecorderError::Panicked)) {
                Ok(()) => return,
                Err(error @ (RecorderError::Stopping | RecorderError::TakenBack)) => {
                    info!(airing = %id, "{error}");
                    return;
                }
                Err(error) => error,
            };
            match self.settled(id).await {
                Some(false) => {}
                Some(true) => {
                    warn!(airing = %id, %error, "finished all the same: its file had its name already");
                    return;
                }
                None => return,
            }
            let order = self.current(&ordered, &reins.airing.borrow());
            let now = self.environment.clock.now();
            let over = now >= order.airing.cut().end;
            let keeps = now < order.airing.cut().end + TAPE_KEPT;
            let hindrance = if keeps { self.hindrance(&error, size_of(&order)).await } else { None };
            let goes_on = if let Some(hindrance) = &hindrance {
                self.wait_out(hindrance, &order, reins, &mut seat).await
            } else if over && attempt >= ATTEMPTS || matches!(error, RecorderError::NoRoom { .. }) {
                error!(airing = %id, %error, "failed");
                self.live.close(id, true);
                if let Err(error) = self.fail(&order.airing, error.as_cause()).await {
                    error!(airing = %id, %error, "the failure could not be written down");
                }
                return;
            } else {
                warn!(airing = %id, %error, attempt, "did not work; its tape is there, so it is tried again");
                // Before the end there is no hurry, and an encoder that fails is not asked for hours.
                let pause = if over || !matches!(error, RecorderError::Encode(_)) {
                    PAUSE * attempt
                } else {
                    (order.airing.cut().end - now).to_std().unwrap_or(PAUSE).max(PAUSE)
                };
                self.rest(&order, reins, &mut seat, pause).await.is_some()
            };
            if !goes_on {
                return;
            }
            if hindrance.is_none() && over {
                attempt += 1;
                if let Err(error) = self.catalogue.retry(id).await {
                    warn!(airing = %id, %error, "the attempt could not be counted");
                }
            }
        }
    }

    /// Lets the others go first where the process ended again and again while it finished the airing: longer after each
    /// time. False where the process stops.
    async fn hold_back(&self, ordered: &Order, reins: &mut Reins, seat: &mut Seat, begun: u32) -> bool {
        let order = ordered.amended(&reins.airing.borrow());
        let doublings = (begun - ATTEMPTS - 1).min(16);
        let pause = (PAUSE * 2_u32.pow(doublings)).min(LONGEST_HELD_BACK);
        let cause = causes::died_often(begun);
        warn!(airing = %order.airing.id, "{}; tried again in {} s", cause.words, pause.as_secs());
        self.live.hold(&order.airing.id, Some(cause.clone()));
        self.tell();
        self.alert(&order.airing, &cause, seat).await;
        let goes_on = self.rest(&order, reins, seat, pause).await.is_some();
        self.live.hold(&order.airing.id, None);
        self.tell();
        goes_on
    }

    /// Waits until nothing like `hindrance` is in the way, or there is something to be done anew; false where the process
    /// stops. Only for an airing that is not [settled](Self::settled).
    async fn wait_out(&self, hindrance: &Hindrance, order: &Order, reins: &mut Reins, seat: &mut Seat) -> bool {
        let (airing, size) = (&order.airing, size_of(order));
        self.live.hold(&airing.id, Some(hindrance.cause()));
        self.tell();
        let is_known = hindrance.is_of_output() && self.watched.replace(Some(hindrance.cause()));
        if !seat.told.as_ref().is_some_and(|told| told.is_like(hindrance)) {
            if is_known {
                info!(airing = %airing.id, "it waits for that, too");
            } else {
                error!(airing = %airing.id, "{hindrance}; its tape is kept, it is finished when that has passed");
            }
            seat.told = Some(hindrance.clone());
        }
        // What there is of the MP3 takes the room that the tape and the list need.
        let _ = self.shelf.temporary(&airing.id).await;
        let mut looks = 0;
        let goes_on = loop {
            self.alert(airing, &hindrance.cause(), seat).await;
            let pauses =
                if looks == 0 { (seat.fleeting + 1).min(LONGEST_PAUSE) } else { (looks + 1).min(LONGEST_LOOK) };
            match self.rest(order, reins, seat, PAUSE * pauses).await {
                None => break false,
                Some(true) => break true,
                Some(false) => {}
            }
            let is_kept = self.environment.clock.now() < airing.cut().end + TAPE_KEPT;
            if !is_kept || !self.is_hindered(hindrance, size).await {
                seat.fleeting = if looks == 0 { seat.fleeting.saturating_add(1) } else { 0 };
                if hindrance.is_of_output() {
                    self.watched.replace(None);
                }
                info!(airing = %airing.id, "what was in the way of finishing it has passed");
                break true;
            }
            looks = looks.saturating_add(1);
        };
        self.live.hold(&airing.id, None);
        self.tell();
        goes_on
    }

    /// Lets some time pass, and gives the station back when it has nothing more for the airing. True where the airing was
    /// changed or taken back meanwhile, nothing where the process stops.
    async fn rest(&self, order: &Order, reins: &mut Reins, seat: &mut Seat, pause: Duration) -> Option<bool> {
        let changed = tokio::select! {
            biased;
            () = self.environment.stop.cancelled() => return None,
            () = reins.taken_back.cancelled() => true,
            Ok(()) = reins.airing.changed() => true,
            () = self.environment.clock.sleep(pause) => false,
        };
        let cut = order.airing.cut();
        let delay = TimeDelta::from_std(order.station.delay).unwrap_or_default();
        let latest = cut.end + delay + LATEST;
        if !changed
            && let Some(lease) = &seat.lease
            && (self.environment.clock.now() > latest || reaches(&lease.tape().view(&cut).await, cut))
        {
            seat.lease = None;
        }
        Some(changed)
    }

    /// Whether the airing is finished, or could be finished now. Asks until the list answers; nothing where the process
    /// stops before.
    async fn settled(&self, id: &AiringId) -> Option<bool> {
        let mut told = false;
        loop {
            match self.is_settled(id).await {
                Ok(settled) => return Some(settled),
                Err(error) if !told => {
                    let whom = if matches!(error, RecorderError::Archive(ArchiveError::Shelf(_))) {
                        "whether its file is there could not be seen; nothing is done with it until it can"
                    } else {
                        "the list could not be asked; nothing is done with it until it can"
                    };
                    error!(airing = %id, %error, "{whom}");
                    told = true;
                }
                Err(_) => {}
            }
            self.environment.stop.run_until_cancelled(self.environment.clock.sleep(PAUSE)).await?;
        }
    }

    /// Whether the airing is finished, or could be finished just now because its file is on the shelf.
    async fn is_settled(&self, id: &AiringId) -> Result<bool, RecorderError> {
        let open = self.catalogue.unfinished().await?;
        let Some(claimed) = open.iter().find(|claimed| claimed.airing.id == *id) else { return Ok(true) };
        Ok(archive::recover(&self.catalogue, &self.shelf, claimed, self.environment.clock.now()).await?)
    }

    /// Writes into the list, once, that an airing which is over is not finished yet.
    async fn alert(&self, airing: &Airing, cause: &Cause, seat: &mut Seat) {
        // Before, a restart would take it for one that is being finished.
        if seat.listed || self.environment.clock.now() < airing.cut().end {
            return;
        }
        match self.catalogue.prepare(&airing.id, &self.nothing(airing, causes::held(cause))).await {
            Ok(_) => seat.listed = true,
            // The list may be on the disk that is full.
            Err(error) => warn!(airing = %airing.id, %error, "the alert could not be written into the list"),
        }
    }
}

/// About how many bytes the MP3 will have, with room for tags and the blocks of the file system.
fn size_of(order: &Order) -> u64 {
    let seconds = order.airing.cut().length().num_seconds().unsigned_abs();
    seconds.saturating_mul(u64::from(order.show.mp3.bitrate) / 8).saturating_add(1024 * 1024)
}
