//! From pieces of tapes and of recordings to one MP3: a clip.
//!
//! The pieces follow each other at positions that are computed from the beginning of the clip, so that nothing drifts
//! however many there are. What is missing of a piece is silence of the same length, and a gap. Each piece goes the
//! same ways as a cut, into one output, which an editor changes on its way into the file.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::attempts::Attempts;
use super::codecs::RESERVED_FOR_TAGS;
use super::decoder::Decoding;
use super::error::EncodeError;
use super::feed::Feed;
use super::file::FileSound;
use super::frames::frames;
use super::job::{ClipJob, Encoded, EncodedClip};
use super::original::{self, OriginalJob, not_original};
use super::output::Output;
use super::{piecewise, streaming};
use crate::base::clock::SharedClock;
use crate::base::duration::delta;
use crate::config::GapPolicy;
use crate::model::{Cause, Gap, Span, Stretch};
use crate::tape::{Step, Tape, TapeError};

/// A piece of a clip.
#[derive(Debug)]
pub enum ClipSource {
    /// A stretch of a tape.
    Tape {
        /// The tape.
        tape: Tape,
        /// When it was on the air.
        span: Span,
    },
    /// A stretch of a recording.
    File {
        /// Its sound.
        sound: FileSound,
    },
}

impl ClipSource {
    pub(super) fn length(&self) -> Duration {
        match self {
            Self::Tape { span, .. } => span.length().to_std().unwrap_or_default(),
            Self::File { sound } => sound.length(),
        }
    }

    /// How long it may give sound.
    pub(super) fn there(&self) -> Duration {
        match self {
            Self::Tape { .. } => self.length(),
            Self::File { sound } => sound.there(),
        }
    }

    pub(super) async fn feed(&self, clock: &SharedClock) -> Feed {
        match self {
            Self::Tape { tape, span } => {
                // It is what is on tape now.
                let sealed = CancellationToken::new();
                sealed.cancel();
                Feed::new(tape.clone(), *span, sealed, clock.clone()).await
            }
            Self::File { sound } => Feed::of_steps(sound.steps(), clock.clone()),
        }
    }

    /// What is missing of it, by positions in it, and why. It was walked through by `feed`.
    pub(super) fn missing(&self, feed: Feed) -> Vec<(Stretch, Cause)> {
        match self {
            Self::Tape { span, .. } => {
                let position = |gap: &Gap| (gap.start - span.start).to_std().unwrap_or_default();
                let of_gap = |gap: Gap| (Stretch { at: position(&gap), length: gap.length }, gap.cause);
                feed.into_gaps().into_iter().map(of_gap).collect()
            }
            Self::File { sound } => sound.missing().into_iter().collect(),
        }
    }

    /// What its errors say: the sound of a recording is on no tape.
    pub(super) fn error(&self, error: EncodeError) -> EncodeError {
        match (self, error) {
            (Self::File { .. }, EncodeError::Tape(TapeError::Io { path, source, .. })) => {
                EncodeError::Recording { path, source }
            }
            (_, error) => error,
        }
    }
}

/// Encodes a clip of `sources`, in this order. What is not on tape by now is missing.
///
/// # Errors
/// A tape or a recording cannot be read, ffmpeg cannot be started, the file cannot be written, or one encoder after
/// another failed.
pub async fn encode_clip(
    job: &ClipJob,
    sources: &[ClipSource],
    clock: &SharedClock,
) -> Result<EncodedClip, EncodeError> {
    if job.encoding.original && !job.covers.is_empty() {
        return anew(job, sources, clock, "something in it is covered".to_owned()).await;
    }
    let (encoded, pieces) = go_through(job, sources, clock).await?;
    if !job.encoding.original || encoded.encoded.seconds == 0.0 {
        return Ok(encoded);
    }
    let original = OriginalJob {
        target: job.target.clone(),
        room: RESERVED_FOR_TAGS.saturating_add(job.cover_space),
        gaps: GapPolicy::Silence,
        length: sources.iter().map(ClipSource::length).sum(),
        pieces,
        missing: Duration::ZERO,
    };
    match Box::pin(original::keep(&original, clock)).await? {
        Ok(kept) => Ok(EncodedClip { encoded: encoded.encoded.kept(kept), ..encoded }),
        Err(why) => anew(job, sources, clock, why).await,
    }
}

/// Encodes a clip that cannot be kept, and says why.
async fn anew(
    job: &ClipJob,
    sources: &[ClipSource],
    clock: &SharedClock,
    why: String,
) -> Result<EncodedClip, EncodeError> {
    let job = ClipJob { encoding: job.encoding.anew(), ..job.clone() };
    let (mut encoded, _) = go_through(&job, sources, clock).await?;
    encoded.encoded.notes.push(not_original(why));
    Ok(encoded)
}

/// What was walked through of a piece: from where to where it is in the clip, and the steps.
type Walked = (Duration, Duration, Vec<Step>);

/// Goes through all pieces, in whichever way gives all of them.
async fn go_through(
    job: &ClipJob,
    sources: &[ClipSource],
    clock: &SharedClock,
) -> Result<(EncodedClip, Vec<Walked>), EncodeError> {
    let mut attempts = Attempts::new();
    loop {
        let attempt = try_to_encode(job, sources, clock, attempts.piecewise).await;
        if let Some(end) = attempts.end(attempt, &job.target).await {
            return end;
        }
    }
}

/// Goes through all pieces once. `None` if the first way gives less sound of one than went in.
async fn try_to_encode(
    job: &ClipJob,
    sources: &[ClipSource],
    clock: &SharedClock,
    piecewise: bool,
) -> Result<Option<(EncodedClip, Vec<Walked>)>, EncodeError> {
    let decoding = Decoding { samples: job.encoding, behind_all: false, clock };
    let position = |at| frames(at, job.encoding.sample_rate);
    let length = sources.iter().map(ClipSource::length).sum();
    let mut output = Output::start_clip(job, length, clock)?;
    let (mut gaps, mut pieces, mut at) = (Vec::new(), Vec::with_capacity(sources.len()), Duration::ZERO);
    let mut walked = Vec::new();
    for source in sources {
        let end = at.saturating_add(source.length());
        output.begin_piece(position(at.saturating_add(source.there())), position(end));
        let mut feed = source.feed(clock).await.remembering(job.encoding.original);
        if piecewise {
            piecewise::decode(decoding, &mut feed, &mut output).await.map_err(|error| source.error(error))?;
        } else if !streaming::decode(decoding, &mut feed, &mut output).await.map_err(|error| source.error(error))? {
            output.abandon().await;
            return Ok(None);
        }
        walked.push((at, end, feed.take_steps()));
        let missing = source.missing(feed);
        let last = missing.last().filter(|(stretch, _)| at + stretch.at + stretch.length >= end);
        let last = last.map_or(Duration::ZERO, |(stretch, _)| stretch.length);
        pieces.push(output.end_piece(last).await?);
        let gap = |(stretch, cause): (Stretch, Cause)| Gap {
            start: job.start + delta(at + stretch.at),
            length: stretch.length,
            cause,
        };
        gaps.extend(missing.into_iter().map(gap));
        at = end;
    }
    let encoded = output.finish(Span::new(job.start, job.start + delta(at)), gaps).await?;
    let encoded = Encoded { codec: job.encoding.codec, ..encoded };
    Ok(Some((EncodedClip { encoded, pieces }, walked)))
}
