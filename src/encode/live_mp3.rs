//! A cut as an MP3 that somebody listens to while the cut comes on tape.
//!
//! It begins at the beginning of the cut, is sent as fast as the listener takes it, and goes on with the tape. Nothing
//! is stored: a slow listener holds up only the two ffmpegs of his own. Memory is bounded by pipes and a short queue.

use std::time::Duration;

use bytes::Bytes;
use futures::future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::codecs::lame;
use super::decoder::{Decoder, Input, Samples};
use super::error::EncodeError;
use super::feed::{Feed, frames_of};
use super::frames::frames;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::config::Encoding;
use crate::model::Span;
use crate::tape::{Run, Step, Tape};

/// Parts of the MP3 that may wait for the listener.
const QUEUE: usize = 4;
/// The size of a part.
const PART: usize = 16 << 10;
/// How long the ffmpegs may take to end.
const GRACE: Duration = Duration::from_millis(500);

/// Hands the MP3 of `cut` to `listener` in parts, until its end or until nobody listens. `sealed` says that nothing
/// more will come on tape.
///
/// # Errors
/// The tape cannot be read, or ffmpeg cannot be started.
pub async fn listen(
    tape: Tape,
    cut: Span,
    settings: Encoding,
    sealed: CancellationToken,
    listener: mpsc::Sender<Bytes>,
    clock: &SharedClock,
) -> Result<(), EncodeError> {
    let mut encoder = lame(settings)
        // No header with the length, which nobody knows.
        .args(["-id3v2_version", "0", "-write_xing", "0", "-flush_packets", "1", "-f", "mp3", "pipe:1"])
        .with_stdout()
        .spawn(clock)?;
    let (input, output) = (encoder.take_stdin(), encoder.take_stdout());
    let handing_over = async {
        let Some(mut output) = output else { return };
        loop {
            let mut part = vec![0; PART];
            match output.read(&mut part).await {
                Ok(0) | Err(_) => return,
                Ok(read) => part.truncate(read),
            }
            if listener.send(part.into()).await.is_err() {
                return;
            }
        }
    };
    let ended = tokio::select! {
        (ended, ()) = future::join(decode(tape, cut, settings, sealed, input, clock), handing_over) => ended,
        () = listener.closed() => Ok(()),
    };
    encoder.stop(GRACE).await;
    ended
}

/// A queue between [`listen`] and a listener.
pub fn queue() -> (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>) {
    mpsc::channel(QUEUE)
}

/// Pours all runs of `cut` into the encoder.
async fn decode(
    tape: Tape,
    cut: Span,
    settings: Encoding,
    sealed: CancellationToken,
    encoder: Option<ChildStdin>,
    clock: &SharedClock,
) -> Result<(), EncodeError> {
    let Some(mut encoder) = encoder else { return Ok(()) };
    let length = cut.length().to_std().unwrap_or_default();
    let mut feed = Feed::soon(tape, cut, sealed, clock.clone()).await;
    let mut step = feed.next().await;
    while let Step::Run(run) = step {
        let (mut decoder, input, mut samples) = Decoder::start(&run.reel, settings, clock)?;
        samples.skip(frames(run.skip, settings.sample_rate));
        let left = (length.saturating_sub(run.at), settings);
        let (next, heard) = future::join(pour(&mut feed, &run, input), hand_on(&mut samples, &mut encoder, left)).await;
        decoder.finish().await;
        if !heard {
            break;
        }
        step = next?;
    }
    Ok(())
}

/// Pours one run into its decoder. Returns the step after it.
async fn pour(feed: &mut Feed, run: &Run, input: Option<Input>) -> Result<Step, EncodeError> {
    let Some(Input { pipe: mut input, .. }) = input else { return Ok(Step::End) };
    let first = std::sync::Arc::clone(&run.reel);
    let init = blocking(move || first.read_init()).await?;
    // A decoder that has died takes nothing. Another one begins with the next run.
    let mut takes = input.write_all(&init).await.is_ok();
    loop {
        match feed.next().await {
            Step::Feed { sound, .. } if takes => {
                let bytes = blocking(move || sound.read()).await?;
                takes = input.write_all(frames_of(&bytes, run.reel.container)).await.is_ok();
            }
            Step::Feed { .. } => {}
            step => return Ok(step),
        }
    }
}

/// Hands samples on, for so long, and drops what comes after: the last sound of a cut may go on beyond it. Returns false
/// if the encoder takes no more.
async fn hand_on(samples: &mut Samples, encoder: &mut ChildStdin, (length, settings): (Duration, Encoding)) -> bool {
    let mut left = frames(length, settings.sample_rate);
    let frame = usize::from(settings.channels.max(1)) * size_of::<f32>();
    while let Ok(Some(heard)) = samples.next_frames(left).await {
        left -= (heard.len() / frame) as u64;
        if encoder.write_all(&heard).await.is_err() {
            return false;
        }
    }
    true
}
