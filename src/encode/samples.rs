//! The samples of a short stretch, to be looked at and heard while a clip is cut.

use std::time::Duration;

use super::clip::ClipSource;
use super::decoder::Decoding;
use super::error::EncodeError;
use super::frames::frames;
use super::output::Output;
use super::{piecewise, streaming};
use crate::base::clock::SharedClock;
use crate::config::Encoding;

/// Decodes `source` to one channel of 16-bit little-endian samples, so many a second. What is missing is silence. All of
/// it is in memory.
///
/// # Errors
/// The tape or the recording cannot be read, or ffmpeg cannot be started.
pub async fn samples(source: &ClipSource, rate: u32, clock: &SharedClock) -> Result<Vec<u8>, EncodeError> {
    let settings = Encoding { sample_rate: rate, channels: 1, ..Encoding::default() };
    let decoding = Decoding { samples: settings, behind_all: false, clock };
    let mut piecewise = false;
    loop {
        let mut output = Output::keeping(settings, source.length());
        output.begin_piece(frames(source.there(), rate), frames(source.length(), rate));
        let mut feed = source.feed(clock).await;
        if piecewise {
            piecewise::decode(decoding, &mut feed, &mut output).await.map_err(|error| source.error(error))?;
        } else if !streaming::decode(decoding, &mut feed, &mut output).await.map_err(|error| source.error(error))? {
            piecewise = true;
            continue;
        }
        let missing = source.missing(feed);
        let at_the_end = missing.last().filter(|(stretch, _)| stretch.at + stretch.length >= source.length());
        output.end_piece(at_the_end.map_or(Duration::ZERO, |(stretch, _)| stretch.length)).await?;
        return Ok(output.into_samples());
    }
}
