//! Room on the disk: what may go, and whether there is enough.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::error::RecorderError;
use crate::base::readable;
use crate::config::Config;
use crate::library::bin::Bin;
use crate::library::catalogue::{Catalogue, Filter};
use crate::library::retention;
use crate::library::shelf::{self, Shelf, ShelfError};

/// The first of `folders` that has less than `min_free` bytes free. A disk that fills up in the middle of an airing
/// would spoil every other recording on it.
pub(super) async fn short<'a>(folders: &[&'a Path], min_free: u64) -> Result<Option<&'a Path>, ShelfError> {
    for folder in folders {
        if shelf::free_space(folder).await? < min_free {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Why a new airing is not begun.
pub(super) async fn refusal(folder: &Path, min_free: u64) -> Result<RecorderError, ShelfError> {
    let free = shelf::free_space(folder).await?;
    Ok(RecorderError::NoRoom {
        path: PathBuf::from(folder),
        free: readable::bytes(free),
        wanted: readable::bytes(min_free),
    })
}

/// Whether a file of `size` bytes does not fit.
pub(super) async fn is_short(output: &Path, size: u64) -> bool {
    shelf::free_space(output).await.is_ok_and(|free| free < size)
}

/// Removes what has been in the bin for as long as `kept`.
pub(super) async fn empty(bin: &Bin, now: DateTime<Utc>, kept: TimeDelta) {
    match bin.keep(now, kept).await {
        Ok(0) => {}
        Ok(count) => info!(count, "recordings removed from the bin"),
        Err(error) => warn!(%error, "the bin could not be looked through"),
    }
}

/// Deletes what the `keep` of the shows does not keep.
pub(super) async fn tidy(catalogue: &Catalogue, shelf: &Shelf, config: &Config, now: DateTime<Utc>) {
    for show in &config.shows {
        let filter = Filter { show: Some(show.id.clone()), ..Filter::default() };
        let kept = async {
            let recordings = catalogue.list(&filter).await?;
            let Some(recordings) = retention::present(shelf, recordings).await? else { return Ok(0) };
            let gone = retention::plan(&recordings, &show.keep, now);
            retention::apply(catalogue, shelf, &recordings, &gone, now).await
        };
        match kept.await {
            Ok(0) => {}
            Ok(count) => info!(show = %show.id, count, "recordings deleted, as `keep` says"),
            Err(error) => warn!(show = %show.id, %error, "old recordings could not be deleted"),
        }
    }
}
