//! Deletes files of the output folder that the object store has for long enough, if `local` says so. Called by
//! housekeeping.
//!
//! These are the steps for a file, each with what a crash after it leaves:
//!
//! 1. The file still has the checksum of the copy, and the store still has an object of its name and size. Otherwise it
//!    stays.
//! 2. The file is deleted. A crash leaves a recording without a file, of which the store has a copy: the next round does
//!    step 3.
//! 3. The copy is marked: the recording is only there, and keeps its name.

use chrono::TimeDelta;
use tracing::{info, warn};

use super::send::SendError;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::hash::sha256_of_file;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CopyEntry};
use crate::library::remote::Remote;
use crate::library::store::Store;

/// How many files are looked at in one round.
const MOST: u32 = 500;

/// Deletes the files that the object store of `config` has for long enough. Returns how many.
///
/// # Errors
/// The catalogue, the output folder or the store cannot be used.
pub async fn let_go(
    config: &Config,
    catalogue: &Catalogue,
    store: &Store,
    clock: &SharedClock,
) -> Result<usize, SendError> {
    let Some((rule, days)) = config.store.as_ref().and_then(|rule| Some((rule, rule.local_days?))) else {
        return Ok(0);
    };
    let before = clock.now() - TimeDelta::days(i64::from(days));
    let place = rule.place();
    let due = catalogue.copies_to_let_go(before, place, MOST).await?;
    if due.is_empty() || store.is_away().await? {
        return Ok(0);
    }
    let (remote, mut gone) = (Remote::new(rule, clock)?, 0);
    for copy in due {
        if !is_same(&copy, store).await || !is_there(&copy, &remote).await? {
            warn!(
                recording = %copy.airing,
                "its file stays: it was changed after it was copied, or the store does not have the copy any more"
            );
            continue;
        }
        store.remove(&copy.file).await?;
        if catalogue.let_go(copy.number, clock.now()).await? {
            gone += 1;
        }
    }
    if gone > 0 {
        info!(count = gone, "files deleted that the store has, as `local` says");
    }
    Ok(gone)
}

/// Whether the file is as it was copied, or deleted already.
async fn is_same(copy: &CopyEntry, store: &Store) -> bool {
    let (Some(bytes), path) = (copy.bytes, store.sound_of(&copy.file)) else { return false };
    let sum = blocking(move || match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(metadata) if metadata.len() != bytes => Ok(Some(String::new())),
        Ok(_) => Ok(Some(sha256_of_file(&path, bytes)?.unwrap_or_default())),
    });
    matches!(sum.await, Ok(sum) if sum.is_none() || sum == copy.sha256)
}

async fn is_there(copy: &CopyEntry, remote: &Remote) -> Result<bool, SendError> {
    let Some(name) = &copy.name else { return Ok(false) };
    let stored = remote.head(name).await?;
    Ok(stored.is_some_and(|stored| Some(stored.bytes) == copy.bytes))
}
