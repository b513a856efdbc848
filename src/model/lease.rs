//! Who has claimed an airing, and until when.

use chrono::{DateTime, Utc};

/// Who has claimed an airing, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The process: `HOLDER#PROCESS`. Processes of one holder follow each other.
    pub owner: String,
    /// From then on another process may take the airing over.
    pub until: DateTime<Utc>,
}
