//! Tape: what was captured of a station, by wall-clock time, and so also what is missing.
//!
//! A tape is a folder of reels. A reel is one file of untouched stream bytes beside an append-only HLS playlist (RFC
//! 8216, `EXT-X-PLAYLIST-TYPE:EVENT`), the index, which says how long the bytes play and when they were on the air. Any
//! player opens it.
//!
//! The parts, from the bottom up:
//!
//! - `index` is the text of an index: what is written into it, and what is read from it. A reel that has ended is known
//!   by its summary.
//! - `timing` computes when each entry was on the air, from the station's dates or from arrivals.
//! - `view` is the tape around a span of time, with a time for every entry.
//! - `cut` walks through the view of a cut and says what to decode and what is missing; or through all of a reel.
//! - `ended` is a reel that has ended, for those who read all of it.
//! - `writer` turns the events of a source into bytes and index lines.
//!
//! A [`Tape`] holds them together. One deck writes; any number of recorders and listeners read. Readers get a [`View`]
//! of the time they need and are woken when the tape grows. In memory is only what is needed: the index of a reel that
//! has ended is there only while somebody uses it. So the start, a chunk and a view cost no more on a tape of weeks
//! than on one of hours. A reader never waits for the writer, which may wait for the disk.
//!
//! Invariants:
//! - Bytes are written before the index line that names them. So whatever the index names is there.
//! - An index is only appended to. A torn last line (power loss, `kill -9`) is dropped when it is read.
//! - The last line of the index of a reel that has ended is its summary. So nobody reads the index to know what there
//!   is.
//! - A reel holds one format. A new one begins when the format changes, when the daemon starts, and every hour.

mod contents;
mod cut;
mod ended;
mod error;
mod folder;
pub mod holds;
mod index;
mod promise;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod seals;
mod tally;
mod timing;
mod view;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use self::contents::{AROUND, Contents, ViewPlan};
use self::index::{Index, closed::ClosedReel};
use self::writer::Writer;
use crate::base::blocking::blocking;
use crate::base::duration::delta;
use crate::model::{Cause, CauseKind, MediaEvent, Span};

pub use cut::{Listed, Lister, ReelSound, Run, Step, Walker, listing, progress, reaches};
pub use ended::{EndedReel, LEVELS, Placed, SoundRun};
pub use error::TapeError;
pub use folder::bytes;
pub use holds::{Hold, LONGEST_REASON};
pub use index::entry::{Entry, Reel, Sound, Title, Trouble};
pub use seals::{Damage, Seal, SealLine, Seals};
pub use tally::Tally;
pub use timing::{Timed, on_air_times};
pub use view::View;

/// What was on the air at a time arrives within this time of it, besides the station's delay.
const NEAR: TimeDelta = TimeDelta::minutes(5);

/// The tape of one station. Cheap to clone; all clones are the same tape, and share what [`Tape::hold_clock`] does.
#[derive(Debug, Clone)]
pub struct Tape {
    shared: Arc<Shared>,
    /// How often the clock had been set back when it was held.
    held: Arc<OnceLock<usize>>,
}

#[derive(Debug)]
struct Shared {
    contents: Arc<Mutex<Contents>>,
    writer: Mutex<Writer>,
    grown: watch::Sender<u64>,
    folder: PathBuf,
    /// How long it was promised to be kept.
    promised: Mutex<Duration>,
}

impl Tape {
    /// Opens the tape in `folder` for writing and reads what is on it. Creates the folder if it is missing. `delay` is
    /// the station's. Blocks.
    pub fn open(folder: &Path, delay: Duration, now: DateTime<Utc>) -> Result<Self, TapeError> {
        fs::create_dir_all(folder).map_err(TapeError::io(folder, "made"))?;
        let mut contents = Self::contents_of(folder, folder::remove_empty)?;
        if let Some(last) = contents.reels.back().cloned() {
            let at = last.index().entries.last().map_or(last.summary.to, |entry| entry.arrived).min(now);
            let down = Trouble { at, cause: Cause::new(CauseKind::NotRunning, "aircheck was not running") };
            contents.trouble = Some(down.clone());
            if last.why_it_ends().is_some() {
                // That is on it.
            } else if !last.has_ended()
                && let Ok(ended) = last.with_trouble(&down)
            {
                // It was being written when the process was killed.
                contents.replace(&last, ended);
            } else {
                contents.down = Some(down);
            }
        }
        Ok(Self::of(folder, delay, contents))
    }

    /// Reads the tape in `folder` as it is now; somebody else may be writing it. The result is never written to and
    /// does not grow. Blocks.
    pub fn read(folder: &Path, delay: Duration) -> Result<Self, TapeError> {
        let contents = if folder.exists() { Self::contents_of(folder, |_| ())? } else { Contents::default() };
        Ok(Self::of(folder, delay, contents))
    }

    fn contents_of(folder: &Path, on_empty: impl Fn(&Path)) -> Result<Contents, TapeError> {
        let mut contents = Contents::of(folder::read(folder, on_empty)?);
        if let Some(newest) = contents.reels.back().map(|newest| newest.index()) {
            contents.recall_newest(&newest);
            contents.cache([newest]);
        }
        Ok(contents)
    }

    fn of(folder: &Path, delay: Duration, contents: Contents) -> Self {
        let (grown, _) = watch::channel(0);
        let contents = Arc::new(Mutex::new(Contents { delay: delta(delay), ..contents }));
        let writer = Mutex::new(Writer::new(folder.to_owned(), Arc::clone(&contents)));
        let (folder, promised) = (folder.to_owned(), Mutex::new(promise::read(folder)));
        let shared = Shared { contents, writer, grown, folder, promised };
        Self { shared: Arc::new(shared), held: Arc::default() }
    }

    /// Writes an event of a source. Blocks. After an error (the disk is full or away) nothing of the event is on tape;
    /// the caller may write it again, and the tape goes on with a new reel.
    pub fn write(&self, event: MediaEvent, now: DateTime<Utc>) -> Result<(), TapeError> {
        let written = self.writer().write(event, now);
        self.shared.grown.send_modify(|count| *count += 1);
        written
    }

    /// The clock was set to `now`. Later arrivals are on another line of time, so a new session begins. What was
    /// written under the clock before does not count for cuts that end after `now`.
    pub fn clock_was_set(&self, now: DateTime<Utc>) {
        self.contents().clock_was_set(now);
    }

    /// The clock was wrong for as long as this process has written the tape, and was put forward by `by`, to `now`.
    /// Moves what came since then to its true arrival, and will move what was seen before and is still to be written.
    /// Blocks.
    pub fn clock_was_wrong(&self, by: TimeDelta, now: DateTime<Utc>) {
        self.writer().shift(by, now);
    }

    /// Sets the station's `delay`, for what is on the tape as well.
    pub fn set_delay(&self, delay: Duration) {
        self.contents().delay = delta(delay);
    }

    /// Synchronises what is not on the disk yet. Blocks.
    pub fn sync(&self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.writer().sync(now)
    }

    /// Ends the reel that is being written because capture ends, and writes `why`, if nobody wants the sound that comes
    /// now. What was held back is written first. Blocks.
    pub fn end_reel(&self, why: Option<Cause>, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.contents().cached.clear();
        self.writer().finish(why, now)
    }

    /// Returns what became of the sound that was taken from the station since the process began.
    pub fn tally(&self) -> Tally {
        self.contents().tally
    }

    /// Drops the indexes of ended reels that nobody has needed since this was called before.
    pub fn drop_unused(&self) {
        self.contents().drop_unused();
    }

    /// The tape around `span`, with a time for every entry.
    pub async fn view(&self, span: &Span) -> View {
        let plan = self.plan(span);
        let tape = self.clone();
        if plan.needs_disk() { blocking(move || tape.read_view(plan)).await } else { self.read_view(plan) }
    }

    /// The tape around `span`, with a time for every entry. Blocks if reels that have ended must be read.
    pub fn blocking_view(&self, span: &Span) -> View {
        let plan = self.plan(span);
        self.read_view(plan)
    }

    fn plan(&self, span: &Span) -> ViewPlan {
        let contents = self.contents();
        contents.plan(span, self.held.get().copied().unwrap_or(contents.set_back.len()))
    }

    fn read_view(&self, plan: ViewPlan) -> View {
        let (view, read) = plan.view();
        self.contents().cache(read);
        view
    }

    /// Returns a handle of this tape for one cut. To hold its clock has no effect on other readers.
    #[must_use]
    pub fn for_one_cut(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), held: Arc::default() }
    }

    /// Holds the clock: a view has what it has now, also after the clock was set back. For a cut that is on tape and not
    /// encoded yet.
    pub fn hold_clock(&self) {
        let set_back = self.contents().set_back.len();
        self.held.get_or_init(|| set_back);
    }

    /// The reels that have ended, the oldest first, from entry `number` on.
    pub fn ended_since(&self, number: u64) -> Vec<EndedReel> {
        let contents = self.contents();
        let known = contents.reels.partition_point(|reel| reel.first < number);
        contents.reels.iter().skip(known).cloned().map(EndedReel::of).collect()
    }

    /// Every reel with sound whose files are there, the oldest first: its sound file, and from when to when its entries
    /// arrived. From memory.
    pub fn reels(&self) -> Vec<(PathBuf, Span)> {
        self.contents().reels_with_sound()
    }

    /// When the sound of the ended reel of `sound_file` was on the air, as far as its index alone tells. Blocks.
    pub fn placed(&self, sound_file: &Path) -> Placed {
        let (ended, _) = self.contents().reel(|file| Some(file.as_os_str()) == sound_file.file_name());
        ended.map(|reel| EndedReel::of(reel).placed()).unwrap_or_default()
    }

    /// All sound of the reel of `sound_file`, whether or not it has ended. Blocks if its index must be read.
    pub fn sound_of_reel(&self, sound_file: &Path) -> ReelSound {
        let (ended, open) = self.contents().reel(|name| Some(name.as_os_str()) == sound_file.file_name());
        let open = open.iter().flat_map(|block| &block.index.entries);
        // A hole breaks the sound, wherever its reel begins.
        let is_of_reel = |entry: &&Entry| entry.sound.as_ref().map_or(true, |sound| sound.reel.path == sound_file);
        ended.map_or_else(|| cut::sound_of(open.filter(is_of_reel)), |reel| EndedReel::of(reel).sound())
    }

    /// How much later than on the air the stream arrives.
    pub fn delay(&self) -> TimeDelta {
        self.contents().delay
    }

    /// The sounds on the newest reel the name of whose file `is_it` accepts, by their offsets; empty if there is none. Blocks
    /// if its index must be read, and reads no other.
    pub fn sounds_on(&self, is_it: impl Fn(&Path) -> bool) -> Vec<Sound> {
        let (ended, open) = self.contents().reel(&is_it);
        let sounds = |index: &Index| -> Vec<Sound> {
            index.entries.iter().filter_map(|entry| entry.sound.as_ref().ok()).cloned().collect()
        };
        let Some(reel) = ended else {
            let is_on_it = |sound: &Sound| sound.reel.path.file_name().is_some_and(|name| is_it(Path::new(name)));
            return open.iter().flat_map(|block| sounds(&block.index)).filter(is_on_it).collect();
        };
        let index = reel.index();
        let found = sounds(&index);
        // Who asks for one sound asks for the next soon.
        self.contents().cache([index]);
        found
    }

    /// Wakes whenever something was written.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.shared.grown.subscribe()
    }

    /// The newest trouble, if no sound was captured since.
    pub fn trouble(&self) -> Option<Trouble> {
        let contents = self.contents();
        contents.trouble.clone().filter(|trouble| contents.heard.is_none_or(|arrived| arrived <= trouble.at))
    }

    /// When sound last arrived.
    pub fn heard(&self) -> Option<DateTime<Utc>> {
        self.contents().heard
    }

    /// Whether sound arrived around `instant`, to the minute. From memory.
    pub fn has_around(&self, instant: DateTime<Utc>) -> bool {
        self.contents().has_around(instant)
    }

    /// Why nothing was on tape before `instant`, if the reel before it says why it ends. Blocks.
    pub fn why_not_before(&self, instant: DateTime<Utc>) -> Option<Cause> {
        let before = self.contents().reels.iter().rfind(|reel| reel.summary.begun <= instant).cloned();
        before.filter(|reel| !reel.is_deleted()).and_then(|reel| reel.why_it_ends())
    }

    /// The file names of the reels that have ended on which something arrived near `span`, the oldest first.
    pub fn reels_near(&self, span: &Span) -> Vec<String> {
        let contents = self.contents();
        let (from, to) = (span.start - NEAR, span.end + NEAR + contents.delay);
        let near = contents.reels.iter().filter(|reel| !reel.is_deleted() && reel.summary.is_near(from, to));
        near.map(|reel| reel.name()).collect()
    }

    /// From when to when something arrived on it. `None` if nothing is on it.
    pub fn extent(&self) -> Option<Span> {
        let contents = self.contents();
        let ended = contents.reels.iter().map(|reel| Span::new(reel.summary.from, reel.summary.to));
        let entries = contents.open.iter().flat_map(|block| &block.index.entries);
        let spans = ended.chain(entries.map(|entry| Span::new(entry.arrived, entry.arrived)));
        spans.reduce(|all, one| Span::new(all.start.min(one.start), all.end.max(one.end)))
    }

    /// The part of `span` of which something may be on the tape. `None` if there is none.
    pub fn near(&self, span: &Span) -> Option<Span> {
        let (extent, delay) = (self.extent()?, self.contents().delay);
        span.intersect(&Span::new(extent.start - AROUND - delay, extent.end + AROUND))
    }

    /// When the oldest entry that is on the tape arrived.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        let contents = self.contents();
        let open = || contents.open.first().and_then(|block| block.index.entries.first()).map(|entry| entry.arrived);
        contents.reels.front().map(|reel| reel.summary.begun).or_else(open)
    }

    /// The newest sounds on the reel that is being written, `most` at most, the newest last.
    pub fn newest(&self, most: usize) -> Vec<Sound> {
        self.contents().newest(most)
    }

    /// The format of the newest sound, and its rate in bits per second over the newest 30 entries.
    pub fn rate(&self) -> Option<(String, f64)> {
        let contents = self.contents();
        let seconds: f64 = contents.measured.iter().map(|(duration, _)| duration.as_secs_f64()).sum();
        let bits: f64 = contents.measured.iter().map(|(_, bytes)| *bytes as f64 * 8.0).sum();
        (seconds > 0.0).then(|| (contents.format.clone(), bits / seconds))
    }

    /// How long the tape was promised to be kept; zero if it was not.
    pub fn promised(&self) -> Duration {
        *self.shared.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the tape in `folder` was promised to be kept. Blocks.
    pub fn promise_of(folder: &Path) -> Duration {
        promise::read(folder)
    }

    /// Promises to keep the tape for so long, also when the configuration no longer says so. Blocks.
    pub fn promise(&self, keep: Duration) -> Result<(), TapeError> {
        promise::write(&self.shared.folder, keep)?;
        *self.shared.promised.lock().unwrap_or_else(PoisonError::into_inner) = keep;
        Ok(())
    }

    /// Deletes every reel on which nothing arrived since `instant`, except the one being written and those that are
    /// needed for what is held. Returns how many bytes that freed. Blocks.
    ///
    /// # Errors
    /// Nobody knows what is held, and nothing is deleted; or a file cannot be deleted.
    pub fn forget_before(&self, instant: DateTime<Utc>) -> Result<u64, TapeError> {
        let gone = self.contents().old(instant, &self.held_spans()?);
        if gone.is_empty() {
            return Ok(0);
        }
        let ends = self.contents().left_before(&gone);
        self.contents().forget(&gone);
        let freed = gone.iter().map(|reel| folder::delete(&reel.path())).sum();
        // Only now: the disk may have been full.
        for (reel, at) in ends {
            self.mark_deleted(&reel, at);
        }
        seals::forget(&self.shared.folder, gone.iter().map(|reel| reel.name()))?;
        freed
    }

    /// From when to when each reel came that [`Tape::forget_before`] would delete at `instant`. Blocks.
    pub fn may_go(&self, instant: DateTime<Utc>) -> Result<Vec<Span>, TapeError> {
        let reels = self.contents().old(instant, &self.held_spans()?);
        Ok(reels.iter().map(|reel| Span::new(reel.summary.from, reel.summary.to)).collect())
    }

    fn held_spans(&self) -> Result<Vec<Span>, TapeError> {
        Ok(holds::read(&self.shared.folder)?.into_iter().map(|hold| hold.span).collect())
    }

    /// Writes on `reel` that what followed it from `at` on was deleted, unless that is on it. If it cannot be written,
    /// only the cause of the hole is unknown later.
    fn mark_deleted(&self, reel: &Arc<ClosedReel>, at: DateTime<Utc>) {
        if reel.index().troubles.last().is_some_and(|last| last.cause.kind == CauseKind::Deleted) {
            return;
        }
        let deleted = Trouble { at, cause: Cause::new(CauseKind::Deleted, "it was on tape, and was deleted") };
        if let Ok(marked) = reel.with_trouble(&deleted) {
            self.contents().replace(reel, marked);
        }
    }

    /// Seals the oldest reel that has ended, is not sealed and has its files. Returns whether there was one. Blocks: reads
    /// all of it.
    pub fn seal_next(&self) -> Result<bool, TapeError> {
        let sealed = Seals::read(&self.shared.folder)?;
        let ended: Vec<_> = self.contents().reels.iter().filter(|reel| !reel.is_deleted()).cloned().collect();
        let names = sealed.names();
        for reel in ended.iter().filter(|reel| !names.contains(&*reel.name())) {
            match seals::seal(&sealed, &reel.path()) {
                Err(error) if error.is_not_found() => {}
                result => return result.map(|()| true),
            }
        }
        Ok(false)
    }

    /// The seals of its reels. Blocks.
    pub fn seals(&self) -> Result<Seals, TapeError> {
        Seals::read(&self.shared.folder)
    }

    /// The folder of its reels.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// How many of the reels that have ended have their index in memory, and how many there are.
    #[cfg(test)]
    fn in_memory(&self) -> (usize, usize) {
        let contents = self.contents();
        (contents.reels.iter().filter(|reel| reel.shared().is_some()).count(), contents.reels.len())
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // At worst, a panic while it is held leaves one entry out: the tape itself is still right.
        self.shared.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
