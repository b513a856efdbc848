//! How long a tape was promised to be kept.
//!
//! The promise is a file beside the reels, so that it holds without the configuration that gave it: a station that is
//! taken out of the configuration, perhaps by mistake, keeps its tape for as long as was promised.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::error::TapeError;

/// The name of the file.
const FILE: &str = "keep";

/// Reads the promise of the tape in `folder`. Zero if there is none. Blocks.
pub(super) fn read(folder: &Path) -> Duration {
    let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    text.trim().strip_suffix('s').and_then(|seconds| seconds.parse().ok()).map_or(Duration::ZERO, Duration::from_secs)
}

/// Writes the promise of the tape in `folder`. Blocks.
pub(super) fn write(folder: &Path, keep: Duration) -> Result<(), TapeError> {
    let (file, new) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(format!("{}s\n", keep.as_secs()).as_bytes())?;
        file.sync_all()
    });
    written.map_err(TapeError::io(&new, "written"))?;
    fs::rename(&new, &file).map_err(TapeError::io(&file, "written"))
}
