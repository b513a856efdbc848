//! What is asked of a file that keeps the original.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::GapPolicy;
use crate::tape::Step;

/// What is to be kept, and where it goes.
#[derive(Debug)]
pub struct OriginalJob {
    /// The file; it is overwritten.
    pub target: PathBuf,
    /// The bytes that are reserved for tags.
    pub room: u32,
    /// What stands in the place of a gap.
    pub gaps: GapPolicy,
    /// How long all of it is.
    pub length: Duration,
    /// The walks through its pieces: from where to where they are in the file, and their steps.
    pub pieces: Vec<(Duration, Duration, Vec<Step>)>,
    /// How much is missing at its end.
    pub missing: Duration,
}
