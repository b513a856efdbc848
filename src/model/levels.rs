//! How loud the sound of a reel is, and where nothing can be heard.
//!
//! All positions are media time: how long the sound of the reel plays up to there, by the lengths of its entries, without
//! what is missing between them.

use std::time::Duration;

use super::Cause;

/// A stretch of the sound of a reel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its position.
    pub at: Duration,
    /// How long it plays.
    pub length: Duration,
}

/// What was measured in the sound of a reel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Levels {
    /// How long the sound of the reel plays.
    pub length: Duration,
    /// The loudest sample of each second, linear, 255 being full scale. The last second may be shorter.
    pub peaks: Vec<u8>,
    /// The integrated loudness of each minute in LUFS (EBU R 128, ITU-R BS.1770-4, gated, each minute by itself). The last
    /// minute may be shorter. `None` if there is too little sound to have a loudness: less than 0.4 s, or nothing above
    /// −70 LUFS.
    pub loudness: Vec<Option<f64>>,
    /// Where nothing can be heard, by the rule of dead air: stretches that last as long as the rule says. One that
    /// reaches the first or the last sample is here from a second on, because it may go on beyond the reel.
    pub silent: Vec<Stretch>,
    /// What could not be decoded, and why. Its peaks are 0, and it is not silent.
    pub undecoded: Vec<(Stretch, Cause)>,
}
