//! What is asked of an encoding, and its result.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::{DeadAirRule, Encoding, GapPolicy};
use crate::model::{Codec, Cover, Gap, Measured, Note, Span};

/// What to encode, and where to.
#[derive(Debug, Clone)]
pub struct Job {
    /// The stretch of tape.
    pub cut: Span,
    /// The encoding.
    pub encoding: Encoding,
    /// What stands in the file in the place of a gap.
    pub gaps: GapPolicy,
    /// What counts as dead air; `None` if nothing does.
    pub dead_air: Option<DeadAirRule>,
    /// The file to write; it is overwritten.
    pub target: PathBuf,
    /// Bytes to reserve for a picture in its tags, besides those for texts.
    pub cover_space: u32,
}

/// How a clip is encoded, and where to.
#[derive(Debug, Clone)]
pub struct ClipJob {
    /// The encoding.
    pub encoding: Encoding,
    /// What counts as dead air; `None` if nothing does.
    pub dead_air: Option<DeadAirRule>,
    /// The file to write; it is overwritten.
    pub target: PathBuf,
    /// Bytes to reserve for a picture in its tags, besides those for texts.
    pub cover_space: u32,
    /// When the time line of the clip begins: gaps and dead air count from here, without jumps between pieces.
    pub start: DateTime<Utc>,
    /// What nobody is to hear, in order; none begins before the one before it ends.
    pub covers: Vec<Cover>,
}

/// The result of an encoding.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Encoded {
    /// Decoded sound in the file in seconds, counted in samples, without the silence that fills gaps.
    pub seconds: f64,
    /// How long the file plays.
    pub length: Duration,
    /// The loudest sample, 1.0 being full scale.
    pub peak: f32,
    /// What is missing, in order.
    pub gaps: Vec<Gap>,
    /// What was measured in the sound.
    pub measured: Measured,
    /// How many times faster than it plays it was encoded, before it had to wait for the tape; `None` if that time was
    /// too short to say.
    pub speed: Option<f64>,
    /// The codec of the file.
    pub codec: Codec,
    /// What is to be said of how it was encoded, or kept.
    pub notes: Vec<Note>,
}

/// The result of encoding a clip.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EncodedClip {
    /// What is in the file.
    pub encoded: Encoded,
    /// Decoded sound of each piece in seconds, without the silence that stands for what is missing.
    pub pieces: Vec<f64>,
}
