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
use super::entry::{Entry, Sound};
use super::error::TapeError;
use super::index::Index;
use super::place::{delta, place};
use super::reel::ReelWriter;
use super::reels;
use super::view::View;
use crate::model::{AsCause, Cause, CauseKind, Chunk, Format, MediaEvent, Span};

/// How far around a cut entries are considered: arrivals within it teach where the cut lies, those farther away would
/// add the drift of the station's clock.
const AROUND: TimeDelta = TimeDelta::hours(1);
/// The longest that a source holds on to what it has seen, in an outage.
const IN_FLIGHT: TimeDelta = TimeDelta::minutes(15);
/// How many of the newest entries an incoming chunk is compared with after a restart.
const COMPARED: usize = 400;

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

#[derive(Debug, Default)]
struct State {
    /// How much later than on the air the station's stream arrives, where it does not say.
    delay: TimeDelta,
    /// How many entries were dropped from the front.
    first: u64,
    entries: Vec<Entry>,
    troubles: Vec<Trouble>,
    /// Troubles since the last reel ended; they go into the next one.
    unwritten: Vec<Trouble>,
    format: Option<Format>,
    writer: Option<ReelWriter>,
    /// Whether the tape was opened, or the clock was set, and nothing was written since.
    reopened: bool,
    repeats: Repeats,
    /// The number of the first entry after the clock was set back, and the time it was set to.
    set_back: Option<(u64, DateTime<Utc>)>,
    /// The numbers of the first entry and the first trouble since the tape was opened.
    opened: (u64, usize),
    /// By how much the clock was wrong that has been set right, and when.
    corrected: Option<(TimeDelta, DateTime<Utc>)>,
}

/// Whether chunks may repeat what is on tape already: after a restart or a reconnect, a station's window reaches back
/// to sound that was captured before. Such chunks are the same to the byte, which joins the two captures exactly, even
/// where only arrivals are known.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// No: new sound has come.
    #[default]
    Over,
    /// They may; what came so far did, or nothing came.
    Possible,
    /// The last chunk repeated the newest entry.
    Newest,
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
        let result = match event {
            MediaEvent::Format(format) => {
                if state.format.as_ref() == Some(&format) {
                    Ok(())
                } else {
                    state.format = Some(format);
                    state.end_reel(now)
                }
            }
            MediaEvent::Chunk(chunk) => {
                // Whoever writes a chunk again after an error means the same one.
                let before = (state.reopened, state.repeats);
                let written = self.write_chunk(&mut state, &chunk, now);
                if written.is_err() {
                    (state.reopened, state.repeats) = before;
                }
                written
            }
            MediaEvent::Gap { duration, arrived, programme_time, discontinuity, cause } => {
                let arrived = state.corrected(arrived, now);
                let entry = Entry { duration, arrived, programme_time, discontinuity, sound: Err(cause) };
                let placed = Self::estimate(&state, &entry);
                let noted = state.writer.as_mut().map_or(Ok(()), |writer| writer.note(&entry, placed));
                if noted.is_ok() {
                    state.entries.push(entry);
                }
                noted
            }
            MediaEvent::Trouble { at, cause } => {
                let at = state.corrected(at, now);
                state.note_trouble(Trouble { at, cause })
            }
            MediaEvent::Title { .. } => Ok(()),
        };
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
        let mut chunk = chunk.clone();
        chunk.arrived = state.corrected(chunk.arrived, now);
        chunk.discontinuity |= state.entries.is_empty() || state.reopened;
        state.reopened = false;
        if chunk.discontinuity {
            state.repeats = Repeats::Possible;
        }
        if state.repeats != Repeats::Over {
            if let Some(is_newest) = state.repeat_of(&chunk) {
                state.repeats = if is_newest { Repeats::Newest } else { Repeats::Possible };
                return Ok(());
            }
            // Right after the newest entry was offered again comes what follows it.
            chunk.discontinuity &= state.repeats != Repeats::Newest;
            state.repeats = Repeats::Over;
        }
        if state.writer.as_ref().is_some_and(|writer| writer.is_full(chunk.duration, now)) {
            state.end_reel(now)?;
        }
        let placed = Self::estimate(state, &unsounded(&chunk));
        let entry = state.writer(&self.shared.folder, chunk.duration, now)?.append(&chunk, placed)?;
        state.entries.push(entry);
        // It is on tape, and so not to be written again, even where it may not survive a power loss.
        if let Some(Err(error)) = state.writer.as_mut().map(|writer| writer.sync_when_due(now)) {
            state.writer = None;
            state.troubles.push(Trouble { at: now, cause: error.as_cause() });
        }
        Ok(())
    }

    /// When `entry`, the next one, was on the air, as far as can be known now.
    fn estimate(state: &State, entry: &Entry) -> DateTime<Utc> {
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

    /// Ends the reel that is being written, because capture ends. Blocks.
    pub fn end_reel(&self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.state().end_reel(now)
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

impl State {
    fn of(read: Index) -> Self {
        Self { entries: read.entries, troubles: read.troubles, reopened: true, ..Self::default() }
    }

    /// When something arrived that was seen at `arrived`, and is written at `now`: perhaps by a clock that has been set right
    /// meanwhile.
    fn corrected(&mut self, arrived: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        self.corrected = self.corrected.filter(|(_, since)| now - *since < IN_FLIGHT);
        let moved = self.corrected.and_then(|(by, _)| arrived.checked_add_signed(by));
        moved.filter(|moved| (now - *moved).abs() < (now - arrived).abs()).unwrap_or(arrived)
    }

    fn writer(&mut self, folder: &Path, duration: Duration, now: DateTime<Utc>) -> Result<&mut ReelWriter, TapeError> {
        if self.writer.is_none() {
            let no_format = || TapeError::NoFormat { path: folder.to_owned() };
            let format = self.format.as_ref().ok_or_else(no_format)?;
            let mut writer = ReelWriter::begin(folder, format, duration, now)?;
            for trouble in self.unwritten.drain(..) {
                writer.trouble(&trouble)?;
            }
            self.writer = Some(writer);
        }
        self.writer.as_mut().ok_or_else(|| TapeError::NoFormat { path: folder.to_owned() })
    }

    fn end_reel(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.writer.take().map_or(Ok(()), |writer| writer.finish(now))
    }

    fn note_trouble(&mut self, trouble: Trouble) -> Result<(), TapeError> {
        self.troubles.push(trouble.clone());
        if let Some(writer) = self.writer.as_mut() {
            return writer.trouble(&trouble);
        }
        self.unwritten.push(trouble);
        Ok(())
    }

    /// The newest entries that belong to one session.
    fn session(&self) -> &[Entry] {
        let newest = self.entries.iter().rev().take(COMPARED);
        let length = newest.clone().position(|entry| entry.discontinuity).map_or(newest.len(), |position| position + 1);
        self.entries.get(self.entries.len() - length..).unwrap_or_default()
    }

    /// Whether `chunk` is on tape already, byte for byte, and if so whether it is the newest entry. Silence looks like
    /// silence: a chunk that several entries equal says nothing.
    fn repeat_of(&self, chunk: &Chunk) -> Option<bool> {
        let newest = self.entries.iter().rev().filter(|entry| entry.sound.is_ok()).take(COMPARED).enumerate();
        let mut equal = newest.filter(|(_, entry)| entry.sound.as_ref().is_ok_and(|sound| same_bytes(sound, chunk)));
        let (age, _) = equal.next()?;
        equal.next().is_none().then_some(age == 0)
    }
}

/// The file in which the sound of an entry is.
fn reel_of(entry: &Entry) -> Option<&Path> {
    entry.sound.as_ref().ok().map(|sound| sound.reel.path.as_path())
}

fn same_bytes(sound: &Sound, chunk: &Chunk) -> bool {
    let length = chunk.bytes.len() as u64;
    length > 0 && sound.length == length && sound.read().is_ok_and(|bytes| bytes == chunk.bytes)
}

fn unsounded(chunk: &Chunk) -> Entry {
    Entry {
        duration: chunk.duration,
        arrived: chunk.arrived,
        programme_time: chunk.programme_time,
        discontinuity: chunk.discontinuity,
        sound: Err(Cause::default()),
    }
}

#[cfg(test)]
mod tests;
