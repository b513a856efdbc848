//! How loud what is on the air has just been, for meters that move while it is recorded.
//!
//! Invariants:
//! - each station on the air has one meter, whoever looks and however many of its airings are recorded. It goes on from
//!   look to look, so that a look starts no process;
//! - there are [`MOST`] meters at most. Who has one keeps it until its last airing is over; who has none has no levels;
//! - nobody looks, nothing is decoded.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::base::environment::Environment;
use crate::encode::LevelMeter;
use crate::model::StationId;
use crate::recorder::Progress;
use crate::tape::Sound;

/// Meters at a time: each has an ffmpeg, which takes some 10 MB of its own.
const MOST: usize = 16;
/// What silence is called, in dBFS.
const SILENCE: f32 = -90.0;

/// The levels of what is on the air.
#[derive(Debug)]
pub(super) struct Levels {
    environment: Environment,
    known: HashMap<StationId, Known>,
}

#[derive(Debug)]
struct Known {
    meter: LevelMeter,
    /// What the meter got last.
    newest: Option<Sound>,
    levels: Vec<f32>,
}

impl Levels {
    /// No levels yet. The meters are tasks of `environment`.
    pub(super) fn new(environment: Environment) -> Self {
        Self { environment, known: HashMap::new() }
    }

    /// Hands what is new on the tapes to the meters, and takes what they have measured since the last look.
    pub(super) fn look(&mut self, progress: &[Progress]) {
        self.known.retain(|station, _| progress.iter().any(|one| one.running.airing.station == *station));
        for one in progress.iter().filter(|one| !one.newest.is_empty()) {
            let has_room = self.known.len() < MOST;
            let known = match self.known.entry(one.running.airing.station.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) if has_room => {
                    let meter = LevelMeter::start(place.key().clone(), &self.environment);
                    place.insert(Known { meter, newest: None, levels: Vec::new() })
                }
                Entry::Vacant(_) => continue,
            };
            known.hear(&one.newest);
        }
        for known in self.known.values_mut() {
            known.levels = known.meter.levels();
        }
    }

    /// Ends all meters.
    pub(super) fn stop(&mut self) {
        self.known.clear();
    }

    /// The loudest sample of each tenth of a second of what was decoded last of `station`, in dBFS, to the tenth.
    pub(super) fn of(&self, station: &StationId) -> Vec<f32> {
        let decibels = |level: &f32| ((20.0 * level.log10()).max(SILENCE) * 10.0).round() / 10.0;
        self.known.get(station).map(|known| known.levels.iter().map(decibels).collect()).unwrap_or_default()
    }
}

impl Known {
    /// Hands on what of `sounds` came since the last time; the newest alone if that is not known.
    fn hear(&mut self, sounds: &[Sound]) {
        let last = sounds.iter().position(|sound| Some(sound) == self.newest.as_ref());
        let first = last.map_or(sounds.len().saturating_sub(1), |last| last + 1);
        for sound in sounds.iter().skip(first) {
            self.meter.hear(sound.clone());
            self.newest = Some(sound.clone());
        }
    }
}
