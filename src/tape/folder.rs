//! The tape of a station: a folder of reels, and in memory the index of them all.
//!
//! One deck writes; any number of recorders and listeners read. Readers get a [`View`] of the time they need and are
//! woken when the tape grows.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::cause::Trouble;
use super::entry::Entry;
use super::error::TapeError;
use super::place::{delta, place};
use super::reels;
use super::state::State;
use super::tally::Tally;
use super::view::View;
use crate::model::{AsCause, Cause, CauseKind, Chunk, MediaEvent, Span};

/// How far around a cut entries are considered: arrivals within it teach where the cut lies, those farther away would
/// add the drift of the station's clock.
const AROUND: TimeDelta = TimeDelta::hours(1);

/// The tape of one station. Cheap to clone; all clones are the same tape.
#[derive(Debug, Clone)]
pub struct Tape {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    state: Mutex<State>,
    grown: watch::Sender<u64>,
}

impl Tape {
    /// Opens the tape in `folder` for writing, makes the folder where it is missing, and reads what is on it. `delay` is
    /// the station's. Blocks.
    pub fn open(folder: &Path, delay: Duration, now: DateTime<Utc>) -> Result<Self, TapeError> {
        fs::create_dir_all(folder).map_err(TapeError::io(folder, "made"))?;
        let mut state = State::of(reels::read(folder, reels::remove_empty)?);
        if let Some(last) = state.entries.last() {
            let at = last.arrived.min(now);
            let cause = Cause::new(CauseKind::NotRunning, "aircheck was not running");
            state.troubles.push(Trouble { at, cause });
        }
        state.opened = (state.entries.len() as u64, state.troubles.len());
        Ok(Self::of(folder, delay, state))
    }

    /// Reads the tape in `folder` as it is now; somebody else may be writing it. What is read is never written to, and
    /// does not grow. Blocks.
    pub fn read(folder: &Path, delay: Duration) -> Result<Self, TapeError> {
        let state = if folder.exists() { State::of(reels::read(folder, |_| ())?) } else { State::default() };
        Ok(Self::of(folder, delay, state))
    }

    fn of(folder: &Path, delay: Duration, state: State) -> Self {
        let (grown, _) = watch::channel(0);
        let state = Mutex::new(State { delay: delta(delay), ..state });
        let shared = Shared { folder: folder.to_owned(), state, grown };
        Self { shared: Arc::new(shared) }
    }

    /// Writes what a source said. Blocks. After an error (a full disk, one that is away) nothing of it is on tape, it may be
    /// written again, and the tape goes on with a new reel.
    pub fn write(&self, event: MediaEvent, now: DateTime<Utc>) -> Result<(), TapeError> {
        let mut state = self.state();
        let mut taken = state.tally;
        taken.take(&event);
        let result = match event {
            MediaEvent::Format(format) => {
                if state.format.as_ref() == Some(&format) {
                    Ok(())
                } else {
                    self.write_held(&mut state, now).and_then(|()| {
                        state.format = Some(format);
                        state.end_reel(now)
                    })
                }
            }
            MediaEvent::Chunk(chunk) => self.write_chunk(&mut state, &chunk, now),
            MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause } => {
                let follows = follows || !discontinuity;
                let (sequence, sound) = (None, Err(cause));
                let entry = Entry { duration, arrived, programme_time, discontinuity, follows, sequence, sound };
                self.write_gap(&mut state, entry, now)
            }
            MediaEvent::Repeat { duration } => {
                state.tally.repeat(duration);
                Ok(())
            }
            MediaEvent::Unheard => {
                state.rejoin.give_up();
                state.unheard = true;
                self.write_held(&mut state, now)
            }
            MediaEvent::Dates { news, .. } => state.note_dates(news),
            MediaEvent::Trouble { at, cause } => {
                let at = state.corrected(at, now);
                state.note_trouble(Trouble { at, cause })
            }
            MediaEvent::Title { .. } => Ok(()),
        };
        if result.is_ok() {
            state.tally.taken = taken.taken;
        }
        if let Err(error) = &result {
            state.writer = None;
            // Readers must learn of it even though it could not be written; once is enough.
            let cause = error.as_cause();
            if state.troubles.last().is_none_or(|last| last.cause != cause) {
                state.troubles.push(Trouble { at: now, cause });
            }
        }
        drop(state);
        self.shared.grown.send_modify(|count| *count += 1);
        result
    }

    fn write_chunk(&self, state: &mut State, chunk: &Chunk, now: DateTime<Utc>) -> Result<(), TapeError> {
        // Whoever writes a chunk again after an error means the same one.
        let known = state.unwritten_chunk.take_if(|(given, _)| given == chunk);
        let Some(new) = known.map(|(_, new)| new).or_else(|| state.judge(chunk, now)) else { return Ok(()) };
        let written = self.write_held(state, now).and_then(|()| self.write_new(state, &new, now));
        if written.is_err() {
            state.unwritten_chunk = Some((chunk.clone(), new));
        }
        written
    }

    /// Writes what was held back because it might have been on tape.
    fn write_held(&self, state: &mut State, now: DateTime<Utc>) -> Result<(), TapeError> {
        while let Some(held) = state.rejoin.first_held().cloned() {
            match &held.sound {
                Ok(sound) => self.write_new(state, &held.chunk(sound.read()?), now)?,
                Err(_) => Self::write_lost(state, held)?,
            }
            state.rejoin.drop_first();
        }
        Ok(())
    }

    fn write_gap(&self, state: &mut State, mut entry: Entry, now: DateTime<Utc>) -> Result<(), TapeError> {
        entry.arrived = state.corrected(entry.arrived, now);
        let Some(entry) = state.judge_lost(entry) else { return Ok(()) };
        self.write_held(state, now)?;
        Self::write_lost(state, entry)
    }

    fn write_lost(state: &mut State, entry: Entry) -> Result<(), TapeError> {
        let placed = Self::estimate(state, &entry);
        if let Some(writer) = state.writer.as_mut() {
            writer.note(&entry, placed)?;
        }
        state.tally.lost(entry.duration);
        state.entries.push(entry);
        Ok(())
    }

    fn write_new(&self, state: &mut State, chunk: &Chunk, now: DateTime<Utc>) -> Result<(), TapeError> {
        if state.writer.as_ref().is_some_and(|writer| writer.is_full(chunk.duration, now)) {
            state.end_reel(now)?;
        }
        let placed = Self::estimate(state, &Entry::of(chunk, Err(Cause::default())));
        let entry = state.writer(&self.shared.folder, chunk.duration, now)?.append(chunk, placed)?;
        state.entries.push(entry);
        state.tally.taped(chunk.duration);
        // It is on tape, and so not to be written again, even where it may not survive a power loss.
        if let Some(Err(error)) = state.writer.as_mut().map(|writer| writer.sync_when_due(now)) {
            state.writer = None;
            state.troubles.push(Trouble { at: now, cause: error.as_cause() });
        }
        Ok(())
    }

    /// When `entry`, the next one, was on the air, as far as can be known now.
    fn estimate(state: &State, entry: &Entry) -> DateTime<Utc> {
        if let Some(date) = entry.programme_time {
            return date;
        }
        let session = if entry.discontinuity { &[] } else { state.session() };
        let mut entries = session.to_vec();
        entries.push(entry.clone());
        place(&entries, state.delay).last().map_or(entry.arrived, |placed| placed.start)
    }

    /// The clock was set, to `now`: arrivals from here on are on another line of time, so that a new session begins. What
    /// was written under the clock before does not count for cuts that end after `now`.
    pub fn clock_was_set(&self, now: DateTime<Utc>) {
        let mut state = self.state();
        state.reopened = true;
        let ahead = state.entries.last().is_some_and(|last| last.arrived > now);
        if ahead {
            state.set_back = Some((state.first + state.entries.len() as u64, now));
        }
    }

    /// The clock was wrong for as long as this process has written the tape, and has been put forward by `by`, to `now`: what
    /// came since is moved to when it did arrive, and what was seen before and is written yet will be. Blocks.
    pub fn clock_was_wrong(&self, by: TimeDelta, now: DateTime<Utc>) {
        let mut state = self.state();
        let state = &mut *state;
        let (entry, trouble) = state.opened;
        let entry = usize::try_from(entry.saturating_sub(state.first)).unwrap_or(usize::MAX);
        let entries = state.entries.iter_mut().skip(entry).map(|entry| &mut entry.arrived);
        let troubles = state.troubles.iter_mut().skip(trouble).chain(&mut state.unwritten).map(|it| &mut it.at);
        for instant in entries.chain(troubles) {
            *instant = instant.checked_add_signed(by).unwrap_or(*instant);
        }
        state.corrected = Some((by, now));
        if let Some(Err(error)) = state.writer.as_mut().map(|writer| writer.moved(by)) {
            tracing::warn!(%error, "when sound arrived will be known wrongly after a restart");
            state.writer = None;
        }
    }

    /// Another `delay` of the station, for what is on the tape as well.
    pub fn set_delay(&self, delay: Duration) {
        self.state().delay = delta(delay);
    }

    /// Brings to the disk what is not there yet. Blocks.
    pub fn sync(&self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.state().writer.as_mut().map_or(Ok(()), |writer| writer.sync(now))
    }

    /// Ends the reel that is being written, because capture ends; what was held back goes on it. Blocks.
    pub fn end_reel(&self, now: DateTime<Utc>) -> Result<(), TapeError> {
        let mut state = self.state();
        state.rejoin.give_up();
        self.write_held(&mut state, now).and_then(|()| state.end_reel(now))
    }

    /// What became of the sound that was taken from the station since the process began.
    pub fn tally(&self) -> Tally {
        self.state().tally
    }

    /// The tape around `span`, every entry in its place.
    pub fn view(&self, span: &Span) -> View {
        let state = self.state();
        let near =
            |entry: &Entry| entry.arrived >= span.start - AROUND && entry.arrived <= span.end + AROUND + state.delay;
        let set_back = state.set_back.filter(|(_, instant)| span.end > *instant);
        let oldest = set_back.map_or(0, |(number, _)| usize::try_from(number - state.first.min(number)).unwrap_or(0));
        let from = state.entries.iter().position(near).unwrap_or(state.entries.len());
        let from = from.max(oldest).min(state.entries.len());
        let to = state.entries.iter().rposition(near).map_or(from, |last| last + 1);
        let entries = state.entries.get(from..to).unwrap_or_default().to_vec();
        View::new(state.first + from as u64, entries, state.troubles.clone(), state.delay)
    }

    /// Wakes whenever something was written.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.shared.grown.subscribe()
    }

    /// The last trouble noted, if nothing was captured since.
    pub fn trouble(&self) -> Option<Trouble> {
        let state = self.state();
        let trouble = state.troubles.last()?;
        let since = state.entries.iter().rev().find(|entry| entry.sound.is_ok()).map(|entry| entry.arrived);
        since.is_none_or(|arrived| arrived <= trouble.at).then(|| trouble.clone())
    }

    /// The first trouble noted since `at`.
    pub fn first_trouble(&self, at: DateTime<Utc>) -> Option<Trouble> {
        self.state().troubles.iter().find(|trouble| trouble.at >= at).cloned()
    }

    /// When sound last arrived.
    pub fn heard(&self) -> Option<DateTime<Utc>> {
        self.state().entries.iter().rev().find(|entry| entry.sound.is_ok()).map(|entry| entry.arrived)
    }

    /// The format of the newest sound and its rate in bits per second over the last minute or so.
    pub fn rate(&self) -> Option<(String, f64)> {
        let state = self.state();
        let newest: Vec<_> =
            state.entries.iter().rev().filter_map(|e| Some((e.duration, e.sound.as_ref().ok()?))).take(30).collect();
        let seconds: f64 = newest.iter().map(|(duration, _)| duration.as_secs_f64()).sum();
        let bits: f64 = newest.iter().map(|(_, sound)| sound.length as f64 * 8.0).sum();
        let format = newest.first().map(|(_, sound)| sound.reel.detail.clone())?;
        (seconds > 0.0).then_some((format, bits / seconds))
    }

    /// Deletes every reel whose newest sound arrived before `instant`, except the one being written. Blocks. Returns how
    /// many bytes that freed.
    pub fn forget_before(&self, instant: DateTime<Utc>) -> Result<u64, TapeError> {
        let mut state = self.state();
        let keep = state.entries.iter().position(|entry| entry.arrived >= instant).unwrap_or(state.entries.len());
        // Entries of a reel that is still needed stay with it. Those of one reel follow each other, so that this can only be
        // the first one that is kept.
        let needed = state.entries.iter().skip(keep).find_map(reel_of);
        let goes = |entry: &&Entry| reel_of(entry).is_none_or(|reel| Some(reel) != needed);
        let gone = state.entries.iter().take(keep).take_while(goes).count();
        let dropped: Vec<Entry> = state.entries.drain(..gone).collect();
        state.first += gone as u64;
        let before = state.troubles.len();
        state.troubles.retain(|trouble| trouble.at >= instant);
        state.opened.1 = state.opened.1.saturating_sub(before - state.troubles.len());
        let writing = state.writer.as_ref().map(|writer| writer.path().to_owned());
        drop(state);
        let mut paths: Vec<&Path> = dropped.iter().filter_map(reel_of).collect();
        paths.dedup();
        let mut freed = 0;
        for path in paths.into_iter().filter(|path| writing.as_deref() != Some(path)) {
            freed += reels::delete(path)?;
        }
        Ok(freed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while writing leaves at worst an entry out: the tape itself is still right.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file in which the sound of an entry is.
fn reel_of(entry: &Entry) -> Option<&Path> {
    entry.sound.as_ref().ok().map(|sound| sound.reel.path.as_path())
}

#[cfg(test)]
mod tests;
