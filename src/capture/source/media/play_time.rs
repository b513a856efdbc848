//! How long a number of samples plays, without rounding in between.

use std::time::Duration;

/// How long `units` of a clock with `rate` units per second last. Saturates; zero for a clock that stands still.
pub(super) fn duration(units: u64, rate: u32) -> Duration {
    if rate == 0 {
        return Duration::ZERO;
    }
    let nanoseconds = u128::from(units) * 1_000_000_000 / u128::from(rate);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// A running sum of samples. It stays in samples for as long as the rate does not change. So an hour of frames adds up
/// to the hour, and not to the hour minus one rounding per frame.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlayTime {
    before: Duration,
    samples: u64,
    rate: u32,
}

impl PlayTime {
    /// Adds `samples` at `rate` per second.
    pub(super) fn add(&mut self, samples: u64, rate: u32) {
        if rate != self.rate {
            self.before = self.total();
            self.samples = 0;
            self.rate = rate;
        }
        self.samples = self.samples.saturating_add(samples);
    }

    /// The sum.
    pub(super) fn total(&self) -> Duration {
        self.before.saturating_add(duration(self.samples, self.rate))
    }

    /// Returns the sum, rounded down by less than a nanosecond, and starts from zero.
    pub(super) fn take(&mut self) -> Duration {
        let total = self.total();
        *self = Self::default();
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_frames_adds_up_to_an_hour() {
        let mut played = PlayTime::default();
        for _ in 0..(3600 * 44_100 / 441) {
            played.add(441, 44_100);
        }
        played.add(24_000, 48_000);
        assert_eq!(played.total(), Duration::from_millis(3_600_500));
        assert_eq!(duration(1, 0), Duration::ZERO);
        assert_eq!(duration(u64::MAX, 1), Duration::from_nanos(u64::MAX));
    }
}
