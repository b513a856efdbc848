//! A reel that has ended, for those who read all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cut::{ReelSound, STAMPED_SEAM, sound_of};
use super::index::closed::ClosedReel;
use super::timing::on_air_times;
use crate::base::duration::delta;

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
    pub fn path(&self) -> PathBuf {
        self.0.path()
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

    /// When its sound was on the air, as far as its index alone tells. Blocks.
    pub fn placed(&self) -> Placed {
        // If a line comes while it is read, the length says that it is another index.
        let index = index_length(&self.0.path());
        let entries = &self.0.index().entries;
        let (mut runs, mut at, mut before): (Vec<SoundRun>, _, _) = (Vec::new(), Duration::ZERO, None);
        for (timed, entry) in on_air_times(entries, TimeDelta::zero()).into_iter().zip(entries) {
            if entry.sound.is_err() {
                before = before.filter(|_| entry.duration.is_zero());
                continue;
            }
            let uncertain = if timed.stamped { STAMPED_SEAM } else { delta(entry.duration).max(STAMPED_SEAM) };
            let joins = |last: &SoundRun| {
                let off = timed.start - last.start - delta(last.length);
                last.stamped == timed.stamped && (before == Some(timed.session) || off.abs() <= uncertain)
            };
            match runs.last_mut().filter(|last| joins(last)) {
                Some(last) => last.length += entry.duration,
                None => runs.push(SoundRun { at, length: entry.duration, start: timed.start, stamped: timed.stamped }),
            }
            at += entry.duration;
            before = Some(timed.session);
        }
        Placed { index, runs }
    }

    /// All its sound, as far as its index can be read. Blocks.
    pub fn sound(&self) -> ReelSound {
        sound_of(&self.0.index().entries)
    }
}

/// When the sound of a reel was on the air.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placed {
    /// The length of its index in bytes. It is another index if it has another length: then the times may be others.
    pub index: u64,
    /// Its sound in stretches without a hole, in the order of the tape.
    pub runs: Vec<SoundRun>,
}

/// Sound without a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundRun {
    /// Its position in the sound of the reel.
    pub at: Duration,
    /// How long it plays.
    pub length: Duration,
    /// When it was on the air; if no stamp says so, the delay of the station is still to be taken off.
    pub start: DateTime<Utc>,
    /// Whether a stamp says so.
    pub stamped: bool,
}

impl Placed {
    /// Whether the index of the reel of `sound_file` is still that by which the times were computed. Blocks.
    pub fn is_current(&self, sound_file: &Path) -> bool {
        self.index == index_length(sound_file)
    }
}

fn index_length(sound_file: &Path) -> u64 {
    fs::metadata(sound_file.with_extension("m3u8")).map_or(0, |index| index.len())
}
