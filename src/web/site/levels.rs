//! How loud what is on the air has just been, for meters that move while it is recorded.
//!
//! The newest stretch on each tape is decoded once, while somebody listens to the events. Whatever is on the air, a look
//! takes a few ffmpegs of a moment each: where there are many stations, they take turns.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use tracing::debug;

use crate::base::clock::SharedClock;
use crate::encode;
use crate::model::AiringId;
use crate::recorder::Progress;
use crate::tape::Sound;

/// Stretches that one look decodes.
const MOST: usize = 8;
/// Decoders at a time.
const AT_A_TIME: usize = 2;
/// What silence is called, in dBFS.
const SILENCE: f32 = -90.0;

/// The levels of what is on the air.
#[derive(Debug, Default)]
pub(super) struct Levels {
    known: HashMap<AiringId, Known>,
    looks: u64,
}

#[derive(Debug)]
struct Known {
    /// What was measured last.
    sound: Sound,
    levels: Vec<f32>,
    /// In which look.
    look: u64,
}

impl Levels {
    /// Measures what is new on the tapes.
    pub(super) async fn look(&mut self, progress: &[Progress], clock: &SharedClock) {
        self.looks += 1;
        self.known.retain(|id, _| progress.iter().any(|one| one.running.airing.id == *id));
        let newest = progress.iter().filter_map(|one| Some((one.running.airing.id.clone(), one.newest.clone()?)));
        let mut new: Vec<_> =
            newest.filter(|(id, sound)| self.known.get(id).is_none_or(|known| known.sound != *sound)).collect();
        new.sort_by_key(|(id, _)| self.known.get(id).map(|known| known.look));
        new.truncate(MOST);
        let measured: Vec<_> =
            stream::iter(new).map(|new| measure(new, clock)).buffer_unordered(AT_A_TIME).collect().await;
        for (id, sound, levels) in measured {
            self.known.insert(id, Known { sound, levels, look: self.looks });
        }
    }

    /// The loudest sample of each tenth of a second of the newest stretch of `airing`, in dBFS, to the tenth.
    pub(super) fn of(&self, airing: &AiringId) -> Vec<f32> {
        let decibels = |level: &f32| ((20.0 * level.log10()).max(SILENCE) * 10.0).round() / 10.0;
        self.known.get(airing).map(|known| known.levels.iter().map(decibels).collect()).unwrap_or_default()
    }
}

async fn measure((id, sound): (AiringId, Sound), clock: &SharedClock) -> (AiringId, Sound, Vec<f32>) {
    let levels = encode::levels(&sound, clock).await.unwrap_or_else(|error| {
        debug!(airing = %id, %error, "its level cannot be measured");
        Vec::new()
    });
    (id, sound, levels)
}
