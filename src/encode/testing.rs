//! What the tests of this room make sound with, and hear it by.

use tokio::io::AsyncReadExt as _;

use super::decoder::Decoding;
use super::feed::Feed;
use super::file::FileSound;
use super::frames::frames;
use crate::base::clock::{SharedClock, SystemClock};
use crate::base::process::Invocation;
use crate::config::Encoding;
use crate::tape::Step;

/// What ffmpeg puts out if it is started with `words` and the arguments `last`.
pub(super) async fn ffmpeg(words: &str, last: &[&str]) -> Vec<u8> {
    let args = words.split_whitespace().chain(last.iter().copied());
    let ffmpeg = Invocation::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).with_stdout();
    let mut running = ffmpeg.spawn(&SystemClock::shared()).unwrap();
    let mut output = Vec::new();
    running.take_stdout().unwrap().read_to_end(&mut output).await.unwrap();
    assert!(running.wait().await.unwrap().success(), "{words}: {}", running.last_words());
    output
}

/// The samples that `bytes` are.
pub(super) fn samples(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

/// The samples of all channels of what there is of a stretch, as `like` says.
pub(super) async fn decoded(sound: &FileSound, like: Encoding) -> Vec<f32> {
    let clock: SharedClock = SystemClock::shared();
    let mut feed = Feed::of_steps(sound.steps(), clock.clone());
    let Step::Run(run) = feed.next().await else { return Vec::new() };
    let decoding = Decoding { samples: like, behind_all: false, clock: &clock };
    let (mut decoder, input, mut from_decoder) = decoding.start(&run.reel).unwrap();
    from_decoder.skip(frames(run.skip, like.sample_rate));
    let mut left = frames(sound.there(), like.sample_rate);
    let take = async {
        let mut all = Vec::new();
        while let Some(bytes) = from_decoder.next_frames(left).await.unwrap().filter(|_| left > 0) {
            left -= bytes.len() as u64 / (4 * u64::from(like.channels));
            all.extend(samples(&bytes));
        }
        all
    };
    let (poured, all) = tokio::join!(feed.pour(input, &run.reel, || true), take);
    poured.unwrap();
    decoder.stop().await;
    all
}
