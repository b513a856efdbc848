//! From a cut to an MP3: decode, measure, encode. And from a reel to its levels: decode, measure.
//!
//! `ffmpeg (decode) → our process → ffmpeg (libmp3lame)`. The sound passes through as samples. So the cut is exact to
//! the sample, and everything that is published about a recording is measured in what was really decoded. ffmpeg's exit
//! code proves nothing: it ends with success after truncated frames and after jumps in time.
//!
//! The cut may still be coming on tape while it is encoded. The last samples then follow as they arrive, and a show of
//! any length is ready soon after its end.
//!
//! There are two ways through a cut. The `streaming` way has one decoder for each run of sound, which starts one `ahead`.
//! At the end of a run it notices if less came out than went in: hostile bytes, or a decoder that was killed or hangs.
//! Samples do not say where in the run something is missing. So the cut is then encoded once more in the `piecewise`
//! way: it is decoded in short pieces, each of which is known to be whole, or is itself a gap. An encoder that dies is
//! replaced, and starts at the beginning.
//!
//! A clip is made of pieces of tapes and of files, each of which goes one of these ways into one output ([`encode_clip`]).

mod ahead;
mod attempts;
mod clip;
mod codecs;
mod dead_air;
mod decode_failure;
mod decoder;
mod editor;
mod error;
mod feed;
mod file;
mod frames;
mod job;
mod level;
mod live_mp3;
mod loudness;
mod measure;
mod meter;
mod original;
mod output;
mod packets;
mod piecewise;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod samples;
mod streaming;
#[cfg(test)]
mod testing;
mod waveform;
mod written;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::base::clock::SharedClock;
use crate::tape::{Step, Tape};

use attempts::Attempts;
use decoder::Decoding;
use feed::Feed;
use original::{OriginalJob, not_original};
use output::Output;

pub use clip::{ClipSource, encode_clip};
pub use codecs::RESERVED_FOR_TAGS;
pub use error::EncodeError;
pub use feed::frames_of;
pub use file::{FileSound, FileSoundError};
pub use job::{ClipJob, Encoded, EncodedClip, Job};
pub use level::LevelMeter;
pub use live_mp3::{listen, queue};
pub use measure::measure;
pub use samples::samples;

/// Encodes a cut of `tape`. Follows the tape while it grows, until it covers the cut or `sealed` says that nothing more
/// will come.
///
/// # Errors
/// The tape cannot be read, ffmpeg cannot be started, the file cannot be written, or one encoder after another failed.
pub async fn encode(
    job: &Job,
    tape: &Tape,
    sealed: CancellationToken,
    clock: &SharedClock,
) -> Result<Encoded, EncodeError> {
    let (encoded, steps) = Box::pin(go_through(job, tape, &sealed, clock)).await?;
    if !job.encoding.original || encoded.seconds == 0.0 {
        return Ok(encoded);
    }
    let length = job.cut.length().to_std().unwrap_or_default();
    let at_the_end =
        encoded.gaps.last().filter(|gap| (job.cut.end - gap.start).to_std().is_ok_and(|left| left <= gap.length));
    let original = OriginalJob {
        target: job.target.clone(),
        room: RESERVED_FOR_TAGS.saturating_add(job.cover_space),
        gaps: job.gaps,
        length,
        pieces: vec![(Duration::ZERO, length, steps)],
        missing: at_the_end.map_or(Duration::ZERO, |gap| gap.length),
    };
    match Box::pin(original::keep(&original, clock)).await? {
        Ok(kept) => Ok(encoded.kept(kept)),
        Err(why) => {
            let anew = Job { encoding: job.encoding.anew(), ..job.clone() };
            let (mut encoded, _) = Box::pin(go_through(&anew, tape, &sealed, clock)).await?;
            encoded.notes.push(not_original(why));
            Ok(encoded)
        }
    }
}

/// Goes through the cut, in whichever way gives all of it. Returns the steps as well if the original is to be kept.
async fn go_through(
    job: &Job,
    tape: &Tape,
    sealed: &CancellationToken,
    clock: &SharedClock,
) -> Result<(Encoded, Vec<Step>), EncodeError> {
    let mut attempts = Attempts::new();
    loop {
        let attempt = try_to_encode(job, tape, sealed, clock, attempts.piecewise).await;
        if let Some(end) = attempts.end(attempt, &job.target).await {
            return end;
        }
    }
}

/// Goes through the cut once. `None` if the first way gives less sound than went in.
async fn try_to_encode(
    job: &Job,
    tape: &Tape,
    sealed: &CancellationToken,
    clock: &SharedClock,
    piecewise: bool,
) -> Result<Option<(Encoded, Vec<Step>)>, EncodeError> {
    let decoding = Decoding { samples: job.encoding, behind_all: false, clock };
    let mut output = Output::start(job, clock)?;
    let feed = Feed::new(tape.clone(), job.cut, sealed.clone(), clock.clone()).await;
    let mut feed = feed.remembering(job.encoding.original);
    if piecewise {
        piecewise::decode(decoding, &mut feed, &mut output).await?;
    } else if !streaming::decode(decoding, &mut feed, &mut output).await? {
        output.abandon().await;
        return Ok(None);
    }
    let speed = feed.speed().filter(|_| !piecewise);
    let steps = feed.take_steps();
    let encoded = output.finish(job.cut, feed.into_gaps()).await?;
    Ok(Some((Encoded { speed, codec: job.encoding.codec, ..encoded }, steps)))
}
