//! ADTS frames as bytes (ISO/IEC 14496-3, 1.A.2.2): what the header of an AAC frame says, and what MP4 says instead.

/// Samples per second by index.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// The length of a header without a checksum.
pub const HEADER: usize = 7;
/// The samples of a frame.
pub const SAMPLES: u64 = 1_024;

/// What stays the same from frame to frame. Of HE-AAC it is that of the core: half the rate, and of parametric stereo one
/// channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AacConfig {
    /// The audio object type; 2 is AAC-LC.
    pub object_type: u8,
    /// The index of the sample rate.
    rate_index: u8,
    /// The channel configuration, 1 to 7.
    pub channels: u8,
}

impl AacConfig {
    /// The configuration of AAC-LC; of 48 kHz if `rate` has no index.
    pub fn low_complexity(rate: u32, channels: u8) -> Self {
        let known = RATES.iter().position(|known| *known == rate).and_then(|index| u8::try_from(index).ok());
        Self { object_type: 2, rate_index: known.unwrap_or(3), channels }
    }

    /// Returns the samples per second.
    pub fn rate(self) -> u32 {
        RATES.get(usize::from(self.rate_index)).copied().unwrap_or(48_000)
    }

    /// Returns the number of loudspeakers.
    pub fn speakers(self) -> u16 {
        if self.channels == 7 { 8 } else { u16::from(self.channels) }
    }

    /// Returns it as the AudioSpecificConfig of MP4 (1.6.2.1): five bits, four, four, and three that are zero.
    pub fn specific(self) -> [u8; 2] {
        let bits = u16::from(self.object_type) << 11 | u16::from(self.rate_index) << 7 | u16::from(self.channels) << 3;
        bits.to_be_bytes()
    }

    /// Reads an AudioSpecificConfig. `None` if ADTS cannot say it. An extension that announces HE-AAC is left out: the
    /// frames say it themselves.
    pub fn of_specific(bytes: &[u8]) -> Option<Self> {
        let bits = bytes.iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let length = 8 * bytes.len().min(8);
        let take = |at: usize, count: usize| {
            let shift = length.checked_sub(at + count)?;
            u8::try_from(bits >> shift & ((1 << count) - 1)).ok()
        };
        let (object_type, rate_index, channels) = (take(0, 5)?, take(5, 4)?, take(9, 4)?);
        // Announced at the beginning (SBR, and PS): the rate of what is heard, then the object type of the core.
        let object_type = if matches!(object_type, 5 | 29) { take(17, 5)? } else { object_type };
        let config = Self { object_type, rate_index, channels };
        config.is_usual().then_some(config)
    }

    fn is_usual(self) -> bool {
        (1..=4).contains(&self.object_type)
            && usize::from(self.rate_index) < RATES.len()
            && (1..=7).contains(&self.channels)
    }

    /// Returns the frame in which nothing is heard: every channel has a gain and no band (4.4.2).
    pub fn silence(self) -> Vec<u8> {
        let mut bits = Bits::default();
        let elements: &[(u64, usize)] = match self.channels {
            1 => &[(0, 1)],
            2 => &[(1, 2)],
            3 => &[(0, 1), (1, 2)],
            4 => &[(0, 1), (1, 2), (0, 1)],
            5 => &[(0, 1), (1, 2), (1, 2)],
            6 => &[(0, 1), (1, 2), (1, 2), (3, 1)],
            _ => &[(0, 1), (1, 2), (1, 2), (1, 2), (3, 1)],
        };
        let mut seen = [0u64; 4];
        for (kind, channels) in elements {
            let tag = seen.get_mut(usize::try_from(*kind).unwrap_or(0));
            let number = tag.map_or(0, |tag| std::mem::replace(tag, *tag + 1));
            bits.push(*kind, 3);
            bits.push(number, 4);
            if *channels == 2 {
                // A common window of no bands, and no mask of middle and side.
                bits.push(1, 1);
                bits.push(0, 11 + 2);
            }
            for _ in 0..*channels {
                bits.push(0, 8);
                if *channels == 1 {
                    bits.push(0, 11);
                }
                // No pulses, no noise shaping, no gain control.
                bits.push(0, 3);
            }
        }
        bits.push(7, 3);
        bits.into_bytes()
    }
}

/// Bits, the highest first.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, value: u64, count: usize) {
        for shift in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> shift & 1 == 1) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The length of the header whose second byte this is: it is two bytes longer with a checksum.
pub fn header_length(second: u8) -> usize {
    if second & 1 == 0 { HEADER + 2 } else { HEADER }
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdtsHeader {
    /// What all frames have in common.
    pub config: AacConfig,
    /// Where the content begins.
    pub header: usize,
    /// The whole frame in bytes.
    pub length: usize,
    /// How many frames of MP4 are in it.
    pub blocks: u8,
}

impl AdtsHeader {
    /// Reads the header at the beginning of `bytes`. `None` if there is none, or channels are described in the frame.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::parse(bytes).filter(|header| header.config.is_usual())
    }

    /// Reads the header at the beginning of `bytes`, also one that leaves it to the frame to describe the channels: then
    /// it says that there are none. `None` if there is no header.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [b0, b1, b2, b3, b4, b5, b6] = *bytes.first_chunk::<HEADER>()?;
        if b0 != 0xff || b1 & 0xf6 != 0xf0 {
            return None;
        }
        let config =
            AacConfig { object_type: (b2 >> 6) + 1, rate_index: b2 >> 2 & 0x0f, channels: (b2 & 1) << 2 | b3 >> 6 };
        let header = header_length(b1);
        let length = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
        let is_known = usize::from(config.rate_index) < RATES.len();
        (is_known && length > header).then_some(Self { config, header, length, blocks: (b6 & 3) + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_and_the_configuration_of_mp4_say_the_same() {
        let found = AdtsHeader::read(&[0xff, 0xf1, 0x4c, 0x80, 0x2e, 0x7f, 0xfc]).unwrap();
        assert_eq!((found.config.rate(), found.config.channels, found.length), (48_000, 2, 0x2e << 3 | 3));
        assert_eq!(found.config.specific(), [0x11, 0x90]);
        assert_eq!(AacConfig::of_specific(&[0x11, 0x90]), Some(found.config));
        // HE-AAC, announced behind and before.
        assert_eq!(AacConfig::of_specific(&[0x13, 0x10, 0x56, 0xe5, 0x98]).map(AacConfig::rate), Some(24_000));
        assert_eq!(
            AacConfig::of_specific(&[0x2b, 0x11, 0x88, 0x00]).map(|it| (it.object_type, it.rate())),
            Some((2, 24_000))
        );
        assert_eq!(AacConfig::of_specific(&[]), None);
    }

    #[test]
    fn silence_has_every_channel_and_no_band() {
        let of = |channels| AacConfig { object_type: 2, rate_index: 3, channels }.silence();
        assert_eq!(of(1), [0x00, 0x00, 0x00, 0x07]);
        assert_eq!(of(2), [0x21, 0x00, 0x00, 0x00, 0x00, 0x1c]);
    }
}
