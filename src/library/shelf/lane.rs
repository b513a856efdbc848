//! The way to the disk of the recordings. A share that hangs holds the threads of those who ask it, for as long as it hangs; so
//! it may hold some of the pool, and never those that the tapes are written with.

use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::error::ShelfError;

/// So many may be on the way at once; the pool has some hundreds of threads.
const WIDTH: usize = 32;
/// Who only looks waits no longer.
const PATIENCE: Duration = Duration::from_secs(5);

static LANE: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(WIDTH)));

/// Runs `work` where it may block; once begun it goes on to its end, and holds its place until then.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShelfError> + Send + 'static,
) -> Result<T, ShelfError> {
    // Closed never.
    let place = Arc::clone(&LANE).acquire_owned().await.map_err(|_| ShelfError::Stopping)?;
    let work = move || {
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| ShelfError::Stopping)?
}

/// As [`blocking`], for work that only looks at `folder`: [`ShelfError::Silent`] where it takes too long.
pub(super) async fn promptly<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, ShelfError> + Send + 'static,
) -> Result<T, ShelfError> {
    let looked = tokio::time::timeout(PATIENCE, blocking(work)).await;
    looked.unwrap_or_else(|_| Err(ShelfError::Silent { path: folder.to_owned() }))
}
