//! Time that does not jump while something is being recorded.
//!
//! When the machine's clock is set in the middle of an airing, nobody can tell whether it was right before or is now.
//! What can be told is how long the airing has been on tape, and that its listener wants the whole of it. So a jump of
//! more than [`JUMP`] is not followed while those airings go on that were being recorded when it happened: they end
//! after their length, and stations' stamps are judged by the clock of before. New airings begin by that time as well.
//! When they are on tape the new time is taken over, at once and for everything: the plan then says what is due, claims
//! in the catalogue keep anything from being recorded twice, and the tapes begin a new session, because sound that is
//! placed by its arrival would otherwise stay on the old line of time.
//!
//! Only soon after the machine has started it is known which time is right: computers without a clock of their own go on
//! where they stopped, others with the time of a zone, until the network tells them. Such a jump is followed at once, and
//! what was put on tape before is moved to where it belongs.
//!
//! A clock that is set back within that time is simply right again: nothing has happened. Smaller corrections are followed at
//! once, and so is the time that a machine was suspended, because [`Clock::monotonic`] counts that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;

use crate::base::clock::{Clock, SharedClock};

/// More than this between two looks at the clock is no correction.
const JUMP: TimeDelta = TimeDelta::seconds(5);

/// For so long after the start of the machine a jump is its clock being set right.
const FIRST: Duration = Duration::from_secs(600);

/// A clock that holds on to its time when the one it is made from jumps.
#[derive(Debug)]
pub(super) struct Timekeeper {
    wall: SharedClock,
    known: Mutex<Known>,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct Known {
    now: DateTime<Utc>,
    monotonic: Duration,
}

impl Timekeeper {
    /// Begins with the time of `wall`.
    pub(super) fn new(wall: SharedClock) -> Arc<Self> {
        let known = Mutex::new(Known { now: wall.now(), monotonic: wall.monotonic() });
        Arc::new(Self { wall, known })
    }

    /// How far the machine's clock has jumped, where that is not followed yet.
    pub(super) fn jumped(&self) -> Option<TimeDelta> {
        let by = self.wall.now() - self.now();
        (by.abs() > JUMP).then_some(by)
    }

    /// Whether the machine's clock may not have been set right yet since it started.
    pub(super) fn is_first(&self) -> bool {
        self.wall.since_boot() < FIRST
    }

    /// From now on it is as late as the machine says.
    pub(super) fn follow(&self) {
        *self.known() = Known { now: self.wall.now(), monotonic: self.wall.monotonic() };
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Timekeeper {
    fn now(&self) -> DateTime<Utc> {
        let mut known = self.known();
        let (wall, monotonic) = (self.wall.now(), self.wall.monotonic());
        let passed = TimeDelta::from_std(monotonic.saturating_sub(known.monotonic)).unwrap_or_default();
        let steady = known.now + passed;
        let now = if (wall - steady).abs() > JUMP { steady } else { wall };
        // From look to look, so that a clock that runs a little fast or slow never adds up to a jump.
        *known = Known { now, monotonic };
        now
    }

    fn monotonic(&self) -> Duration {
        self.wall.monotonic()
    }

    fn since_boot(&self) -> Duration {
        self.wall.since_boot()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.wall.sleep(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wall and monotonic time in milliseconds, moved by hand.
    #[derive(Debug, Default)]
    struct ByHand(Mutex<(i64, u64)>);

    impl ByHand {
        fn pass(&self, wall: i64, monotonic: u64) {
            let mut time = self.0.lock().unwrap();
            *time = (time.0 + wall, time.1 + monotonic);
        }
    }

    impl Clock for ByHand {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + TimeDelta::milliseconds(self.0.lock().unwrap().0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.lock().unwrap().1)
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
    }

    fn seconds(keeper: &Timekeeper) -> f64 {
        (keeper.now() - DateTime::UNIX_EPOCH).as_seconds_f64()
    }

    #[test]
    fn a_jump_is_held_off_in_both_directions_until_it_is_followed() {
        for hour in [3_600_000, -3_600_000] {
            let wall = Arc::new(ByHand::default());
            let keeper = Timekeeper::new(wall.clone());
            wall.pass(10_000, 10_000);
            assert!((seconds(&keeper) - 10.0).abs() < 1e-9 && keeper.jumped().is_none());
            wall.pass(hour + 5_000, 5_000);
            assert!((seconds(&keeper) - 15.0).abs() < 1e-9);
            assert_eq!(keeper.jumped(), Some(TimeDelta::milliseconds(hour)));
            keeper.follow();
            assert_eq!((keeper.now(), keeper.jumped()), (wall.now(), None));
        }
    }

    #[test]
    fn a_jump_that_is_taken_back_has_not_happened() {
        let wall = Arc::new(ByHand::default());
        let keeper = Timekeeper::new(wall.clone());
        wall.pass(3_601_000, 1_000);
        assert!((seconds(&keeper) - 1.0).abs() < 1e-9);
        wall.pass(-3_599_200, 1_000);
        assert!((seconds(&keeper) - 1.8).abs() < 1e-9, "and what is left of it is followed as a correction");
        assert!(keeper.jumped().is_none());
    }

    #[test]
    fn a_slow_drift_and_a_suspend_are_followed() {
        let wall = Arc::new(ByHand::default());
        let keeper = Timekeeper::new(wall.clone());
        for _ in 0..100 {
            wall.pass(1_100, 1_000);
            assert_eq!(keeper.now(), wall.now());
        }
        // Monotonic time counts suspend.
        wall.pass(8 * 3_600_000, 8 * 3_600_000);
        assert_eq!((keeper.now(), keeper.jumped()), (wall.now(), None));
    }
}
