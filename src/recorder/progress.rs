//! Progress: how far running airings are.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::parts::Parts;
use crate::airings::Running;
use crate::model::Cause;
use crate::tape::{self, Sound};

/// How many of the newest sounds are given: more than come between two looks.
const NEWEST: usize = 8;

/// A beginning that is missing for less is not worth a word.
const LATE: TimeDelta = TimeDelta::seconds(1);

/// How far an airing is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The airing.
    pub running: Running,
    /// How much of the airing is on tape.
    pub on_tape: Duration,
    /// How much of the airing is lost.
    pub missing: Duration,
    /// From when on there is sound, if its beginning is missing.
    pub begins: Option<DateTime<Utc>>,
    /// Why no sound comes at the moment, or what keeps the airing from being finished.
    pub trouble: Option<Cause>,
    /// The newest sounds of its station, the newest last.
    pub newest: Vec<Sound>,
}

/// Returns how far each running airing is, the earliest first. Blocks for a walk along their tapes.
pub(super) fn of_all(parts: &Parts) -> Vec<Progress> {
    let output = parts.output.known();
    let progress = |running: Running| {
        let cut = running.airing.cut();
        let tape = parts.decks.known(&running.airing.station);
        let view = tape.as_ref().map(|tape| tape.blocking_view(&cut)).unwrap_or_default();
        let (on_tape, missing) = tape::progress(&view, cut);
        let begins = view.sound_since(cut.start).filter(|begins| *begins - cut.start >= LATE && *begins < cut.end);
        let newest = tape.as_ref().map(|tape| tape.newest(NEWEST)).unwrap_or_default();
        let trouble = tape.and_then(|tape| tape.trouble()).map(|trouble| trouble.cause);
        let trouble = trouble.or_else(|| running.held.clone()).or_else(|| output.clone());
        Progress { running, on_tape, missing, begins, trouble, newest }
    };
    parts.airings.running().into_iter().map(progress).collect()
}
