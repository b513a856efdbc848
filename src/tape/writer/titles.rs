//! What the station says that it plays. Most of it comes again: with every few seconds of sound, and once more from its
//! beginning if a new capture reads the station's window again.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::tape::contents::Contents;
use crate::tape::index::entry::Title;
use crate::tape::index::{Index, moved_by};

/// No title is dated later than this after what arrived with it: by so much, and a bit, the station's clock may be ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What the station has said that it plays.
#[derive(Debug, Default)]
pub(super) struct Titles {
    /// What it said last.
    last: Option<Title>,
    /// Since when the newest title plays that is known to be on tape.
    newest: Option<DateTime<Utc>>,
    /// The titles on tape since an instant, while the station says older ones than `newest`.
    looked_up: Option<(DateTime<Utc>, Vec<Title>)>,
}

impl Titles {
    /// What the station said last.
    pub(super) fn last(&self) -> Option<&Title> {
        self.last.as_ref()
    }

    /// Whether `title` says what the one before it said.
    pub(super) fn goes_on(&self, title: &Title) -> bool {
        self.last.as_ref().is_some_and(|last| last.text == title.text)
    }

    /// Whether `title` is on the tape with these `contents`. Blocks if reels of its time have ended.
    pub(super) fn is_taped(&mut self, title: &Title, contents: &Mutex<Contents>) -> bool {
        if self.newest.is_some_and(|newest| newest < title.at) {
            self.looked_up = None;
            return false;
        }
        let looked_up = self.looked_up.take().filter(|(since, _)| *since <= title.at);
        let (since, taped) = looked_up.unwrap_or_else(|| (title.at, taped_since(title.at, contents)));
        self.newest = self.newest.max(taped.iter().map(|taped| taped.at).max());
        let is_taped = taped.contains(title);
        self.looked_up = Some((since, taped));
        is_taped
    }

    /// The station has said `title`, and it is on tape.
    pub(super) fn said(&mut self, title: Title) {
        self.newest = self.newest.max(Some(title.at));
        if let Some((_, taped)) = self.looked_up.as_mut().filter(|(_, taped)| !taped.contains(&title)) {
            taped.push(title.clone());
        }
        self.last = Some(title);
    }

    /// What is on tape was moved by `by`.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        (self.newest, self.looked_up) = (None, None);
        if let Some(last) = &mut self.last {
            last.at = moved_by(last.at, by);
        }
    }
}

/// The titles on tape since `at`.
fn taped_since(at: DateTime<Utc>, contents: &Mutex<Contents>) -> Vec<Title> {
    let (open, reels) = {
        let contents = contents.lock().unwrap_or_else(PoisonError::into_inner);
        (contents.open.clone(), contents.reels.clone())
    };
    let reels = reels.iter().rev().take_while(|reel| moved_by(reel.summary.to, AHEAD) >= at).map(|reel| reel.index());
    let indexes = reels.chain(open.iter().map(|block| Arc::clone(&block.index)));
    let since = |index: Arc<Index>| index.titles.iter().filter(|title| title.at >= at).cloned().collect::<Vec<_>>();
    indexes.flat_map(since).collect()
}
