//! The reels in the folder of a tape, as files. Blocks.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ended::LEVELS;
use super::error::TapeError;
use super::index::closed::{self, ClosedReel};
use super::index::summary::Summary;
use crate::model::Container;

/// Reads the reels of `folder`, the oldest first. Reels with nothing on them are handed to `on_empty`.
pub(super) fn read(folder: &Path, on_empty: impl Fn(&Path)) -> Result<VecDeque<Arc<ClosedReel>>, TapeError> {
    let mut reels = Vec::new();
    for sound_file in sound_files(folder)? {
        let available = fs::metadata(&sound_file).map_or(0, |data| data.len());
        let summary = Summary::read(&sound_file.with_extension("m3u8"), available);
        match summary.or_else(|| Summary::of(&[&closed::read(&sound_file)])) {
            Some(summary) => reels.push((sound_file, summary)),
            None => on_empty(&sound_file),
        }
    }
    // By what is on them, because a name may come from a clock that was wrong.
    reels.sort_by_key(|(_, summary)| summary.begun);
    let mut closed: VecDeque<Arc<ClosedReel>> = VecDeque::with_capacity(reels.len());
    for (sound_file, summary) in reels {
        let before = closed.back().map(AsRef::as_ref);
        let first = before.map_or(0, ClosedReel::end);
        closed.push_back(Arc::new(ClosedReel::new(&sound_file, first, summary, before)));
    }
    Ok(closed)
}

/// How many bytes of sound are on the tape in `folder`. Blocks.
pub fn bytes(folder: &Path) -> u64 {
    let files = sound_files(folder).unwrap_or_default();
    files.iter().filter_map(|file| fs::metadata(file).ok()).map(|data| data.len()).sum()
}

/// Removes a reel with nothing on it. Retention would not find it.
pub(super) fn remove_empty(sound_file: &Path) {
    // A file that cannot be removed takes no room worth mentioning.
    let _ = fs::remove_file(sound_file.with_extension("m3u8")).and_then(|()| fs::remove_file(sound_file));
}

/// The sound files of a tape, sorted by their names, which are the times at which they were begun.
pub(super) fn sound_files(folder: &Path) -> Result<Vec<PathBuf>, TapeError> {
    let listing = fs::read_dir(folder).map_err(TapeError::io(folder, "read"))?;
    let is_sound = |path: &PathBuf| {
        path.extension().and_then(|e| e.to_str()).is_some_and(|e| Container::from_extension(e).is_some())
    };
    let mut files: Vec<_> = listing.filter_map(Result::ok).map(|item| item.path()).filter(is_sound).collect();
    files.sort();
    Ok(files)
}

/// Deletes a reel, and what lies beside it. Returns how many bytes that freed.
pub(super) fn delete(sound_file: &Path) -> Result<u64, TapeError> {
    let freed = fs::metadata(sound_file).map_or(0, |data| data.len());
    // The index goes first: a sound file without an index is nothing, an index without sound would lie.
    for file in [sound_file.with_extension("m3u8"), sound_file.to_owned(), sound_file.with_extension(LEVELS)] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(TapeError::Io { path: file, doing: "deleted", source: error });
            }
            _ => {}
        }
    }
    Ok(freed)
}
