//! The task of an airing: one attempt after another, until there is a verdict.
//!
//! After an attempt that did not work it is asked first whether the recording is on the shelf all the same, and only the
//! list could not be told: nothing else is done with the airing until the list has answered, because another attempt or
//! another outcome would make a second recording of it, and nobody would know of the first.
//!
//! What then cannot be finished for want of room on the disk waits for it, with an alert in the log and in the list; what
//! fails otherwise is tried [`ATTEMPTS`] times.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tracing::{error, info, warn};

use super::error::RecorderError;
use super::live::Reins;
use super::order::Order;
use super::{ATTEMPTS, Recorder, TAPE_KEPT, causes, room};
use crate::library::archive;
use crate::model::{Airing, AiringId, AsCause};

/// The wait after the first attempt; it grows by this much after each.
const PAUSE: Duration = Duration::from_secs(5);

impl Recorder {
    /// Tries until there is a verdict, the process stops, or the airing is taken back.
    pub(super) async fn see_through(&self, ordered: Order, reins: &mut Reins, mut attempt: u32) {
        let id = &ordered.airing.id;
        let mut alerted = false;
        loop {
            // A defect in one airing must not leave it claimed and forgotten.
            let recorded = AssertUnwindSafe(self.record(&ordered, reins, attempt == 0)).catch_unwind().await;
            attempt = attempt.max(1);
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
            let order = ordered.amended(&reins.airing.borrow());
            let size = size_of(&order);
            let waits = room::was_wanting(self.shelf.output(), size, &error).await
                && self.environment.clock.now() < order.airing.cut().end + TAPE_KEPT;
            if waits {
                self.hold(&order.airing, &error, alerted).await;
                alerted = true;
            } else if attempt >= ATTEMPTS || matches!(error, RecorderError::NoRoom { .. }) {
                error!(airing = %id, %error, "failed");
                self.live.close(id, true);
                if let Err(error) = self.fail(&order.airing, error.as_cause()).await {
                    error!(airing = %id, %error, "the failure could not be written down");
                }
                return;
            } else {
                warn!(airing = %id, %error, attempt, "did not work; its tape is there, so it is tried again");
            }
            let pause = async {
                let clock = &self.environment.clock;
                clock.sleep(if waits { PAUSE } else { PAUSE * attempt }).await;
                while waits && room::is_short(self.shelf.output(), size).await {
                    clock.sleep(PAUSE).await;
                }
            };
            if self.environment.stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
            if !waits {
                attempt = self.catalogue.retry(id).await.unwrap_or(attempt + 1);
            }
        }
    }

    /// Whether the airing is finished, or could be finished now. Asks until the list answers; nothing where the process
    /// stops before.
    async fn settled(&self, id: &AiringId) -> Option<bool> {
        let mut told = false;
        loop {
            match self.is_settled(id).await {
                Ok(settled) => return Some(settled),
                Err(error) if !told => {
                    error!(airing = %id, %error, "the list could not be asked; nothing is done with it until it can");
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

    /// Makes known, in the log and in the list, that an airing is not finished for want of room. Only for one that is not
    /// [settled](Self::settled): what the list says of its file is forgotten.
    async fn hold(&self, airing: &Airing, error: &RecorderError, alerted: bool) {
        // What there is of the MP3 takes the room that the tape and the list need.
        let _ = self.shelf.temporary(&airing.id).await;
        if alerted {
            return;
        }
        error!(airing = %airing.id, %error, "the disk is full: its tape is kept, it is finished when there is room");
        let outcome = self.nothing(airing, causes::held(error));
        if let Err(error) = self.catalogue.prepare(&airing.id, &outcome).await {
            // The list may be on the disk that is full.
            warn!(airing = %airing.id, %error, "the alert could not be written into the list");
        }
    }
}

/// About how many bytes the MP3 will have, with room for tags and the blocks of the file system.
fn size_of(order: &Order) -> u64 {
    let seconds = order.airing.cut().length().num_seconds().unsigned_abs();
    seconds.saturating_mul(u64::from(order.show.mp3.bitrate) / 8).saturating_add(1024 * 1024)
}
