//! From a cut to an MP3: decode, measure, encode.
//!
//! `ffmpeg (decode) → our process → ffmpeg (libmp3lame)`. The sound passes through as samples, so that the cut is exact to
//! the sample and everything that is published about a recording is measured in what was really decoded: ffmpeg ends
//! with success after truncated frames and jumps in time alike, so its exit code proves nothing.
//!
//! The cut may still be going on to tape while it is encoded; the last samples then follow as they arrive, and a show
//! of any length is ready soon after its end.

mod decoder;
mod error;
mod feed;
mod measure;
mod mp3;

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::config::Mp3;
use crate::model::{Gap, Span};
use crate::tape::{Run, Step, Tape};

pub use error::EncodeError;
pub use mp3::RESERVED_FOR_TAGS;

use decoder::Decoder;
use feed::{Feed, Poured};
use measure::Meter;
use mp3::Mp3Encoder;

/// What to encode, and where to.
#[derive(Debug, Clone)]
pub struct Job {
    /// The stretch of tape.
    pub cut: Span,
    /// The encoding.
    pub mp3: Mp3,
    /// The file to write; it is overwritten.
    pub target: PathBuf,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Decoded sound in the file, in seconds, counted in samples.
    pub seconds: f64,
    /// The loudest sample, 1.0 being full scale.
    pub peak: f32,
    /// What is missing, in order.
    pub gaps: Vec<Gap>,
}

/// Missing sound shorter than this is the priming and rounding of codecs.
const CODEC_SLACK: Duration = Duration::from_millis(60);

/// Encodes a cut of `tape`, following the tape while it grows until it covers the cut or `sealed` says that nothing more
/// will come.
pub async fn encode(job: &Job, tape: &Tape, sealed: CancellationToken) -> Result<Encoded, EncodeError> {
    let mut output = Output {
        mp3: Mp3Encoder::start(&job.target, job.mp3)?,
        meter: Meter::default(),
        settings: job.mp3,
        total: frames(job.cut.length().to_std().unwrap_or_default(), job.mp3.sample_rate),
        undecoded: Vec::new(),
    };
    let mut feed = Feed::new(tape.clone(), job.cut, sealed);
    let mut step = feed.next().await;
    while let Step::Run(run) = step {
        step = output.decode(&run, &mut feed).await?;
    }
    output.mp3.finish().await?;
    let mut gaps = feed.into_gaps();
    gaps.extend(output.undecoded);
    gaps.sort_by_key(|gap| gap.start);
    Ok(Encoded { seconds: output.meter.seconds(&job.mp3), peak: output.meter.peak(), gaps })
}

/// How many sample frames `duration` is.
fn frames(duration: Duration, sample_rate: u32) -> u64 {
    let exact = duration.as_nanos() * u128::from(sample_rate);
    u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
}

/// The file being made, and what is known of it.
struct Output {
    mp3: Mp3Encoder,
    meter: Meter,
    settings: Mp3,
    /// Sample frames in the whole cut.
    total: u64,
    undecoded: Vec<Gap>,
}

impl Output {
    /// Decodes one run into the file; returns the step after it. A decoder that dies (hostile bytes) is replaced, and
    /// the next one begins with the sound after that on which it died.
    async fn decode(&mut self, run: &Run, feed: &mut Feed) -> Result<Step, EncodeError> {
        let mut run = run.clone();
        loop {
            let poured = self.decode_once(&run, feed).await?;
            match poured.next {
                Some(step) => return Ok(step),
                None => run.at += poured.fed.saturating_sub(run.skip),
            }
            // It died before its first sound: that one is given up, so that this ends.
            if poured.fed.is_zero() {
                match feed.next().await {
                    Step::Feed { duration, .. } => run.at += duration,
                    step => return Ok(step),
                }
            }
            run.skip = Duration::ZERO;
        }
    }

    /// Decodes with one decoder until the run or the cut ends or the decoder dies.
    async fn decode_once(&mut self, run: &Run, feed: &mut Feed) -> Result<Poured, EncodeError> {
        let cut = feed.cut();
        let rate = self.settings.sample_rate;
        let (mut decoder, input, mut samples) = Decoder::start(&run.reel, self.settings)?;
        samples.skip(frames(run.skip, rate));
        let limit = self.total.saturating_sub(frames(run.at, rate));
        let mut left = limit;
        let mut poured = None;
        {
            let pouring = feed.pour(input, &run.reel);
            tokio::pin!(pouring);
            while left > 0 {
                tokio::select! {
                    result = &mut pouring, if poured.is_none() => {
                        poured = Some(result?);
                        samples.must_hurry();
                    }
                    taken = samples.take(left) => match taken? {
                        Some(taken) => {
                            left -= self.meter.count(&taken, self.settings.channels).min(left);
                            self.mp3.write(&taken).await?;
                        }
                        None if poured.is_some() => break,
                        // It ended before its input did: the pipe is broken, which the next write notices.
                        None => poured = Some(pouring.as_mut().await?),
                    }
                }
            }
        }
        if left == 0 {
            return Ok(Poured { next: Some(Step::End), fed: run.skip });
        }
        let words = decoder.finish().await;
        let poured = poured.unwrap_or(Poured { next: Some(Step::End), fed: run.skip });
        let wanted = frames(poured.fed.saturating_sub(run.skip), rate).min(limit);
        self.account(run, wanted, limit - left, cut, &words);
        Ok(poured)
    }

    /// Notes what a run should have given and did not.
    fn account(&mut self, run: &Run, wanted: u64, taken: u64, cut: Span, words: &str) {
        let seconds = |frames: u64| Duration::from_secs_f64(frames as f64 / f64::from(self.settings.sample_rate));
        let lost = seconds(wanted.saturating_sub(taken));
        debug!(?run, wanted, taken, words, "run decoded");
        if lost > CODEC_SLACK {
            let after = TimeDelta::from_std(run.at + seconds(taken)).unwrap_or_default();
            let cause = if words.is_empty() {
                "the sound could not be decoded".to_owned()
            } else {
                format!("the sound could not be decoded: {words}")
            };
            self.undecoded.push(Gap { start: cut.start + after, length: lost, cause });
        }
    }
}
