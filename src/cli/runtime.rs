//! The runtime of a command.

use std::time::Duration;

/// The most threads that may block. Each has a stack and an arena of glibc. The lanes (`base::blocking`) of the tapes (8),
/// the store (32) and the names of hosts (16) leave room for work without a lane; the catalogue needs one thread.
const MOST_BLOCKING: usize = 96;

/// Runs `work` to its end on a runtime of its own.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(MOST_BLOCKING).build()?;
    let value = runtime.block_on(work);
    // A thread that still blocks, as on a disk that hangs, must not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(value)
}
