//! Room on the disk: what goes before an airing is refused.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use super::error::RecorderError;
use crate::deck::Decks;
use crate::library::shelf;
use crate::model::StationId;

/// Makes sure that `min_free` bytes are free in the output folder: old tape goes first; where that is not enough the
/// airing is refused, because a disk that fills up in the middle would spoil every other recording.
pub(super) async fn ensure(
    output: &Path,
    min_free: u64,
    decks: &Decks,
    needed: impl Fn(&StationId) -> Option<DateTime<Utc>>,
) -> Result<(), RecorderError> {
    if shelf::free_space(output).await? >= min_free {
        return Ok(());
    }
    warn!(folder = %output.display(), "little room on the disk: old tape goes");
    decks.forget(TimeDelta::zero(), needed).await;
    let free = shelf::free_space(output).await?;
    if free >= min_free {
        return Ok(());
    }
    Err(RecorderError::NoRoom { path: output.to_owned(), free: in_words(free), wanted: in_words(min_free) })
}

/// A number of bytes for people.
fn in_words(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes >= 1024.0 { format!("{:.1} GiB", mebibytes / 1024.0) } else { format!("{mebibytes:.0} MiB") }
}
