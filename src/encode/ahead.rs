//! Decoders that are started one ahead: while somebody takes the sound of a run, the decoder of the next starts, and gets
//! sound until its pipes are full. So no encoder waits for a decoder to start, at a seam or between two pieces of a clip.
//!
//! Two decoders run at most: the one whose sound is taken, and the next. A decoder that is ahead has nothing to do once
//! its pipes are full, and is not taken for hanging.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::decoder::{Decoder, Decoding, Samples};
use super::error::EncodeError;
use super::feed::Feed;
use super::frames::{frames, slack};
use super::output::Output;
use crate::model::{Cause, Stretch};
use crate::tape::{Run, Step};

/// How many decoders run at most.
const DECODERS: usize = 2;

/// What comes next.
pub(super) enum Ahead {
    /// The sound of a run.
    Run(Box<Opened>),
    /// The piece of a clip is over.
    PieceEnds {
        /// What is missing of it.
        missing: Vec<(Stretch, Cause)>,
        /// The steps through it, if they are remembered.
        steps: Vec<Step>,
    },
}

/// Starts decoders, and pours sound into them.
pub(super) struct Pourer<'a> {
    decoding: Decoding<'a>,
    places: Arc<Semaphore>,
    next: mpsc::UnboundedSender<Ahead>,
}

/// Returns a pourer, and where that which it has begun comes from. The places for decoders bound how much that is.
pub(super) fn pourer(decoding: Decoding<'_>) -> (Pourer<'_>, mpsc::UnboundedReceiver<Ahead>) {
    let (next, coming) = mpsc::unbounded_channel();
    (Pourer { decoding, places: Arc::new(Semaphore::new(DECODERS)), next }, coming)
}

impl Pourer<'_> {
    /// Pours all runs of `feed`, each into a decoder of its own. Ends early if a decoder does: who takes its sound knows
    /// whether that is enough.
    pub(super) async fn pour(&self, feed: &mut Feed) -> Result<(), EncodeError> {
        let mut step = feed.next().await;
        while let Step::Run(run) = step {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return Ok(()) };
            let (decoder, input, samples) = self.decoding.start(&run.reel)?;
            let (reel, awaited, (told, poured)) = (Arc::clone(&run.reel), CancellationToken::new(), oneshot::channel());
            let is_awaited = awaited.clone();
            self.hand_on(Ahead::Run(Box::new(Opened { run, decoder, samples, poured, awaited, _place: place })));
            let poured = feed.pour(input, &reel, || is_awaited.is_cancelled()).await?;
            let all = poured.next.is_some().then_some(poured.fed);
            // Whoever has enough does not ask any more.
            let _ = told.send(all);
            let Some(next) = poured.next else { return Ok(()) };
            step = next;
        }
        Ok(())
    }

    /// Hands on what comes next. Nobody takes it if what was before was enough, or too little.
    pub(super) fn hand_on(&self, ahead: Ahead) {
        let _ = self.next.send(ahead);
    }
}

/// A run whose decoder has begun.
pub(super) struct Opened {
    run: Run,
    decoder: Decoder,
    samples: Samples,
    /// How much sound the decoder got, once it has all of the run; `None` if it ended before.
    poured: oneshot::Receiver<Option<Duration>>,
    /// Cancelled once somebody takes what comes out.
    awaited: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All of it.
    All,
    /// All that there was room for.
    Enough,
    /// Less than went in, or its decoder has died.
    Less,
}

impl Opened {
    /// Takes its sound into `output`.
    pub(super) async fn take(self: Box<Self>, output: &mut Output, rate: u32) -> Result<Taken, EncodeError> {
        let Self { run, mut decoder, mut samples, mut poured, awaited, _place } = *self;
        awaited.cancel();
        output.expect_missing(run.missing);
        let surplus = output.go_to(frames(run.at, rate)).await?;
        samples.skip(frames(run.skip, rate) + surplus);
        let (begin, limit) = (output.position(), output.left());
        let mut all = None;
        while output.left() > 0 {
            tokio::select! {
                // First: that it has all is known before it can end.
                biased;
                fed = &mut poured, if all.is_none() => {
                    all = Some(fed.ok().flatten());
                    samples.input_is_complete();
                }
                taken = samples.next_frames(output.left()) => match taken? {
                    Some(taken) => drop(output.write_decoded(taken).await?),
                    None if all.is_some() => break,
                    // It ended before its input did.
                    None => return Ok(Taken::Less),
                }
            }
        }
        let Some(all) = all.filter(|_| output.left() > 0) else { return Ok(Taken::Enough) };
        let why = decoder.finish().await;
        let taken = output.position() - begin;
        let Some(fed) = all else { return Ok(Taken::Less) };
        let wanted = frames(fed.saturating_sub(run.skip), rate).saturating_sub(surplus).min(limit);
        debug!(?run, wanted, taken, %why, "run decoded");
        Ok(if wanted.saturating_sub(taken) <= slack(rate) { Taken::All } else { Taken::Less })
    }
}

/// Takes what is poured at the same time. False if a decoder gave less than it got, died or hangs.
pub(super) async fn both(
    pouring: impl Future<Output = Result<(), EncodeError>>,
    taking: impl Future<Output = Result<bool, EncodeError>>,
) -> Result<bool, EncodeError> {
    let failing = async {
        match pouring.await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    };
    let ended = tokio::select! {
        // First: who takes gets nothing more from one that has failed.
        biased;
        error = failing => Err(error),
        ended = taking => ended,
    };
    match ended {
        Err(error) if error.is_of_decoder() => {
            debug!(%error, "the decoder failed");
            Ok(false)
        }
        ended => ended,
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::base::clock::{SharedClock, SystemClock};
    use crate::base::process::Invocation;
    use crate::config::Encoding;
    use crate::encode::streaming;
    use crate::model::Container;
    use crate::tape::{Reel, Sound};

    /// The steps through so many reels, each with a second of sound.
    async fn steps(folder: &TempDir, reels: u32, clock: &SharedClock) -> Vec<Step> {
        let sound = "-nostdin -v error -f lavfi -i sine=r=48000:d=1 -ac 2 -b:a 64k -f mp3 pipe:1";
        let mut ffmpeg = Invocation::new("ffmpeg").args(sound.split(' ')).with_stdout().spawn(clock).unwrap();
        let mut bytes = Vec::new();
        ffmpeg.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
        let of_reel = |number: u32| {
            let path = folder.path().join(format!("{number}.mp3"));
            std::fs::write(&path, &bytes).unwrap();
            let reel = Arc::new(Reel { path, container: Container::Mp3, detail: String::new(), init: 0, head: None });
            let sound = Sound { reel: Arc::clone(&reel), offset: 0, length: bytes.len() as u64 };
            let (skip, missing) = (Duration::ZERO, Duration::ZERO);
            let at = Duration::from_secs(number.into());
            [Step::Run(Run { reel, skip, at, missing }), Step::Feed { sound, duration: Duration::from_secs(1) }]
        };
        (0..reels).flat_map(of_reel).collect()
    }

    #[tokio::test]
    async fn the_next_decoder_and_no_other_runs_while_the_sound_of_one_is_taken() {
        let (folder, clock) = (tempfile::tempdir().unwrap(), SystemClock::shared());
        let mut feed = Feed::of_steps(steps(&folder, 3, &clock).await, clock.clone());
        let samples = Encoding::default();
        let mut output = Output::keeping(samples, Duration::from_secs(4));
        let (pourer, mut coming) = pourer(Decoding { samples, behind_all: false, clock: &clock });
        let taking = async {
            let Some(Ahead::Run(first)) = coming.recv().await else { panic!("no run") };
            assert_eq!(first.take(&mut output, samples.sample_rate).await.unwrap(), Taken::All);
            let Ok(Ahead::Run(second)) = coming.try_recv() else { panic!("the second did not run meanwhile") };
            assert!(coming.try_recv().is_err(), "so did the third");
            assert_eq!(second.take(&mut output, samples.sample_rate).await.unwrap(), Taken::All);
            let Some(Ahead::Run(third)) = coming.recv().await else { panic!("no third run") };
            assert_eq!(third.take(&mut output, samples.sample_rate).await.unwrap(), Taken::All);
            assert!(coming.recv().await.is_none());
        };
        let (poured, ()) = tokio::join!(async move { pourer.pour(&mut feed).await }, taking);
        poured.unwrap();
        // Two channels of 16 bits.
        assert_eq!(output.into_samples().len() / 4 / 48_000, 3);
    }

    #[tokio::test]
    async fn who_has_enough_or_too_little_ends_what_is_ahead() {
        let (folder, clock) = (tempfile::tempdir().unwrap(), SystemClock::shared());
        let samples = Encoding::default();
        let decoding = Decoding { samples, behind_all: false, clock: &clock };
        let mut all = steps(&folder, 3, &clock).await;
        let mut feed = Feed::of_steps(all.clone(), clock.clone());
        let mut half = Output::keeping(samples, Duration::from_millis(500));
        assert!(streaming::decode(decoding, &mut feed, &mut half).await.unwrap());
        assert_eq!(half.into_samples().len() / 4, 24_000);
        // The second reel gives less sound than its entry says.
        let Some(Step::Feed { duration, .. }) = all.get_mut(3) else { panic!() };
        *duration = Duration::from_secs(2);
        let mut feed = Feed::of_steps(all, clock.clone());
        let mut whole = Output::keeping(samples, Duration::from_secs(4));
        assert!(!streaming::decode(decoding, &mut feed, &mut whole).await.unwrap());
    }
}
