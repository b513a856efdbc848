//! How many are asked for.

use serde::Deserialize;

/// The most that is answered at once.
const MOST: u32 = 500;

/// How many.
#[derive(Debug, Deserialize)]
pub(super) struct Count {
    limit: Option<u32>,
}

impl Count {
    /// So many as were asked for, else `usual`; never more than [`MOST`].
    pub(super) fn or(&self, usual: u32) -> u32 {
        self.limit.unwrap_or(usual).min(MOST)
    }
}
