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

use std::path::Path;

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

/// Who claims: a state folder on a machine, and the process that works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    machine: String,
    process: String,
}

impl Owner {
    /// This process, which holds the lock of the folder `state`.
    pub(super) fn of_this_process(state: &Path) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let machine = format!("{host}:{}", state.display());
        Self { process: format!("{machine}#{}", std::process::id()), machine }
    }

    /// The part of its name that all processes with the same state folder have.
    pub(super) fn machine(&self) -> &str {
        &self.machine
    }

    /// The lease that begins at `now`.
    pub(super) fn lease(&self, now: DateTime<Utc>) -> Lease {
        Lease { owner: self.process.clone(), until: now + LEASED_FOR }
    }
}
