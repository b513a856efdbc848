//! The tape of a station: a folder of reels, and in memory what is needed of them.
//!
//! One deck writes; any number of recorders and listeners read. Readers get a [`View`] of the time they need and are
//! woken when the tape grows. A reel that has ended is known by its sum; its index is in memory only while somebody needs it.
//! So neither the start, nor a chunk, nor a view costs more on a tape of weeks than on one of hours. Who reads never waits for
//! who writes, which may wait for the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::cause::Trouble;
use super::contents::{Contents, Plan};
use super::error::TapeError;
use super::place::delta;
use super::reels;
use super::tally::Tally;
use super::view::View;
use super::writing::Writing;
use crate::base::blocking::blocking;
use crate::model::{Cause, CauseKind, MediaEvent, Span};

/// The tape of one station. Cheap to clone; all clones are the same tape.
#[derive(Debug, Clone)]
pub struct Tape {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    contents: Arc<Mutex<Contents>>,
    writing: Mutex<Writing>,
    grown: watch::Sender<u64>,
}

impl Tape {
    /// Opens the tape in `folder` for writing, makes the folder where it is missing, and reads what is on it. `delay` is
    /// the station's. Blocks.
    pub fn open(folder: &Path, delay: Duration, now: DateTime<Utc>) -> Result<Self, TapeError> {
        fs::create_dir_all(folder).map_err(TapeError::io(folder, "made"))?;
        let mut contents = Self::contents_of(folder, reels::remove_empty)?;
        if let Some(last) = contents.reels.back() {
            let at = last.index().entries.last().map_or(last.sum.to, |entry| entry.arrived).min(now);
            let down = Trouble { at, cause: Cause::new(CauseKind::NotRunning, "aircheck was not running") };
            (contents.trouble, contents.down) = (Some(down.clone()), Some(down));
        }
        Ok(Self::of(folder, delay, contents))
    }

    /// Reads the tape in `folder` as it is now; somebody else may be writing it. What is read is never written to, and
    /// does not grow. Blocks.
    pub fn read(folder: &Path, delay: Duration) -> Result<Self, TapeError> {
        let contents = if folder.exists() { Self::contents_of(folder, |_| ())? } else { Contents::default() };
        Ok(Self::of(folder, delay, contents))
    }

    fn contents_of(folder: &Path, empty: impl Fn(&Path)) -> Result<Contents, TapeError> {
        let mut contents = Contents::of(reels::read(folder, empty)?);
        if let Some(newest) = contents.reels.back().map(|newest| newest.index()) {
            contents.learn(&newest);
            contents.keep([newest]);
        }
        Ok(contents)
    }

    fn of(folder: &Path, delay: Duration, contents: Contents) -> Self {
        let (grown, _) = watch::channel(0);
        let contents = Arc::new(Mutex::new(Contents { delay: delta(delay), ..contents }));
        let writing = Mutex::new(Writing::new(folder.to_owned(), Arc::clone(&contents)));
        Self { shared: Arc::new(Shared { contents, writing, grown }) }
    }

    /// Writes what a source said. Blocks. After an error (a full disk, one that is away) nothing of it is on tape, it may be
    /// written again, and the tape goes on with a new reel.
    pub fn write(&self, event: MediaEvent, now: DateTime<Utc>) -> Result<(), TapeError> {
        let written = self.writing().write(event, now);
        self.shared.grown.send_modify(|count| *count += 1);
        written
    }

    /// The clock was set, to `now`: arrivals from here on are on another line of time, so that a new session begins. What
    /// was written under the clock before does not count for cuts that end after `now`.
    pub fn clock_was_set(&self, now: DateTime<Utc>) {
        self.contents().clock_was_set(now);
    }

    /// The clock was wrong for as long as this process has written the tape, and has been put forward by `by`, to `now`: what
    /// came since is moved to when it did arrive, and what was seen before and is written yet will be. Blocks.
    pub fn clock_was_wrong(&self, by: TimeDelta, now: DateTime<Utc>) {
        self.writing().moved(by, now);
    }

    /// Another `delay` of the station, for what is on the tape as well.
    pub fn set_delay(&self, delay: Duration) {
        self.contents().delay = delta(delay);
    }

    /// Brings to the disk what is not there yet. Blocks.
    pub fn sync(&self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.writing().sync(now)
    }

    /// Ends the reel that is being written, because capture ends; what was held back goes on it. Blocks.
    pub fn end_reel(&self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.contents().kept.clear();
        self.writing().finish(now)
    }

    /// What became of the sound that was taken from the station since the process began.
    pub fn tally(&self) -> Tally {
        self.contents().tally
    }

    /// The tape around `span`, every entry in its place.
    pub async fn view(&self, span: &Span) -> View {
        let plan = self.contents().plan(span);
        let tape = self.clone();
        if plan.is_on_disk() { blocking(move || tape.look(plan)).await } else { self.look(plan) }
    }

    /// The tape around `span`, every entry in its place. Blocks where reels that have ended must be read.
    pub fn blocking_view(&self, span: &Span) -> View {
        let plan = self.contents().plan(span);
        self.look(plan)
    }

    fn look(&self, plan: Plan) -> View {
        let (view, read) = plan.view();
        self.contents().keep(read);
        view
    }

    /// Wakes whenever something was written.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.shared.grown.subscribe()
    }

    /// The last trouble noted, if nothing was captured since.
    pub fn trouble(&self) -> Option<Trouble> {
        let contents = self.contents();
        contents.trouble.clone().filter(|trouble| contents.heard.is_none_or(|arrived| arrived <= trouble.at))
    }

    /// When sound last arrived.
    pub fn heard(&self) -> Option<DateTime<Utc>> {
        self.contents().heard
    }

    /// The format of the newest sound and its rate in bits per second over the last minute or so.
    pub fn rate(&self) -> Option<(String, f64)> {
        let contents = self.contents();
        let seconds: f64 = contents.measured.iter().map(|(duration, _)| duration.as_secs_f64()).sum();
        let bits: f64 = contents.measured.iter().map(|(_, bytes)| *bytes as f64 * 8.0).sum();
        (seconds > 0.0).then(|| (contents.format.clone(), bits / seconds))
    }

    /// Deletes every reel of which nothing arrived since `instant`, except the one being written. Blocks. Returns how many
    /// bytes that freed.
    pub fn forget_before(&self, instant: DateTime<Utc>) -> Result<u64, TapeError> {
        let gone: Vec<PathBuf> = self.contents().forget_before(instant);
        gone.iter().map(|sound_file| reels::delete(sound_file)).sum()
    }

    /// How many reels that have ended have their index in memory, of how many.
    #[cfg(test)]
    fn in_memory(&self) -> (usize, usize) {
        let contents = self.contents();
        (contents.reels.iter().filter(|reel| reel.shared().is_some()).count(), contents.reels.len())
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // A panic while it is held leaves at worst an entry out: the tape itself is still right.
        self.shared.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.shared.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod weeks;
