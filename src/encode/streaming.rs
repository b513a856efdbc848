//! The first way through the sound: one decoder for each run.

use tracing::debug;

use super::decoder::Decoding;
use super::error::EncodeError;
use super::feed::Feed;
use super::frames::{frames, slack};
use super::output::Output;
use crate::tape::{Run, Step};

/// Decodes everything into `output`. False if a decoder gave back less than it got, died or hangs.
pub(super) async fn decode(decoding: Decoding<'_>, feed: &mut Feed, output: &mut Output) -> Result<bool, EncodeError> {
    let mut step = feed.next().await;
    while let Step::Run(run) = step {
        match decode_run(decoding, &run, feed, output).await {
            Ok(Some(next)) => step = next,
            Ok(None) => return Ok(false),
            Err(error) if error.is_of_decoder() => {
                debug!(%error, "the decoder failed");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Decodes one run; returns the step after it. `None` if its decoder gave back less than it got.
async fn decode_run(
    decoding: Decoding<'_>,
    run: &Run,
    feed: &mut Feed,
    output: &mut Output,
) -> Result<Option<Step>, EncodeError> {
    let rate = decoding.samples.sample_rate;
    output.expect_missing(run.missing);
    let surplus = output.go_to(frames(run.at, rate)).await?;
    let (mut decoder, input, mut samples) = decoding.start(&run.reel)?;
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
