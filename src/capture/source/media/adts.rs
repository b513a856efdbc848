//! ADTS frame headers (ISO/IEC 14496-3, 1.A.2.2).
//!
//! HE-AAC in ADTS announces its core: half the rate (and, with parametric stereo, one channel) of what is heard. Its
//! 1024 core samples at the core rate play exactly as long as the 2048 samples that a decoder makes of them, so
//! durations are right; the detail names the core.

use super::fields::array;
use super::frames::{Coding, FrameFormat, Header};

const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
const CHANNELS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 8];
const SAMPLES_PER_BLOCK: u32 = 1024;

/// Frames of ADTS.
pub(super) const CODING: Coding = Coding { sync: 0xff, header };

/// The length of the header that `frame` begins with; it is two bytes longer with a checksum.
pub(super) fn header_length(frame: &[u8]) -> usize {
    if frame.get(1).is_some_and(|byte| byte & 1 == 0) { 9 } else { 7 }
}

/// The length of the ADTS frame that begins with `bytes`, header included; `None` if they are no header.
pub fn frame_length(bytes: &[u8]) -> Option<usize> {
    header(bytes).map(|header| header.length)
}

/// Reads the header at the beginning of `bytes`.
fn header(bytes: &[u8]) -> Option<Header> {
    let [b0, b1, b2, b3, b4, b5, b6] = array::<7>(bytes, 0)?;
    // Twelve bits of sync, then one for the MPEG version and two zeros for the layer.
    if b0 != 0xff || b1 & 0xf6 != 0xf0 {
        return None;
    }
    let rate = *RATES.get(usize::from(b2 >> 2 & 0x0f))?;
    let channels = *CHANNELS.get(usize::from((b2 & 1) << 2 | b3 >> 6))?;
    let length = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
    let blocks = u32::from(b6 & 3) + 1;
    (length > header_length(bytes)).then_some(Header {
        format: FrameFormat { codec: "aac", rate, channels },
        length,
        samples: SAMPLES_PER_BLOCK * blocks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_rate_channels_length_and_blocks() {
        let bytes = [0xff, 0xf1, 0x4c, 0x80, 0x2e, 0x7f, 0xfe];
        let found = header(&bytes).unwrap();
        assert_eq!(found.format.detail(), "aac 48000 Hz 2 ch");
        assert_eq!((found.length, found.samples), (0x2e << 3 | 3, 3 * 1024));
        assert_eq!(header(&[0xff, 0xf1, 0x7c, 0x80, 0x2e, 0x7f, 0xfc]), None, "reserved rate");
        assert_eq!(header(&[0xff, 0xf1, 0x4c, 0x80, 0x00, 0x1f, 0xfc]), None, "shorter than its header");
        assert_eq!(header(&bytes[..6]), None);
    }
}
