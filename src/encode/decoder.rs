//! The decoding ffmpeg: stream bytes in, interleaved 32-bit float samples out.
//!
//! It gets an explicit demuxer and may open nothing but its pipe, because the bytes come from a stranger. Its
//! timestamps are dropped (`asetpts`): time is counted in samples here, and the tape says when they were on the air.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdin, ChildStdout};

use super::decode_failure;
use super::error::EncodeError;
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, Running};
use crate::base::pulse::Pulse;
use crate::config::Encoding;
use crate::model::Cause;
use crate::tape::Reel;

/// The longest silence from a decoder that has all its input.
const HANGS_AFTER: Duration = Duration::from_secs(20);
/// How long a decoder may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// How sound is decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoding<'a> {
    /// The channels and the sample rate of the samples.
    pub samples: Encoding,
    /// Whether everything else goes first, also other decoders.
    pub behind_all: bool,
    /// By this a decoder is waited for.
    pub clock: &'a SharedClock,
}

impl Decoding<'_> {
    /// Starts a decoder for the sound on `reel`. Returns it with its two pipes.
    pub(super) fn start(&self, reel: &Reel) -> Result<(Decoder, Option<Input>, Samples), EncodeError> {
        Decoder::start_with(&[], reel, *self, true)
    }
}

/// The pipe into a decoder.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) pipe: ChildStdin,
    /// Of the decoder.
    pub(super) pulse: Pulse,
}

/// A decoder that runs.
#[derive(Debug)]
pub(super) struct Decoder {
    process: Running,
}

impl Decoder {
    /// Starts a decoder for the sound on `reel`. Returns it with its two pipes.
    pub(super) fn start(
        reel: &Reel,
        settings: Encoding,
        clock: &SharedClock,
    ) -> Result<(Self, Option<Input>, Samples), EncodeError> {
        Self::start_with(&[], reel, Decoding { samples: settings, behind_all: false, clock }, false)
    }

    /// As [`Decoder::start`], for sound that comes as it is on the air: it looks at half a second of it before it begins,
    /// not at five.
    pub(super) fn start_live(
        reel: &Reel,
        settings: Encoding,
        clock: &SharedClock,
    ) -> Result<(Self, Option<Input>, Samples), EncodeError> {
        let decoding = Decoding { samples: settings, behind_all: false, clock };
        Self::start_with(&["-analyzeduration", "500000"], reel, decoding, false)
    }

    fn start_with(
        options: &[&str],
        reel: &Reel,
        decoding: Decoding<'_>,
        wide: bool,
    ) -> Result<(Self, Option<Input>, Samples), EncodeError> {
        let Decoding { samples: settings, behind_all, clock } = decoding;
        let demuxer = reel.container.demuxer();
        let ffmpeg = Invocation::new("ffmpeg")
            .args(["-hide_banner", "-nostats", "-loglevel", "error", "-protocol_whitelist", "pipe"])
            .args(options)
            .args(["-f", demuxer, "-i", "pipe:0", "-map", "0:a:0", "-vn", "-sn", "-dn"])
            .args(["-af".to_owned(), format!("aresample={},asetpts=N/SR/TB", settings.sample_rate)])
            .args(["-ac".to_owned(), settings.channels.to_string()])
            .args(["-f", "f32le", "-flush_packets", "1", "pipe:1"])
            .with_stdin();
        let ffmpeg = if behind_all { ffmpeg.behind_all() } else { ffmpeg.in_background() };
        let ffmpeg = if wide { ffmpeg.with_wide_stdout() } else { ffmpeg.with_stdout() };
        let mut process = ffmpeg.spawn(clock)?;
        let pulse = process.pulse();
        let input = process.take_stdin().map(|pipe| Input { pipe, pulse: pulse.clone() });
        let samples = Samples {
            pipe: process.take_stdout(),
            buffer: vec![0; 64 * 1024],
            held: Vec::new(),
            frame: usize::from(settings.channels.max(1)) * 4,
            skip: 0,
            hurry: false,
            pulse,
        };
        Ok((Self { process }, input, samples))
    }

    /// Waits for its end. Returns why less may have come from it than was wanted.
    pub(super) async fn finish(&mut self) -> Cause {
        let ended = self.process.wait_within(GRACE).await;
        if ended.is_err() {
            self.process.stop(Duration::ZERO).await;
        }
        let status = ended.ok().and_then(Result::ok);
        decode_failure::cause(status, &self.process.last_lines())
    }

    /// Ends it at once.
    pub(super) async fn stop(&mut self) {
        self.process.stop(Duration::ZERO).await;
    }
}

/// What comes out of a decoder.
#[derive(Debug)]
pub(super) struct Samples {
    pipe: Option<ChildStdout>,
    buffer: Vec<u8>,
    /// The bytes of a sample frame that is not whole yet.
    held: Vec<u8>,
    frame: usize,
    skip: u64,
    hurry: bool,
    pulse: Pulse,
}

impl Samples {
    /// Drops the next `frames`.
    pub(super) fn skip(&mut self, frames: u64) {
        self.skip = frames;
    }

    /// The pulse of the decoder.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// The decoder has all its input now: from here on, silence means that it hangs.
    pub(super) fn input_is_complete(&mut self) {
        self.hurry = true;
    }

    /// Returns the next whole sample frames, at most `limit`; `None` at the end. Can be cancelled between reads.
    pub(super) async fn next_frames(&mut self, limit: u64) -> Result<Option<Vec<u8>>, EncodeError> {
        let Some(pipe) = self.pipe.as_mut() else { return Ok(None) };
        loop {
            let patience = if self.hurry { HANGS_AFTER } else { Duration::from_secs(u64::from(u32::MAX)) };
            let read = self
                .pulse
                .within(patience, pipe.read(&mut self.buffer))
                .await
                .map_err(|_| EncodeError::DecoderHangs { seconds: HANGS_AFTER.as_secs() })?
                .map_err(EncodeError::Decoder)?;
            if read == 0 {
                return Ok(None);
            }
            self.held.extend_from_slice(self.buffer.get(..read).unwrap_or_default());
            let whole = self.held.len() / self.frame;
            let skipped = whole.min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.skip -= skipped as u64;
            let taken = (whole - skipped).min(usize::try_from(limit).unwrap_or(usize::MAX));
            let rest = self.held.split_off(whole * self.frame);
            let mut frames = std::mem::replace(&mut self.held, rest);
            if taken > 0 {
                frames.drain(..skipped * self.frame);
                frames.truncate(taken * self.frame);
                return Ok(Some(frames));
            }
        }
    }
}
