//! A reel that has ended. It is known by its summary. Its index is read when somebody needs that hour, shared while
//! somebody does, and dropped again.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use chrono::TimeDelta;

use super::entry::{Entry, Trouble};
use super::summary::Summary;
use super::{Index, moved_line, parse, trouble_line, undated_line};
use crate::model::{Cause, CauseKind};
use crate::tape::error::TapeError;

/// A reel that has ended. There are a thousand of a station that is always on tape: it shares what it can with the reel
/// before it, and takes some 200 bytes.
#[derive(Debug)]
pub struct ClosedReel {
    /// The folder of the tape.
    folder: Arc<PathBuf>,
    /// The name of its sound file.
    name: Arc<OsStr>,
    /// The number of its first entry.
    pub first: u64,
    /// What is known of it without its index.
    pub summary: Summary,
    /// The name of the sound file of the reel before it on the tape.
    after: Option<Arc<OsStr>>,
    /// Whether its files were deleted.
    deleted: bool,
    read: Mutex<Weak<Index>>,
}

impl ClosedReel {
    /// The reel of the sound file at `path` with this `summary`; its first entry has the number `first`. The reel
    /// `before` it on the tape is in the same folder.
    pub fn new(path: &Path, first: u64, summary: Summary, before: Option<&Self>) -> Self {
        let folder = || Arc::new(path.parent().unwrap_or(Path::new("")).to_owned());
        Self {
            folder: before.map_or_else(folder, |before| Arc::clone(&before.folder)),
            name: path.file_name().unwrap_or_default().into(),
            first,
            summary,
            after: before.map(|before| Arc::clone(&before.name)),
            deleted: false,
            read: Mutex::default(),
        }
    }

    /// The reel with another `summary`. Its index is to be read anew.
    fn with_summary(&self, summary: Summary) -> Self {
        Self {
            folder: Arc::clone(&self.folder),
            name: Arc::clone(&self.name),
            first: self.first,
            summary,
            after: self.after.clone(),
            deleted: self.deleted,
            read: Mutex::default(),
        }
    }

    /// What stands for the reel once its files are deleted: its entries keep their numbers, and none has sound.
    pub fn without_files(&self) -> Self {
        Self { deleted: true, ..self.with_summary(self.summary) }
    }

    /// The sound file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&*self.name)
    }

    /// The name of its sound file, as a path without folders.
    pub fn file(&self) -> &Path {
        Path::new(&self.name)
    }

    /// Whether its files were deleted.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// The name of its sound file, in words.
    pub fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Whether its index ends with its summary. Blocks.
    pub fn has_ended(&self) -> bool {
        let path = self.path();
        let available = fs::metadata(&path).map_or(0, |data| data.len());
        Summary::read(&path.with_extension("m3u8"), available).is_some()
    }

    /// Why nothing comes after it, if its index says so: the station was not to be on tape, aircheck was not running, or
    /// what came was deleted. Blocks.
    pub fn why_it_ends(&self) -> Option<Cause> {
        let index = self.index();
        let heard = index.entries.last().map(|entry| entry.arrived);
        let last = index.troubles.last().filter(|last| heard.is_none_or(|heard| last.at >= heard))?;
        let ends = matches!(last.cause.kind, CauseKind::NotTaped | CauseKind::NotRunning | CauseKind::Deleted);
        ends.then(|| last.cause.clone())
    }

    /// The number after its last entry.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.summary.entries.into())
    }

    /// Its index, if somebody has it in memory.
    pub fn shared(&self) -> Option<Arc<Index>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    /// Its index, with as many entries as its summary says; those that cannot be read any more are missing. Blocks.
    pub fn index(&self) -> Arc<Index> {
        if let Some(index) = self.shared() {
            return index;
        }
        let mut index = if self.deleted { Index::default() } else { read(&self.path()) };
        if index.after.is_some()
            && index.after.as_deref() != self.after.as_ref().map(|name| name.to_string_lossy()).as_deref()
            && let Some(first) = index.entries.first_mut()
        {
            // The reel that it goes on from is gone.
            (first.discontinuity, first.follows) = (true, false);
        }
        let cause = if self.deleted {
            Cause::new(CauseKind::Deleted, "it was on tape, and was deleted")
        } else {
            Cause::new(CauseKind::Internal, format!("the tape {} is damaged", self.path().display()))
        };
        let damaged = || Entry {
            duration: Duration::ZERO,
            arrived: self.summary.to,
            programme_time: None,
            discontinuity: true,
            follows: false,
            sequence: None,
            sound: Err(cause.clone()),
        };
        index.entries.resize_with(usize::try_from(self.summary.entries).unwrap_or_default(), damaged);
        index.entries.shrink_to_fit();
        let index = Arc::new(index);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&index);
        index
    }

    /// Moves everything on it by `by`, in its index as well. Returns the reel as it is then. Blocks.
    pub fn shifted(&self, by: TimeDelta) -> Result<Self, TapeError> {
        self.amended(&moved_line(by), self.summary.shifted(by))
    }

    /// Writes `trouble` into its index. Returns the reel as it is then. Blocks.
    pub fn with_trouble(&self, trouble: &Trouble) -> Result<Self, TapeError> {
        let summary =
            Summary { from: self.summary.from.min(trouble.at), to: self.summary.to.max(trouble.at), ..self.summary };
        self.amended(&trouble_line(trouble), summary)
    }

    /// Writes into its index that the dates on it are wrong. Returns the reel as it is then. Blocks.
    pub fn with_dates_withdrawn(&self) -> Result<Self, TapeError> {
        self.amended(&undated_line(), self.summary)
    }

    fn amended(&self, note: &str, summary: Summary) -> Result<Self, TapeError> {
        amend(&self.path(), note, &summary)?;
        Ok(self.with_summary(summary))
    }
}

/// Appends `note` to the index of the ended reel of `sound_file`, and after it the `summary`, which counts only as the
/// last line. Removes a torn line at its end, which would become a whole one.
fn amend(sound_file: &Path, note: &str, summary: &Summary) -> Result<(), TapeError> {
    let path = sound_file.with_extension("m3u8");
    let length = fs::metadata(sound_file).map_err(TapeError::io(sound_file, "read"))?.len();
    let before = fs::read(&path).map_err(TapeError::io(&path, "read"))?;
    let whole = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end as u64 + 1);
    let mut index = OpenOptions::new().append(true).open(&path).map_err(TapeError::io(&path, "written"))?;
    let text = format!("{note}{}", summary.line(length));
    let cut = if whole < before.len() as u64 { index.set_len(whole) } else { Ok(()) };
    cut.and_then(|()| index.write_all(text.as_bytes()))
        .and_then(|()| index.sync_data())
        .map_err(TapeError::io(&path, "written"))
}

/// Reads the index of the reel of `sound_file`. Blocks.
pub fn read(sound_file: &Path) -> Index {
    let text = fs::read(sound_file.with_extension("m3u8")).unwrap_or_default();
    let available = fs::metadata(sound_file).map_or(0, |data| data.len());
    parse(&String::from_utf8_lossy(&text), sound_file, available)
}
