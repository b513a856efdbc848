//! The recorder: one task per airing, from the claim to the file in the library.
//!
//! [`Airings`] sends each claim to the recorder. The task of an airing leases its station from the decks, encodes the
//! cut while it comes on tape ([`production`](crate::production)), shelves the file and finishes the airing. Every
//! failure ends in a verdict in the catalogue. A process that stops leaves the claim open, and the next start goes on
//! from the tape.
//!
//! - `task` repeats attempts until there is a verdict, `attempt` makes one;
//! - `diagnosis` finds the obstacle behind a failed attempt, `output_watch` watches the output folder for one;
//! - `progress` says how far running airings are; [`recut()`] cuts an airing again after its verdict.

mod attempt;
mod causes;
mod diagnosis;
mod error;
mod obstacle;
mod output_watch;
mod parts;
mod progress;
mod recut;
mod task;

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::{Instrument as _, error_span, info, warn};

use crate::airings::Airings;
use crate::airings::claims::Claim;
use crate::airings::order::Order;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::config::Config;
use crate::housekeeping::{Housekeeping, TAPE_KEPT};
use crate::library::archive::{self, ArchiveError};
use crate::library::artwork::Pictures;
use crate::library::catalogue::{Catalogue, CatalogueError, ClaimedAiring};
use crate::library::store::Store;
use crate::model::{Cause, Outcome};
use crate::production::following::EncodingSlots;

use output_watch::OutputWatch;
use parts::Parts;
use task::ATTEMPTS;

pub use error::RecorderError;
pub use progress::Progress;
pub use recut::{Recoverable, Recut, RecutError, recoverable, recut};

/// Records airings. Clones share one state.
#[derive(Debug, Clone)]
pub struct Recorder {
    parts: Arc<Parts>,
}

impl Recorder {
    /// Returns a recorder with as many encoding slots of each kind as there are processors.
    pub fn new(
        environment: Environment,
        airings: Airings,
        decks: Decks,
        catalogue: Catalogue,
        (store, pictures): (Store, Pictures),
        housekeeping: Housekeeping,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let output = OutputWatch::new(environment.clone(), airings.clone(), store.clone());
        let slots = EncodingSlots::new(processors);
        let parts = Parts { environment, airings, decks, catalogue, store, pictures, housekeeping, slots, output };
        Self { parts: Arc::new(parts) }
    }

    /// Records each of `claims` in a task of its own, until the process stops.
    pub async fn record(self, mut claims: mpsc::UnboundedReceiver<Claim>) {
        let stop = self.parts.environment.stop.clone();
        while let Some(Some(claim)) = stop.run_until_cancelled(claims.recv()).await {
            let (parts, Claim { order, mut handle, attempts }) = (Arc::clone(&self.parts), claim);
            // The journal finds what concerns an airing by its station, too.
            let span = error_span!("airing", station = %order.airing.station);
            let recording = async move {
                task::run_until_verdict(&parts, order, &mut handle, attempts).await;
                parts.airings.end(&handle);
            };
            self.parts.environment.spawn(recording.instrument(span));
        }
    }

    /// Watches the output folder until the process stops.
    pub async fn watch_output(self) {
        self.parts.output.watch().await;
    }

    /// Returns what is wrong with the output folder at the moment, before the next airing has to be finished.
    pub async fn output_trouble(&self) -> Option<Cause> {
        self.parts.output.trouble().await
    }

    /// Returns how far each running airing is, the earliest first. Blocks for a walk along their tapes, so it must not
    /// run on a thread of the runtime.
    pub fn progress(&self) -> Vec<Progress> {
        progress::of_all(&self.parts)
    }

    /// Returns how many times faster than real time the last recording was encoded whose speed is known.
    pub fn encode_speed(&self) -> Option<f64> {
        self.parts.slots.speed()
    }

    /// Goes on with the airings that a stopped or crashed process had claimed, whether or not `config` still has their
    /// shows and stations, and even if the output folder is away.
    ///
    /// # Errors
    /// The catalogue cannot be read or written.
    pub async fn recover(&self, config: &Arc<Config>) -> Result<(), RecorderError> {
        let Parts { environment, airings, catalogue, store, housekeeping, .. } = &*self.parts;
        let mut open = Vec::new();
        let mut away = store.check_writable().await.err();
        for claimed in airings.take_over().await? {
            match archive::recover(catalogue, store, &claimed, environment.clock.now()).await {
                Ok(true) => info!(airing = %claimed.airing.id, "its file is in the output folder already; finished"),
                Ok(false) => open.push((claimed, true)),
                Err(ArchiveError::Store(error)) => {
                    away = Some(error);
                    open.push((claimed, false));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(error) = away {
            warn!(%error, "the output folder is away; what a crash may have left there stays");
        } else {
            housekeeping.empty_bin().await;
            // Only now it is known which temporary files nobody needs.
            if let Err(error) = store.clean(environment.clock.now()).await {
                warn!(%error, "what a crash has left in the output folder could not be removed");
            }
        }
        for (claimed, no_file) in open {
            let order = Order::begun(config, &claimed.airing, &claimed.title);
            self.go_on(&claimed, no_file, order).await?;
        }
        Ok(())
    }

    /// Goes on with one airing. `no_file` says that it is known to have no file yet.
    async fn go_on(&self, claimed: &ClaimedAiring, no_file: bool, order: Option<Order>) -> Result<(), CatalogueError> {
        let Parts { environment, airings, catalogue, .. } = &*self.parts;
        let (airing, now) = (&claimed.airing, environment.clock.now());
        // A restart in the middle of an airing is no failure and costs no attempt.
        let finishing = claimed.prepared.is_some() || now >= airing.cut().end;
        // Another attempt forgets the name that its file may have.
        let attempts = if finishing && no_file { catalogue.retry(&airing.id).await? } else { claimed.attempts };
        let cause = match order {
            Some(_) if attempts > ATTEMPTS && now > airing.cut().end + TAPE_KEPT => causes::died(),
            Some(order) => {
                info!(airing = %airing.id, station = %airing.station, attempt = attempts, "goes on");
                airings.go_on(order, attempts);
                return Ok(());
            }
            None => causes::removed(),
        };
        catalogue.finish(&airing.id, &Outcome::nothing(airing, cause, now)).await
    }
}
