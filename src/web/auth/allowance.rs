//! An allowance of attempts, which recovers with time.

use std::time::Duration;

/// The size of an allowance, and how long it takes to recover one attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) burst: u32,
    pub(super) interval: Duration,
}

/// The rest of an allowance, as the time at which it will be whole again. All times are monotonic.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowance {
    whole_at: Duration,
}

impl Allowance {
    /// Returns how long it takes until there is an attempt; zero if there is one now.
    pub(super) fn wait(self, rule: Rule, now: Duration) -> Duration {
        (self.whole_at.max(now) + rule.interval).saturating_sub(now + rule.interval * rule.burst)
    }

    /// Takes one attempt.
    pub(super) fn spend(&mut self, rule: Rule, now: Duration) {
        self.whole_at = self.whole_at.max(now) + rule.interval;
    }

    /// Gives one attempt back.
    pub(super) fn refund(&mut self, rule: Rule) {
        self.whole_at = self.whole_at.saturating_sub(rule.interval);
    }

    /// Returns whether nothing is missing from it, so that it need not be remembered.
    pub(super) fn is_whole(self, now: Duration) -> bool {
        self.whole_at <= now
    }
}
