//! What all parts of the room share: how far the copier is, and what it works with.

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

/// Writes the account of a tape as JSON: of the station with this id, by the clock of a zone.
pub type AsJson = fn(&str, &Account, &[ListedReel], Zone) -> Vec<u8>;

/// The copier of tapes; clones are the same.
#[derive(Debug, Clone)]
pub struct TapeCopies {
    pub(super) environment: Environment,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) catalogue: Catalogue,
    pub(super) decks: Decks,
    pub(super) copies: Copies,
    pub(super) counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) reels: AtomicU64,
    pub(super) accounts: AtomicU64,
    pub(super) waiting: AtomicU64,
    pub(super) lost: AtomicU64,
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
    pub fn new(environment: Environment, config: watch::Receiver<Arc<Config>>, decks: Decks, copies: Copies) -> Self {
        let catalogue = copies.catalogue().clone();
        Self { environment, config, catalogue, decks, copies, counts: Arc::default() }
    }

    /// Returns what was copied since the process began.
    pub fn counted(&self) -> Counted {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { reels, accounts, waiting, lost } = &*self.counts;
        Counted { reels: read(reels), accounts: read(accounts), waiting: read(waiting), lost: read(lost) }
    }
}
