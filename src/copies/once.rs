//! Writing an object once: whoever does so again finds that it is there.

use super::send::SendError;
use crate::library::remote::{Payload, Remote, Sums};

/// Writes an object of so many bytes, unless the store has the same under this name.
///
/// # Errors
/// The store has something else of that name ([`SendError::Taken`]), refuses, or does not answer.
pub async fn put_once(remote: &Remote, name: &str, kind: &str, payload: Payload, bytes: u64) -> Result<(), SendError> {
    let ours = Sums { bytes, sha256: payload.sha256(), of_parts: None };
    match same(remote, name, &ours).await? {
        Some(true) => return Ok(()),
        Some(false) => return Err(SendError::Taken { name: name.to_owned() }),
        None => {}
    }
    match remote.put(name, kind, payload).await {
        Ok(true) => Ok(()),
        // The store says no checksum, or somebody has written it in between.
        Ok(false) => compared(remote, name, &ours).await,
        Err(error) if error.is_taken() => compared(remote, name, &ours).await,
        Err(error) => Err(error.into()),
    }
}

async fn compared(remote: &Remote, name: &str, ours: &Sums) -> Result<(), SendError> {
    if same(remote, name, ours).await? == Some(true) {
        return Ok(());
    }
    Err(SendError::Taken { name: name.to_owned() })
}

/// Whether the store has the same bytes. `None` if it has nothing of that name.
async fn same(remote: &Remote, name: &str, ours: &Sums) -> Result<Option<bool>, SendError> {
    let Some(stored) = remote.head(name).await? else { return Ok(None) };
    Ok(Some(remote.has_same(name, &stored, ours).await?))
}
