//! Events with their content.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Something that happened. Catalogues contain these names, so a released name never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An airing has a verdict, and its file has its name.
    AiringFinished {
        /// The airing.
        id: String,
        /// The verdict, in one word.
        verdict: String,
        /// The file, relative to the output folder. `None` if there is no sound of the airing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
}

/// An event with its number in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedEvent {
    /// The number; greater than that of every earlier event.
    pub number: i64,
    /// What happened.
    pub event: Event,
}
