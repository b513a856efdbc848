//! The levels of the stations that are recorded, for the level meters on the page.
//!
//! Invariants:
//! - a station that is recorded has one meter, however many people look and airings are recorded. The meter lives on
//!   from look to look, so that a look starts no process;
//! - there are at most [`MOST`] meters. A station with a meter has it until its last airing is over; a station without
//!   one has no levels;
//! - while nobody looks, nothing is decoded.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::base::environment::Environment;
use crate::encode::LevelMeter;
use crate::model::StationId;
use crate::recorder::Progress;
use crate::tape::Sound;

/// The greatest number of meters. Each has an ffmpeg, which needs about 10 MB.
const MOST: usize = 16;
/// The least level, which stands for silence, in dBFS.
const SILENCE: f32 = -90.0;

/// The levels of the stations that are recorded.
#[derive(Debug)]
pub(super) struct Levels {
    environment: Environment,
    stations: HashMap<StationId, StationLevels>,
}

#[derive(Debug)]
struct StationLevels {
    meter: LevelMeter,
    /// The last stretch that the meter got.
    newest: Option<Sound>,
}

impl Levels {
    /// Creates an instance without meters. The meters are tasks of `environment`.
    pub(super) fn new(environment: Environment) -> Self {
        Self { environment, stations: HashMap::new() }
    }

    /// Pushes what is new on the tapes to the meters, and reads the levels that they have measured since the last look.
    pub(super) fn look(&mut self, progress: &[Progress]) {
        self.stations.retain(|station, _| progress.iter().any(|airing| airing.running.airing.station == *station));
        for airing in progress.iter().filter(|airing| !airing.newest.is_empty()) {
            let may_add = self.stations.len() < MOST;
            let station = match self.stations.entry(airing.running.airing.station.clone()) {
                Entry::Occupied(station) => station.into_mut(),
                Entry::Vacant(entry) if may_add => {
                    let meter = LevelMeter::start(entry.key().clone(), &self.environment);
                    entry.insert(StationLevels { meter, newest: None })
                }
                Entry::Vacant(_) => continue,
            };
            station.push_new(&airing.newest);
        }
        for station in self.stations.values() {
            station.meter.look();
        }
    }

    /// Ends all meters.
    pub(super) fn stop(&mut self) {
        self.stations.clear();
    }

    /// Returns the loudest sample of each tenth of a second that was decoded last of `station`, in dBFS, rounded to
    /// tenths. Empty if the station has no meter.
    pub(super) fn of(&self, station: &StationId) -> Vec<f32> {
        let decibels = |level: f32| ((20.0 * level.log10()).max(SILENCE) * 10.0).round() / 10.0;
        let station = self.stations.get(station);
        station.map(|station| station.meter.levels().into_iter().map(decibels).collect()).unwrap_or_default()
    }
}

impl StationLevels {
    /// Pushes those of `sounds` to the meter that come after the last it got; only the newest if that one is not among
    /// them.
    fn push_new(&mut self, sounds: &[Sound]) {
        let last = sounds.iter().position(|sound| Some(sound) == self.newest.as_ref());
        let first = last.map_or(sounds.len().saturating_sub(1), |last| last + 1);
        for sound in sounds.iter().skip(first) {
            self.meter.push(sound.clone());
            self.newest = Some(sound.clone());
        }
    }
}
