//! Sound for the tests of this room, by the real ffmpeg.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::AsyncReadExt as _;

use crate::base::process::Invocation;
use crate::model::Chunk;

/// The options of ffmpeg for half a minute of a tone with ten seconds of silence in it.
const SOUND: &str =
    "-nostdin -v error -f lavfi -i aevalsrc=E|E:c=stereo:d=30:s=48000 -c:a aac -b:a 128k -f adts pipe:1";
const TONE: &str = "0.5*sin(2*PI*440*t)*(lt(t\\,8.5)+gt(t\\,18.5))";

/// The frames of [`SOUND`] in chunks of about two seconds.
pub(super) async fn tone(arrived: DateTime<Utc>) -> Vec<Chunk> {
    let clock = crate::base::clock::SystemClock::shared();
    let args = SOUND.split_whitespace().map(|word| word.replace('E', TONE));
    let mut ffmpeg = Invocation::new("ffmpeg").args(args).with_stdout().spawn(&clock).unwrap();
    let mut bytes = Vec::new();
    ffmpeg.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        // `aac_frame_length` of ADTS (ISO/IEC 14496-3).
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        let (frame, later) = rest.split_at(length);
        frames.push(frame);
        rest = later;
    }
    let chunk = |frames: &[&[u8]]| {
        let duration = Duration::from_secs(frames.len() as u64) * 1_024 / 48_000;
        Chunk::new(frames.concat(), duration, arrived)
    };
    frames.chunks(94).map(chunk).collect()
}
