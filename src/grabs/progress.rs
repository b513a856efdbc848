//! How far a grab is, for whoever shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What there is to be fetched is found out.
    Finding,
    /// Segments are fetched.
    Fetching,
    /// The file is made of them.
    Packing,
}

/// How far a grab is. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    stage: AtomicU8,
    total: AtomicUsize,
    done: AtomicUsize,
    before: AtomicUsize,
    lost: AtomicUsize,
    bytes: AtomicU64,
}

/// How far a grab is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What is being done.
    pub stage: Stage,
    /// How many segments there are; 0 while that is not known.
    pub total: usize,
    /// How many of them are there.
    pub done: usize,
    /// How many of those were there before.
    pub before: usize,
    /// How many were given up.
    pub lost: usize,
    /// How many bytes came in this run.
    pub bytes: u64,
}

impl Progress {
    /// Returns how far it is.
    pub fn standing(&self) -> Standing {
        let Counts { stage, total, done, before, lost, bytes } = &*self.0;
        let stage = match stage.load(Ordering::Relaxed) {
            0 => Stage::Finding,
            1 => Stage::Fetching,
            _ => Stage::Packing,
        };
        let [total, done, before, lost] = [total, done, before, lost].map(|count| count.load(Ordering::Relaxed));
        Standing { stage, total, done, before, lost, bytes: bytes.load(Ordering::Relaxed) }
    }

    pub(super) fn fetching(&self, total: usize, before: usize) {
        self.0.total.store(total, Ordering::Relaxed);
        self.0.before.store(before, Ordering::Relaxed);
        self.0.done.store(before, Ordering::Relaxed);
        self.0.stage.store(1, Ordering::Relaxed);
    }

    pub(super) fn came(&self, bytes: u64) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One that came has to come once more.
    pub(super) fn gone(&self) {
        self.0.done.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) {
        self.0.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn packing(&self) {
        self.0.stage.store(2, Ordering::Relaxed);
    }
}
