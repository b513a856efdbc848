//! Compares reels with their seals: reads all of them, with as many threads as there are processors.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::reels::is_of;
use crate::model::Span;
use crate::tape::{Damage, Seal, Seals, TapeError};

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// How many reels were compared.
    pub reels: usize,
    /// How many bytes of sound they are to hold.
    pub bytes: u64,
    /// The reels that are not as they were sealed, the oldest first.
    pub damaged: Vec<(String, Damage)>,
    /// The newest word of the seals, over all reels.
    pub seal: Option<String>,
}

/// Compares the reels in `folder` with their seals that may hold sound of `span`. Blocks.
///
/// # Errors
/// A file cannot be read for another reason than that it is gone.
pub fn verify(folder: &Path, span: Span) -> Result<Verified, TapeError> {
    let seals = Seals::read(folder)?;
    let wanted: Vec<&Seal> = seals.kept().filter(|seal| is_of(&seal.name, span)).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
    thread::scope(|scope| {
        let compare = || {
            while let Some(seal) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                let checked = seal.check(folder);
                found.lock().unwrap_or_else(PoisonError::into_inner).push((&*seal.name, checked));
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(compare)).collect();
        for handle in handles {
            // A thread that panics is a defect; what it had to compare is missing in `found`.
            let _ = handle.join();
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(name, _)| *name);
    let mut damaged: Vec<(String, Damage)> =
        seals.broken().map(|name| (name.to_owned(), Damage::Seals)).into_iter().collect();
    for (name, checked) in found {
        damaged.extend(checked?.map(|damage| (name.to_owned(), damage)));
    }
    let bytes = wanted.iter().map(|seal| seal.bytes).sum();
    Ok(Verified { reels: wanted.len(), bytes, damaged, seal: seals.newest().map(str::to_owned) })
}
