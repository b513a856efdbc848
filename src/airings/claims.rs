//! Claims: who records what, and for how long nobody else may.
//!
//! Invariants:
//! - a claim is the row of an airing in the catalogue; it says whose it is and until when it is leased;
//! - the owner renews its leases (`renewal`) for as long as it records;
//! - a claim is taken over only if its lease has expired, or if its owner was another process with the same state folder:
//!   whoever holds the lock of that folder knows that the other is gone.
//!
//! A claim keeps an airing from being recorded twice. It is no permission: what was recorded twice costs a file, what
//! nobody recorded is lost.

use chrono::{DateTime, TimeDelta, Utc};

use super::order::Order;
use super::running::AiringHandle;
use crate::model::Lease;

/// How long a claim is leased: three renewals may fail.
const LEASED_FOR: TimeDelta = TimeDelta::seconds(120);

/// An airing that this process has claimed.
#[derive(Debug)]
pub struct Claim {
    /// What to record.
    pub order: Order,
    /// How the task of the airing hears of changes.
    pub handle: AiringHandle,
    /// How often its recording was begun before; 0 for a new claim.
    pub attempts: u32,
}

/// The holder of the lock of the state folder that the catalogue lies in, whoever that is. It has one name for good: a
/// container gets another host name with each start, and a state folder may be moved.
pub(super) const LOCK_HOLDER: &str = "lock";

/// The lease of this process, which holds the lock, from `now` on.
pub(super) fn lease(now: DateTime<Utc>) -> Lease {
    Lease { owner: format!("{LOCK_HOLDER}#{}", std::process::id()), until: now + LEASED_FOR }
}
