//! When the sound of a reel was on the air, by its position in the reel.
//!
//! Levels are kept by positions, because those never change. When the sound was on the air follows from the whole tape,
//! and from what the station's dates turn out to be worth.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::duration::delta;
use crate::model::Span;
use crate::tape::{Tape, View};

/// How much more of the tape than the stretch is looked at, so that a reel that begins before it is seen from its
/// beginning. A view looks an hour further, and a reel is hardly longer.
const BESIDE: TimeDelta = TimeDelta::minutes(5);

/// The tape around `span`, with every reel that holds some of it whole. Blocks.
pub(super) fn view_of(tape: &Tape, span: Span) -> View {
    tape.blocking_view(&Span::new(span.start - BESIDE, span.end + BESIDE))
}

/// A reel, with when its sound was on the air.
pub(super) struct OnAir {
    pub path: PathBuf,
    /// The position of each entry in the sound of the reel, when it was on the air, and how long it plays.
    entries: Vec<(Duration, DateTime<Utc>, Duration)>,
}

impl OnAir {
    /// When the sound from position `at` on was on the air, for each entry in which some of it lies.
    pub(super) fn on_air(&self, at: Duration, length: Duration) -> Vec<Span> {
        let (from, to) = (at, at + length);
        let inside = |&(position, start, plays): &(Duration, DateTime<Utc>, Duration)| {
            let (begin, end) = (from.max(position), to.min(position + plays));
            let at = |instant: Duration| start + delta(instant.saturating_sub(position));
            (begin < end).then(|| Span::new(at(begin), at(end)))
        };
        let first = self.entries.partition_point(|(position, _, plays)| *position + *plays <= from);
        self.entries.iter().skip(first).map_while(inside).collect()
    }

    /// The position of each entry, and when it was on the air.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Duration, Span)> {
        self.entries.iter().map(|&(position, start, plays)| (position, Span::new(start, start + delta(plays))))
    }
}

/// The reels of a view.
pub(super) fn reels(view: &View) -> Vec<OnAir> {
    let mut reels: Vec<OnAir> = Vec::new();
    for (start, duration, path) in view.sounds() {
        let is_last = |reel: &&mut OnAir| reel.path == Path::new(path);
        if let Some(reel) = reels.last_mut().filter(is_last) {
            let at = reel.entries.last().map_or(Duration::ZERO, |(position, _, plays)| *position + *plays);
            reel.entries.push((at, start, duration));
        } else {
            reels.push(OnAir { path: path.to_owned(), entries: vec![(Duration::ZERO, start, duration)] });
        }
    }
    reels
}
