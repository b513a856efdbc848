//! The diagnosis of a failed attempt: whether an obstacle caused it that passes.
//!
//! It relies on errors of the system and on trying, never on what ffmpeg says.

use std::time::Duration;

use super::error::RecorderError;
use super::obstacle::Obstacle;
use super::parts::Parts;
use crate::base::clock::SharedClock;
use crate::base::process::Invocation;
use crate::encode::EncodeError;
use crate::housekeeping::RoomError;
use crate::library::archive::ArchiveError;
use crate::library::store::{self, StoreError};

/// How many bytes must fit into the folder of the tapes, so that tape and catalogue can be written.
const TAPE_NEEDS: u64 = 256 * 1024;
/// How long ffmpeg may take to print its version.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// Returns the obstacle that caused `error`. `None` if no obstacle did. The file will have about `size` bytes.
pub(super) async fn obstacle_behind(parts: &Parts, error: &RecorderError, size: u64) -> Option<Obstacle> {
    use RecorderError as E;
    let words = error.to_string();
    match error {
        E::Room(RoomError::NoRoom { .. }) | E::Panicked | E::Stopping | E::TakenBack => None,
        _ if error.is_disk_full() || is_short(parts, size).await => Some(Obstacle::Full(words)),
        E::Encode(EncodeError::Start(_)) => Some(Obstacle::Encoder(words)),
        E::Encode(EncodeError::Target { .. }) => {
            // A test of the folder may give a better reason.
            Some(of_output(parts, size).await.unwrap_or_else(|| Obstacle::output(parts.store.shown_folder(), words)))
        }
        E::Encode(error) if error.is_of_ffmpeg() => match runs(&parts.environment.clock).await {
            Err(words) => Some(Obstacle::Encoder(words)),
            Ok(()) => of_output(parts, size).await,
        },
        E::Tag(_) | E::Store(_) | E::Room(_) | E::Archive(ArchiveError::Store(_)) => of_output(parts, size).await,
        E::Encode(_) | E::Tape(_) | E::Catalogue(_) | E::Archive(_) => of_tapes(parts).await,
    }
}

/// Returns whether an obstacle like `obstacle` is still there.
pub(super) async fn persists(parts: &Parts, obstacle: &Obstacle, size: u64) -> bool {
    match obstacle {
        Obstacle::Encoder(_) => runs(&parts.environment.clock).await.is_err(),
        _ => is_short(parts, size).await || of_output(parts, size).await.is_some() || of_tapes(parts).await.is_some(),
    }
}

/// Returns whether a file of `size` bytes does not fit.
async fn is_short(parts: &Parts, size: u64) -> bool {
    parts.store.free_space().await.is_ok_and(|free| free < size)
}

async fn of_output(parts: &Parts, size: u64) -> Option<Obstacle> {
    Obstacle::of_store(&parts.store.test_write(size).await.err()?, parts.store.shown_folder())
}

async fn of_tapes(parts: &Parts) -> Option<Obstacle> {
    let folder = parts.decks.folder();
    match store::test_write(folder, TAPE_NEEDS).await {
        Ok(()) | Err(StoreError::Stopping) => None,
        Err(error) if error.is_disk_full() => Some(Obstacle::Full(error.to_string())),
        Err(error) => Some(Obstacle::Folder { what: "tape", folder: folder.to_owned(), words: error.to_string() }),
    }
}

/// Runs `ffmpeg -version`: in the middle of an upgrade ffmpeg may be missing, or its libraries.
async fn runs(clock: &SharedClock) -> Result<(), String> {
    let mut ffmpeg = Invocation::new("ffmpeg").args(["-version"]).spawn(clock).map_err(|error| error.to_string())?;
    match ffmpeg.wait_within(ANSWERS_WITHIN).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("`ffmpeg -version` ends with {status}: {}", ffmpeg.last_words())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("`ffmpeg -version` does not end".to_owned()),
    }
}
