//! Work that blocks (files, SQLite, HTML parsing), taken off the runtime's worker threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinError;

#[cfg(test)]
use super::elsewhere::Elsewhere;

/// Runs `work` on a thread that may block and waits for it. A panic in it goes on in the caller.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match aside(work).await {
        Ok(value) => value,
        // Never cancelled: nothing aborts these tasks, and a runtime that shuts down no longer polls the caller.
        Err(error) => resume_unwind(error.into_panic()),
    }
}

/// As [`blocking`], for work that a stranger's bytes may bring down: `None` if it panics.
pub async fn caught<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    aside(work).await.ok()
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    #[cfg(test)]
    let _elsewhere = Elsewhere::begin();
    tokio::task::spawn_blocking(work).await
}

/// A way to a disk, which so many threads may be on at a time. Whoever comes then waits, and needs no thread for it: so a disk
/// that hangs holds some threads of the pool, however many ask for it, and never those of other disks.
///
/// It also keeps memory down: a thousand stations that each need a thread for a millisecond, all in one second, would have
/// hundreds of threads, each with a stack and an arena of its own.
#[derive(Debug, Clone)]
pub struct Lane(Arc<Semaphore>);

impl Lane {
    /// For so many threads.
    pub fn new(width: usize) -> Self {
        Self(Arc::new(Semaphore::new(width)))
    }

    /// As [`blocking`], once there is room. Work that has begun goes on to its end, and holds its place until then.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // Closed never.
        let place = Arc::clone(&self.0).acquire_owned().await.ok();
        blocking(move || {
            let _place = place;
            work()
        })
        .await
    }
}

/// What `work` gives, on a thread of its own; nothing where that takes longer than `patience`, as on a disk that hangs.
pub fn within<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, done) = mpsc::channel();
    // Whoever waited may have gone meanwhile.
    thread::Builder::new().spawn(move || drop(sender.send(work()))).ok()?;
    done.recv_timeout(patience).ok()
}

type Job = Box<dyn FnOnce() + Send>;

/// The thread for what takes much memory; none where the system has no more threads.
static HEAVY: LazyLock<Option<Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    let thread = thread::Builder::new().name("heavy".to_owned());
    thread.spawn(move || jobs.into_iter().for_each(|job| job())).ok().map(|_| sender)
});

/// The same for work that takes much memory for a moment: one thread does all of it, one after another, and nothing for
/// which nobody waits any more. glibc keeps for every thread much of what it has freed: the same work, now on this and
/// then on that thread of a pool, would take several times its memory.
pub async fn heavy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    #[cfg(test)]
    let _elsewhere = Elsewhere::begin();
    let (sender, done) = oneshot::channel();
    let job: Job = Box::new(move || {
        if !sender.is_closed() {
            // Whoever waited may have gone meanwhile.
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
    async fn a_lane_has_a_place_for_so_many_and_one_that_was_given_up_keeps_it_to_its_end() {
        let lane = Lane::new(1);
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(lane.run(move || wait.recv()));
        assert!(first.as_mut().now_or_never().is_none());
        drop(first);
        let mut second = Box::pin(lane.run(|| ()));
        // Nobody else runs on this thread: had it a place, it would be at work, and done soon.
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(lane.0.available_permits(), 0);
        drop(go);
        second.await;
        assert_eq!(lane.0.available_permits(), 1);
    }

    #[test]
    fn who_has_no_patience_gets_nothing() {
        let (_go, wait) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_secs(60), || 1), Some(1));
        assert_eq!(within(Duration::from_millis(1), move || wait.recv().is_ok()), None);
    }

    #[tokio::test]
    async fn heavy_work_for_which_nobody_waits_is_not_done() {
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
