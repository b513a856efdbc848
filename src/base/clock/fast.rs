//! The machine's clock, many times faster: for tests of long waits for real things.

use chrono::TimeDelta;

use super::{BoxFuture, Clock, DateTime, Duration, SystemClock, Utc};

/// A clock that runs many times as fast as the machine's, from the beginning of 1970.
#[derive(Debug)]
pub struct Fast {
    clock: SystemClock,
    speed: u32,
}

impl Fast {
    /// A clock that runs `speed` times as fast as the machine's.
    pub fn new(speed: u32) -> Self {
        Self { clock: SystemClock::new(), speed }
    }
}

impl Clock for Fast {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::from_std(self.monotonic()).expect("tests are short")
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic() * self.speed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration / self.speed)
    }
}
