//! Advertisements: sound without timecode, with the same bytes each time.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::support::ffmpeg;

/// How many advertisements there are.
const SPOTS: usize = 4;
/// How many samples an AAC frame has.
const FRAME: usize = 1_024;

/// Returns spot `number` in ADTS at 48 kHz, of `frames` frames: a low tone, below the timecode.
pub(super) fn adts(number: usize, frames: usize) -> Bytes {
    static SOUND: OnceLock<Vec<Vec<Bytes>>> = OnceLock::new();
    let sounds = SOUND.get_or_init(|| (0..SPOTS).map(encoded).collect());
    sounds[number % SPOTS].iter().take(frames).flat_map(|frame| frame.to_vec()).collect()
}

fn encoded(number: usize) -> Vec<Bytes> {
    let tone = format!("sine=frequency={}:sample_rate=48000:duration=8", 200 + 70 * number);
    let data = ffmpeg::run(&["-f", "lavfi", "-i", &tone, "-c:a", "aac", "-b:a", "96k", "-f", "adts", "-"], &[]);
    let (mut rest, mut frames) = (Bytes::from(data), Vec::new());
    // ISO/IEC 14496-3: thirteen bits of length, in bytes 3 to 5.
    while let Some([_, _, _, a, b, c]) = rest.first_chunk::<6>().copied() {
        let length = usize::from(a & 3) << 11 | usize::from(b) << 3 | usize::from(c >> 5);
        frames.push(rest.split_to(length.min(rest.len())));
    }
    frames
}

/// Returns how many frames play for `seconds`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
pub(super) fn frames(seconds: f64) -> usize {
    (seconds * 48_000.0 / FRAME as f64).round() as usize
}
