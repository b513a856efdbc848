//! Copies of tapes in an object store, where `what` asks for them: the reels of the stations that are always on tape, when
//! they have ended and are sealed, each with its index and its seal; and the account of each day, when that is over.
//!
//! [`TapeCopies`] is the copier of the service: a task of its own, so that recordings do not wait for weeks of tape. How far
//! a tape is copied is one word in the catalogue, that of the newest seal of which the reel is there. So what it costs does
//! not depend on how much is copied already: a look at a tape is a look at the length of its file of seals, and the seals are
//! read when there are new ones. The oldest that waits of each station goes first, one station after another.
//!
//! Invariants:
//! - a reel counts as copied when the store has its sound with the checksum of its seal, then its index, then its seal;
//! - nothing is overwritten, and nothing is deleted because it is copied;
//! - a reel that cannot be copied holds up no other: it is left, written down, and tried again every hour.

mod accounts;
mod copier;
pub mod fsck;
mod name;
mod reels;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::account::{Account, ListedReel};
use crate::base::environment::Environment;
use crate::base::zone::Zone;
use crate::capture::deck::Decks;
use crate::config::Config;
use crate::copies::Copies;
use crate::library::catalogue::Catalogue;

use copier::Copier;

/// Writes the account of a tape as JSON: of the station with this id, by the clock of a zone.
pub type AsJson = fn(&str, &Account, &[ListedReel], Zone) -> Vec<u8>;

/// The copier of tapes; clones are the same.
#[derive(Debug, Clone)]
pub struct TapeCopies {
    environment: Environment,
    config: watch::Receiver<Arc<Config>>,
    catalogue: Catalogue,
    decks: Decks,
    copies: Copies,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    reels: AtomicU64,
    accounts: AtomicU64,
    waiting: AtomicU64,
    lost: AtomicU64,
}

/// What was copied since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many reels.
    pub reels: u64,
    /// How many accounts.
    pub accounts: u64,
    /// How many reels wait.
    pub waiting: u64,
    /// How many reels were deleted from the tape before they could be copied.
    pub lost: u64,
}

impl TapeCopies {
    /// Returns the copier of a service, which does nothing yet.
    pub fn new(
        environment: Environment,
        config: watch::Receiver<Arc<Config>>,
        (catalogue, decks): (Catalogue, Decks),
        copies: Copies,
    ) -> Self {
        Self { environment, config, catalogue, decks, copies, counts: Arc::default() }
    }

    /// Returns what was copied since the process began.
    pub fn counted(&self) -> Counted {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { reels, accounts, waiting, lost } = &*self.counts;
        Counted { reels: read(reels), accounts: read(accounts), waiting: read(waiting), lost: read(lost) }
    }

    /// Copies what has ended, until the service stops.
    pub async fn run(self, as_json: AsJson) {
        let stop = self.environment.stop.clone();
        stop.run_until_cancelled_owned(Copier::new(self, as_json).copy_forever()).await;
    }
}
