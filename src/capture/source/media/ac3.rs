//! Frames of AC-3 and Enhanced AC-3 (ETSI TS 102 366, 4.3 and E.1.2), as packed audio (RFC 8216, section 3.4) has them.

use super::frames::{Coding, FrameFormat, Header};
use crate::base::fields::array;

/// Frames of AC-3.
pub(super) const CODING: Coding = Coding { sync: SYNC[0], header: plain };
/// Frames of Enhanced AC-3.
pub(super) const ENHANCED: Coding = Coding { sync: SYNC[0], header: enhanced };

const SYNC: [u8; 2] = [0x0b, 0x77];
const RATES: [u32; 3] = [48_000, 44_100, 32_000];
/// Kilobits per second.
const BITRATES: [usize; 19] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
/// By `acmod`, without the channel for low frequencies.
const CHANNELS: [u8; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
/// Samples of one of the blocks that a frame consists of.
const BLOCK: u32 = 256;

/// A header of AC-3: up to 8 by the standard, 9 and 10 at half and a quarter of the rate.
fn plain(bytes: &[u8]) -> Option<Header> {
    let [s0, s1, _, _, sizes, ids, modes] = array::<7>(bytes, 0)?;
    let shift = match ids >> 3 {
        0..=8 => 0,
        9 => 1,
        10 => 2,
        _ => return None,
    };
    if [s0, s1] != SYNC {
        return None;
    }
    let rate = *RATES.get(usize::from(sizes >> 6))?;
    let bitrate = *BITRATES.get(usize::from(sizes >> 1 & 0x1f))?;
    let words = match rate {
        48_000 => bitrate * 2,
        44_100 => bitrate * 320 / 147 + usize::from(sizes & 1),
        _ => bitrate * 3,
    };
    let mode = modes >> 5;
    // Mix levels stand between the mode and the bit for low frequencies.
    let center = u32::from(mode & 1 != 0 && mode != 1);
    let surround = u32::from(mode & 4 != 0);
    let stereo = u32::from(mode == 2);
    let low = modes >> (4 - 2 * (center + surround + stereo).min(2)) & 1;
    let channels = CHANNELS.get(usize::from(mode))? + low;
    Some(Header {
        format: FrameFormat { codec: "ac3", rate: rate >> shift, channels },
        length: words * 2,
        samples: 6 * BLOCK,
    })
}

/// A header of Enhanced AC-3. Frames that add channels to the one before, and frames of other programs, play no time of
/// their own. So no single header says how many channels there are.
fn enhanced(bytes: &[u8]) -> Option<Header> {
    const DEPENDENT: u8 = 1;
    const RESERVED: u8 = 3;
    let [s0, s1, kind, size, rates, ids] = array::<6>(bytes, 0)?;
    if [s0, s1] != SYNC || !(11..=16).contains(&(ids >> 3)) || kind >> 6 == RESERVED {
        return None;
    }
    let length = (usize::from(kind & 7) << 8 | usize::from(size)) * 2 + 2;
    let (rate, blocks) = match (rates >> 6, rates >> 4 & 3) {
        (3, half) => (RATES.get(usize::from(half))? / 2, 6),
        (rate, 3) => (*RATES.get(usize::from(rate))?, 6),
        (rate, blocks) => (*RATES.get(usize::from(rate))?, u32::from(blocks) + 1),
    };
    let first = kind >> 6 != DEPENDENT && matches!(kind >> 3 & 7, 0);
    (length > 6).then_some(Header {
        format: FrameFormat { codec: "eac3", rate, channels: 0 },
        length,
        samples: if first { blocks * BLOCK } else { 0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_rate_length_and_blocks() {
        let read = |coding: Coding, bytes: [u8; 7]| {
            (coding.header)(&bytes).map(|header| (header.format.detail(), header.length, header.samples))
        };
        let some = |detail: &str, length, samples| Some((detail.to_owned(), length, samples));
        // 48 kHz, 192 kbit/s, stereo; 44.1 kHz, 32 kbit/s, the longer of the two lengths, mono.
        assert_eq!(read(CODING, [0x0b, 0x77, 0, 0, 0x14, 0x40, 0x40]), some("ac3 48000 Hz 2 ch", 768, 1536));
        assert_eq!(read(CODING, [0x0b, 0x77, 0, 0, 0x41, 0x40, 0x20]), some("ac3 44100 Hz 1 ch", 140, 1536));
        assert_eq!(read(CODING, [0x0b, 0x77, 0, 0, 0x14, 0x40, 0xe1]), some("ac3 48000 Hz 6 ch", 768, 1536));
        assert_eq!(read(CODING, [0x0b, 0x77, 0, 0, 0xd4, 0x40, 0x40]), None, "reserved rate");
        assert_eq!(read(CODING, [0x0b, 0x77, 0, 0, 0x26, 0x40, 0x40]), None, "no such length");
        assert_eq!(read(CODING, [0x0b, 0x77, 0, 0, 0x14, 0x80, 0x40]), None, "enhanced");
        assert_eq!(read(ENHANCED, [0x0b, 0x77, 0x01, 0x7f, 0x34, 0x80, 0]), some("eac3 48000 Hz", 768, 1536));
        assert_eq!(read(ENHANCED, [0x0b, 0x77, 0x01, 0x7f, 0x04, 0x80, 0]), some("eac3 48000 Hz", 768, 256));
        assert_eq!(read(ENHANCED, [0x0b, 0x77, 0x41, 0x7f, 0x34, 0x80, 0]), some("eac3 48000 Hz", 768, 0));
        assert_eq!(read(ENHANCED, [0x0b, 0x77, 0x01, 0x7f, 0x34, 0x40, 0]), None, "not enhanced");
    }
}
