//! Dead air: stretches in which the station sent sound that nobody could hear.

use crate::config::DeadAirRule;

/// Finds stretches in which no sample is louder than the rule allows. Counts in sample frames.
#[derive(Debug)]
pub(super) struct Detector {
    /// The loudest sample that is silence, 1.0 being full scale; without a rule nothing is silent.
    below: f32,
    /// The length of the shortest stretch.
    shortest: u64,
    /// The length of the shortest stretch that reaches the first or the last frame.
    shortest_at_ends: u64,
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
        Self { below, shortest, shortest_at_ends: shortest, since: None, heard: 0, found: Vec::new() }
    }

    /// Also finds shorter stretches, of at least `shortest` frames, that reach the first or the last frame: silence may
    /// go on beyond.
    pub(super) fn with_ends(self, shortest: u64) -> Self {
        Self { shortest_at_ends: shortest.min(self.shortest), ..self }
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

    /// Ends the current stretch: what follows is missing, or can be heard.
    pub(super) fn end(&mut self) {
        let first = self.since == Some(0);
        self.end_if_at_least(if first { self.shortest_at_ends } else { self.shortest });
    }

    fn end_if_at_least(&mut self, shortest: u64) {
        if let Some(since) = self.since.take()
            && self.heard.saturating_sub(since) >= shortest
        {
            self.found.push((since, self.heard));
        }
    }

    /// Returns the stretches, each with its first frame and the one after its last.
    pub(super) fn finish(mut self) -> Vec<(u64, u64)> {
        self.end_if_at_least(self.shortest_at_ends);
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

    #[test]
    fn shorter_silence_is_found_at_both_ends_if_it_may_go_on_there() {
        let sound = [&[0.0; 3][..], &[0.5; 4], &[0.0; 5], &[0.5; 2], &[0.0; 4]].concat();
        let found = |mut detector: Detector, sound: &[f32]| {
            detector.add(0, sound, 1);
            detector.finish()
        };
        assert_eq!(found(detector(), &sound), []);
        assert_eq!(found(detector().with_ends(3), &sound), [(0, 3), (14, 18)]);
        assert_eq!(found(detector().with_ends(4), &sound), [(14, 18)]);
        assert_eq!(found(detector().with_ends(3), &[0.5]), []);
        assert_eq!(found(Detector::new(None, 10).with_ends(3), &sound), []);
    }
}
