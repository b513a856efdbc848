//! The transmitter: ffmpeg plays the music and encodes it to AAC, whose frames are cut by the clock into segments that know
//! when they were on the air.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::AsyncReadExt;
use tokio::process::ChildStdout;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::music::{self, RATE};
use crate::base::clock::SharedClock;
use crate::base::environment::Environment;
use crate::base::id3v2::timestamp_tag;
use crate::base::process::Invocation;
use crate::capture::source::media::adts_frame_length;

/// Segments in the playlist.
const LISTED: usize = 8;
/// Segments that can be fetched: a listener who has just read the playlist still finds its oldest one.
const KEPT: usize = 11;
/// Seconds of music that have already been on the air at the start: the whole playlist.
const HEAD_START: i64 = 18;
/// Samples in an AAC frame. ffmpeg's encoder puts as many before the sound.
const FRAME: u32 = 1_024;
/// Frames in a segment: just over two seconds.
const FRAMES: u32 = 94;
const GRACE: Duration = Duration::from_secs(2);

/// How long a segment plays.
pub const SEGMENT: TimeDelta = frames(FRAMES as i64);

const fn frames(count: i64) -> TimeDelta {
    TimeDelta::nanoseconds(count * FRAME as i64 * 1_000_000_000 / RATE as i64)
}

/// A segment on the air.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its media sequence number.
    pub sequence: u64,
    /// When its first sample was on the air.
    pub begins: DateTime<Utc>,
    /// Packed audio (RFC 8216 section 3.4).
    pub bytes: Bytes,
}

/// The segments that can be heard now, shared between the transmitter and the site.
#[derive(Debug, Clone, Default)]
pub struct Window(Arc<Mutex<VecDeque<Segment>>>);

impl Window {
    /// Returns the segments of the playlist, oldest first.
    pub fn listed(&self) -> Vec<Segment> {
        let segments = self.lock();
        segments.iter().skip(segments.len().saturating_sub(LISTED)).cloned().collect()
    }

    /// Returns the segment with this number, while it can be fetched.
    pub fn find(&self, sequence: u64) -> Option<Segment> {
        self.lock().iter().find(|segment| segment.sequence == sequence).cloned()
    }

    fn push(&self, segment: Segment) {
        let mut segments = self.lock();
        segments.push_back(segment);
        if segments.len() > KEPT {
            segments.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts to play and cut until `stop`.
pub fn start(
    window: &Window,
    environment: &Environment,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let first = environment.clock.now() - TimeDelta::seconds(HEAD_START);
    let first = DateTime::from_timestamp(first.timestamp(), 0).unwrap_or(first);
    let (rate, music) = (RATE.to_string(), music::source(first.timestamp().unsigned_abs()));
    let mut ffmpeg = Invocation::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", &music, "-ar", &rate])
        .args(["-c:a", "aac", "-b:a", "160k", "-f", "adts", "-flush_packets", "1", "pipe:1"])
        .with_stdout()
        .spawn(&environment.clock)
        .context("the demo station cannot go on the air")?;
    let stdout = ffmpeg.take_stdout().context("ffmpeg has no pipe")?;
    let cutter = cut(stdout, window.clone(), first, environment.clock.clone());
    let ending = stop.clone();
    let transmitter = async move {
        tokio::select! {
            () = ending.cancelled() => {}
            Err(error) = cutter => tracing::error!("the demo station fell silent: {error}; {}", ffmpeg.last_words()),
        }
        ffmpeg.stop(GRACE).await;
    };
    Ok(vec![environment.spawn(transmitter)])
}

/// Cuts frames into segments. The music begins at `first`; a segment is on the air when its end is due.
async fn cut(mut encoded: ChildStdout, window: Window, first: DateTime<Utc>, clock: SharedClock) -> anyhow::Result<()> {
    let (started, head_start) = (clock.monotonic(), clock.now() - first);
    let mut begins = first - frames(1);
    for sequence in 0.. {
        let mut bytes = timestamp_tag(sequence * u64::from(FRAMES * FRAME) * 90_000 / u64::from(RATE));
        for _ in 0..FRAMES {
            read_frame(&mut encoded, &mut bytes).await?;
        }
        // ffmpeg plays ahead until the pipe is full.
        let due = (begins + SEGMENT - first - head_start).to_std().unwrap_or_default();
        clock.sleep((started + due).saturating_sub(clock.monotonic())).await;
        window.push(Segment { sequence, begins, bytes: bytes.into() });
        begins += SEGMENT;
    }
    Ok(())
}

/// Appends the next ADTS frame.
async fn read_frame(encoded: &mut ChildStdout, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut header = [0; 7];
    encoded.read_exact(&mut header).await?;
    let length = adts_frame_length(&header).context("ffmpeg sent something else than AAC")?;
    bytes.extend(header);
    encoded.take((length - header.len()) as u64).read_to_end(bytes).await?;
    Ok(())
}
