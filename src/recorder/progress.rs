//! How far the airings are that are on the air.

use std::time::Duration;

use super::{Current, Recorder};
use crate::model::Cause;
use crate::tape::{self, Sound};

/// How far one is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The airing.
    pub current: Current,
    /// How much of it is on tape.
    pub on_tape: Duration,
    /// How much of it can no longer be had.
    pub missing: Duration,
    /// Why no sound comes at the moment, or what keeps it from being finished.
    pub trouble: Option<Cause>,
    /// The newest sound of it.
    pub newest: Option<Sound>,
}

impl Recorder {
    /// How many times faster than it plays the last recording was encoded of which that is known.
    pub fn encode_speed(&self) -> Option<f64> {
        self.encoders.speed()
    }

    /// How far each airing is that is being recorded, the earliest first. Takes as long as it takes to walk along
    /// their tapes: not for the threads of the runtime.
    pub fn progress(&self) -> Vec<Progress> {
        let known = self.watched.get();
        let progress = |current: Current| {
            let cut = current.airing.cut();
            let tape = self.decks.known(&current.airing.station);
            let view = tape.as_ref().map(|tape| tape.blocking_view(&cut)).unwrap_or_default();
            let ((on_tape, missing), newest) = (tape::progress(&view, cut), view.newest().cloned());
            let trouble = tape.and_then(|tape| tape.trouble()).map(|trouble| trouble.cause);
            let trouble = trouble.or_else(|| current.held.clone()).or_else(|| known.clone());
            Progress { current, on_tape, missing, trouble, newest }
        };
        self.recording().into_iter().map(progress).collect()
    }
}
