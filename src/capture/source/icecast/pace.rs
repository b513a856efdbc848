//! How long a connection may be silent before that is reported: a stream that comes evenly is missed sooner than one
//! that comes in lumps.

use std::time::Duration;

use super::super::reconnect::DEAD_AFTER;

/// A stream is steady when it has arrived for this long …
const STEADY_AFTER: Duration = Duration::from_secs(10);
/// … without a pause longer than this.
const STEADY_PAUSE: Duration = Duration::from_millis(1500);
/// The silence of a steady stream is reported after this time.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// How evenly the sound of a connection comes, in monotonic time.
pub(super) struct Pace {
    since: Duration,
    last: Duration,
    longest: Duration,
    /// How long its sound may take to begin; `None` once it has begun.
    begins_within: Option<Duration>,
}

impl Pace {
    pub(super) fn new(begins_within: Duration, now: Duration) -> Self {
        Self { since: now, last: now, longest: Duration::ZERO, begins_within: Some(begins_within) }
    }

    /// There was sound at `now`.
    pub(super) fn sound(&mut self, now: Duration) {
        self.longest = self.longest.max(now.saturating_sub(self.last));
        self.last = now;
        self.begins_within = None;
    }

    /// How long it may be silent.
    pub(super) fn patience(&self) -> Duration {
        let steady = self.last.saturating_sub(self.since) >= STEADY_AFTER && self.longest <= STEADY_PAUSE;
        self.begins_within.unwrap_or(if steady { SILENT_AFTER } else { DEAD_AFTER })
    }
}
