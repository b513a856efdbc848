//! From pieces of tapes and of recordings to one MP3: a clip.
//!
//! The pieces follow each other at positions that are computed from the beginning of the clip, so that nothing drifts
//! however many there are. What is missing of a piece is silence of the same length, and a gap. Each piece goes the
//! same ways as a cut, into one output, which an editor changes on its way into the file. On the first way, the decoder
//! of the next piece starts while the present one is encoded.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ahead::{Ahead, Taken, both, pourer};
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
use super::piecewise;
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
    let length = sources.iter().map(ClipSource::length).sum();
    let output = Output::start_clip(job, length, clock)?;
    let mut pieces =
        Pieces { job, output, gaps: Vec::new(), heard: Vec::new(), walked: Vec::new(), at: Duration::ZERO };
    if piecewise {
        for source in sources {
            pieces.begin(source);
            let mut feed = source.feed(clock).await.remembering(job.encoding.original);
            let decoded = piecewise::decode(decoding, &mut feed, &mut pieces.output).await;
            decoded.map_err(|error| source.error(error))?;
            let steps = feed.take_steps();
            pieces.end(source, source.missing(feed), steps).await?;
        }
    } else if !stream(decoding, sources, &mut pieces, clock).await? {
        pieces.output.abandon().await;
        return Ok(None);
    }
    pieces.finish().await.map(Some)
}

/// Goes through all pieces in the first way. False if it gives less sound of one than went in.
async fn stream(
    decoding: Decoding<'_>,
    sources: &[ClipSource],
    pieces: &mut Pieces<'_>,
    clock: &SharedClock,
) -> Result<bool, EncodeError> {
    let (pourer, mut coming) = pourer(decoding);
    let is_kept = pieces.job.encoding.original;
    let pouring = async move {
        for source in sources {
            let mut feed = source.feed(clock).await.remembering(is_kept);
            pourer.pour(&mut feed).await.map_err(|error| source.error(error))?;
            let steps = feed.take_steps();
            pourer.hand_on(Ahead::PieceEnds { missing: source.missing(feed), steps });
        }
        Ok(())
    };
    let taking = async {
        for source in sources {
            pieces.begin(source);
            let mut is_full = false;
            let (missing, steps) = loop {
                match coming.recv().await {
                    Some(Ahead::Run(run)) if is_full => drop(run),
                    Some(Ahead::Run(run)) => match run.take(&mut pieces.output, decoding.samples.sample_rate).await? {
                        Taken::All => {}
                        Taken::Enough => is_full = true,
                        Taken::Less => return Ok(false),
                    },
                    Some(Ahead::PieceEnds { missing, steps }) => break (missing, steps),
                    None => return Ok(false),
                }
            };
            pieces.end(source, missing, steps).await?;
        }
        Ok(true)
    };
    both(pouring, taking).await
}

/// A clip that is being made, piece by piece.
struct Pieces<'a> {
    job: &'a ClipJob,
    output: Output,
    gaps: Vec<Gap>,
    /// How many seconds of each piece were decoded.
    heard: Vec<f64>,
    walked: Vec<Walked>,
    /// Where the piece begins.
    at: Duration,
}

impl Pieces<'_> {
    /// The piece of `source` begins.
    fn begin(&mut self, source: &ClipSource) {
        let position = |length| frames(self.at.saturating_add(length), self.job.encoding.sample_rate);
        self.output.begin_piece(position(source.there()), position(source.length()));
    }

    /// The piece of `source` is over, which was walked through by `steps`, and of which this is `missing`.
    async fn end(
        &mut self,
        source: &ClipSource,
        missing: Vec<(Stretch, Cause)>,
        steps: Vec<Step>,
    ) -> Result<(), EncodeError> {
        let (at, length) = (self.at, source.length());
        let last = missing.last().filter(|(stretch, _)| stretch.at + stretch.length >= length);
        let last = last.map_or(Duration::ZERO, |(stretch, _)| stretch.length);
        self.heard.push(self.output.end_piece(last).await?);
        let gap = |(stretch, cause): (Stretch, Cause)| Gap {
            start: self.job.start + delta(at + stretch.at),
            length: stretch.length,
            cause,
        };
        self.gaps.extend(missing.into_iter().map(gap));
        self.at = at.saturating_add(length);
        self.walked.push((at, self.at, steps));
        Ok(())
    }

    async fn finish(self) -> Result<(EncodedClip, Vec<Walked>), EncodeError> {
        let Self { job, output, gaps, heard, walked, at } = self;
        let encoded = output.finish(Span::new(job.start, job.start + delta(at)), gaps).await?;
        let encoded = Encoded { codec: job.encoding.codec, ..encoded };
        Ok((EncodedClip { encoded, pieces: heard }, walked))
    }
}
