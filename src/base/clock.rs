//! The clock: wall time, monotonic time and sleep in one trait, passed down from the daemon.
//!
//! Everything that asks for the time or waits does so here, so that a test can move time by hand. Wall time may jump
//! (NTP, suspend, a person); monotonic time never goes back. Deadlines for the network use monotonic time, times on
//! tape use wall time.

#[cfg(test)]
pub mod fast;
#[cfg(test)]
pub mod simulated;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

/// A source of time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall-clock time.
    fn now(&self) -> DateTime<Utc>;
    /// Time since an arbitrary start; never goes back.
    fn monotonic(&self) -> Duration;
    /// How long the machine has been up; [`Duration::MAX`] if nobody knows.
    fn since_boot(&self) -> Duration {
        Duration::MAX
    }
    /// Completes once `duration` of monotonic time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// A shared clock, as it is handed from part to part.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock. Its monotonic time also counts the time that the machine is suspended. So a suspend can be told
/// from a clock that was set.
#[derive(Debug)]
pub struct SystemClock {
    started: Duration,
}

impl SystemClock {
    /// The machine's clock, ready to share.
    pub fn shared() -> SharedClock {
        Arc::new(Self::new())
    }

    /// The machine's clock, not shared.
    pub(crate) fn new() -> Self {
        Self { started: since_boot() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the wrapper itself")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn monotonic(&self) -> Duration {
        since_boot().saturating_sub(self.started)
    }

    fn since_boot(&self) -> Duration {
        since_boot()
    }

    #[expect(clippy::disallowed_methods, reason = "the wrapper itself")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

/// Sleeps until the wall clock shows `instant`. Looks again at least every second, so that a stepped clock or a
/// suspended machine is noticed.
pub async fn sleep_until(clock: &dyn Clock, instant: DateTime<Utc>) {
    while let Ok(left) = (instant - clock.now()).to_std() {
        if left.is_zero() {
            return;
        }
        clock.sleep(left.min(Duration::from_secs(1))).await;
    }
}
