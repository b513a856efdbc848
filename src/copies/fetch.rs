//! Fetching an object into a file: it goes on where it broke off, also after a restart, and is compared with what the store
//! says of it.
//!
//! Invariant: the file is of one object. Every further request names the entity tag of the first, and the file is locked
//! against another process that would write the same.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::debug;

use crate::base::blocking::blocking;
use crate::base::hash::sha256_of_file;
use crate::base::lock;
use crate::library::remote::{PATIENCE, Remote, RemoteError};

/// How often it is tried again without a byte that came.
const TRIES: u32 = 5;
/// The pause before it is tried again; it grows by this much each time.
const PAUSE: Duration = Duration::from_secs(2);

/// An object, as the store says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its entity tag, if the store says one.
    pub etag: Option<String>,
    /// Its SHA-256 in hexadecimal digits, if it is known.
    pub sha256: Option<String>,
}

/// How much of an object there is. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Came(Arc<AtomicU64>);

impl Came {
    /// Returns how many bytes there are.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// Asks the store for an object. `None` if it has none of this name.
///
/// # Errors
/// The store refuses, or does not answer.
pub async fn look(remote: &Remote, name: &str) -> Result<Option<Object>, RemoteError> {
    let stored = remote.head(name).await?;
    Ok(stored.map(|stored| Object {
        name: name.to_owned(),
        bytes: stored.bytes,
        sha256: stored.sha256(),
        etag: stored.etag,
    }))
}

/// Fetches what is missing of an object into the file `part`, which may have its beginning. Returns the SHA-256 of the file
/// in hexadecimal digits.
///
/// # Errors
/// The store refuses or goes on breaking off, the object is another by now, or has other bytes than the store says: then
/// nothing of the file stays.
pub async fn fetch(remote: &Remote, object: &Object, part: &Path, came: &Came) -> Result<String, RemoteError> {
    let failed = |source| RemoteError::File { doing: "written", path: part.to_owned(), source };
    let (path, most) = (part.to_owned(), object.bytes);
    let (mut file, mut at) = blocking(move || open(&path, most)).await.map_err(failed)?;
    came.set(at);
    let mut failures = 0;
    while at < object.bytes {
        let before = at;
        let broke = match follow(remote, object, &mut file, &mut at, came).await {
            Ok(()) if at == before => RemoteError::Short { name: object.name.clone() },
            Ok(()) => continue,
            Err(error @ (RemoteError::Http(_) | RemoteError::Silent { .. })) => error,
            Err(RemoteError::Refused(refusal)) if refusal.status >= 500 => RemoteError::Refused(refusal),
            Err(error) if error.is_taken() => return Err(RemoteError::Changed { name: object.name.clone() }),
            Err(error) => return Err(error),
        };
        failures = if at > before { 1 } else { failures + 1 };
        if failures > TRIES {
            return Err(broke);
        }
        debug!(name = %object.name, error = %broke, "it broke off; it goes on");
        remote.clock().sleep(PAUSE * failures).await;
    }
    let (path, bytes) = (part.to_owned(), object.bytes);
    let sum = blocking(move || {
        file.sync_all()?;
        sha256_of_file(&path, bytes)
    });
    let theirs = sum.await.map_err(failed)?.unwrap_or_default();
    match &object.sha256 {
        Some(ours) if *ours != theirs => {
            let path = part.to_owned();
            blocking(move || std::fs::remove_file(path)).await.map_err(failed)?;
            Err(RemoteError::Torn { name: object.name.clone(), said: ours.clone(), came: theirs })
        }
        _ => Ok(theirs),
    }
}

/// Opens and locks the file, and returns how much of the object it has. Blocks.
fn open(path: &Path, most: u64) -> io::Result<(File, u64)> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    if !lock::take(&file)? {
        return Err(io::Error::other("another process is fetching it"));
    }
    let bytes = file.metadata()?.len();
    if bytes <= most {
        return Ok((file, bytes));
    }
    file.set_len(0)?;
    Ok((file, 0))
}

/// Asks for the rest, and writes what comes until it ends or breaks off.
async fn follow(
    remote: &Remote,
    object: &Object,
    file: &mut File,
    at: &mut u64,
    came: &Came,
) -> Result<(), RemoteError> {
    let failed = |source| RemoteError::File { doing: "written", path: object.name.clone().into(), source };
    let mut response = remote.get_rest(&object.name, *at, object.etag.as_deref()).await?;
    if *at > 0 && response.status().as_u16() != 206 {
        // It knows no ranges, and sends all of it.
        file.set_len(0).map_err(failed)?;
        *at = 0;
    }
    while let Some(bytes) = remote.next(&mut response, PATIENCE).await? {
        let (mut handle, length) = (file.try_clone().map_err(failed)?, bytes.len() as u64);
        if *at + length > object.bytes {
            return Err(RemoteError::Changed { name: object.name.clone() });
        }
        blocking(move || handle.write_all(&bytes)).await.map_err(failed)?;
        *at += length;
        came.set(*at);
    }
    Ok(())
}
