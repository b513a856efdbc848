//! The state of a tape in memory, and what each event does to it before anything is written.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::Trouble;
use super::entry::Entry;
use super::error::TapeError;
use super::index::Index;
use super::place::withdraw_dates;
use super::reel::ReelWriter;
use super::rejoin::{Judged, Known, Rejoin};
use super::tally::Tally;
use crate::model::{Chunk, DatesNews, Format};

/// The longest that a source holds on to what it has seen, in an outage.
const IN_FLIGHT: TimeDelta = TimeDelta::minutes(15);
/// How many of the newest entries are looked at to place the next one.
const LOOKED_AT: usize = 400;

/// What is known of a tape.
#[derive(Debug, Default)]
pub(super) struct State {
    /// How much later than on the air the station's stream arrives, where it does not say.
    pub(super) delay: TimeDelta,
    /// How many entries were dropped from the front.
    pub(super) first: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) troubles: Vec<Trouble>,
    /// Troubles since the last reel ended; they go into the next one.
    pub(super) unwritten: Vec<Trouble>,
    pub(super) format: Option<Format>,
    pub(super) writer: Option<ReelWriter>,
    /// Whether the tape was opened, or the clock was set, and nothing was written since.
    pub(super) reopened: bool,
    pub(super) rejoin: Rejoin,
    /// Whether the source says that what comes next is new.
    pub(super) unheard: bool,
    /// A chunk that is new and could not be written yet.
    pub(super) unwritten_chunk: Option<(Chunk, Chunk)>,
    pub(super) tally: Tally,
    /// The number of the first entry after the clock was set back, and the time it was set to.
    pub(super) set_back: Option<(u64, DateTime<Utc>)>,
    /// The numbers of the first entry and the first trouble since the tape was opened.
    pub(super) opened: (u64, usize),
    /// By how much the clock was wrong that has been set right, and when.
    pub(super) corrected: Option<(TimeDelta, DateTime<Utc>)>,
}

impl State {
    pub(super) fn of(read: Index) -> Self {
        Self { entries: read.entries, troubles: read.troubles, reopened: true, ..Self::default() }
    }

    /// When something arrived that was seen at `arrived`, and is written at `now`: perhaps by a clock that has been set right
    /// meanwhile.
    pub(super) fn corrected(&mut self, arrived: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        self.corrected = self.corrected.filter(|(_, since)| now - *since < IN_FLIGHT);
        let moved = self.corrected.and_then(|(by, _)| arrived.checked_add_signed(by));
        moved.filter(|moved| (now - *moved).abs() < (now - arrived).abs()).unwrap_or(arrived)
    }

    pub(super) fn writer(
        &mut self,
        folder: &Path,
        duration: Duration,
        now: DateTime<Utc>,
    ) -> Result<&mut ReelWriter, TapeError> {
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

    pub(super) fn end_reel(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.writer.take().map_or(Ok(()), |writer| writer.finish(now))
    }

    pub(super) fn note_trouble(&mut self, trouble: Trouble) -> Result<(), TapeError> {
        self.troubles.push(trouble.clone());
        if let Some(writer) = self.writer.as_mut() {
            return writer.trouble(&trouble);
        }
        self.unwritten.push(trouble);
        Ok(())
    }

    /// What of `chunk` is new, with how it joins on to what is on tape; `None` where it is on tape already, or may be.
    pub(super) fn judge(&mut self, chunk: &Chunk, now: DateTime<Utc>) -> Option<Chunk> {
        let mut chunk = chunk.clone();
        chunk.arrived = self.corrected(chunk.arrived, now);
        let begins = std::mem::take(&mut self.reopened) || self.entries.is_empty();
        let apart = self.stands_apart(chunk.discontinuity, chunk.follows);
        let known = Known { first: self.first, entries: &self.entries };
        if begins || apart {
            (chunk.discontinuity, chunk.follows) = (true, false);
            self.rejoin.begin(known);
        }
        match self.rejoin.judge(&chunk, known) {
            Judged::Known(proven) => {
                self.tally.repeat(proven);
                return None;
            }
            Judged::New(join) => join.mark(&mut chunk.discontinuity, &mut chunk.follows),
        }
        Some(chunk)
    }

    /// Whether what comes now may be on tape for all that its source knows.
    fn stands_apart(&mut self, discontinuity: bool, follows: bool) -> bool {
        !std::mem::take(&mut self.unheard) && discontinuity && !follows
    }

    /// What is to be written of an entry that is lost, with how it joins on to what is on tape; `None` where it may be on tape.
    pub(super) fn judge_lost(&mut self, mut entry: Entry) -> Option<Entry> {
        let apart = self.stands_apart(entry.discontinuity, entry.follows);
        let known = Known { first: self.first, entries: &self.entries };
        if apart {
            self.rejoin.begin(known);
        }
        match self.rejoin.judge_lost(&entry, known) {
            Judged::Known(_) => return None,
            Judged::New(join) => join.mark(&mut entry.discontinuity, &mut entry.follows),
        }
        Some(entry)
    }

    /// The dates of the station turned out to be something else.
    pub(super) fn note_dates(&mut self, news: DatesNews) -> Result<(), TapeError> {
        if news != DatesNews::Withdrawn {
            return Ok(());
        }
        withdraw_dates(&mut self.entries);
        self.writer.as_mut().map_or(Ok(()), ReelWriter::undated)
    }

    /// The newest entries that belong to one session.
    pub(super) fn session(&self) -> &[Entry] {
        let newest = self.entries.iter().rev().take(LOOKED_AT);
        let length = newest.clone().position(|entry| entry.discontinuity).map_or(newest.len(), |position| position + 1);
        self.entries.get(self.entries.len() - length..).unwrap_or_default()
    }
}
