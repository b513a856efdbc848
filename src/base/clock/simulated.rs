//! A clock that stands still until a test moves it, or waits for something with it: for tests on a runtime of one thread.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use chrono::TimeDelta;
use futures::FutureExt as _;
use futures::future::ready;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::super::elsewhere::Elsewhere;
use super::{BoxFuture, Clock, DateTime, Duration, Utc};

/// How often other tasks get their turn when a sleeper wakes: enough for a chain of tasks that wake each other.
const TURNS: usize = 32;
/// What the system may need for what goes through its sockets and pipes, in real time.
const BREATH: Duration = Duration::from_micros(50);
/// Whoever waits for longer waits for what never comes.
const LONGEST: Duration = Duration::from_hours(48);

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
    /// How often it was asked.
    asked: u64,
}

impl SimulatedClock {
    /// A clock that stands at `now`.
    pub fn at(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { now, monotonic: Duration::ZERO, sleepers: Vec::new(), asked: 0 }) })
    }

    /// Lets `passing` pass. On a runtime with one thread, everything that this sets going has happened when it returns.
    pub async fn advance(&self, passing: Duration) {
        let until = self.state().monotonic + passing;
        loop {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            if !self.state().wake_next(until) {
                self.state().move_to(until);
                return;
            }
        }
    }

    /// What `future` gives. Meanwhile time passes whenever everybody waits for it: not while anything else can happen, be it
    /// in a task, in another thread that works for one, or in a socket of this process. What a child does takes real time, in
    /// which this time passes as well.
    pub async fn pass_until<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let passing = AbortOnDropHandle::new(tokio::spawn(Arc::clone(self).pass()));
        tokio::select! {
            biased;
            output = future => output,
            _ = passing => panic!("it has not come within {LONGEST:?}"),
        }
    }

    async fn pass(self: Arc<Self>) {
        assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread, "others may be at work unseen");
        let until = self.state().monotonic + LONGEST;
        while self.state().monotonic < until {
            if !self.is_quiet().await {
                continue;
            }
            if !self.state().wake_next(until) {
                // Nobody waits for time.
                thread::sleep(BREATH);
            }
        }
    }

    /// Whether all have had their turn and nothing came of it.
    async fn is_quiet(&self) -> bool {
        let before = self.state().asked;
        for _ in 0..2 {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            thread::sleep(BREATH);
            if Elsewhere::any() || self.state().asked != before {
                return false;
            }
        }
        // What the system has handed on meanwhile.
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        !Elsewhere::any() && self.state().asked == before
    }

    /// Steps only the wall clock, as a person or NTP does.
    pub fn step(&self, by: TimeDelta) {
        self.state().now += by;
    }

    fn asked(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.asked += 1;
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

impl State {
    /// Wakes those whose time is over first, if that is by `until`.
    fn wake_next(&mut self, until: Duration) -> bool {
        self.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        let next = self.sleepers.iter().map(|(at, _)| *at).min().filter(|at| *at <= until);
        let Some(next) = next else { return false };
        self.move_to(next);
        for (_, sleeper) in self.sleepers.extract_if(.., |(at, _)| *at <= next) {
            // An error means that nobody waits any more.
            let _ = sleeper.send(());
        }
        true
    }

    fn move_to(&mut self, monotonic: Duration) {
        let passed = monotonic.saturating_sub(self.monotonic);
        self.now += TimeDelta::from_std(passed).expect("tests are short");
        self.monotonic += passed;
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        self.asked().now
    }

    fn monotonic(&self) -> Duration {
        self.asked().monotonic
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.asked();
        if duration.is_zero() {
            return ready(()).boxed();
        }
        let at = state.monotonic.saturating_add(duration);
        let (waker, woken) = oneshot::channel();
        state.sleepers.push((at, waker));
        // An error means that the clock is gone, and with it the test.
        woken.map(drop).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::base::blocking::blocking;
    use crate::base::clock::{Elapsed, SharedClock, sleep_until};

    const SECOND: Duration = Duration::from_secs(1);

    fn clock() -> (Arc<SimulatedClock>, SharedClock) {
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        (Arc::clone(&clock), clock)
    }

    #[tokio::test]
    async fn a_stepped_wall_clock_wakes_a_waiter_within_a_second() {
        let (clock, waiting) = clock();
        let waiter =
            tokio::spawn(async move { sleep_until(&*waiting, DateTime::UNIX_EPOCH + TimeDelta::hours(1)).await });
        clock.advance(Duration::from_mins(10)).await;
        assert!(!waiter.is_finished());
        clock.step(TimeDelta::hours(1));
        clock.advance(SECOND).await;
        tokio::task::yield_now().await;
        assert!(waiter.is_finished());
    }

    #[tokio::test]
    async fn what_takes_too_long_ends_at_its_time_and_what_has_come_by_then_counts() {
        let (simulated, clock) = clock();
        assert_eq!(simulated.pass_until(clock.timeout(SECOND, pending::<()>())).await, Err(Elapsed));
        assert_eq!(clock.monotonic(), SECOND);
        let mut slow = clock.sleep(2 * SECOND).map(|()| "slow");
        assert_eq!(simulated.pass_until(clock.timeout_at(2 * SECOND, &mut slow)).await, Err(Elapsed));
        assert_eq!(
            simulated.pass_until(clock.timeout_at(3 * SECOND, slow)).await,
            Ok("slow"),
            "it goes on, and is asked first"
        );
        assert_eq!(clock.monotonic(), 3 * SECOND);
        assert_eq!(clock.timeout_at(SECOND, ready("there")).await, Ok("there"), "however late it is");
        assert_eq!(clock.timeout_at(SECOND, pending::<()>()).await, Err(Elapsed));
    }

    #[tokio::test]
    async fn no_time_passes_while_a_thread_works_or_a_socket_is_on_its_way() {
        let (simulated, clock) = clock();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let echo = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            while let Ok(byte) = stream.read_u8().await {
                blocking(move || thread::sleep(Duration::from_millis(3))).await;
                stream.write_u8(byte).await.unwrap();
            }
        });
        let asking = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            for byte in 0..10 {
                stream.write_u8(byte).await.unwrap();
                assert_eq!(stream.read_u8().await.unwrap(), byte);
            }
        };
        let in_time = simulated.pass_until(clock.timeout(Duration::from_millis(1), asking)).await;
        assert_eq!((in_time, clock.monotonic()), (Ok(()), Duration::ZERO));
        echo.abort();
    }
}
