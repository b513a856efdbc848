//! What became of an airing.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{Airing, Cause, Gap, Measured, Note, Track, Verdict};

/// What became of an airing.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The judgement.
    pub verdict: Verdict,
    /// Decoded sound in the file, in seconds.
    pub seconds: f64,
    /// The file, relative to the output folder; none for a failed airing.
    pub file: Option<PathBuf>,
    /// Its size.
    pub bytes: Option<u64>,
    /// What is missing, in order.
    pub gaps: Vec<Gap>,
    /// What else is to be said of it.
    pub notes: Vec<Note>,
    /// What was measured in the sound. Without peaks those of an earlier outcome of the same airing stay.
    pub measured: Measured,
    /// What was played in it, in order. `None` if that is written already: the tracks of an earlier outcome of the same
    /// airing stay.
    pub tracks: Option<Vec<Track>>,
    /// When this was known.
    pub at: DateTime<Utc>,
}

/// An airing that is over, with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The airing.
    pub airing: Airing,
    /// The show's title then, kept for people.
    pub title: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl Outcome {
    /// The outcome of an airing of which there is nothing, known since `at`.
    pub fn nothing(airing: &Airing, cause: Cause, at: DateTime<Utc>) -> Self {
        let cut = airing.cut();
        let length = cut.length().to_std().unwrap_or_default();
        Self {
            verdict: Verdict::Failed,
            seconds: 0.0,
            file: None,
            bytes: None,
            gaps: vec![Gap { start: cut.start, length, cause }],
            notes: Vec::new(),
            measured: Measured::default(),
            tracks: Some(Vec::new()),
            at,
        }
    }
}
