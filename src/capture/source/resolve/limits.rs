//! How much a page may cost.

use std::time::Duration;

/// The largest page, document or playlist file that is read.
pub(super) const BODY_CAP: usize = 4 << 20;
/// The longest that one request or one command may take.
pub(super) const STEP_LIMIT: Duration = Duration::from_secs(15);
