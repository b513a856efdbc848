//! The lane of the store. A network share that hangs holds the threads that wait for it, so these come from a lane of
//! their own, and never from the threads that write the tapes.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use super::error::StoreError;
use crate::base::blocking::Lane;

/// The number of threads: a third of those that may block.
const WIDTH: usize = 32;
/// How long [`promptly`] waits.
const PATIENCE: Duration = Duration::from_secs(5);

static LANE: LazyLock<Lane> = LazyLock::new(|| Lane::new(WIDTH));

/// Runs `work` on a thread that may block. Work that has begun is completed, and holds its thread until then.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    LANE.run(work).await
}

/// Runs `work`, which only reads `folder`, on a thread that may block. Fails with [`StoreError::Silent`] if it takes
/// too long.
pub(super) async fn promptly<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    #[expect(clippy::disallowed_methods, reason = "a disk that hangs does so in real time, and holds real threads")]
    let result = tokio::time::timeout(PATIENCE, blocking(work)).await;
    result.unwrap_or_else(|_| Err(StoreError::Silent { path: folder.to_owned() }))
}
