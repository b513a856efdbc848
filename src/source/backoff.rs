//! How long to wait before trying again: from 0.25 s to 10 s, doubling, with jitter, so that a thousand recorders do not
//! come back to a restarted station in the same instant.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The shortest wait.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait.
const LAST: Duration = Duration::from_secs(10);

/// A row of waits.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    random: u64,
}

impl Backoff {
    /// With jitter of its own.
    pub fn new() -> Self {
        Self::seeded(RandomState::new().build_hasher().finish())
    }

    /// With jitter that a test can repeat.
    pub fn seeded(seed: u64) -> Self {
        Self { next: FIRST, random: seed | 1 }
    }

    /// The next wait: up to half as long again as its step, never outside 0.25 s to 10 s.
    pub fn wait(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(LAST);
        // Xorshift: enough to spread callers, no more is asked of it.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = u32::try_from(self.random >> 33 & 0xff).unwrap_or(0);
        (step + step * share / 512).min(LAST)
    }

    /// Begins anew with the shortest wait: it works again.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_begin_anew_after_success() {
        let mut backoff = Backoff::seeded(1);
        let waits: Vec<_> = (0..12).map(|_| backoff.wait()).collect();
        for (wait, step) in
            waits.iter().zip([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000].map(Duration::from_millis))
        {
            assert!(*wait >= step && *wait <= (step * 3 / 2).min(LAST), "{wait:?} for {step:?}");
        }
        assert_eq!(waits[11], LAST);
        backoff.reset();
        assert!(backoff.wait() < Duration::from_millis(376));
    }

    #[test]
    fn two_callers_do_not_come_back_together() {
        let row = |seed| {
            let mut backoff = Backoff::seeded(seed);
            (0..5).map(|_| backoff.wait()).collect::<Vec<_>>()
        };
        assert_ne!(row(0x9e37_79b9_7f4a_7c15), row(0xbf58_476d_1ce4_e5b9));
        assert_eq!(row(42), row(42));
    }
}
