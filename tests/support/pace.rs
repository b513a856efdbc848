//! What is done by one after another, with pauses between.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use tokio::sync::Mutex;

/// When the next may do it.
pub struct Pace(Mutex<Duration>);

impl Pace {
    /// Of what was not done yet.
    pub const fn new() -> Self {
        Self(Mutex::const_new(Duration::ZERO))
    }

    /// Waits until the pause of whoever did it last is over; the next comes `pause` later.
    pub async fn keep(&self, pause: Duration) {
        let mut next = self.0.lock().await;
        let clock = SystemClock::shared();
        clock.sleep(next.saturating_sub(clock.since_boot())).await;
        *next = clock.since_boot() + pause;
    }
}
