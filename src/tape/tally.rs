//! Sound is conserved: what was taken from a station is on tape, is proven to be on tape already, or is lost with a cause.
//! There is nothing else, and this counts it from both ends.

use std::time::Duration;

use crate::model::MediaEvent;

/// How much sound took each of the three ways. Their sum is what was taken, once nothing is held back for a proof.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// What the source handed on or reported as lost.
    pub taken: Duration,
    /// What was put on tape.
    pub taped: Duration,
    /// What was left out because it is proven to repeat what is on tape.
    pub repeated: Duration,
    /// What could not be fetched or not be stored, and has a cause.
    pub lost: Duration,
}

impl Tally {
    /// Counts the sound of an event as taken.
    pub(super) fn count(&mut self, event: &MediaEvent) {
        let duration = match event {
            MediaEvent::Chunk(chunk) => chunk.duration,
            MediaEvent::Gap { duration, .. } | MediaEvent::Repeat { duration } => *duration,
            _ => return,
        };
        self.taken = self.taken.saturating_add(duration);
    }

    /// The sum of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            taken: self.taken.saturating_add(other.taken),
            taped: self.taped.saturating_add(other.taped),
            repeated: self.repeated.saturating_add(other.repeated),
            lost: self.lost.saturating_add(other.lost),
        }
    }

    pub(super) fn taped(&mut self, duration: Duration) {
        self.taped = self.taped.saturating_add(duration);
    }

    pub(super) fn repeat(&mut self, duration: Duration) {
        self.repeated = self.repeated.saturating_add(duration);
    }

    pub(super) fn lost(&mut self, duration: Duration) {
        self.lost = self.lost.saturating_add(duration);
    }
}
