//! A reel that has ended, for those who read all of it.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::cut::{ReelSound, sound_of};
use super::index::closed::ClosedReel;

/// The extension of the file beside a reel that says how loud it is. It is deleted with the reel.
pub const LEVELS: &str = "levels";

/// A reel that has ended. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EndedReel(Arc<ClosedReel>);

impl EndedReel {
    pub(super) fn of(reel: Arc<ClosedReel>) -> Self {
        Self(reel)
    }

    /// The sound file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The number after its last entry.
    pub fn end(&self) -> u64 {
        self.0.end()
    }

    /// When the latest of its entries and troubles arrived.
    pub fn newest(&self) -> DateTime<Utc> {
        self.0.summary.to
    }

    /// Whether there is sound on it.
    pub fn has_sound(&self) -> bool {
        self.0.summary.heard.is_some()
    }

    /// All its sound, as far as its index can be read. Blocks.
    pub fn sound(&self) -> ReelSound {
        sound_of(&self.0.index().entries)
    }
}
