//! A clock that stands still until a test moves it: for tests.

use std::sync::{Arc, Mutex, MutexGuard};

use chrono::TimeDelta;
use futures::FutureExt as _;
use tokio::sync::oneshot;

use super::{BoxFuture, Clock, DateTime, Duration, Utc};

/// How often other tasks get their turn when a sleeper wakes: enough for a chain of tasks that wake each other.
const TURNS: usize = 32;

/// Time that a test moves. Sleepers wake in the order of their time as it passes, each at its own instant.
#[derive(Debug)]
pub struct SimulatedClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    monotonic: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl SimulatedClock {
    /// A clock that stands at `now`.
    pub fn at(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { now, monotonic: Duration::ZERO, sleepers: Vec::new() }) })
    }

    /// Lets `passing` pass. On a runtime with one thread, everything that this sets going has happened when it returns.
    pub async fn advance(&self, passing: Duration) {
        let until = self.state().monotonic + passing;
        loop {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            let woken = {
                let mut state = self.state();
                state.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
                let next = state.sleepers.iter().enumerate().min_by_key(|(_, (at, _))| *at);
                let next = next.map(|(index, (at, _))| (index, *at)).filter(|(_, at)| *at <= until);
                state.move_to(next.map_or(until, |(_, at)| at));
                next.map(|(index, _)| state.sleepers.remove(index).1)
            };
            match woken {
                // An error means that nobody waits any more.
                Some(sleeper) => drop(sleeper.send(())),
                None => return,
            }
        }
    }

    /// Steps only the wall clock, as a person or NTP does.
    pub fn step(&self, by: TimeDelta) {
        self.state().now += by;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

impl State {
    fn move_to(&mut self, monotonic: Duration) {
        let passed = monotonic.saturating_sub(self.monotonic);
        self.now += TimeDelta::from_std(passed).expect("tests are short");
        self.monotonic += passed;
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        self.state().now
    }

    fn monotonic(&self) -> Duration {
        self.state().monotonic
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        let at = state.monotonic.saturating_add(duration);
        let (waker, woken) = oneshot::channel();
        state.sleepers.push((at, waker));
        // An error means that the clock is gone, and with it the test.
        woken.map(drop).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::sleep_until;

    #[tokio::test]
    async fn a_stepped_wall_clock_wakes_a_waiter_within_a_second() {
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let waiting = Arc::clone(&clock);
        let waiter =
            tokio::spawn(async move { sleep_until(&*waiting, DateTime::UNIX_EPOCH + TimeDelta::hours(1)).await });
        clock.advance(Duration::from_mins(10)).await;
        assert!(!waiter.is_finished());
        clock.step(TimeDelta::hours(1));
        clock.advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
        assert!(waiter.is_finished());
    }
}
