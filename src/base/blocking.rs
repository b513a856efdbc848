//! Work that blocks (files, SQLite, HTML parsing), taken off the runtime's worker threads.

/// Runs `work` on a thread that may block and waits for it. A panic in it goes on in the caller.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // Never cancelled: nothing aborts these tasks, and a runtime that shuts down no longer polls the caller.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
