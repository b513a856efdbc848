//! MPEG audio frame headers: layers I to III of MPEG-1 (ISO/IEC 11172-3, 2.4.2.3), MPEG-2 (ISO/IEC 13818-3) and the
//! unofficial MPEG 2.5 for the lowest rates, which exists for layer III only.
//!
//! Free format, whose frames do not say their length, is rejected: no station was ever seen to send it.

use super::fields::{array, byte};
use super::frames::{Coding, FrameFormat, Header};

/// Kilobits per second by index 1 to 14.
type Bitrates = [u32; 14];
const MPEG1_LAYER1: Bitrates = [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];
const MPEG1_LAYER2: Bitrates = [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const MPEG1_LAYER3: Bitrates = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2_LAYER1: Bitrates = [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];
const MPEG2_LAYER23: Bitrates = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/// Samples per second of MPEG-1; MPEG-2 has half of it, MPEG 2.5 a quarter.
const RATES: [u32; 3] = [44_100, 48_000, 32_000];

const MONO: u8 = 3;
const RESERVED_EMPHASIS: u8 = 2;

/// Frames of MPEG audio.
pub(super) const CODING: Coding = Coding { sync: 0xff, header };

/// Reads the header at the beginning of `bytes`.
fn header(bytes: &[u8]) -> Option<Header> {
    let [b0, b1, b2, b3] = array::<4>(bytes, 0)?;
    if b0 != 0xff || b1 & 0xe0 != 0xe0 || b3 & 3 == RESERVED_EMPHASIS {
        return None;
    }
    let (mpeg1, shift) = match b1 >> 3 & 3 {
        3 => (true, 0),
        2 => (false, 1),
        0 => (false, 2),
        _ => return None,
    };
    let layer = 4 - (b1 >> 1 & 3);
    let bitrates = match (layer, mpeg1) {
        (1, true) => &MPEG1_LAYER1,
        (2, true) => &MPEG1_LAYER2,
        (3, true) => &MPEG1_LAYER3,
        (1, false) => &MPEG2_LAYER1,
        (2 | 3, false) => &MPEG2_LAYER23,
        _ => return None,
    };
    if shift == 2 && layer != 3 {
        return None;
    }
    let bitrate = *bitrates.get(usize::from(b2 >> 4).checked_sub(1)?)? * 1000;
    let rate = *RATES.get(usize::from(b2 >> 2 & 3))? >> shift;
    let padding = u32::from(b2 >> 1 & 1);
    let (codec, samples, length) = match layer {
        1 => ("mp1", 384, (12 * bitrate / rate + padding) * 4),
        2 => ("mp2", 1152, 144 * bitrate / rate + padding),
        _ if mpeg1 => ("mp3", 1152, 144 * bitrate / rate + padding),
        _ => ("mp3", 576, 72 * bitrate / rate + padding),
    };
    let length = usize::try_from(length).ok()?;
    let samples = if layer == 3 && is_info(bytes, mpeg1, b3 >> 6 == MONO, length) { 0 } else { samples };
    let channels = if b3 >> 6 == MONO { 1 } else { 2 };
    Some(Header { format: FrameFormat { codec, rate, channels }, length, samples })
}

/// Whether the frame is the one at the beginning of a file that carries its statistics (Xing, LAME) instead of sound.
/// Players skip it, and so does the count.
fn is_info(bytes: &[u8], mpeg1: bool, mono: bool, length: usize) -> bool {
    let side_info = match (mpeg1, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let crc = if byte(bytes, 1).is_some_and(|byte| byte & 1 == 0) { 2 } else { 0 };
    let at = 4 + crc + side_info;
    at + 4 <= length && array::<4>(bytes, at).is_some_and(|mark| matches!(&mark, b"Xing" | b"Info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_layer_tell_length_and_samples() {
        let read = |b1: u8, b2: u8, b3: u8| {
            header(&[0xff, b1, b2, b3]).map(|found| (found.format.detail(), found.length, found.samples))
        };
        let some = |detail: &str, length, samples| Some((detail.to_owned(), length, samples));
        assert_eq!(read(0xfb, 0x90, 0x44), some("mp3 44100 Hz 2 ch", 417, 1152));
        assert_eq!(read(0xfb, 0x92, 0xc4), some("mp3 44100 Hz 1 ch", 418, 1152));
        assert_eq!(read(0xf3, 0x84, 0xc4), some("mp3 24000 Hz 1 ch", 192, 576));
        assert_eq!(read(0xe3, 0x48, 0xc4), some("mp3 8000 Hz 1 ch", 288, 576));
        assert_eq!(read(0xfd, 0xa4, 0x04), some("mp2 48000 Hz 2 ch", 576, 1152));
        assert_eq!(read(0xff, 0xc4, 0x04), some("mp1 48000 Hz 2 ch", 384, 384));
        assert_eq!(read(0xfb, 0x00, 0x44), None, "free format");
        assert_eq!(read(0xfb, 0xf0, 0x44), None, "forbidden bitrate");
        assert_eq!(read(0xfb, 0x9c, 0x44), None, "reserved rate");
        assert_eq!(read(0xeb, 0x90, 0x44), None, "reserved version");
        assert_eq!(read(0xf9, 0x90, 0x44), None, "reserved layer: that is ADTS");
    }
}
