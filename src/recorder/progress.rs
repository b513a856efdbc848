//! How far the airings are that are on the air.

use std::time::Duration;

use super::{Current, Recorder};

/// How far one is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The airing.
    pub current: Current,
    /// How much of it is on tape.
    pub on_tape: Duration,
    /// How much of it can no longer be had.
    pub missing: Duration,
    /// Why no sound comes at the moment, in words without secrets.
    pub trouble: Option<String>,
}

impl Recorder {
    /// How many times faster than it plays the last recording was encoded of which that is known.
    pub fn encode_speed(&self) -> Option<f64> {
        self.encoders.speed()
    }

    /// How far each airing is that is being recorded, in the order of the ids. Takes as long as it takes to walk along
    /// their tapes: not for the threads of the runtime.
    pub fn progress(&self) -> Vec<Progress> {
        let progress = |current: Current| {
            let cut = current.airing.cut();
            let tape = self.decks.known(&current.airing.station);
            let (on_tape, missing) = tape.as_ref().map(|tape| tape.view(&cut).progress(cut)).unwrap_or_default();
            let trouble = tape.and_then(|tape| tape.trouble()).map(|trouble| trouble.cause);
            Progress { current, on_tape, missing, trouble }
        };
        self.recording().into_iter().map(progress).collect()
    }
}
