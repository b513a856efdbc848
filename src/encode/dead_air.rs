//! Dead air: stretches in which the station sent sound that nobody could hear.

use crate::config::DeadAirRule;

/// Finds stretches in which no sample is louder than the rule allows. Counts in sample frames.
#[derive(Debug)]
pub(super) struct Detector {
    /// The loudest sample that is silence, 1.0 being full scale; without a rule nothing is silent.
    below: f32,
    /// The length of the shortest stretch.
    shortest: u64,
    /// Where the current stretch began.
    since: Option<u64>,
    /// The position after the last frame.
    heard: u64,
    found: Vec<(u64, u64)>,
}

impl Detector {
    pub(super) fn new(rule: Option<DeadAirRule>, sample_rate: u32) -> Self {
        let (below, shortest) = rule.map_or((0.0, u64::MAX), |rule| {
            let frames = rule.longer_than.as_nanos() * u128::from(sample_rate) / 1_000_000_000;
            (10_f64.powf(rule.below / 20.0), u64::try_from(frames).unwrap_or(u64::MAX))
        });
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
        let below = below as f32;
        Self { below, shortest, since: None, heard: 0, found: Vec::new() }
    }

    /// Adds whole frames of interleaved samples, the first of them at `position`.
    pub(super) fn add(&mut self, mut position: u64, samples: &[f32], channels: usize) {
        // A gap is not dead air.
        if position != self.heard {
            self.end();
        }
        for frame in samples.chunks_exact(channels) {
            if frame.iter().any(|sample| sample.abs() >= self.below) {
                self.end();
            } else {
                self.since.get_or_insert(position);
            }
            position += 1;
            self.heard = position;
        }
    }

    fn end(&mut self) {
        if let Some(since) = self.since.take()
            && self.heard.saturating_sub(since) >= self.shortest
        {
            self.found.push((since, self.heard));
        }
    }

    /// Returns the stretches, each with its first frame and the one after its last.
    pub(super) fn finish(mut self) -> Vec<(u64, u64)> {
        self.end();
        self.found
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// One channel at 10 frames a second, dead air being a second below −20 dBFS.
    fn detector() -> Detector {
        Detector::new(Some(DeadAirRule { below: -20.0, longer_than: Duration::from_secs(1) }), 10)
    }

    #[test]
    fn silence_that_lasts_long_enough_is_dead_air_to_the_frame() {
        let mut detector = detector();
        detector.add(0, &[0.5; 5], 1);
        detector.add(5, &[0.09; 4], 1);
        detector.add(9, &[-0.09; 6], 1);
        detector.add(15, &[-0.11], 1);
        detector.add(16, &[0.0; 9], 1);
        detector.add(25, &[0.2], 1);
        detector.add(26, &[0.0; 10], 1);
        assert_eq!(detector.finish(), [(5, 15), (26, 36)]);
    }

    #[test]
    fn a_gap_is_not_dead_air() {
        let mut detector = detector();
        detector.add(0, &[0.0; 7], 1);
        detector.add(70, &[0.0; 7], 1);
        assert_eq!(detector.finish(), []);
    }

    #[test]
    fn both_channels_must_be_silent_and_without_a_rule_nothing_is() {
        let mut detector = detector();
        detector.add(0, &[0.0, 0.5].repeat(20), 2);
        detector.add(20, &[0.0; 20], 2);
        assert_eq!(detector.finish(), [(20, 30)]);
        let mut off = Detector::new(None, 10);
        off.add(0, &[0.0; 100], 1);
        assert_eq!(off.finish(), []);
    }
}
