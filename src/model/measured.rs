//! What was measured in the decoded sound of a recording.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A stretch of sound in which there was nothing to be heard, although the station sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadAir {
    /// The wall-clock time at which it begins.
    pub start: DateTime<Utc>,
    /// How long it lasts.
    pub length: Duration,
}

/// How loud a recording is, by EBU R 128.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// Integrated loudness in LUFS (ITU-R BS.1770-4, gated).
    pub integrated: f64,
    /// Loudness range in LU (EBU Tech 3342).
    pub range: f64,
    /// The loudest sample, 1.0 being full scale.
    pub peak: f64,
}

/// A picture of a recording: how high the wave goes, so many times a second of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Peaks {
    /// Levels per second; 20 for recordings of up to two hours, then half as many for every doubling of the length.
    pub per_second: f64,
    /// The loudest sample of each stretch, linear, 255 being full scale; at most [`Peaks::MOST`].
    pub levels: Vec<u8>,
}

impl Peaks {
    /// Levels per second of a short recording.
    pub const FINEST: f64 = 20.0;
    /// The most levels that are kept, however long a recording is: two hours of the finest.
    pub const MOST: usize = 144_000;
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// How long the file plays, with the silence that fills gaps; `None` if it was not written down.
    pub length: Option<Duration>,
    /// `None` if there is too little sound to have a loudness: less than 0.4 s, or nothing above −70 LUFS.
    pub loudness: Option<Loudness>,
    /// The dead air, in order.
    pub dead_air: Vec<DeadAir>,
    /// The waveform; `None` if it is kept elsewhere.
    pub peaks: Option<Peaks>,
}
