//! How far a grab is, and how fast it goes, for whoever shows it.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The rate that is shown is that of the last seconds, the newest counting most.
const SMOOTHED: Duration = Duration::from_secs(2);

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing yet: others come first.
    Waiting,
    /// What there is to be fetched is found out.
    Finding,
    /// Segments are fetched.
    Fetching,
    /// The file is made of them.
    Packing,
}

impl Stage {
    /// Its name for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Finding => "finding",
            Self::Fetching => "fetching",
            Self::Packing => "packing",
        }
    }
}

/// How far a grab is. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    stage: AtomicU8,
    total: AtomicUsize,
    done: AtomicUsize,
    before: AtomicUsize,
    lost: AtomicUsize,
    bytes: AtomicU64,
    pace: Mutex<Pace>,
}

/// How fast bytes come.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    /// When it was last looked at, monotonic, and how many bytes had come then.
    seen: Option<(Duration, u64)>,
    /// Bytes per second.
    rate: f64,
}

/// How far a grab is at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What is being done.
    pub stage: Stage,
    /// How many segments there are; 0 while that is not known.
    pub total: usize,
    /// How many of them are there.
    pub done: usize,
    /// How many of those were there before.
    pub before: usize,
    /// How many were given up.
    pub lost: usize,
    /// How many bytes came in this run.
    pub bytes: u64,
    /// How many bytes come per second; 0 while that is not known.
    pub rate: f64,
}

impl Standing {
    /// How many seconds the rest takes at this rate. `None` while nobody can tell.
    pub fn left(&self) -> Option<f64> {
        let fetched = self.done.saturating_sub(self.before);
        if self.stage != Stage::Fetching || fetched == 0 || self.rate < 1.0 {
            return None;
        }
        let segments = self.total.saturating_sub(self.done + self.lost);
        Some(segments as f64 * self.bytes as f64 / fetched as f64 / self.rate)
    }
}

impl Progress {
    /// Returns how far it is.
    pub fn standing(&self) -> Standing {
        let Counts { stage, total, done, before, lost, bytes, pace } = &*self.0;
        let stage = match stage.load(Ordering::Relaxed) {
            0 => Stage::Waiting,
            1 => Stage::Finding,
            2 => Stage::Fetching,
            _ => Stage::Packing,
        };
        let [total, done, before, lost] = [total, done, before, lost].map(|count| count.load(Ordering::Relaxed));
        let rate = pace.lock().unwrap_or_else(PoisonError::into_inner).rate;
        Standing { stage, total, done, before, lost, bytes: bytes.load(Ordering::Relaxed), rate }
    }

    /// Measures how fast it goes; `now` is monotonic. Whoever shows the rate calls this a few times per second, or once.
    pub fn measure(&self, now: Duration) {
        let bytes = self.0.bytes.load(Ordering::Relaxed);
        let mut pace = self.0.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, came)) = pace.seen.replace((now, bytes)) {
            let passed = now.saturating_sub(before).as_secs_f64();
            if passed > 0.0 {
                let newest = bytes.saturating_sub(came) as f64 / passed;
                let share = 1.0 - (-passed / SMOOTHED.as_secs_f64()).exp();
                pace.rate = if pace.rate > 0.0 { pace.rate + share * (newest - pace.rate) } else { newest };
            }
        }
    }

    pub(super) fn finding(&self) {
        self.0.stage.store(1, Ordering::Relaxed);
    }

    pub(super) fn fetching(&self, total: usize, before: usize) {
        self.0.total.store(total, Ordering::Relaxed);
        self.0.before.store(before, Ordering::Relaxed);
        self.0.done.store(before, Ordering::Relaxed);
        self.0.stage.store(2, Ordering::Relaxed);
    }

    pub(super) fn came(&self, bytes: u64) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One that came has to come once more.
    pub(super) fn gone(&self) {
        self.0.done.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) {
        self.0.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn packing(&self) {
        self.0.stage.store(3, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds_and_says_how_long_the_rest_takes() {
        let progress = Progress::default();
        progress.finding();
        assert_eq!((progress.standing().stage, progress.standing().left()), (Stage::Finding, None));
        progress.fetching(100, 10);
        let second = Duration::from_secs(1);
        progress.measure(second);
        (0..10).for_each(|_| progress.came(1_000));
        progress.measure(2 * second);
        let standing = progress.standing();
        assert!((standing.rate - 10_000.0).abs() < 1.0, "{standing:?}");
        assert!((standing.left().unwrap() - 8.0).abs() < 0.01, "80 segments are left: {standing:?}");
        for later in 3..30 {
            (0..2).for_each(|_| progress.came(1_000));
            progress.measure(later * second);
        }
        assert!((progress.standing().rate - 2_000.0).abs() < 10.0, "{:?}", progress.standing());
        progress.packing();
        assert_eq!(progress.standing().left(), None);
    }
}
