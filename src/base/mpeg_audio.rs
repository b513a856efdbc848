//! Frame headers of MPEG audio as bytes: layers I to III of MPEG-1 (ISO/IEC 11172-3, 2.4.2.3), MPEG-2 (ISO/IEC 13818-3) and
//! the unofficial MPEG 2.5 for the lowest rates, which exists for layer III only.
//!
//! Free format, whose frames do not say their length, is rejected: no station was ever seen to send it.

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
/// The length of the checksum that may follow a header.
const CHECKSUM: usize = 2;

/// The length of a header.
pub const HEADER: usize = 4;

/// What the header of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// 1 to 3.
    pub layer: u8,
    /// Bits per second.
    pub bitrate: u32,
    /// Samples per second.
    pub rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// The whole frame in bytes, header included; never zero.
    pub length: usize,
    /// How many samples per channel it decodes to.
    pub samples: u32,
    /// How long the side information of layer III is.
    side_info: usize,
}

impl FrameHeader {
    /// Reads the header at the beginning of `bytes`, if there is a valid one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [b0, b1, b2, b3] = *bytes.first_chunk::<HEADER>()?;
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
        let (samples, length) = match layer {
            1 => (384, (12 * bitrate / rate + padding) * 4),
            2 => (1152, 144 * bitrate / rate + padding),
            _ if mpeg1 => (1152, 144 * bitrate / rate + padding),
            _ => (576, 72 * bitrate / rate + padding),
        };
        let mono = b3 >> 6 == MONO;
        let side_info = match (layer, mpeg1, mono) {
            (1 | 2, ..) => 0,
            (_, true, false) => 32,
            (_, true, true) | (_, false, false) => 17,
            (_, false, true) => 9,
        };
        Some(Self {
            layer,
            bitrate,
            rate,
            channels: if mono { 1 } else { 2 },
            length: usize::try_from(length).ok()?,
            samples,
            side_info,
        })
    }

    /// Where the side information of layer III is in `frame`, which begins with this header.
    pub fn side_info(&self, frame: &[u8]) -> std::ops::Range<usize> {
        let start = HEADER + if frame.get(1).is_some_and(|byte| byte & 1 == 0) { CHECKSUM } else { 0 };
        start..start + self.side_info
    }

    /// The statistics of a file (`Xing` or `Info`, and what follows), if `frame` is the one at its beginning that has
    /// them in the place of sound. Players skip that frame. If frames have a checksum, LAME puts the statistics where
    /// they would be without it, and others behind it.
    pub fn info<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let info = |at: usize| frame.get(at..self.length.min(frame.len()));
        let is_info = |info: &&[u8]| matches!(info.first_chunk(), Some(b"Xing" | b"Info"));
        let places = [HEADER + self.side_info, HEADER + CHECKSUM + self.side_info];
        let has_checksum = frame.get(1).is_some_and(|byte| byte & 1 == 0);
        let places = places.into_iter().take(if has_checksum { 2 } else { 1 });
        places.filter(|_| self.layer == 3).filter_map(info).find(is_info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_the_rates() {
        let read = |b1: u8, b2: u8, b3: u8| {
            FrameHeader::read(&[0xff, b1, b2, b3]).map(|it| (it.layer, it.bitrate, it.rate, it.channels))
        };
        assert_eq!(read(0xfb, 0x94, 0x44), Some((3, 128_000, 48_000, 2)));
        assert_eq!(read(0xfa, 0x94, 0xc4), Some((3, 128_000, 48_000, 1)));
        assert_eq!(read(0xf3, 0x84, 0xc4), Some((3, 64_000, 24_000, 1)));
        assert_eq!(read(0xfd, 0xa4, 0x04), Some((2, 192_000, 48_000, 2)));
        assert_eq!(read(0xfb, 0x00, 0x44), None, "free format");
    }

    #[test]
    fn statistics_are_found_in_their_places_alone() {
        let found = |b1: u8, b3: u8, at: usize, torn: usize| {
            let mut frame = vec![0; 384];
            frame[..4].copy_from_slice(&[0xff, b1, 0x94, b3]);
            frame[at..at + 4].copy_from_slice(b"Info");
            let header = FrameHeader::read(&frame).unwrap();
            header.info(&frame[..384 - torn]).map(<[u8]>::len)
        };
        assert_eq!(found(0xfb, 0x44, 36, 0), Some(348));
        assert_eq!(found(0xfb, 0x44, 36, 346), None, "torn");
        assert_eq!(found(0xfb, 0x44, 40, 0), None, "elsewhere");
        assert_eq!(found(0xfb, 0xc4, 21, 0), Some(363), "one channel");
        assert_eq!((found(0xfb, 0x44, 38, 0), found(0xfa, 0x44, 38, 0)), (None, Some(346)), "behind a checksum");
        assert_eq!(found(0xfa, 0x44, 36, 0), Some(348), "as LAME puts it beside a checksum");
        assert_eq!(found(0xfd, 0x44, 36, 0), None, "layer II has none");
    }
}
