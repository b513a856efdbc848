//! Claims: which process records which airing, and until when no other may.
//!
//! Invariants:
//! - a claim is the row of an airing in the catalogue; it has an owner and the end of a lease;
//! - the owner renews its leases (`renewal`) while it records;
//! - a process takes over a claim only if the lease has expired, or if the owner was another process with the same
//!   state folder: the holder of that folder's lock knows that the other process is gone.
//!
//! A claim keeps an airing from being recorded twice. It is no permission to record: an airing that was recorded twice
//! costs a file, one that nobody recorded is lost.

use chrono::{DateTime, TimeDelta, Utc};

use super::order::Order;
use super::running::AiringHandle;
use crate::model::Lease;

/// How long a lease lasts: three renewals may fail.
const LEASED_FOR: TimeDelta = TimeDelta::seconds(120);

/// An airing that this process has claimed.
#[derive(Debug)]
pub struct Claim {
    /// What to record.
    pub order: Order,
    /// Tells the task of the airing about changes.
    pub handle: AiringHandle,
    /// How often the recording was begun before; 0 for a new claim.
    pub attempts: u32,
}

/// The owner's name: whichever process holds the lock of the state folder with the catalogue. The name never changes,
/// while a container gets another host name with each start, and a state folder may be moved.
pub(super) const LOCK_HOLDER: &str = "lock";

/// Returns the lease of this process, which holds the lock, from `now` on.
pub(super) fn lease(now: DateTime<Utc>) -> Lease {
    Lease { owner: format!("{LOCK_HOLDER}#{}", std::process::id()), until: now + LEASED_FOR }
}
