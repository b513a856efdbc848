//! What downloads the service makes, and how.

/// Downloads that the page and the interface ask for. Which addresses they may go to says `web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grabs {
    /// How many segments are fetched at a time.
    pub parallel: usize,
    /// The most bytes of one.
    pub largest: u64,
}

impl Default for Grabs {
    fn default() -> Self {
        Self { parallel: 20, largest: 20 << 30 }
    }
}
