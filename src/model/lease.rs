//! Who has claimed an airing, and until when.

use chrono::{DateTime, Utc};

/// Who has claimed an airing, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The process, by a name that no other has: `HOST:STATE FOLDER#PROCESS`.
    pub owner: String,
    /// From then on another process may take the airing over.
    pub until: DateTime<Utc>,
}
