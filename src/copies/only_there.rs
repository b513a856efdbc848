//! What only the object store has: recordings whose file is not in the output folder, and files that clips are cut from.
//! Whoever decodes one gets a file that is fetched, checked and kept for a while.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use thiserror::Error;
use tokio::sync::Mutex;
use tracing::debug;

use super::done;
use super::fetch::{Came, Object, fetch};
use super::send::SendError;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::hash::sha256;
use crate::base::readable;
use crate::config::Config;
use crate::library::catalogue::{Catalogue, CatalogueError, Recording};
use crate::library::remote::{Remote, RemoteError};
use crate::library::store::{Store, StoreError, free_space};

/// The folder of what is fetched, in the state folder.
const FOLDER: &str = "fetched";
/// How long a fetched file stays after it was last used.
const KEPT: Duration = Duration::from_hours(1);

/// Why the sound of a recording cannot be had.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The catalogue or the store cannot be used.
    #[error(transparent)]
    Send(#[from] SendError),
    /// There is too little room for it.
    #[error("{recording} is only in the store, and there is no room to fetch its {bytes}: delete something")]
    NoRoom {
        /// The recording.
        recording: String,
        /// Its size, in words.
        bytes: String,
    },
}

impl From<RemoteError> for FetchError {
    fn from(error: RemoteError) -> Self {
        Self::Send(error.into())
    }
}

impl From<CatalogueError> for FetchError {
    fn from(error: CatalogueError) -> Self {
        Self::Send(error.into())
    }
}

impl From<StoreError> for FetchError {
    fn from(error: StoreError) -> Self {
        Self::Send(error.into())
    }
}

/// Returns a file with the sound of a recording: its own, or one that is fetched from the object store. If there is
/// neither, returns where its own should be.
///
/// # Errors
/// The store has it, and it cannot be fetched.
pub async fn sound_of(
    recording: &Recording,
    config: &Config,
    catalogue: Option<&Catalogue>,
    store: &Store,
    clock: &SharedClock,
) -> Result<PathBuf, FetchError> {
    let Some(file) = &recording.file else { return Ok(PathBuf::new()) };
    let own = store.sound_of(file);
    let (Some(rule), Some(catalogue)) = (&config.store, catalogue) else { return Ok(own) };
    if store.size(file).await.is_ok() {
        return Ok(own);
    }
    let remote = Remote::new(rule, clock)?;
    let copy = done(catalogue, recording, &remote).await?;
    let known = copy.and_then(|copy| Some((copy.name?, copy.bytes?, copy.sha256?)));
    let Some((name, bytes, sha256)) = known else { return Ok(own) };
    let extension = recording.codec().extension();
    let path = config.state.join(FOLDER).join(format!("{sha256}.{extension}"));
    let object = Object { name, bytes, etag: None, sha256: Some(sha256) };
    fetched(&remote, &object, &path).await.map(|()| path).map_err(|error| match error {
        FetchError::NoRoom { bytes, .. } => FetchError::NoRoom { recording: recording.id.to_string(), bytes },
        other @ FetchError::Send(_) => other,
    })
}

/// Returns a file with the bytes of an object, in the state folder `state`.
///
/// # Errors
/// It cannot be fetched.
pub async fn object(remote: &Remote, object: &Object, state: &Path) -> Result<PathBuf, FetchError> {
    let (place, etag) = (remote.rule().place(), object.etag.clone().unwrap_or_default());
    let identity = [place.as_str(), &object.name, &etag, &object.bytes.to_string()].join("\n");
    let path = state.join(FOLDER).join(format!("object-{}", sha256(&[identity.as_bytes()])));
    fetched(remote, object, &path).await.map(|()| path)
}

/// Fetches an object into the file `path`, unless that is there.
async fn fetched(remote: &Remote, object: &Object, path: &Path) -> Result<(), FetchError> {
    // One at a time: the next may want the same.
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;
    let failed = |source| RemoteError::File { doing: "written", path: path.to_owned(), source };
    let (kept, folder, bytes) = (path.to_owned(), path.parent().unwrap_or(Path::new("/")).to_owned(), object.bytes);
    let is_kept = blocking(move || {
        delete_old(&folder);
        touch(&kept).is_ok_and(|there| there == bytes)
    });
    if is_kept.await {
        return Ok(());
    }
    let room = free_space(path).await?;
    if room < bytes.saturating_mul(2) {
        return Err(FetchError::NoRoom { recording: object.name.clone(), bytes: readable::bytes(bytes) });
    }
    debug!(name = %object.name, bytes, "fetched from the store");
    let part = path.with_extension(format!("part-{}", std::process::id()));
    fetch(remote, object, &part, &Came::default()).await?;
    let target = path.to_owned();
    blocking(move || std::fs::rename(&part, &target)).await.map_err(failed)?;
    Ok(())
}

/// Marks a file as used now, and returns its size. Blocks.
fn touch(path: &Path) -> std::io::Result<u64> {
    let file = std::fs::File::options().append(true).open(path)?;
    file.set_modified(now())?;
    Ok(file.metadata()?.len())
}

/// Deletes what was not used for long. Blocks.
fn delete_old(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|used| now().duration_since(used));
        if age.is_ok_and(|age| age.is_ok_and(|age| age > KEPT)) {
            // What cannot be deleted now is deleted the next time.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The time of the machine, as it stamps files.
#[expect(clippy::disallowed_methods, reason = "the file system stamps files by the same clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
