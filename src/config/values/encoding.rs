//! How a recording is made.

use std::time::Duration;

/// How to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mp3 {
    /// Bits per second, one of the rates of MPEG-1 layer III: 32,000 to 320,000.
    pub bitrate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// 32,000, 44,100 or 48,000 Hz.
    pub sample_rate: u32,
    /// LAME's quality level: 0 is the slowest and best, 9 the fastest.
    pub quality: u8,
}

impl Default for Mp3 {
    fn default() -> Self {
        Self { bitrate: 128_000, channels: 2, sample_rate: 48_000, quality: 5 }
    }
}

/// What becomes of what is missing or silent, and how it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Treatment {
    /// What stands in the file where something is missing.
    pub gaps: Gaps,
    /// What counts as dead air; `None` where nothing does.
    pub dead_air: Option<DeadAirRule>,
    /// The version of the tags.
    pub id3: Id3,
}

impl Default for Treatment {
    fn default() -> Self {
        Self { gaps: Gaps::default(), dead_air: Some(DeadAirRule::default()), id3: Id3::default() }
    }
}

/// The version of the tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Id3 {
    /// ID3v2.4, in UTF-8.
    #[default]
    V24,
    /// ID3v2.3, in UTF-16: what Windows and many cars can read.
    V23,
}

/// What stands in the file where something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// Nothing: what comes after follows at once.
    #[default]
    Skip,
    /// Silence of the same length, so that the file keeps the clock.
    Silence,
}

/// What counts as dead air.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeadAirRule {
    /// No sample is louder than this, in dB relative to full scale; below 0.
    pub below: f64,
    /// It lasts at least so long.
    pub longer_than: Duration,
}

impl Default for DeadAirRule {
    fn default() -> Self {
        Self { below: -60.0, longer_than: Duration::from_secs(30) }
    }
}
