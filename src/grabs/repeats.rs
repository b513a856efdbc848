//! Segments that are another one once more.
//!
//! Servers do that in place of a segment that they have not: they send the last one for every number behind it, or one from
//! a cache. Bytes that say when they play are those of one segment only. Of numbered segments none may come twice; a
//! playlist may name one twice on purpose, but not one right after the other without saying that its clock begins anew.

use std::collections::HashMap;

use super::folder::{Entry, Folder};
use super::plan::Track;

/// Finds the segments of a track that are another one once more.
#[derive(Debug)]
pub struct Repeats<'a> {
    track: &'a Track,
    /// Where the segments with these bytes were first.
    first: HashMap<u64, usize>,
}

impl<'a> Repeats<'a> {
    /// Begins with the first segment of `track`.
    pub fn of(track: &'a Track) -> Self {
        Self { track, first: HashMap::new() }
    }

    /// Looks at the next segment that is there. Returns the place of the one that it repeats, if it repeats one.
    pub fn next(&mut self, at: usize, entry: &Entry) -> Option<usize> {
        if !entry.is_timed {
            return None;
        }
        let first = *self.first.entry(entry.hash).or_insert(at);
        (first < at && may_not_repeat(self.track, first, at)).then_some(first)
    }
}

/// Whether the segment at the place `later` may not be that at `earlier` once more.
pub fn may_not_repeat(track: &Track, earlier: usize, later: usize) -> bool {
    matches!(track, Track::Numbered(_)) || earlier + 1 == later && !track.is_discontinuous(later)
}

/// The segment of `track`, the one with this number, at this place, if it has come under its name.
pub fn there(track: &Track, number: u8, at: usize, folder: &Folder) -> Option<Entry> {
    folder.get((number, track.number(at))).filter(|entry| entry.name == track.name(at))
}
