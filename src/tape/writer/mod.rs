//! Writing a tape: what each event becomes. One thread at a time holds the [`Writer`], also while it waits for the
//! disk. What it has written is in [`Contents`] at once, and readers of that wait for nobody.

mod reel;
mod rejoin;
mod titles;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use self::reel::ReelWriter;
use self::rejoin::{COMPARED, Judged, Rejoin};
use self::titles::Titles;
use crate::model::{AsCause, Cause, Chunk, DatesNews, Format, MediaEvent};
use crate::tape::contents::Contents;
use crate::tape::error::TapeError;
use crate::tape::index;
use crate::tape::index::closed::ClosedReel;
use crate::tape::index::entry::{Entry, Title, Trouble};
use crate::tape::index::summary::Summary;
use crate::tape::timing::Anchor;
use crate::tape::view::Block;

/// The longest that a source holds on to what it has seen while the disk is away.
const IN_FLIGHT: TimeDelta = TimeDelta::minutes(15);

/// Writes one tape.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    contents: Arc<Mutex<Contents>>,
    format: Option<Format>,
    reel: Option<ReelWriter>,
    titles: Titles,
    rejoin: Rejoin,
    /// Whether the source says that the next sound is new.
    unheard: bool,
    /// A chunk that is new and could not be written yet: as the source gave it, and as it is to be written.
    unwritten: Option<(Chunk, Chunk)>,
    /// What is known of when the next entry was on the air.
    anchor: Anchor,
    /// The number of the first entry since the tape was opened.
    opened: u64,
    /// By how much the clock was wrong before it was set right, and when that was.
    corrected: Option<(TimeDelta, DateTime<Utc>)>,
}

impl Writer {
    /// Goes on in `folder` after what `contents` hold.
    pub(super) fn new(folder: PathBuf, contents: Arc<Mutex<Contents>>) -> Self {
        let opened = contents.lock().unwrap_or_else(PoisonError::into_inner).end();
        Self {
            folder,
            contents,
            format: None,
            reel: None,
            titles: Titles::default(),
            rejoin: Rejoin::default(),
            unheard: false,
            unwritten: None,
            anchor: Anchor::default(),
            opened,
            corrected: None,
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // At worst, a panic while it is held leaves one entry out.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an event of a source. After an error nothing of the event is on tape; it may be written again, and the
    /// tape goes on with a new reel.
    pub(super) fn write(&mut self, event: MediaEvent, now: DateTime<Utc>) -> Result<(), TapeError> {
        let mut tally = self.contents().tally;
        tally.count(&event);
        let result = match event {
            MediaEvent::Format(format) => self.write_format(format, now),
            MediaEvent::Chunk(chunk) => self.write_chunk(&chunk, now),
            MediaEvent::Gap { duration, arrived, programme_time, discontinuity, follows, cause } => {
                let follows = follows || !discontinuity;
                let (sequence, sound) = (None, Err(cause));
                self.write_gap(
                    Entry { duration, arrived, programme_time, discontinuity, follows, sequence, sound },
                    now,
                )
            }
            MediaEvent::Repeat { duration } => {
                self.contents().tally.repeat(duration);
                Ok(())
            }
            MediaEvent::NewSound => {
                self.rejoin.stop_comparing();
                self.unheard = true;
                self.write_held(now)
            }
            MediaEvent::Dates { news: DatesNews::Withdrawn, .. } => self.withdraw_dates(),
            MediaEvent::Trouble { at, cause } => {
                let at = self.corrected(at, now);
                self.write_trouble(Trouble { at, cause })
            }
            MediaEvent::Title { at, text } => {
                // As the index has it, so that it is recognised when it comes again.
                let at = self.corrected(at, now).trunc_subsecs(6);
                self.write_title(Title { at, text: index::title_text(&text) })
            }
            MediaEvent::Dates { .. } => Ok(()),
        };
        match &result {
            Ok(()) => self.contents().tally.taken = tally.taken,
            Err(error) => {
                self.drop_writer();
                // Readers must learn of it even though it could not be written. Once is enough.
                let (mut contents, cause) = (self.contents(), error.as_cause());
                if contents.trouble.as_ref().is_none_or(|last| last.cause != cause) {
                    contents.push_trouble(Trouble { at: now, cause });
                }
            }
        }
        result
    }

    fn write_format(&mut self, format: Format, now: DateTime<Utc>) -> Result<(), TapeError> {
        if self.format.as_ref() == Some(&format) {
            return Ok(());
        }
        self.write_held(now)?;
        self.format = Some(format);
        self.end_reel(now)
    }

    fn write_chunk(&mut self, chunk: &Chunk, now: DateTime<Utc>) -> Result<(), TapeError> {
        // After an error, the same chunk once more is the chunk that failed.
        let known = self.unwritten.take_if(|(given, _)| given == chunk);
        let Some(new) = known.map(|(_, new)| new).or_else(|| self.judge(chunk, now)) else { return Ok(()) };
        let written = self.write_held(now).and_then(|()| self.write_new(&new, now));
        if written.is_err() {
            self.unwritten = Some((chunk.clone(), new));
        }
        written
    }

    /// Writes what was held back because it might have been on tape.
    fn write_held(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        while let Some(held) = self.rejoin.first_held().cloned() {
            match &held.sound {
                Ok(sound) => self.write_new(&held.chunk(sound.read()?), now)?,
                Err(_) => self.write_lost(held, now)?,
            }
            self.rejoin.drop_first();
        }
        Ok(())
    }

    fn write_gap(&mut self, mut entry: Entry, now: DateTime<Utc>) -> Result<(), TapeError> {
        entry.arrived = self.corrected(entry.arrived, now);
        let Some(entry) = self.judge_lost(entry) else { return Ok(()) };
        self.write_held(now)?;
        self.write_lost(entry, now)
    }

    fn write_lost(&mut self, entry: Entry, now: DateTime<Utc>) -> Result<(), TapeError> {
        let on_air = self.estimate(&entry);
        // If no reel is being written, the next one begins with it.
        if self.reel.as_ref().is_some_and(|writer| writer.is_old(now)) {
            self.end_reel(now)?;
            self.writer(entry.duration, now)?;
        }
        if let Some(writer) = self.reel.as_mut() {
            writer.write_entry(&entry, on_air)?;
        }
        self.advance(&entry);
        let mut contents = self.contents();
        contents.tally.lost(entry.duration);
        contents.push(entry);
        Ok(())
    }

    fn write_new(&mut self, chunk: &Chunk, now: DateTime<Utc>) -> Result<(), TapeError> {
        if self.reel.as_ref().is_some_and(|writer| writer.is_full(chunk.duration, now)) {
            self.end_reel(now)?;
        }
        let on_air = self.estimate(&Entry::of(chunk, Err(Cause::default())));
        let entry = self.writer(chunk.duration, now)?.append(chunk, on_air)?;
        self.advance(&entry);
        {
            let mut contents = self.contents();
            contents.push(entry);
            contents.tally.taped(chunk.duration);
        }
        // It is on tape and must not be written again, even if it may not survive a power loss.
        if let Some(Err(error)) = self.reel.as_mut().map(|writer| writer.sync_when_due(now)) {
            self.drop_writer();
            self.contents().push_trouble(Trouble { at: now, cause: error.as_cause() });
        }
        Ok(())
    }

    fn write_trouble(&mut self, trouble: Trouble) -> Result<(), TapeError> {
        let written = self.reel.as_mut().map_or(Ok(()), |writer| writer.write_trouble(&trouble));
        if written.is_ok() {
            self.contents().push_trouble(trouble);
        }
        written
    }

    fn write_title(&mut self, title: Title) -> Result<(), TapeError> {
        if self.titles.goes_on(&title) {
            return Ok(());
        }
        if !self.titles.is_taped(&title, &self.contents) {
            self.reel.as_mut().map_or(Ok(()), |writer| writer.write_title(&title))?;
            self.contents().push_title(title.clone());
        }
        self.titles.said(title);
        Ok(())
    }

    /// The reel to write chunks of about `duration` to. A new one begins with what came since the last.
    fn writer(&mut self, duration: Duration, now: DateTime<Utc>) -> Result<&mut ReelWriter, TapeError> {
        let no_format = || TapeError::NoFormat { path: self.folder.clone() };
        if self.reel.is_none() {
            let format = self.format.as_ref().ok_or_else(no_format)?;
            self.carry_title();
            let (open, after) = {
                let contents = self.contents();
                (contents.open.clone(), contents.reels.back().map(|newest| newest.name()))
            };
            let mut writer = ReelWriter::begin(&self.folder, format, duration, after.as_deref(), now)?;
            let blocks = open.iter().map(|block| &block.index);
            let mut troubles = blocks.clone().flat_map(|index| &index.troubles);
            let mut titles = blocks.clone().flat_map(|index| &index.titles);
            let mut entries = blocks.flat_map(|index| &index.entries);
            let written = troubles.try_for_each(|trouble| writer.write_trouble(trouble));
            let written = written.and_then(|()| titles.try_for_each(|title| writer.write_title(title)));
            let on_air = |entry: &Entry| entry.programme_time.unwrap_or(entry.arrived);
            let written = written.and_then(|()| entries.try_for_each(|entry| writer.write_entry(entry, on_air(entry))));
            if let Err(error) = written {
                // Otherwise what it holds already would be there twice.
                writer.remove();
                return Err(error);
            }
            self.anchor.begin_reel();
            self.reel = Some(writer);
        }
        self.reel.as_mut().ok_or_else(no_format)
    }

    /// Has the next reel begin with the title that it goes on with, if that is only on a reel before it.
    fn carry_title(&self) {
        let Some(title) = self.titles.last() else { return };
        let mut contents = self.contents();
        if !contents.open.iter().any(|block| block.index.titles.contains(title)) {
            contents.push_title(title.clone());
        }
    }

    /// Ends the reel that is being written.
    fn end_reel(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        let Some(writer) = self.reel.take() else { return Ok(()) };
        let summary = self.close(&writer);
        writer.finish(summary.as_ref(), now)
    }

    /// The reel that is being written has failed: nothing more is added to it.
    fn drop_writer(&mut self) {
        if let Some(writer) = self.reel.take() {
            self.close(&writer);
        }
    }

    /// What came is on the reel of `writer`.
    fn close(&self, writer: &ReelWriter) -> Option<Summary> {
        self.contents().close(writer.path())
    }

    /// Nothing more comes: writes what was held back and `why` that is so, and ends the reel.
    pub(super) fn finish(&mut self, why: Option<Cause>, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.rejoin.stop_comparing();
        self.write_held(now)?;
        if let (Some(cause), Some(writer)) = (why, self.reel.as_mut()) {
            let end = Trouble { at: now, cause };
            writer.write_trouble(&end)?;
            self.contents().push_end(end);
        }
        self.end_reel(now)
    }

    /// Synchronises what is not on the disk yet.
    pub(super) fn sync(&mut self, now: DateTime<Utc>) -> Result<(), TapeError> {
        self.reel.as_mut().map_or(Ok(()), |writer| writer.sync(now))
    }

    /// When `entry`, the next one, was on the air, as far as can be known now.
    fn estimate(&self, entry: &Entry) -> DateTime<Utc> {
        entry.programme_time.unwrap_or_else(|| self.anchor.estimate(entry, self.contents().delay))
    }

    /// `entry` is on tape.
    fn advance(&mut self, entry: &Entry) {
        if entry.discontinuity {
            self.anchor = Anchor::default();
        }
        self.anchor.learn(entry);
        self.rejoin.advance(entry);
    }

    /// The true time of an arrival that was seen at `arrived` and is written at `now`: the clock may have been set
    /// right meanwhile.
    fn corrected(&mut self, arrived: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        self.corrected = self.corrected.filter(|(_, since)| now - *since < IN_FLIGHT);
        let moved = self.corrected.and_then(|(by, _)| arrived.checked_add_signed(by));
        moved.filter(|moved| (now - *moved).abs() < (now - arrived).abs()).unwrap_or(arrived)
    }

    /// What is to be written of a chunk, marked with how it joins what is on tape; `None` if it is on tape already, or
    /// may be.
    fn judge(&mut self, chunk: &Chunk, now: DateTime<Utc>) -> Option<Chunk> {
        let mut chunk = chunk.clone();
        chunk.arrived = self.corrected(chunk.arrived, now);
        let begins = {
            let mut contents = self.contents();
            contents.begins(chunk.arrived, now) || contents.is_empty()
        };
        if self.stands_apart(chunk.discontinuity, chunk.follows) || begins {
            (chunk.discontinuity, chunk.follows) = (true, false);
            self.rejoin.begin(self.newest_sound(), self.end());
        }
        let compared = self.rejoin.compares();
        let judged = self.rejoin.judge(&chunk, self.end());
        if compared && !self.rejoin.compares() {
            // From now on nobody needs what it was compared with.
            self.contents().cached.clear();
        }
        match judged {
            Judged::Known(proven) => {
                self.contents().tally.repeat(proven);
                return None;
            }
            Judged::New(join) => join.mark(&mut chunk.discontinuity, &mut chunk.follows),
        }
        Some(chunk)
    }

    /// Whether what comes now may be on tape already, as far as its source knows.
    fn stands_apart(&mut self, discontinuity: bool, follows: bool) -> bool {
        !std::mem::take(&mut self.unheard) && discontinuity && !follows
    }

    /// What is to be written of a lost entry, marked with how it joins what is on tape; `None` if it may be on tape.
    fn judge_lost(&mut self, mut entry: Entry) -> Option<Entry> {
        if self.stands_apart(entry.discontinuity, entry.follows) {
            self.rejoin.begin(self.newest_sound(), self.end());
        }
        match self.rejoin.judge_lost(&entry, self.end()) {
            Judged::Known(_) => return None,
            Judged::New(join) => join.mark(&mut entry.discontinuity, &mut entry.follows),
        }
        Some(entry)
    }

    /// The number that the next entry will have.
    fn end(&self) -> u64 {
        self.contents().end()
    }

    /// The newest entries with sound and their numbers, the newest first.
    fn newest_sound(&self) -> Vec<(u64, Entry)> {
        let (open, reels) = {
            let contents = self.contents();
            (contents.open.clone(), contents.reels.clone())
        };
        let mut found: Vec<(u64, Entry)> = Vec::new();
        let mut add = |block: &Block| {
            let numbered = block.index.entries.iter().enumerate().rev().filter(|(_, entry)| entry.sound.is_ok());
            let left = COMPARED - found.len();
            found.extend(numbered.take(left).map(|(at, entry)| (block.first + at as u64, entry.clone())));
            found.len() < COMPARED
        };
        if open.iter().rev().all(&mut add) {
            reels.iter().rev().all(|reel| add(&Block { first: reel.first, index: reel.index() }));
        }
        found
    }

    /// Withdraws the dates of the station, back to a break of unknown length: they were wrong.
    fn withdraw_dates(&mut self) -> Result<(), TapeError> {
        self.anchor.withdraw_dates();
        let written = self.reel.as_mut().map_or(Ok(()), ReelWriter::write_withdrawal);
        if !self.contents().withdraw_dates_of_open() {
            let reels = self.contents().reels.clone();
            for reel in reels.iter().rev() {
                let breaks = reel.index().entries.iter().any(|entry| entry.discontinuity && !entry.follows);
                self.replace(reel, reel.with_dates_withdrawn());
                if breaks {
                    break;
                }
            }
        }
        written
    }

    /// Moves everything since the tape was opened by `by`: it arrived later than was written.
    pub(super) fn shift(&mut self, by: TimeDelta, now: DateTime<Utc>) {
        self.corrected = Some((by, now));
        self.anchor.shift(by);
        self.titles.shift(by);
        if let Some(Err(error)) = self.reel.as_mut().map(|writer| writer.write_shift(by)) {
            tracing::warn!(%error, "when sound arrived will be known wrongly after a restart");
            self.drop_writer();
        }
        self.contents().shift_open(by);
        let reels: Vec<_> = self.contents().reels.iter().filter(|reel| reel.first >= self.opened).cloned().collect();
        for reel in reels {
            self.replace(&reel, reel.shifted(by));
        }
    }

    /// Replaces an ended reel by `new`.
    fn replace(&self, reel: &Arc<ClosedReel>, new: Result<ClosedReel, TapeError>) {
        match new {
            Ok(new) => self.contents().replace(reel, new),
            Err(error) => tracing::warn!(%error, "when sound on it was on the air is known wrongly"),
        }
    }
}
