//! A stretch of the file of a recording, to the sample, without reading what comes before it.
//!
//! Position p of a file is the sample that a player plays at p. The frame with that sample is looked up (`finder`), not
//! searched by a decoder: the file may have hundreds of megabytes and be on a slow disk of the network. Decoding begins a
//! few frames earlier, and what they decode to is dropped. From there on a stretch of a file is like one of a reel.

mod finder;
mod found;
mod head;
mod mp4;
mod ogg;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::frames::{frames, frames_to_duration};
use crate::base::read_at::read_at_most;
use crate::model::{Cause, CauseKind, Container, Stretch};
use crate::tape::{Reel, Run, Sound, Step};

use finder::Chunk;
use found::Found;
use head::Head;

/// How many frames go first. A frame uses bits of frames before it, 511 bytes back at most (ISO/IEC 11172-3,
/// 2.4.2.7), and is added to what two of them decode to. So many frames have these bytes at the lowest bitrate of mono.
const PREROLL: u64 = 32;
/// How many frames follow, so that a change of the sample rate has something to look ahead to.
const LOOKAHEAD: u64 = 2;

/// A file cannot be cut.
#[derive(Debug, Error)]
pub enum FileSoundError {
    /// The system refused.
    #[error("the recording {} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is something else.
    #[error("no sound begins in {} that can be cut: recordings are MP3, AAC in MP4, or Opus or Vorbis in Ogg", path.display())]
    NoSound {
        /// The file.
        path: PathBuf,
    },
}

/// A stretch of a file.
#[derive(Debug, Clone)]
pub struct FileSound {
    reel: Arc<Reel>,
    /// How long the stretch plays, with what is missing of it.
    length: Duration,
    /// How much of it is there, from its beginning on.
    there: Duration,
    /// Why the rest is not.
    why: Option<Cause>,
    /// How much of the decoded sound comes before the stretch.
    skip: Duration,
    /// The number of the first frame to decode.
    first: u64,
    chunks: Vec<Chunk>,
    /// Samples of a frame, and in a second.
    samples: u64,
    rate: u32,
}

impl FileSound {
    /// The sound of the file at `path` from position `from` to position `to`. Blocks, and reads little of the file. What
    /// lies behind the end of its sound is missing, and no error.
    ///
    /// # Errors
    /// The file cannot be read, or has no sound that can be cut.
    pub fn open(path: &Path, from: Duration, to: Duration) -> Result<Self, FileSoundError> {
        let io = |source| FileSoundError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let no_sound = || FileSoundError::NoSound { path: path.to_owned() };
        match read_at_most(&file, 0, 8).map_err(io)?.get(..8) {
            Some([b'O', b'g', b'g', b'S', ..]) => {
                let found = ogg::find(&file, length, (from, to)).map_err(io)?.ok_or_else(no_sound)?;
                return Ok(Self::of(path, found, (from, to)));
            }
            Some([_, _, _, _, b'f', b't', b'y', b'p']) => {
                let found = mp4::find(&file, length, (from, to)).map_err(io)?.ok_or_else(no_sound)?;
                return Ok(Self::of(path, found, (from, to)));
            }
            _ => {}
        }
        let head = Head::read(&file, length).map_err(io)?.ok_or_else(no_sound)?;
        let (samples, rate) = (head.samples(), head.frame.rate);
        // In decoded samples.
        let position = |at| frames(at, rate).saturating_add(head.before);
        let (start, end) = (position(from), position(to));
        let said = head.frames.map(|frames| (frames, (frames * samples).saturating_sub(head.after)));
        let wanted_end = said.map_or(end, |(_, said)| said.min(end));
        let first = (start / samples).saturating_sub(PREROLL);
        let last = wanted_end.div_ceil(samples).saturating_add(LOOKAHEAD);
        let last = said.map_or(last, |(frames, _)| frames.min(last)).max(first);
        let chunks = finder::chunks(&file, &head, first..last).map_err(io)?;
        let found = first + chunks.iter().map(|chunk| chunk.frames).sum::<u64>();
        let until = wanted_end.min(found * samples);
        let length = to.saturating_sub(from);
        let there =
            if until >= end { length } else { frames_to_duration(until.saturating_sub(start), rate).min(length) };
        let why = (there < length).then(|| {
            let torn = said.filter(|(_, said)| until < *said);
            torn.map_or_else(
                || Cause::new(CauseKind::Other, "the recording ends before that"),
                |_| Cause::new(CauseKind::Internal, "the file of the recording is torn: its end is missing"),
            )
        });
        let detail = format!("mp3 {rate} Hz {} ch", head.frame.channels);
        let reel = Arc::new(Reel { path: path.to_owned(), container: Container::Mp3, detail, init: 0, head: None });
        let skip = frames_to_duration(start.saturating_sub(first * samples), rate);
        Ok(Self { reel, length, there, why, skip, first, chunks, samples, rate })
    }

    /// The stretch of which packets were found.
    fn of(path: &Path, found: Found, (from, to): (Duration, Duration)) -> Self {
        let Found { container, detail, head, chunks, samples, first, begins, ends, rate } = found;
        let (start, end) = (frames(from, rate), frames(to, rate));
        let until = ends.min(end);
        let length = to.saturating_sub(from);
        let there =
            if until >= end { length } else { frames_to_duration(until.saturating_sub(start), rate).min(length) };
        let why = (there < length).then(|| Cause::new(CauseKind::Other, "the recording ends before that"));
        let reel = Arc::new(Reel { path: path.to_owned(), container, detail, init: 0, head: Some(Arc::new(head)) });
        let skip = u64::try_from(i64::try_from(start).unwrap_or(i64::MAX).saturating_sub(begins)).unwrap_or_default();
        let skip = frames_to_duration(skip, rate);
        Self { reel, length, there, why, skip, first, chunks, samples, rate }
    }

    /// How long it plays, with what is missing of it.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// How much of it is there, from its beginning on.
    pub(super) fn there(&self) -> Duration {
        self.there
    }

    /// What is missing of it, and why.
    pub(super) fn missing(&self) -> Option<(Stretch, Cause)> {
        let cause = self.why.clone()?;
        Some((Stretch { at: self.there, length: self.length.saturating_sub(self.there) }, cause))
    }

    /// What to decode.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let run = Run { reel: Arc::clone(&self.reel), skip: self.skip, at: Duration::ZERO, missing: Duration::ZERO };
        let mut at = self.first;
        let feeds = self.chunks.iter().map(move |chunk| {
            let begins = at;
            at += chunk.frames;
            // As a difference of positions, so that nothing adds up that is rounded.
            let [from, to] = [begins, at].map(|frame| frames_to_duration(frame * self.samples, self.rate));
            let sound = Sound { reel: Arc::clone(&self.reel), offset: chunk.offset, length: chunk.length };
            Step::Feed { sound, duration: to.saturating_sub(from) }
        });
        let is_there = !self.there.is_zero();
        std::iter::once(Step::Run(run)).chain(feeds).filter(move |_| is_there)
    }
}

#[cfg(test)]
mod container_tests;
#[cfg(test)]
mod tests;
