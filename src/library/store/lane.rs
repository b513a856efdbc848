//! The way to the disk of the recordings. A share that hangs holds the threads of those who ask it, for as long as it hangs; so
//! they have a lane of their own, and never the threads that the tapes are written with.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use super::error::StoreError;
use crate::base::blocking::Lane;

/// So many may be on the way at once: a third of the threads that may block.
const WIDTH: usize = 32;
/// Who only looks waits no longer.
const PATIENCE: Duration = Duration::from_secs(5);

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// Runs `work` where it may block; once begun it goes on to its end, and holds its place until then.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    LANE.run(work).await
}

/// As [`blocking`], for work that only looks at `folder`: [`StoreError::Silent`] where it takes too long.
pub(super) async fn promptly<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    #[expect(clippy::disallowed_methods, reason = "a disk that hangs does so in real time, and holds real threads")]
    let looked = tokio::time::timeout(PATIENCE, blocking(work)).await;
    looked.unwrap_or_else(|_| Err(StoreError::Silent { path: folder.to_owned() }))
}
