//! Dead air: stretches in which the station sent sound, and nothing could be heard in it.

use crate::config::DeadAirRule;

/// Listens for stretches in which no sample is louder than the rule allows. Counts in sample frames.
#[derive(Debug)]
pub(super) struct Listener {
    /// The loudest sample of silence, 1.0 being full scale; nothing is silent where there is no rule.
    below: f32,
    /// The shortest stretch.
    shortest: u64,
    /// The stretch that has begun.
    since: Option<u64>,
    /// The place after the last frame.
    heard: u64,
    found: Vec<(u64, u64)>,
}

impl Listener {
    pub(super) fn new(rule: Option<DeadAirRule>, sample_rate: u32) -> Self {
        let (below, shortest) = rule.map_or((0.0, u64::MAX), |rule| {
            let frames = rule.longer_than.as_nanos() * u128::from(sample_rate) / 1_000_000_000;
            (10_f64.powf(rule.below / 20.0), u64::try_from(frames).unwrap_or(u64::MAX))
        });
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
        let below = below as f32;
        Self { below, shortest, since: None, heard: 0, found: Vec::new() }
    }

    /// Takes whole frames of interleaved samples, the first of them at `place`.
    pub(super) fn take(&mut self, mut place: u64, samples: &[f32], channels: usize) {
        // What is missing is not dead air.
        if place != self.heard {
            self.end();
        }
        for frame in samples.chunks_exact(channels) {
            if frame.iter().any(|sample| sample.abs() >= self.below) {
                self.end();
            } else {
                self.since.get_or_insert(place);
            }
            place += 1;
            self.heard = place;
        }
    }

    fn end(&mut self) {
        if let Some(since) = self.since.take()
            && self.heard.saturating_sub(since) >= self.shortest
        {
            self.found.push((since, self.heard));
        }
    }

    /// The stretches, each with its first frame and the one after its last.
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
    fn listener() -> Listener {
        Listener::new(Some(DeadAirRule { below: -20.0, longer_than: Duration::from_secs(1) }), 10)
    }

    #[test]
    fn silence_is_dead_air_from_its_first_to_its_last_frame_when_it_lasts_long_enough() {
        let mut listener = listener();
        listener.take(0, &[0.5; 5], 1);
        listener.take(5, &[0.09; 4], 1);
        listener.take(9, &[-0.09; 6], 1);
        listener.take(15, &[-0.11], 1);
        listener.take(16, &[0.0; 9], 1);
        listener.take(25, &[0.2], 1);
        listener.take(26, &[0.0; 10], 1);
        assert_eq!(listener.finish(), [(5, 15), (26, 36)]);
    }

    #[test]
    fn what_is_missing_between_is_not_dead_air() {
        let mut listener = listener();
        listener.take(0, &[0.0; 7], 1);
        listener.take(70, &[0.0; 7], 1);
        assert_eq!(listener.finish(), []);
    }

    #[test]
    fn both_channels_must_be_silent_and_without_a_rule_nothing_is() {
        let mut listener = listener();
        listener.take(0, &[0.0, 0.5].repeat(20), 2);
        listener.take(20, &[0.0; 20], 2);
        assert_eq!(listener.finish(), [(20, 30)]);
        let mut off = Listener::new(None, 10);
        off.take(0, &[0.0; 100], 1);
        assert_eq!(off.finish(), []);
    }
}
