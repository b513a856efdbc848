//! The first way through a cut: one decoder for each run.

use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::decoder::Decoder;
use super::error::EncodeError;
use super::feed::Feed;
use super::frames::{frames, slack};
use super::job::{Encoded, Job};
use super::output::Output;
use crate::base::clock::SharedClock;
use crate::tape::{Run, Step, Tape};

/// Encodes the cut. `None` if a decoder gave back less than it got, died or hangs.
pub(super) async fn encode(
    job: &Job,
    tape: &Tape,
    sealed: &CancellationToken,
    clock: &SharedClock,
) -> Result<Option<Encoded>, EncodeError> {
    let mut output = Output::start(job, clock)?;
    let mut feed = Feed::new(tape.clone(), job.cut, sealed.clone(), clock.clone()).await;
    let mut step = feed.next().await;
    while let Step::Run(run) = step {
        match decode(job, &run, &mut feed, &mut output, clock).await {
            Ok(Some(next)) => step = next,
            Ok(None) => {
                output.abandon().await;
                return Ok(None);
            }
            Err(error) if error.is_of_decoder() => {
                debug!(%error, "the decoder failed");
                output.abandon().await;
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    let speed = feed.speed();
    let encoded = output.finish(feed.into_gaps()).await?;
    Ok(Some(Encoded { speed, ..encoded }))
}

/// Decodes one run into the file; returns the step after it.
async fn decode(
    job: &Job,
    run: &Run,
    feed: &mut Feed,
    output: &mut Output,
    clock: &SharedClock,
) -> Result<Option<Step>, EncodeError> {
    let rate = job.encoding.sample_rate;
    output.expect_missing(run.missing);
    let surplus = output.go_to(frames(run.at, rate)).await?;
    let (mut decoder, input, mut samples) = Decoder::start(&run.reel, job.encoding, clock)?;
    samples.skip(frames(run.skip, rate) + surplus);
    let (begin, limit) = (output.position(), output.left());
    let mut poured = None;
    {
        let pouring = feed.pour(input, &run.reel);
        tokio::pin!(pouring);
        while output.left() > 0 {
            tokio::select! {
                result = &mut pouring, if poured.is_none() => {
                    poured = Some(result?);
                    samples.input_is_complete();
                }
                taken = samples.next_frames(output.left()) => match taken? {
                    Some(taken) => {
                        output.write_decoded(taken).await?;
                    }
                    None if poured.is_some() => break,
                    // It ended before its input did.
                    None => return Ok(None),
                }
            }
        }
    }
    let Some(poured) = poured.filter(|_| output.left() > 0) else { return Ok(Some(Step::End)) };
    let why = decoder.finish().await;
    let wanted = frames(poured.fed.saturating_sub(run.skip), rate).saturating_sub(surplus).min(limit);
    let taken = output.position() - begin;
    debug!(?run, wanted, taken, %why, "run decoded");
    Ok(poured.next.filter(|_| wanted.saturating_sub(taken) <= slack(rate)))
}
