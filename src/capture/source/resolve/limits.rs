//! Bounds for one step.

use std::time::Duration;

/// The largest page, document or playlist file that is read.
pub(super) const BODY_CAP: usize = 4 << 20;
/// How long one request or one command may take.
pub(super) const STEP_LIMIT: Duration = Duration::from_secs(15);
