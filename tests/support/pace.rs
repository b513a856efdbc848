//! Spaces actions of concurrent callers by pauses.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use tokio::sync::Mutex;

/// Says when the next caller may act.
pub struct Pace(Mutex<Duration>);

impl Pace {
    /// Returns a pace without a pause before the first action.
    pub const fn new() -> Self {
        Self(Mutex::const_new(Duration::ZERO))
    }

    /// Waits until the pause after the last action is over; the next action may follow `pause` later.
    pub async fn keep(&self, pause: Duration) {
        let mut next = self.0.lock().await;
        let clock = SystemClock::shared();
        clock.sleep(next.saturating_sub(clock.since_boot())).await;
        *next = clock.since_boot() + pause;
    }
}
