//! Work that blocks (files, SQLite, HTML parsing), taken off the runtime's worker threads.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinError;

#[cfg(test)]
use super::elsewhere::Elsewhere;

/// Runs `work` on a thread that may block, and waits for it. A panic in `work` goes on in the caller.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match aside(work).await {
        Ok(value) => value,
        // It is never cancelled: nothing aborts these tasks, and a runtime that shuts down no longer polls the caller.
        Err(error) => resume_unwind(error.into_panic()),
    }
}

/// As [`blocking`], for work that a stranger's bytes may bring down: `None` if it panics.
pub async fn caught<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    aside(work).await.ok()
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    let result = run_aside(Box::new(move || Box::new(work()))).await?;
    Ok(*result.downcast().unwrap_or_else(|_| unreachable!("the work returns a `T`")))
}

/// Runs `work` on the pool. One type of work for all callers: each type of task costs the compiler more than a thousand
/// lines.
async fn run_aside(work: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>) -> Result<Box<dyn Any + Send>, JoinError> {
    #[cfg(test)]
    let _elsewhere = Elsewhere::begin();
    tokio::task::spawn_blocking(work).await
}

/// A way to a disk that only so many threads may use at a time. Further callers wait, and need no thread for that. So a
/// disk that hangs holds some threads of the pool, however many callers there are, and never those of other disks.
///
/// It also saves memory. If a thousand stations each need a thread for a millisecond within one second, there would be
/// hundreds of threads, each with a stack and an arena of its own.
#[derive(Debug, Clone)]
pub struct Lane(Arc<Semaphore>);

impl Lane {
    /// A lane for `width` threads.
    pub fn new(width: usize) -> Self {
        Self(Arc::new(Semaphore::new(width)))
    }

    /// Runs `work` as [`blocking`] does, once there is room. Work that has begun goes on to its end, and holds its slot
    /// until then.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.0).acquire_owned().await.ok();
        blocking(move || {
            let _permit = permit;
            work()
        })
        .await
    }
}

/// Runs `work` on a thread of its own. `None` if it takes longer than `patience`, as on a disk that hangs.
pub fn within<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, done) = mpsc::channel();
    // The caller may have stopped waiting.
    thread::Builder::new().spawn(move || drop(sender.send(work()))).ok()?;
    done.recv_timeout(patience).ok()
}

type Job = Box<dyn FnOnce() + Send>;

/// The thread for work that takes much memory; `None` if the system has no more threads.
static HEAVY: LazyLock<Option<Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    let thread = thread::Builder::new().name("heavy".to_owned());
    thread.spawn(move || jobs.into_iter().for_each(|job| job())).ok().map(|_| sender)
});

/// Runs work that takes much memory for a moment. One thread does all such work, one piece after another; work for
/// which nobody waits any more is dropped. glibc keeps much of what each thread has freed: on many threads of a pool,
/// now here and then there, the same work would take several times its memory.
pub async fn heavy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    #[cfg(test)]
    let _elsewhere = Elsewhere::begin();
    let (sender, done) = oneshot::channel();
    let job: Job = Box::new(move || {
        if !sender.is_closed() {
            // The caller may have stopped waiting.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        }
    });
    let left = match &*HEAVY {
        Some(thread) => thread.send(job).err().map(|refused| refused.0),
        None => Some(job),
    };
    if let Some(job) = left {
        blocking(job).await;
    }
    match done.await {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => unreachable!("a job answers as long as somebody waits for it"),
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn heavy_work_is_done_by_one_thread_and_a_panic_in_it_is_the_callers() {
        let work = || {
            thread::sleep(Duration::from_millis(1));
            thread::current().id()
        };
        let threads = join_all((0..20).map(|_| tokio::spawn(heavy(work)))).await;
        let mut threads: Vec<_> = threads.into_iter().map(Result::unwrap).collect();
        let panicked = AssertUnwindSafe(heavy(|| panic!("a defect"))).catch_unwind().await;
        assert!(panicked.is_err());
        threads.push(heavy(work).await);
        assert!(threads.iter().all(|thread| *thread == threads[0]), "{threads:?}");
    }

    #[tokio::test]
    async fn work_in_a_lane_keeps_its_slot_to_its_end_even_if_nobody_waits_for_it() {
        let lane = Lane::new(1);
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(lane.run(move || wait.recv()));
        assert!(first.as_mut().now_or_never().is_none());
        drop(first);
        let mut second = Box::pin(lane.run(|| ()));
        // Nothing else runs on this thread: if it had a slot, it would soon be done.
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(lane.0.available_permits(), 0);
        drop(go);
        second.await;
        assert_eq!(lane.0.available_permits(), 1);
    }

    #[test]
    fn work_that_takes_too_long_gives_nothing() {
        let (_go, wait) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_secs(60), || 1), Some(1));
        assert_eq!(within(Duration::from_millis(1), move || wait.recv().is_ok()), None);
    }

    #[tokio::test]
    async fn heavy_work_is_dropped_if_nobody_waits_for_it() {
        let (go, wait) = mpsc::channel::<()>();
        let (did, done) = mpsc::channel::<()>();
        let mut before = Box::pin(heavy(move || wait.recv()));
        assert!(before.as_mut().now_or_never().is_none());
        let mut given_up = Box::pin(heavy(move || did.send(())));
        assert!(given_up.as_mut().now_or_never().is_none());
        drop(given_up);
        drop(go);
        assert!(before.await.is_err(), "it had to wait until then");
        heavy(|| ()).await;
        assert!(done.recv().is_err(), "its work is gone");
    }
}
