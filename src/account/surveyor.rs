//! The surveyor: seals the reels of the stations that are always on tape, computes their levels, and keeps those beside the
//! reels.
//!
//! Invariants:
//! - it changes no reel, and decodes one reel at a time, by an ffmpeg that lets everything else go first. So it is in
//!   the way of neither capture nor recordings;
//! - the newest reel comes first, whatever waits: that is what people ask for;
//! - a reel is decoded once. One that cannot be decoded gets levels that say so. One that cannot be read is left out until
//!   the next start;
//! - whatever else is in the way (no ffmpeg, a full disk) is logged once, and tried again later;
//! - while no station is always on tape, it waits for a configuration. Otherwise it asks the tapes once a minute for what
//!   has ended: that takes no disk.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tracing::{debug, error, info};

use super::levels::{self, LevelsError};
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::capture::deck::Decks;
use crate::config::{Config, DeadAirRule};
use crate::encode::{EncodeError, measure};
use crate::model::StationId;
use crate::tape::{EndedReel, LEVELS, Tape};

/// How often it asks for what has ended.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How soon it asks again if a tape is not open yet, as at the start.
const LOOK_SOON: Duration = Duration::from_secs(5);
/// The wait while something is in the way.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// The levels of a reel could not be computed or kept.
#[derive(Debug, Error)]
enum SurveyError {
    #[error(transparent)]
    Measure(#[from] EncodeError),
    #[error(transparent)]
    Write(#[from] LevelsError),
}

impl SurveyError {
    /// Whether only this reel is the reason.
    fn is_of_reel(&self) -> bool {
        matches!(self, Self::Measure(EncodeError::Tape(_)))
    }

    /// Whether the reel was deleted.
    fn is_gone(&self) -> bool {
        matches!(self, Self::Measure(EncodeError::Tape(error)) if error.is_not_found())
    }
}

/// What is known of the reels of a station.
#[derive(Debug, Default)]
struct Reels {
    /// The number after the last entry of those that were seen; `None` before the first look.
    seen: Option<u64>,
    /// Those that lack levels, the oldest first.
    waiting: Vec<EndedReel>,
    /// The tape, if a reel of it may lack its seal.
    unsealed: Option<Tape>,
}

/// Computes levels.
#[derive(Debug)]
struct Surveyor {
    decks: Decks,
    clock: SharedClock,
    stations: HashMap<StationId, Reels>,
    /// Whether something is in the way, which was logged.
    in_the_way: bool,
}

/// Computes the levels of all reels of the stations of `config` that are always on tape, and of those that are still to
/// end, until the process stops.
pub async fn survey_tapes(decks: Decks, config: watch::Receiver<Arc<Config>>, environment: Environment) {
    let Environment { clock, stop, .. } = environment;
    let surveyor = Surveyor { decks, clock, stations: HashMap::new(), in_the_way: false };
    stop.run_until_cancelled_owned(surveyor.work(config)).await.unwrap_or_default();
}

impl Surveyor {
    async fn work(mut self, mut config: watch::Receiver<Arc<Config>>) {
        loop {
            let current = Arc::clone(&config.borrow_and_update());
            let pause = self.look(&current).await;
            tokio::select! {
                changed = config.changed() => if changed.is_err() { return },
                () = self.clock.sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }

    /// Looks for reels that have ended, and surveys the newest. Returns how long to wait then; `None` if no station is
    /// always on tape.
    async fn look(&mut self, config: &Config) -> Option<Duration> {
        let is_always_taped = |station: &StationId| config.station(station).is_some_and(|it| it.tape.is_some());
        self.stations.retain(|station, _| is_always_taped(station));
        let mut pause = None;
        for station in config.stations.iter().filter(|station| station.tape.is_some()) {
            match self.decks.known(&station.id) {
                Some(tape) => {
                    self.stations.entry(station.id.clone()).or_default().note(&tape).await;
                    pause = pause.or(Some(LOOK_EVERY));
                }
                None => pause = Some(LOOK_SOON),
            }
        }
        if self.seal().await {
            pause = Some(Duration::ZERO);
        }
        let newest = self.stations.values_mut().max_by_key(|reels| reels.waiting.last().map(EndedReel::newest));
        let Some((reels, reel)) = newest.and_then(|reels| reels.waiting.pop().map(|reel| (reels, reel))) else {
            return pause;
        };
        match survey(&reel, config.dead_air, &self.clock).await {
            Ok(()) => {
                if mem::take(&mut self.in_the_way) {
                    info!("the levels of tapes are computed again");
                }
                Some(Duration::ZERO)
            }
            Err(error) if error.is_gone() => Some(Duration::ZERO),
            Err(error) => {
                if !mem::replace(&mut self.in_the_way, true) {
                    error!(reel = %reel.path().display(), %error, "the levels of tapes cannot be computed; retrying");
                }
                if !error.is_of_reel() {
                    reels.waiting.push(reel);
                }
                Some(PAUSE)
            }
        }
    }

    /// Seals one reel that lacks its seal. Returns whether there was one. If it cannot be sealed, it is tried again when
    /// the next reel of the tape has ended.
    async fn seal(&mut self) -> bool {
        let mut stations = self.stations.iter_mut();
        let unsealed = stations.find_map(|(station, reels)| Some((station, reels.unsealed.clone()?, reels)));
        let Some((station, tape, reels)) = unsealed else { return false };
        match blocking(move || tape.seal_next()).await {
            Ok(true) => {}
            Ok(false) => reels.unsealed = None,
            Err(error) => {
                error!(%station, %error, "a reel cannot be sealed");
                reels.unsealed = None;
            }
        }
        true
    }
}

impl Reels {
    /// Adds what has ended on `tape` and lacks levels.
    async fn note(&mut self, tape: &Tape) {
        let mut ended = tape.ended_since(self.seen.unwrap_or_default());
        let newest = ended.last().map(EndedReel::end);
        if self.seen.is_none()
            && let Some(folder) = ended.first().and_then(|reel| reel.path().parent().map(ToOwned::to_owned))
        {
            let present = blocking(move || levels::present(&folder)).await;
            let name = |reel: &EndedReel| reel.path().with_extension(LEVELS).file_name().map(ToOwned::to_owned);
            ended.retain(|reel| name(reel).is_none_or(|name| !present.contains(&name)));
        }
        if self.seen.is_none() || newest.is_some() {
            self.unsealed = Some(tape.clone());
        }
        self.seen = newest.or(self.seen).or(Some(0));
        self.waiting.append(&mut ended);
    }
}

/// Computes and keeps the levels of one reel, and when its sound was on the air.
async fn survey(reel: &EndedReel, dead_air: Option<DeadAirRule>, clock: &SharedClock) -> Result<(), SurveyError> {
    let read = reel.clone();
    let (sound, placed) = blocking(move || (read.sound(), read.placed())).await;
    if sound.steps.is_empty() && reel.has_sound() {
        debug!(reel = %reel.path().display(), "its index is gone or damaged");
        return Ok(());
    }
    let levels = Box::pin(measure(&sound, dead_air, clock)).await?;
    let path = reel.path();
    debug!(reel = %path.display(), length = ?levels.length, undecoded = levels.undecoded.len(), "levels computed");
    Ok(blocking(move || levels::write_placed(&path, &levels, &placed)).await?)
}
