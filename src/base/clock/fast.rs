//! The machine's clock, many times faster: for tests that wait for real things by long times.

use chrono::TimeDelta;

use super::{BoxFuture, Clock, DateTime, Duration, SystemClock, Utc};

/// So many seconds in every second, from the beginning of 1970.
#[derive(Debug)]
pub struct Fast {
    clock: SystemClock,
    speed: u32,
}

impl Fast {
    /// So many times as fast as the machine's.
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
