//! What happens, with its content.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Something that happened. The names are in catalogues: one that has been released never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// There is a verdict on an airing, and its recording has its name.
    AiringFinished {
        /// The airing.
        id: String,
        /// The word of the verdict.
        verdict: String,
        /// The file, relative to the output folder; `None` if there is no sound of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
}

/// An event, and its number in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Greater than that of every event before.
    pub number: i64,
    /// What happened.
    pub event: Event,
}
