//! The rounds of the copier: which stations have something new, and one thing of each after another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::NaiveDate;
use tracing::{debug, info, warn};

use super::accounts::{self, AccountError};
use super::reels::{self, Waiting};
use super::shared::{AsJson, TapeCopies};
use crate::base::blocking::Lane;
use crate::config::{Config, CopiedKind, Station};
use crate::copies::{SendError, pause};
use crate::library::catalogue::LeftReel;
use crate::library::remote::Remote;
use crate::model::StationId;
use crate::tape::{Seals, Tape};

/// How often it looks for what has ended.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// After how many looks it tries again what was left.
const LOOKS_PER_TRY: u32 = 240;
/// How many reels that were left are tried again at a time.
const MOST_LEFT: u32 = 200;
/// How many threads read the tapes.
const THREADS: usize = 2;

/// What is known of a station.
#[derive(Debug, Default)]
struct Known {
    /// The length of its seals when they were read.
    length: Option<u64>,
    waiting: Waiting,
    /// The word of the newest seal of which the reel is copied.
    until: Option<String>,
    /// The newest day of which the account is copied.
    day: Option<NaiveDate>,
}

#[derive(Debug)]
struct Copier {
    of: TapeCopies,
    as_json: AsJson,
    lane: Lane,
    /// Where the copies go that `stations` tell of.
    place: String,
    stations: HashMap<StationId, Known>,
    looks: u32,
    /// Why the store could not be used, as it was logged.
    trouble: Option<String>,
}

impl TapeCopies {
    /// Copies what has ended, until the service stops.
    pub async fn run(self, as_json: AsJson) {
        let stop = self.environment.stop.clone();
        stop.run_until_cancelled_owned(Box::pin(Copier::new(self, as_json).copy_forever())).await;
    }
}

impl Copier {
    fn new(of: TapeCopies, as_json: AsJson) -> Self {
        let (stations, place) = (HashMap::new(), String::new());
        Self { of, as_json, lane: Lane::new(THREADS), place, stations, looks: 0, trouble: None }
    }

    async fn copy_forever(mut self) {
        let (mut config, clock) = (self.of.config.clone(), Arc::clone(&self.of.environment.clock));
        let mut failures = 0;
        loop {
            let current = Arc::clone(&config.borrow_and_update());
            let rest = match self.copy_all(&current).await {
                Ok(()) => {
                    failures = 0;
                    if self.trouble.take().is_some() {
                        info!("tapes are copied to the store again");
                    }
                    LOOK_EVERY
                }
                Err(error) => {
                    let words = error.to_string();
                    if self.trouble.as_ref() != Some(&words) {
                        warn!(%error, "tapes cannot be copied to the store; it is tried again, in pauses up to an hour");
                    }
                    self.trouble = Some(words);
                    pause(&mut failures)
                }
            };
            tokio::select! {
                changed = config.changed() => if changed.is_err() { return },
                () = clock.sleep(rest) => {}
            }
        }
    }

    /// Copies all that is there to be copied.
    async fn copy_all(&mut self, config: &Config) -> Result<(), SendError> {
        let wants = |kind| config.store.as_ref().is_some_and(|rule| rule.what.contains(&kind));
        let (reels, accounts) = (wants(CopiedKind::Reels), wants(CopiedKind::Accounts));
        let remote = if reels || accounts { self.of.copies.remote()? } else { None };
        let Some(remote) = remote else {
            self.stations.clear();
            self.place.clear();
            self.of.counts.waiting.store(0, Ordering::Relaxed);
            return Ok(());
        };
        self.begin(&remote, config).await?;
        let taped = config.stations.iter().filter(|station| station.tape.is_some());
        let taped: Vec<_> = taped.filter_map(|station| Some((station, self.of.decks.known(&station.id)?))).collect();
        if reels {
            if self.looks.is_multiple_of(LOOKS_PER_TRY) {
                self.try_left(&remote, &taped).await?;
            }
            for (station, tape) in &taped {
                self.look(station, tape).await;
            }
        }
        self.looks = self.looks.wrapping_add(1);
        let mut more = true;
        while more {
            more = false;
            for (station, tape) in &taped {
                if reels {
                    more |= self.next_reel(&remote, station, tape).await?;
                }
                if accounts {
                    more |= self.next_account(&remote, station, tape, config).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads how far the tapes are copied, if they go somewhere else than before, and forgets stations that are not always on
    /// tape any more.
    async fn begin(&mut self, remote: &Remote, config: &Config) -> Result<(), SendError> {
        let place = remote.rule().place();
        if self.place != place {
            self.stations.clear();
            let until = self.of.catalogue.tape_copied(place.clone(), CopiedKind::Reels.word()).await?;
            let days = self.of.catalogue.tape_copied(place.clone(), CopiedKind::Accounts.word()).await?;
            for (station, word) in until {
                self.stations.entry(station).or_default().until = Some(word);
            }
            for (station, date) in days {
                self.stations.entry(station).or_default().day = date.parse().ok();
            }
            self.place = place;
        }
        let is_taped = |id: &StationId| config.station(id).is_some_and(|station| station.tape.is_some());
        for (_, known) in self.stations.iter_mut().filter(|(id, _)| !is_taped(id)) {
            // How far it is copied stays, in case that it is on tape again.
            (known.length, known.waiting) = (None, Waiting::default());
        }
        Ok(())
    }

    /// Reads the seals of a station, if there are new ones.
    async fn look(&mut self, station: &Station, tape: &Tape) {
        let folder = tape.folder().to_owned();
        let length = self.lane.run(move || Seals::length(&folder)).await;
        let known = self.stations.entry(station.id.clone()).or_default();
        if known.length != Some(length) {
            known.length = Some(length);
            self.read(station, tape).await;
        }
    }

    async fn read(&mut self, station: &Station, tape: &Tape) {
        let known = self.stations.entry(station.id.clone()).or_default();
        let (folder, word) = (tape.folder().to_owned(), known.until.clone());
        match self.lane.run(move || reels::waiting(&folder, word.as_deref())).await {
            Ok(mut waiting) => {
                // They are taken from the end.
                waiting.lines.reverse();
                known.waiting = waiting;
            }
            Err(error) => {
                warn!(station = %station.id, %error, "which reels are to be copied cannot be read; it is tried again");
                known.length = None;
            }
        }
        self.count_waiting();
    }

    fn count_waiting(&self) {
        let waiting = self.stations.values().map(|known| known.waiting.count as u64).sum();
        self.of.counts.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Copies the oldest reel that waits of a station. Returns whether there was one.
    async fn next_reel(&mut self, remote: &Remote, station: &Station, tape: &Tape) -> Result<bool, SendError> {
        let known = self.stations.entry(station.id.clone()).or_default();
        let Some(line) = known.waiting.lines.last().cloned() else { return Ok(false) };
        let (reel, place) = (line.seal.name.clone(), self.place.clone());
        if line.is_deleted {
            warn!(station = %station.id, %reel, "the reel was deleted before it was copied to the store");
            self.of.counts.lost.fetch_add(1, Ordering::Relaxed);
        } else {
            match reels::send(remote, station, tape.folder(), &line, &self.lane).await {
                Ok(()) => {
                    debug!(station = %station.id, %reel, "copied to the store");
                    self.of.counts.reels.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if error.is_of_one_file() => {
                    warn!(station = %station.id, %reel, %error, "the reel could not be copied; it is tried again");
                    let left = LeftReel { station: station.id.clone(), reel, trouble: error.to_string() };
                    self.of.catalogue.leave_reel(place.clone(), left).await?;
                }
                Err(error) => return Err(error),
            }
        }
        let (id, kind) = (station.id.clone(), CopiedKind::Reels.word());
        self.of.catalogue.copy_tape_until(id, place, kind, line.word.clone()).await?;
        let known = self.stations.entry(station.id.clone()).or_default();
        known.waiting.lines.pop();
        known.until = Some(line.word);
        known.waiting.count = known.waiting.count.saturating_sub(1);
        let is_read_out = known.waiting.lines.is_empty() && known.waiting.count > 0;
        self.count_waiting();
        if is_read_out {
            self.read(station, tape).await;
        }
        Ok(true)
    }

    /// Copies the account of the next day of a station that is over. Returns whether there was one.
    async fn next_account(
        &mut self,
        remote: &Remote,
        station: &Station,
        tape: &Tape,
        config: &Config,
    ) -> Result<bool, SendError> {
        let known = self.stations.entry(station.id.clone()).or_default();
        let now = self.of.environment.clock.now();
        let Some(date) = accounts::due(tape, station, known.day, now) else { return Ok(false) };
        match accounts::send(remote, (station, tape, date), config, (self.as_json, &self.lane), now).await {
            Ok(true) => {
                self.of.counts.accounts.fetch_add(1, Ordering::Relaxed);
            }
            Ok(false) => {}
            Err(AccountError::Send(error)) => return Err(error),
            Err(AccountError::Tape(error)) => {
                warn!(station = %station.id, %date, %error, "the account of the day could not be made; it is tried again");
                return Ok(false);
            }
        }
        known.day = Some(date);
        let (id, kind) = (station.id.clone(), CopiedKind::Accounts.word());
        self.of.catalogue.copy_tape_until(id, self.place.clone(), kind, date.to_string()).await?;
        Ok(true)
    }

    /// Tries again what could not be copied.
    async fn try_left(&mut self, remote: &Remote, taped: &[(&Arc<Station>, Tape)]) -> Result<(), SendError> {
        for left in self.of.catalogue.reels_left(self.place.clone(), MOST_LEFT).await? {
            let Some((station, tape)) = taped.iter().find(|(station, _)| station.id == left.station) else { continue };
            let (folder, reel) = (tape.folder().to_owned(), left.reel.clone());
            let find = move || {
                Ok::<_, crate::tape::TapeError>(Seals::read(&folder)?.after(None).find(|it| it.seal.name == reel))
            };
            let Ok(line) = self.lane.run(find).await else { continue };
            let Some(line) = line.filter(|line| !line.is_deleted) else {
                warn!(station = %left.station, reel = left.reel, "the reel was deleted before it was copied to the store");
                self.of.counts.lost.fetch_add(1, Ordering::Relaxed);
                self.of.catalogue.forget_left_reel(self.place.clone(), left).await?;
                continue;
            };
            match reels::send(remote, station, tape.folder(), &line, &self.lane).await {
                Ok(()) => {
                    self.of.counts.reels.fetch_add(1, Ordering::Relaxed);
                    self.of.catalogue.forget_left_reel(self.place.clone(), left).await?;
                }
                Err(error) if error.is_of_one_file() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
