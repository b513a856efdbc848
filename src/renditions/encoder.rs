//! The encoder of some segments of a rendition: an ffmpeg that reads the recording and gives frames of AAC, of which the
//! segments are made.
//!
//! Segments in the middle of a recording are encoded from some frames before them on, which are dropped: a frame is heard
//! together with the one before it, and the encoder chooses its blocks by what came before. The grid of frames is that of
//! the whole recording ([`layout`](super::layout)), to the sample. So the first frame that is kept follows the last frame
//! of whatever was encoded before it as if one encoder had made both.

use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;

use super::error::RenditionError;
use super::fmp4;
use super::input::Input;
use super::layout::{FRAME, Layout};
use crate::base::clock::SharedClock;
use crate::base::process::{self, Invocation, Running};
use crate::capture::source::media::adts_frame_length;

/// How many frames are encoded before the first that is kept: two seconds, more than any decoder or encoder looks back.
const BEFORE: u64 = 96;
/// The header of a frame in ADTS, as ffmpeg writes it.
const HEADER: usize = 7;
/// How long ffmpeg may take for a segment. The first needs a way to its place in the recording.
const HANGS_AFTER: Duration = Duration::from_secs(60);
/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// What to encode.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// The recording.
    pub input: Input,
    /// How it is divided.
    pub layout: Layout,
    /// How many bits per second.
    pub bits: u32,
    /// Which segments.
    pub segments: Range<u32>,
    /// Whether everything else goes first.
    pub behind_all: bool,
}

/// An encoder that runs. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Encoder {
    work: Work,
    process: Running,
    pipe: Option<BufReader<ChildStdout>>,
    /// How many frames are still to be dropped.
    skip: u64,
}

impl Encoder {
    /// Starts an encoder.
    pub(super) fn start(work: Work, clock: &SharedClock) -> Result<Self, RenditionError> {
        let Layout { rate, channels, .. } = work.layout;
        let first = work.layout.frames_of(work.segments.start).start;
        let skip = first.min(BEFORE);
        let ffmpeg = Invocation::new("ffmpeg")
            .args(["-hide_banner", "-nostats", "-nostdin", "-loglevel", "error"])
            .args(place_of(first - skip, rate))
            .args(work.input.arguments())
            .args(["-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"])
            .args(["-af".to_owned(), filters(&work)])
            .args(["-ac".to_owned(), channels.to_string()])
            .args(["-c:a", "aac", "-b:a", &work.bits.to_string(), "-f", "adts", "pipe:1"])
            .with_stdout();
        let ffmpeg = if work.behind_all { ffmpeg.behind_all() } else { ffmpeg.in_background() };
        let mut process = ffmpeg.spawn(clock)?;
        let pipe = process.take_stdout().map(|pipe| BufReader::with_capacity(64 * 1024, pipe));
        Ok(Self { work, process, pipe, skip })
    }

    /// Returns the next segment and its number. `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>, RenditionError> {
        let Some(number) = self.work.segments.next() else {
            self.process.stop(Duration::ZERO).await;
            return Ok(None);
        };
        let range = self.work.layout.frames_of(number);
        let count = usize::try_from(range.end - range.start).unwrap_or_default();
        let pulse = self.process.pulse();
        let Ok(frames) = pulse.within(HANGS_AFTER, self.frames(count)).await else {
            self.process.stop(Duration::ZERO).await;
            return Err(RenditionError::Hangs { path: self.work.input.shown(), seconds: HANGS_AFTER.as_secs() });
        };
        match frames {
            Some(frames) => Ok(Some((number, fmp4::fragment(number, range.start, &frames)))),
            None => Err(self.failed().await),
        }
    }

    /// Returns the next `count` frames without their headers. `None` if there are fewer.
    async fn frames(&mut self, count: usize) -> Option<Vec<Vec<u8>>> {
        while self.skip > 0 {
            read_frame(self.pipe.as_mut()?).await?;
            self.skip -= 1;
        }
        let mut frames = Vec::with_capacity(count);
        while frames.len() < count {
            frames.push(read_frame(self.pipe.as_mut()?).await?);
        }
        Some(frames)
    }

    async fn failed(&mut self) -> RenditionError {
        let status = self.process.wait_within(GRACE).await;
        self.process.stop(Duration::ZERO).await;
        let killed = status.ok().and_then(Result::ok).and_then(process::killed);
        let words = killed.unwrap_or_else(|| match self.process.last_words() {
            words if words.is_empty() => "ended too early: there is less sound in it than it says".to_owned(),
            words => format!("says {:?}", self.work.input.words(&words)),
        });
        RenditionError::Encoder { path: self.work.input.shown(), words }
    }
}

/// Returns the arguments that lead to the place of a frame. It is rounded to a microsecond, which is less than a sample.
fn place_of(frame: u64, rate: u32) -> Vec<String> {
    let micros = (u128::from(frame * FRAME) * 1_000_000 + u128::from(rate) / 2) / u128::from(rate.max(1));
    if frame == 0 { Vec::new() } else { vec!["-ss".to_owned(), format!("{micros}us")] }
}

fn filters(work: &Work) -> String {
    let rate = work.layout.rate;
    // Time is counted in samples.
    let filters = format!("aresample={rate},asetpts=N/SR/TB");
    // The last frame is filled up, and the length by the list may be a little more than what is decoded.
    let is_last = work.segments.end == work.layout.segments();
    if is_last { format!("{filters},apad=pad_len={rate}") } else { filters }
}

/// Reads a frame of ADTS (ISO/IEC 14496-3, 1.A.2.2), and returns it without its header. `None` at the end.
async fn read_frame(pipe: &mut BufReader<ChildStdout>) -> Option<Vec<u8>> {
    let mut header = [0; HEADER];
    pipe.read_exact(&mut header).await.ok()?;
    let mut frame = vec![0; adts_frame_length(&header)?.checked_sub(HEADER)?];
    pipe.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

/// Returns the initialisation section of a rendition.
pub(super) fn initialisation(layout: &Layout, bits: u32) -> Vec<u8> {
    fmp4::initialisation(layout.rate, layout.channels, bits)
}
