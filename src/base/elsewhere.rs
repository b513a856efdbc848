//! What other threads do at the moment for the tasks of this one, so that a simulated clock does not run on meanwhile: for
//! tests on a runtime of one thread.

use std::sync::Arc;

thread_local! {
    static HERE: Arc<()> = Arc::default();
}

/// Work that is done elsewhere, for as long as this lives.
#[derive(Debug)]
pub struct Elsewhere(#[expect(dead_code, reason = "it counts")] Arc<()>);

impl Elsewhere {
    /// Some more, for a task of this thread.
    pub fn begin() -> Self {
        Self(HERE.with(Arc::clone))
    }

    /// Whether there is any for the tasks of this thread.
    pub fn any() -> bool {
        HERE.with(|here| Arc::strong_count(here) > 1)
    }
}
