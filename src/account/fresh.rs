//! Levels that no file tells yet: of the reel that is being written, and of those of a station that is not always on tape.
//! They are computed when somebody looks, and kept in memory.
//!
//! Invariants:
//! - one reel at a time is decoded, by an ffmpeg that lets everything else go first;
//! - what is known in parts of [`PART`] is not decoded again. So a look costs ten minutes of sound and what is new;
//! - at most [`MOST`] reels are known, each by 4 KB, and those that were looked at last. A reel with a file needs none of
//!   this.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::debug;

use crate::base::blocking::blocking;
use crate::base::environment::Environment;
use crate::encode::measure;
use crate::model::Levels;
use crate::tape::Tape;

/// A part that is this long stays as it is.
const PART: Duration = Duration::from_mins(10);
/// The greatest number of reels that are known.
const MOST: usize = 64;
/// The greatest number of reels that wait to be decoded. Others are asked for again.
const WAITING: usize = 8;

/// Levels of the sound of a reel from a position on.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The position in the sound of the reel.
    pub at: Duration,
    /// The levels; their positions count from there.
    pub levels: Arc<Levels>,
}

impl Part {
    /// The position after the last of it.
    pub fn end(&self) -> Duration {
        self.at.saturating_add(self.levels.length)
    }
}

/// Levels that no file tells. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FreshLevels {
    environment: Environment,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The reels that are known, the latest last.
    known: Mutex<Vec<(PathBuf, Vec<Part>)>>,
    /// The reels that are decoded or wait for it.
    waiting: Mutex<HashSet<PathBuf>>,
    /// Whose turn it is.
    turn: Semaphore,
    /// [`PART`].
    part: Duration,
}

impl FreshLevels {
    /// Creates an instance that knows nothing. Its tasks are those of `environment`.
    pub fn new(environment: Environment) -> Self {
        Self::in_parts(PART, environment)
    }

    fn in_parts(part: Duration, environment: Environment) -> Self {
        let shared = Shared { known: Mutex::default(), waiting: Mutex::default(), turn: Semaphore::new(1), part };
        Self { environment, shared: Arc::new(shared) }
    }

    /// What is known of the reel of `sound_file`, in the order of its sound.
    pub(super) fn of(&self, sound_file: &Path) -> Vec<Part> {
        let known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(path, _)| path == sound_file).map(|(_, parts)| parts.clone()).unwrap_or_default()
    }

    /// Begins to compute what is not known of the reel of `sound_file` on `tape`. Does nothing if that has begun.
    pub fn compute(&self, tape: &Tape, sound_file: &Path) {
        {
            let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= WAITING || !waiting.insert(sound_file.to_owned()) {
                return;
            }
        }
        let (this, tape, path) = (self.clone(), tape.clone(), sound_file.to_owned());
        let stop = self.environment.stop.clone();
        self.environment.tasks.spawn(async move {
            let _ = stop.run_until_cancelled(this.decode(&tape, &path)).await;
            this.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
        });
    }

    async fn decode(&self, tape: &Tape, sound_file: &Path) {
        // Never closed: it lives as long as this.
        let _turn = self.shared.turn.acquire().await;
        let mut parts = self.of(sound_file);
        parts.pop_if(|part| part.levels.length < self.shared.part);
        let (tape, path) = (tape.clone(), sound_file.to_owned());
        let begin = parts.last().map_or(Duration::ZERO, Part::end);
        let (at, rest) = blocking(move || tape.sound_of_reel(&path).split_off(begin)).await;
        if rest.steps.is_empty() {
            return;
        }
        match Box::pin(measure(&rest, None, &self.environment.clock)).await {
            Ok(levels) => parts.push(Part { at, levels: Arc::new(levels) }),
            Err(error) => {
                debug!(reel = %sound_file.display(), %error, "the levels of a reel cannot be computed for the page");
                return;
            }
        }
        let mut known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(path, _)| path != sound_file);
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((sound_file.to_owned(), parts));
    }
}
