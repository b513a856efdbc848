//! Frames of MPEG audio, as [`FrameHeader`] reads their headers.

use super::frames::{Coding, FrameFormat, Header};
use crate::base::mpeg_audio::FrameHeader;

/// Frames of MPEG audio.
pub(super) const CODING: Coding = Coding { sync: 0xff, header };

/// Reads the header at the beginning of `bytes`.
fn header(bytes: &[u8]) -> Option<Header> {
    let frame = FrameHeader::read(bytes)?;
    let codec = match frame.layer {
        1 => "mp1",
        2 => "mp2",
        _ => "mp3",
    };
    let format = FrameFormat { codec, rate: frame.rate, channels: frame.channels };
    // Players skip the frame with the statistics of a file, and so does the count.
    let samples = if frame.info(bytes).is_some() { 0 } else { frame.samples };
    Some(Header { format, length: frame.length, samples })
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
