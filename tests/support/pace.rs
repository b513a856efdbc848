//! What is done no oftener than so often.

use std::time::Duration;

use aircheck::base::clock::SystemClock;
use tokio::sync::Mutex;

/// When it was done last.
pub struct Pace(Mutex<Option<Duration>>);

impl Pace {
    /// Of what was not done yet.
    pub const fn new() -> Self {
        Self(Mutex::const_new(None))
    }

    /// Waits until it was done last at least `pause` ago; whoever waits as well comes after.
    pub async fn keep(&self, pause: Duration) {
        let mut last = self.0.lock().await;
        let clock = SystemClock::shared();
        if let Some(last) = *last {
            clock.sleep((last + pause).saturating_sub(clock.since_boot())).await;
        }
        *last = Some(clock.since_boot());
    }
}
