//! The clock: wall time, monotonic time and sleep in one trait, passed down from the daemon.
//!
//! Everything that asks for the time or waits does so here, so that a test can move time by hand. Wall time may jump
//! (NTP, suspend, a person); monotonic time never goes back. A moment of it, such as a deadline, is the time since the
//! start of the clock, and means nothing to another clock. Deadlines use monotonic time, times on tape use wall time.

#[cfg(test)]
pub mod fast;
#[cfg(test)]
pub mod simulated;
pub mod witnesses;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, select};
use thiserror::Error;
use tokio::task::unconstrained;

/// A source of time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall-clock time.
    fn now(&self) -> DateTime<Utc>;
    /// Time since the start of this clock; never goes back.
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

/// It did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it took too long")]
pub struct Elapsed;

impl dyn Clock + '_ {
    /// What `future` gives within `limit` from now. It is asked first: what is there when the time is over has come.
    ///
    /// # Errors
    /// [`Elapsed`] if it takes longer; the future is dropped then, and one that was lent goes on when it is polled again.
    pub fn timeout<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Elapsed>> + use<F> {
        // On the heap, because what is moved into a future that waits for it takes its room twice. The sleep takes no
        // part in the budget of its task: what uses that up at every turn is ended as well.
        let sleep = unconstrained(self.sleep(limit));
        select(Box::pin(future), sleep).map(|first| match first {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(Elapsed),
        })
    }

    /// As `timeout`, until `deadline` in monotonic time.
    ///
    /// # Errors
    /// [`Elapsed`] if it takes longer.
    pub fn timeout_at<F: Future>(
        &self,
        deadline: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Elapsed>> + use<F> {
        self.timeout(deadline.saturating_sub(self.monotonic()), future)
    }
}

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
