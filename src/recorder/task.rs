//! The task of an airing: one attempt after another, until there is a verdict.
//!
//! After a failed attempt, the task first asks whether the recording is in the output folder and only the catalogue could not
//! be written. It does nothing else until the catalogue has answered, because another attempt or another outcome would
//! make a second recording, and nobody would know of the first.
//!
//! The station is taped while the airing lasts, whether or not attempts fail: the task holds the lease, and attempts
//! are counted from the end of the airing on. If an obstacle is in the way that passes (a full disk, a folder that
//! cannot be written to, an ffmpeg that cannot be run), the task waits for it to pass, with an alert in the log and on
//! the list. After another failure it tries again, [`ATTEMPTS`] times.
//!
//! If the process dies while it finishes an airing, nobody knows whether the airing caused that, or a power cut, a lack
//! of memory or a person. So deaths never make an airing fail while there is tape. They only make its next attempt
//! wait, so that one airing cannot keep the others from being recorded.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt as _;
use tracing::{error, info, warn};

use super::attempt::{Taping, record};
use super::error::RecorderError;
use super::obstacle::Obstacle;
use super::parts::Parts;
use super::{causes, diagnosis};
use crate::airings::AiringHandle;
use crate::airings::order::Order;
use crate::housekeeping::{RoomError, TAPE_KEPT};
use crate::library::archive::{self, ArchiveError};
use crate::model::{Airing, AiringId, AsCause, Cause, JobState, Outcome};
use crate::production::following::LATEST;
use crate::tape::reaches;

/// How often the task tries to finish an airing before it fails, and how often the process may die in it before it is
/// held back.
pub(super) const ATTEMPTS: u32 = 10;
/// The pause after the first attempt; it grows by this much after each.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause between two looks at an obstacle, in [`PAUSE`]s.
const LONGEST_LOOK: u32 = 3;
/// The longest pause before the first look at an obstacle that passes at once and comes back, in [`PAUSE`]s.
const LONGEST_PAUSE: u32 = 60;

/// The longest pause after deaths of the process.
const LONGEST_HELD_BACK: Duration = Duration::from_secs(3_600);

/// Runs attempts at one airing until there is a verdict.
struct Task<'a> {
    parts: &'a Parts,
    /// The airing as it was claimed.
    ordered: Order,
    handle: &'a mut AiringHandle,
    /// What it holds of the station. It outlives attempts, so that the station is taped without a break.
    taping: Taping,
    /// The obstacle that was logged last.
    logged: Option<Obstacle>,
    /// Whether the catalogue has an alert.
    listed: bool,
    /// How often in a row an obstacle had passed by the first look.
    fleeting: u32,
}

/// Makes attempts until there is a verdict, the process stops, or the airing is taken back. `begun` says how often the
/// airing was begun before, by this process or another.
pub(super) async fn run_until_verdict(parts: &Parts, ordered: Order, handle: &mut AiringHandle, begun: u32) {
    Task { parts, ordered, handle, taping: Taping::default(), logged: None, listed: false, fleeting: 0 }
        .run(begun)
        .await;
}

impl Task<'_> {
    async fn run(&mut self, begun: u32) {
        let id = self.ordered.airing.id.clone();
        // Its file may be in the output folder: at the start of the process the folder may have been away.
        if begun > 0 && self.settled().await != Some(false) {
            return;
        }
        if begun > ATTEMPTS && !self.hold_back(begun).await {
            return;
        }
        let mut attempt = 1;
        let mut is_new = begun == 0;
        loop {
            // A panic in one airing must not leave it claimed and forgotten.
            let (new, parts) = (std::mem::take(&mut is_new), self.parts);
            let recorded = record(parts, &self.ordered, self.handle, &mut self.taping, new);
            let recorded = AssertUnwindSafe(recorded).catch_unwind().await;
            let error = match recorded.unwrap_or(Err(RecorderError::Panicked)) {
                Ok(()) => return,
                Err(error @ (RecorderError::Stopping | RecorderError::TakenBack)) => {
                    info!(airing = %id, "{error}");
                    return;
                }
                Err(error) => error,
            };
            match self.settled().await {
                Some(false) => {}
                Some(true) => {
                    warn!(airing = %id, %error, "finished: its file was in the output folder already");
                    return;
                }
                None => return,
            }
            let order = self.current();
            let now = self.parts.environment.clock.now();
            let over = now >= order.airing.cut().end || self.parts.airings.is_taped(&id);
            let keeps = now < order.airing.cut().end + TAPE_KEPT;
            let obstacle =
                if keeps { diagnosis::obstacle_behind(self.parts, &error, size_of(&order)).await } else { None };
            let goes_on = if let Some(obstacle) = &obstacle {
                self.wait_out(obstacle, &order).await
            } else if over && attempt >= ATTEMPTS || matches!(error, RecorderError::Room(RoomError::NoRoom { .. })) {
                if self.parts.airings.freeze(self.handle).await {
                    self.fail(&order.airing, &error).await;
                    return;
                }
                // A person has just changed it.
                true
            } else {
                warn!(airing = %id, %error, attempt, "the attempt failed; its tape is there, so it is tried again");
                // Before the end of the airing there is no hurry: an encoder that fails is tried again at the end, not
                // for hours.
                self.note_waiting(&order.airing, error.as_cause());
                let pause = if over || !matches!(error, RecorderError::Encode(_)) {
                    PAUSE * attempt
                } else {
                    (order.airing.cut().end - now).to_std().unwrap_or(PAUSE).max(PAUSE)
                };
                self.rest(&order, pause).await.is_some()
            };
            if !goes_on {
                return;
            }
            if obstacle.is_none() && over {
                attempt += 1;
                if let Err(error) = self.parts.catalogue.retry(&id).await {
                    warn!(airing = %id, %error, "the attempt could not be counted");
                }
            }
        }
    }

    /// Returns the current airing by the current configuration.
    fn current(&self) -> Order {
        self.parts.airings.current(self.ordered.amended(&self.handle.airing.borrow()))
    }

    /// Finishes the airing as failed, because of `error`.
    async fn fail(&self, airing: &Airing, error: &RecorderError) {
        error!(airing = %airing.id, %error, "failed");
        let nothing = Outcome::nothing(airing, error.as_cause(), self.parts.environment.clock.now());
        if let Err(error) = self.parts.catalogue.finish(&airing.id, &nothing).await {
            error!(airing = %airing.id, %error, "the failure could not be written to the list");
        }
    }

    /// Lets other airings go first, because the process died again and again while it finished this one. The pause
    /// grows with each death. Returns false if the process stops.
    async fn hold_back(&mut self, begun: u32) -> bool {
        let order = self.ordered.amended(&self.handle.airing.borrow());
        let id = &order.airing.id;
        let doublings = (begun - ATTEMPTS - 1).min(16);
        let pause = (PAUSE * 2_u32.pow(doublings)).min(LONGEST_HELD_BACK);
        let cause = causes::died_often(begun);
        warn!(airing = %id, "{}; tried again in {} s", cause.words, pause.as_secs());
        self.parts.airings.hold(id, Some(cause.clone()));
        self.note_waiting(&order.airing, cause.clone());
        self.alert(&order.airing, &cause).await;
        let goes_on = self.rest(&order, pause).await.is_some();
        self.parts.airings.hold(id, None);
        goes_on
    }

    /// Waits until `obstacle` has passed, or a person has changed the airing. Returns false if the process stops. Only
    /// for an airing that is not [settled](Self::settled).
    async fn wait_out(&mut self, obstacle: &Obstacle, order: &Order) -> bool {
        let (airing, size, parts) = (&order.airing, size_of(order), self.parts);
        parts.airings.hold(&airing.id, Some(obstacle.cause()));
        self.note_waiting(airing, obstacle.cause());
        let is_known = obstacle.is_of_output() && parts.output.replace(Some(obstacle.cause()));
        if !self.logged.as_ref().is_some_and(|logged| logged.is_like(obstacle)) {
            if is_known {
                info!(airing = %airing.id, "it waits for the output folder, too");
            } else {
                error!(airing = %airing.id, "{obstacle}; its tape is kept, it is finished when that has passed");
            }
            self.logged = Some(obstacle.clone());
        }
        // The unfinished file takes space that the tape and the catalogue need.
        let _ = parts.store.temporary(&airing.id).await;
        let mut looks = 0;
        let goes_on = loop {
            self.alert(airing, &obstacle.cause()).await;
            let pauses =
                if looks == 0 { (self.fleeting + 1).min(LONGEST_PAUSE) } else { (looks + 1).min(LONGEST_LOOK) };
            match self.rest(order, PAUSE * pauses).await {
                None => break false,
                Some(true) => break true,
                Some(false) => {}
            }
            let is_kept = parts.environment.clock.now() < airing.cut().end + TAPE_KEPT;
            if !is_kept || !diagnosis::persists(parts, obstacle, size).await {
                self.fleeting = if looks == 0 { self.fleeting.saturating_add(1) } else { 0 };
                if obstacle.is_of_output() {
                    parts.output.replace(None);
                }
                info!(airing = %airing.id, "what was in the way of finishing it has passed");
                break true;
            }
            looks = looks.saturating_add(1);
        };
        parts.airings.hold(&airing.id, None);
        goes_on
    }

    /// Lets `pause` pass, and drops the lease if the station has nothing more for the airing. Returns whether the
    /// airing was changed or taken back meanwhile. `None` if the process stops.
    async fn rest(&mut self, order: &Order, pause: Duration) -> Option<bool> {
        let environment = &self.parts.environment;
        let changed = tokio::select! {
            biased;
            () = environment.stop.cancelled() => return None,
            () = self.handle.taken_back.cancelled() => true,
            Ok(()) = self.handle.airing.changed() => true,
            () = environment.clock.sleep(pause) => false,
        };
        let cut = order.airing.cut();
        let delay = TimeDelta::from_std(order.station.delay).unwrap_or_default();
        let latest = cut.end + delay + LATEST;
        if !changed
            && let Taping { lease: Some(_), tape: Some(tape) } = &self.taping
            && (environment.clock.now() > latest || reaches(&tape.view(&cut).await, cut))
        {
            self.taping.lease = None;
        }
        Some(changed)
    }

    /// Returns whether the airing is finished, or could be finished now. Asks until the catalogue answers. `None` if
    /// the process stops.
    async fn settled(&self) -> Option<bool> {
        let (id, environment) = (&self.ordered.airing.id, &self.parts.environment);
        let mut logged = false;
        loop {
            match self.is_settled(id).await {
                Ok(settled) => return Some(settled),
                Err(error) if !logged => {
                    let what = if matches!(error, RecorderError::Archive(ArchiveError::Store(_))) {
                        "the output folder could not be asked for its file; nothing is done with it until it can"
                    } else {
                        "the list could not be asked; nothing is done with it until it can"
                    };
                    error!(airing = %id, %error, "{what}");
                    logged = true;
                }
                Err(_) => {}
            }
            environment.stop.run_until_cancelled(environment.clock.sleep(PAUSE)).await?;
        }
    }

    /// Returns whether the airing is finished, or could be finished now because its file is in the output folder.
    async fn is_settled(&self, id: &AiringId) -> Result<bool, RecorderError> {
        let Parts { environment, catalogue, store, .. } = self.parts;
        let Some(claimed) = catalogue.claimed(id).await? else { return Ok(true) };
        Ok(archive::recover(catalogue, store, &claimed, environment.clock.now()).await?)
    }

    /// Notes that the recording waits because of `cause`, unless its station is still being taped for it.
    fn note_waiting(&self, airing: &Airing, cause: Cause) {
        let over = self.parts.environment.clock.now() >= airing.cut().end || self.parts.airings.is_taped(&airing.id);
        if over || self.taping.lease.is_none() {
            self.parts.note(&airing.id, JobState::Waiting, Some(cause));
        }
    }

    /// Writes into the catalogue, once, that an airing which is over is not finished yet.
    async fn alert(&mut self, airing: &Airing, cause: &Cause) {
        let now = self.parts.environment.clock.now();
        // Before its end, a restart would take the airing for one that is being finished.
        if self.listed || now < airing.cut().end {
            return;
        }
        let nothing = Outcome::nothing(airing, causes::held(cause), now);
        match self.parts.catalogue.prepare(&airing.id, &nothing).await {
            Ok(_) => self.listed = true,
            // The catalogue may be on the disk that is full.
            Err(error) => warn!(airing = %airing.id, %error, "the alert could not be written into the list"),
        }
    }
}

/// The most that a station is expected to send, in bits per second, if that is kept.
const ORIGINAL: u32 = 320_000;

/// Returns about how many bytes the file will have, with tags and the blocks of the file system.
fn size_of(order: &Order) -> u64 {
    let seconds = order.airing.cut().length().num_seconds().unsigned_abs();
    let encoding = order.show.encoding;
    let bitrate = if encoding.original { encoding.bitrate.max(ORIGINAL) } else { encoding.bitrate };
    seconds.saturating_mul(u64::from(bitrate) / 8).saturating_add(1024 * 1024)
}
