//! ADTS frame headers (ISO/IEC 14496-3, 1.A.2.2).
//!
//! HE-AAC in ADTS announces its core: half the rate (and, with parametric stereo, one channel) of what is heard. Its
//! 1024 core samples at the core rate play exactly as long as the 2048 samples that a decoder makes of them, so
//! durations are right; the detail names the core.

use super::frames::{Coding, FrameFormat, Header};
use crate::base::adts::{self, AdtsHeader};

const SAMPLES_PER_BLOCK: u32 = 1024;

/// Frames of ADTS.
pub(super) const CODING: Coding = Coding { sync: 0xff, header };

/// The length of the header that `frame` begins with.
pub(super) fn header_length(frame: &[u8]) -> usize {
    adts::header_length(frame.get(1).copied().unwrap_or(1))
}

/// The length of the ADTS frame that begins with `bytes`, header included; `None` if they are no header.
pub fn frame_length(bytes: &[u8]) -> Option<usize> {
    header(bytes).map(|header| header.length)
}

/// Reads the header at the beginning of `bytes`.
fn header(bytes: &[u8]) -> Option<Header> {
    let AdtsHeader { config, length, blocks, .. } = AdtsHeader::parse(bytes)?;
    let channels = u8::try_from(config.speakers()).unwrap_or(u8::MAX);
    Some(Header {
        format: FrameFormat { codec: "aac", rate: config.rate(), channels },
        length,
        samples: SAMPLES_PER_BLOCK * u32::from(blocks),
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
