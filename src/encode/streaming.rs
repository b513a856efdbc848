//! The first way through the sound: one decoder for each run.

use super::ahead::{Ahead, Taken, both, pourer};
use super::decoder::Decoding;
use super::error::EncodeError;
use super::feed::Feed;
use super::output::Output;

/// Decodes everything into `output`. False if a decoder gave back less than it got, died or hangs.
pub(super) async fn decode(decoding: Decoding<'_>, feed: &mut Feed, output: &mut Output) -> Result<bool, EncodeError> {
    let (pourer, mut coming) = pourer(decoding);
    let pouring = async move { pourer.pour(feed).await };
    let taking = async {
        while let Some(Ahead::Run(run)) = coming.recv().await {
            match run.take(output, decoding.samples.sample_rate).await? {
                Taken::All => {}
                Taken::Enough => return Ok(true),
                Taken::Less => return Ok(false),
            }
        }
        Ok(true)
    };
    both(pouring, taking).await
}
