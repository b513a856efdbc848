//! The runtime of a command.

use std::time::Duration;

/// Runs `work` to its end on a runtime of its own.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let value = runtime.block_on(work);
    // What still blocks (a disk that hangs) must not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(value)
}
