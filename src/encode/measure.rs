//! Measures a whole reel, without making a file.

use std::time::Duration;

use tracing::debug;

use super::decoder::Decoding;
use super::error::EncodeError;
use super::feed::Feed;
use super::output::Output;
use super::{piecewise, streaming};
use crate::base::clock::SharedClock;
use crate::config::{DeadAirRule, Encoding};
use crate::model::Levels;
use crate::tape::ReelSound;

/// Decodes all sound of a reel and measures it, behind everything else. Memory stays small, however long the reel
/// is. What cannot be decoded is named in the result.
///
/// # Errors
/// The reel cannot be read, or ffmpeg cannot be started.
pub async fn measure(
    sound: &ReelSound,
    dead_air: Option<DeadAirRule>,
    clock: &SharedClock,
) -> Result<Levels, EncodeError> {
    // The channels and the rate of a recording by default: what is measured in both agrees.
    let decoding = Decoding { samples: Encoding::default(), behind_all: true, clock };
    let begin = |length: Duration| {
        let output = Output::measuring(decoding.samples, dead_air, length);
        (output, Feed::of_steps(sound.steps.iter().cloned(), clock.clone()))
    };
    let (mut output, mut feed) = begin(sound.length);
    if !streaming::decode(decoding, &mut feed, &mut output).await? {
        debug!("less was decoded than is on the reel; decoding again, piece by piece");
        (output, feed) = begin(sound.length);
        piecewise::decode(decoding, &mut feed, &mut output).await?;
    }
    output.into_levels().await
}
