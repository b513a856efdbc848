//! A reel to which nothing is added any more. It is known by its sum; its index is read when somebody needs that hour, shared
//! while somebody does, and dropped again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use chrono::TimeDelta;

use super::entry::Entry;
use super::error::TapeError;
use super::index::{self, Index};
use super::reel;
use super::sum::Sum;
use crate::model::{Cause, CauseKind};

/// A reel to which nothing is added any more.
#[derive(Debug)]
pub(super) struct Closed {
    /// The sound file.
    pub path: PathBuf,
    /// The number of its first entry.
    pub first: u64,
    /// What is known of it without its index.
    pub sum: Sum,
    read: Mutex<Weak<Index>>,
}

impl Closed {
    /// The reel at `path` with this `sum`, whose first entry has number `first`.
    pub(super) fn new(path: PathBuf, first: u64, sum: Sum) -> Self {
        Self { path, first, sum, read: Mutex::default() }
    }

    /// The number behind its last entry.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.sum.entries)
    }

    /// Its index, where somebody has it.
    pub(super) fn shared(&self) -> Option<Arc<Index>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    /// Its index, with as many entries as its sum says. Blocks. Whatever cannot be read any more is missing.
    pub(super) fn index(&self) -> Arc<Index> {
        if let Some(index) = self.shared() {
            return index;
        }
        let mut index = read(&self.path);
        let damaged = || Entry {
            duration: Duration::ZERO,
            arrived: self.sum.to,
            programme_time: None,
            discontinuity: true,
            follows: false,
            sequence: None,
            sound: Err(Cause::new(CauseKind::Internal, format!("the tape {} is damaged", self.path.display()))),
        };
        index.entries.resize_with(usize::try_from(self.sum.entries).unwrap_or_default(), damaged);
        index.entries.shrink_to_fit();
        let index = Arc::new(index);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&index);
        index
    }

    /// Moves everything on it `by` later, in its index as well; gives the reel as it is then. Blocks.
    pub(super) fn moved(&self, by: TimeDelta) -> Result<Self, TapeError> {
        self.amended(&index::moved(by), self.sum.moved(by))
    }

    /// Notes in its index that the dates on it are none; gives the reel as it is then. Blocks.
    pub(super) fn undated(&self) -> Result<Self, TapeError> {
        self.amended(&index::undated(), self.sum)
    }

    fn amended(&self, note: &str, sum: Sum) -> Result<Self, TapeError> {
        reel::amend(&self.path, note, &sum)?;
        Ok(Self::new(self.path.clone(), self.first, sum))
    }
}

/// What is on the reel of `sound_file`. Blocks.
pub(super) fn read(sound_file: &Path) -> Index {
    let text = fs::read(sound_file.with_extension("m3u8")).unwrap_or_default();
    let available = fs::metadata(sound_file).map_or(0, |data| data.len());
    index::parse(&String::from_utf8_lossy(&text), sound_file, available)
}
