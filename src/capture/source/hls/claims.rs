//! How true a station's lists are about the lengths of segments.
//!
//! A body that was cut short on its way into a cache has a length that agrees: only the list knows better. But some lists
//! always claim too much, and then they are not believed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::fetch::Sound;
use super::playlist::Segment;

/// Sound that is shorter than listed by no more than this is whole: segments end at frames, and sound does not end with
/// the picture.
const EDGES: Duration = Duration::from_millis(250);
/// The tolerance for lists that round to whole seconds.
const WHOLE_SECONDS: Duration = Duration::from_millis(550);

/// What was found of the lengths that lists claim.
#[derive(Debug, Default)]
pub struct Claims {
    kept: AtomicUsize,
    broken: AtomicUsize,
}

impl Claims {
    /// How much of the listed length is missing; rounding and the edges of frames do not count. Counts lengths that
    /// agree.
    pub fn lacking(&self, sound: &Sound, segment: &Segment) -> Duration {
        let Some(listed) = segment.claimed else { return Duration::ZERO };
        let whole_seconds = listed.subsec_nanos() == 0;
        let rounding = if whole_seconds { WHOLE_SECONDS } else { EDGES };
        let lacking = sound.probe.duration.map_or(Duration::ZERO, |counted| listed.saturating_sub(counted));
        if lacking > rounding.max(listed / 20) {
            return lacking;
        }
        self.kept.fetch_add(1, Ordering::Relaxed);
        Duration::ZERO
    }

    /// Whether most segments are shorter than listed.
    pub fn are_too_high(&self) -> bool {
        self.broken.load(Ordering::Relaxed) > self.kept.load(Ordering::Relaxed)
    }

    /// Counts a segment that stays short. Returns whether this station's lists are always like that.
    pub fn confirm_short(&self) -> bool {
        self.broken.fetch_add(1, Ordering::Relaxed);
        self.are_too_high()
    }
}
