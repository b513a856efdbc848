//! Says once a second that it is time to ask the plan, and every few minutes that it is time for housekeeping, through
//! tokio-cron-scheduler.
//!
//! That crate is used within the limits measured of release 0.15.1:
//! - its crons are in UTC and few, because it freezes a zone's offset when a job is made: the crons of shows belong to
//!   `airings::plan`;
//! - jobs are added one after another before it starts, because concurrent `add`s hang;
//! - a job only hands a tick on without waiting, because runs may overlap and a panic ends a job for good;
//! - a tick says nothing about the time, because it comes up to half a second late: whoever gets one asks the clock;
//! - after the clock was set back its jobs are silent until the old time returns, so a watch on monotonic time ticks in
//!   their place;
//! - it runs on when it is dropped, so its jobs hold nothing that keeps the channel of ticks open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::base::clock::SharedClock;
use crate::base::environment::Environment;

/// Crons of six fields, seconds first, in UTC.
const JOBS: [(&str, Tick); 2] = [("* * * * * *", Tick::Second), ("30 */10 * * * *", Tick::Housekeeping)];
/// After so much silence the watch ticks in place of the scheduler.
const SILENCE: Duration = Duration::from_secs(2);
/// Removing a job takes microseconds; a scheduler that hangs must not hold up the end of the daemon.
const REMOVAL: Duration = Duration::from_secs(1);

/// Time to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tick {
    /// What is due? Once a second; ticks that nobody takes are dropped, not saved up.
    Second,
    /// Retention, check-ups: every ten minutes.
    Housekeeping,
}

/// The scheduler did not start.
#[derive(Debug, Error)]
#[error("the scheduler could not be started: {0}")]
pub struct TickerError(#[from] JobSchedulerError);

/// Sends ticks until it is stopped or dropped; the channel ends then.
#[derive(Debug)]
pub(super) struct Ticker {
    scheduler: Scheduler,
    clock: SharedClock,
    stop: CancellationToken,
    /// The only strong end; jobs hold weak ones.
    ticks: Option<mpsc::Sender<Tick>>,
}

impl Ticker {
    /// Starts to send `ticks`.
    pub(super) async fn start(environment: &Environment, ticks: mpsc::Sender<Tick>) -> Result<Self, TickerError> {
        Self::start_with(environment, ticks, &JOBS, SILENCE).await
    }

    async fn start_with(
        environment: &Environment,
        ticks: mpsc::Sender<Tick>,
        jobs: &[(&str, Tick)],
        silence: Duration,
    ) -> Result<Self, TickerError> {
        let stop = environment.stop.child_token();
        let heard = Arc::new(AtomicU64::new(0));
        let scheduler = Scheduler::start(jobs, &ticks, &stop, &heard).await?;
        environment.spawn(watch(environment.clone(), ticks.downgrade(), stop.clone(), heard, silence));
        Ok(Self { scheduler, clock: environment.clock.clone(), stop, ticks: Some(ticks) })
    }

    /// Ends the ticks: none is sent after this returns.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        self.ticks = None;
        self.scheduler.stop(&self.clock).await;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The scheduler and what was put into it.
struct Scheduler {
    inner: JobScheduler,
    jobs: Vec<Job>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

impl Scheduler {
    async fn start(
        crons: &[(&str, Tick)],
        ticks: &mpsc::Sender<Tick>,
        stop: &CancellationToken,
        heard: &Arc<AtomicU64>,
    ) -> Result<Self, TickerError> {
        let inner = JobScheduler::new().await?;
        let mut jobs = Vec::with_capacity(crons.len());
        for (cron, tick) in crons {
            let (tick, ticks, stop, heard) = (*tick, ticks.downgrade(), stop.clone(), Arc::clone(heard));
            let job = Job::new(*cron, move |_, _| {
                heard.fetch_add(1, Ordering::Relaxed);
                send(tick, &ticks, &stop);
            })?;
            inner.add(job.clone()).await?;
            jobs.push(job);
        }
        inner.start().await?;
        Ok(Self { inner, jobs })
    }

    async fn stop(&mut self, clock: &SharedClock) {
        for job in &self.jobs {
            if clock.timeout(REMOVAL, self.inner.remove(&job.guid())).await.is_err() {
                tracing::debug!("the scheduler did not remove a job in time");
                break;
            }
        }
        // Sets a flag; the loop reads it within half a second.
        let _ = clock.timeout(REMOVAL, self.inner.shutdown()).await;
    }
}

/// Hands a tick on, or drops it where the last ones have not been taken yet.
fn send(tick: Tick, ticks: &mpsc::WeakSender<Tick>, stop: &CancellationToken) {
    if let Some(ticks) = ticks.upgrade().filter(|_| !stop.is_cancelled()) {
        let _ = ticks.try_send(tick);
    }
}

/// Ticks in place of the scheduler while it says nothing.
async fn watch(
    environment: Environment,
    ticks: mpsc::WeakSender<Tick>,
    stop: CancellationToken,
    heard: Arc<AtomicU64>,
    silence: Duration,
) {
    let mut before = heard.load(Ordering::Relaxed);
    let mut silent = false;
    while stop.run_until_cancelled(environment.clock.sleep(silence)).await.is_some() {
        let now = heard.load(Ordering::Relaxed);
        if now == before && !silent {
            tracing::warn!("the scheduler is silent, as after the clock was set back; ticking in its place");
        }
        silent = now == before;
        before = now;
        if silent {
            send(Tick::Second, &ticks, &stop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SystemClock;

    async fn next(ticks: &mut mpsc::Receiver<Tick>) -> Option<Tick> {
        SystemClock::shared().timeout(Duration::from_secs(10), ticks.recv()).await.expect("a tick should come")
    }

    #[tokio::test]
    async fn a_tick_comes_every_second_until_it_is_stopped() {
        let environment = Environment::system();
        let (sender, mut ticks) = mpsc::channel(4);
        let ticker = Ticker::start(&environment, sender).await.unwrap();
        assert_eq!(next(&mut ticks).await, Some(Tick::Second));
        let first = environment.clock.monotonic();
        while next(&mut ticks).await != Some(Tick::Second) {}
        let gap = environment.clock.monotonic().saturating_sub(first);
        assert!(gap < Duration::from_millis(1_900), "the next tick came after {gap:?}");
        ticker.stop().await;
        // What was sent before may still be there; then the channel is at its end.
        while let Some(tick) = next(&mut ticks).await {
            assert!(matches!(tick, Tick::Second | Tick::Housekeeping));
        }
        environment.tasks.close();
        environment
            .clock
            .timeout(Duration::from_secs(5), environment.tasks.wait())
            .await
            .expect("the watch should end");
    }

    #[tokio::test]
    async fn housekeeping_has_a_cron_of_its_own() {
        let environment = Environment::system();
        let (sender, mut ticks) = mpsc::channel(4);
        let jobs = [("* * * * * *", Tick::Housekeeping)];
        let ticker = Ticker::start_with(&environment, sender, &jobs, Duration::from_mins(1)).await.unwrap();
        assert_eq!(next(&mut ticks).await, Some(Tick::Housekeeping));
        drop(ticker);
        while next(&mut ticks).await.is_some() {}
    }

    #[tokio::test]
    async fn nobody_taking_ticks_blocks_nothing_and_loses_no_later_ones() {
        let environment = Environment::system();
        let (sender, mut ticks) = mpsc::channel(1);
        let silence = Duration::from_millis(5);
        let ticker = Ticker::start_with(&environment, sender, &[], silence).await.unwrap();
        // No job ever runs, as after the clock was set back: the watch fills the channel, and goes on when it is read.
        for _ in 0..3 {
            assert_eq!(next(&mut ticks).await, Some(Tick::Second));
        }
        environment.stop.cancel();
        ticker.stop().await;
        while next(&mut ticks).await.is_some() {}
    }

    #[tokio::test]
    async fn a_wrong_cron_is_an_error() {
        let (sender, _ticks) = mpsc::channel(1);
        let jobs = [("nonsense", Tick::Second)];
        assert!(Ticker::start_with(&Environment::system(), sender, &jobs, SILENCE).await.is_err());
    }
}
