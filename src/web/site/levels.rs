//! Levels of running airings, for meters that move while the page is open.
//!
//! While a client listens to events, the newest sound on each tape is decoded once. A look starts a few short ffmpegs
//! at most, so many stations take turns.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use tracing::debug;

use crate::base::clock::SharedClock;
use crate::encode;
use crate::model::AiringId;
use crate::recorder::Progress;
use crate::tape::Sound;

/// How many tapes one look measures.
const MOST: usize = 8;
/// How many decoders run at a time.
const AT_A_TIME: usize = 2;
/// The level of silence, in dBFS.
const SILENCE: f32 = -90.0;

/// Holds the levels of running airings.
#[derive(Debug, Default)]
pub(super) struct Levels {
    measured: HashMap<AiringId, Measured>,
    looks: u64,
}

#[derive(Debug)]
struct Measured {
    /// The sound that was measured last.
    sound: Sound,
    levels: Vec<f32>,
    /// The number of the look that measured it.
    look: u64,
}

impl Levels {
    /// Measures the newest sound of each tape that was not measured yet.
    pub(super) async fn look(&mut self, progress: &[Progress], clock: &SharedClock) {
        self.looks += 1;
        self.measured.retain(|id, _| progress.iter().any(|progress| progress.running.airing.id == *id));
        let newest =
            progress.iter().filter_map(|progress| Some((progress.running.airing.id.clone(), progress.newest.clone()?)));
        let mut new: Vec<_> = newest
            .filter(|(id, sound)| self.measured.get(id).is_none_or(|measured| measured.sound != *sound))
            .collect();
        new.sort_by_key(|(id, _)| self.measured.get(id).map(|measured| measured.look));
        new.truncate(MOST);
        let measured: Vec<_> =
            stream::iter(new).map(|new| measure(new, clock)).buffer_unordered(AT_A_TIME).collect().await;
        for (id, sound, levels) in measured {
            self.measured.insert(id, Measured { sound, levels, look: self.looks });
        }
    }

    /// Returns the loudest sample of each tenth of a second of the newest sound of `airing`, in dBFS, rounded to the
    /// tenth.
    pub(super) fn of(&self, airing: &AiringId) -> Vec<f32> {
        let decibels = |level: &f32| ((20.0 * level.log10()).max(SILENCE) * 10.0).round() / 10.0;
        self.measured.get(airing).map(|measured| measured.levels.iter().map(decibels).collect()).unwrap_or_default()
    }
}

async fn measure((id, sound): (AiringId, Sound), clock: &SharedClock) -> (AiringId, Sound, Vec<f32>) {
    let levels = encode::levels(&sound, clock).await.unwrap_or_else(|error| {
        debug!(airing = %id, %error, "the level cannot be measured");
        Vec::new()
    });
    (id, sound, levels)
}
