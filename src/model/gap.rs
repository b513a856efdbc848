//! What is missing from a recording, and why.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Cause;

/// A stretch of a cut that is not on tape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The wall-clock time at which the sound stops.
    pub start: DateTime<Utc>,
    /// How much is missing.
    pub length: Duration,
    /// Why.
    pub cause: Cause,
}
