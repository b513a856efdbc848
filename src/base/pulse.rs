//! Whether a child that says nothing hangs, or only gets no processor.
//!
//! Work in the background may get no processor for long on a machine that is busy with something else. Killing it for
//! that would lose what it is there for. So the time in which a child wants a processor and gets little of it does not
//! count: whoever waits for a child waits longer then, though not for ever.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use super::clock::{Elapsed, SharedClock};

/// After so many times its patience a child is given up, whatever it lacks.
const MOST: u32 = 30;

/// Tells of one child whether it hangs. Good for as long as the child is not waited for to its end.
#[derive(Debug, Clone)]
pub struct Pulse {
    id: Option<u32>,
    clock: SharedClock,
}

impl Pulse {
    /// The pulse of the child `id`.
    pub(super) fn new(id: Option<u32>, clock: SharedClock) -> Self {
        Self { id, clock }
    }

    /// What `future`, which depends on the child, gives within `patience`, not counting the time in which the child is
    /// starved of processors.
    ///
    /// # Errors
    /// [`Elapsed`] if it takes longer.
    pub async fn within<F: Future>(&self, patience: Duration, future: F) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        let mut had = None;
        for _ in 1..MOST {
            // Asked for only once it is late: most waits are short.
            match self.clock.timeout(patience, &mut future).await {
                Ok(output) => return Ok(output),
                Err(elapsed) => {
                    let has = self.had_if_it_wants_more();
                    if hangs(had, has, patience) {
                        return Err(elapsed);
                    }
                    had = has;
                }
            }
        }
        self.clock.timeout(patience, future).await
    }

    /// How much time of processors the child has had so far, if it wants one now. `None` if it waits for something else,
    /// or is gone.
    fn had_if_it_wants_more(&self) -> Option<Duration> {
        let id = self.id?;
        let threads = std::fs::read_dir(format!("/proc/{id}/task")).ok()?;
        let (run, times): (Vec<_>, Vec<_>) = threads.flatten().filter_map(|entry| thread(&entry.path())).unzip();
        run.contains(&true).then(|| times.into_iter().sum())
    }
}

/// Whether a child hangs that wants a processor and has had as much of it as `had` and `has` say, before and after
/// `patience`; `None` if it wants none.
fn hangs(had: Option<Duration>, has: Option<Duration>, patience: Duration) -> bool {
    has.is_none_or(|has| had.is_some_and(|had| has.saturating_sub(had) >= patience / 2))
}

/// Whether the thread with this folder in `/proc` runs or wants to (proc_pid_stat(5)), and how long it has run.
fn thread(folder: &Path) -> Option<(bool, Duration)> {
    let [stat, schedule] = ["stat", "schedstat"].map(|file| std::fs::read(folder.join(file)).ok());
    let (stat, schedule) = (stat?, schedule?);
    let [stat, schedule] = [&stat, &schedule].map(|bytes| String::from_utf8_lossy(bytes));
    // The state comes after the name, which may hold anything.
    let runs = stat.rsplit_once(") ")?.1.starts_with('R');
    Some((runs, Duration::from_nanos(schedule.split(' ').next()?.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::base::clock::SystemClock;
    use crate::base::process::Invocation;

    const PATIENCE: Duration = Duration::from_millis(100);

    async fn waits(program: &str, args: &[&str]) -> (Result<(), Elapsed>, Duration) {
        let clock = SystemClock::shared();
        let mut child = Invocation::new(program).args(args).spawn(&clock).unwrap();
        let begun = clock.monotonic();
        let result = child.pulse().within(PATIENCE, pending()).await;
        child.stop(Duration::ZERO).await;
        (result, clock.monotonic().saturating_sub(begun))
    }

    #[test]
    fn a_child_that_gets_little_of_the_processor_that_it_wants_does_not_hang() {
        let [nothing, little, half, patience] = [0, 2, 10, 20].map(Duration::from_secs);
        assert!(hangs(None, None, patience), "it wants none");
        assert!(hangs(Some(nothing), None, patience), "it wants none any more");
        assert!(!hangs(None, Some(half), patience), "what it had in this time is not known yet");
        assert!(!hangs(Some(half), Some(half + little), patience));
        assert!(hangs(Some(half), Some(half + half), patience));
    }

    #[tokio::test]
    async fn a_child_that_waits_hangs_and_so_does_one_that_computes_for_ever() {
        let (result, _) = waits("sleep", &["1000"]).await;
        assert_eq!(result, Err(Elapsed));
        let (result, took) = waits("sh", &["-c", "while :; do :; done"]).await;
        assert_eq!(result, Err(Elapsed));
        assert!(took < PATIENCE * MOST, "{took:?}");
    }
}
