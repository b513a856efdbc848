//! ADTS frames as bytes (ISO/IEC 14496-3, 1.A.2.2): what the header of an AAC frame says, and what MP4 says instead.

/// Samples per second by index.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// The length of a header without a checksum.
pub const HEADER: usize = 7;
/// The samples of a frame of the core.
pub const SAMPLES: u64 = 1_024;
/// The audio object types of what is added to a core.
const SBR: u8 = 5;
const PS: u8 = 29;
/// What says in 11 bits that SBR, and that PS, is announced (1.6.6).
const SBR_FOLLOWS: u64 = 0x2b7;
const PS_FOLLOWS: u64 = 0x548;

/// What stays the same from frame to frame. Of HE-AAC it is that of the core: half the rate, and of parametric stereo one
/// channel; and what is added to the core, if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AacConfig {
    /// The audio object type; 2 is AAC-LC.
    pub object_type: u8,
    /// The index of the sample rate.
    rate_index: u8,
    /// The channel configuration, 1 to 7.
    pub channels: u8,
    /// What is added to the core. ADTS never says it.
    extension: Extension,
}

/// What HE-AAC adds to its core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extension {
    /// Nothing, or nobody has said.
    #[default]
    Plain,
    /// The upper half of the spectrum (SBR, 4.6.18), so that twice as many samples are heard.
    Sbr,
    /// That, and a second channel (PS, 8.6.4).
    SbrAndPs,
}

impl AacConfig {
    /// The configuration of AAC-LC; of 48 kHz if `rate` has no index.
    pub fn low_complexity(rate: u32, channels: u8) -> Self {
        let known = RATES.iter().position(|known| *known == rate).and_then(|index| u8::try_from(index).ok());
        Self { object_type: 2, rate_index: known.unwrap_or(3), channels, extension: Extension::Plain }
    }

    /// Returns it with what is added to the core. It stays as it is if twice its rate has no index.
    #[must_use]
    pub fn extended(self, extension: Extension) -> Self {
        let with = Self { extension, ..self };
        if with.heard_index().is_some() { with } else { self.core() }
    }

    /// Returns it without what is added to the core, as ADTS says it.
    #[must_use]
    pub fn core(self) -> Self {
        Self { extension: Extension::Plain, ..self }
    }

    /// Whether something is added to the core.
    pub fn is_extended(self) -> bool {
        self.extension != Extension::Plain
    }

    /// Returns the samples per second of the core.
    pub fn rate(self) -> u32 {
        RATES.get(usize::from(self.rate_index)).copied().unwrap_or(48_000)
    }

    /// Returns the samples per second that are heard.
    pub fn heard_rate(self) -> u32 {
        if self.is_extended() { 2 * self.rate() } else { self.rate() }
    }

    /// Returns the number of loudspeakers of the core.
    pub fn speakers(self) -> u16 {
        if self.channels == 7 { 8 } else { u16::from(self.channels) }
    }

    /// Returns the number of loudspeakers by which it is heard.
    pub fn heard_speakers(self) -> u16 {
        if self.extension == Extension::SbrAndPs { 2 } else { self.speakers() }
    }

    /// The index of the rate that is heard. `None` if it has none.
    fn heard_index(self) -> Option<u8> {
        RATES.iter().position(|rate| *rate == self.heard_rate()).and_then(|index| u8::try_from(index).ok())
    }

    /// Returns it as the AudioSpecificConfig of MP4 (1.6.2.1): five bits, four, four, and three that are zero. HE-AAC is
    /// announced behind that (1.6.5.3), so that decoders that do not know it play the core.
    pub fn specific(self) -> Vec<u8> {
        let mut bits = Bits::default();
        for (value, count) in [(self.object_type, 5), (self.rate_index, 4), (self.channels, 4), (0, 3)] {
            bits.push(value.into(), count);
        }
        if let Some(index) = self.heard_index().filter(|_| self.is_extended()) {
            for (value, count) in [(SBR_FOLLOWS, 11), (SBR.into(), 5), (1, 1), (index.into(), 4)] {
                bits.push(value, count);
            }
            if self.extension == Extension::SbrAndPs {
                bits.push(PS_FOLLOWS, 11);
                bits.push(1, 1);
            }
        }
        bits.into_bytes()
    }

    /// Reads an AudioSpecificConfig. `None` if ADTS cannot say its core.
    pub fn of_specific(bytes: &[u8]) -> Option<Self> {
        let bits = bytes.iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let length = 8 * bytes.len().min(8);
        let wide = |at: usize, count: usize| Some(bits >> length.checked_sub(at + count)? & ((1 << count) - 1));
        let take = |at: usize, count: usize| u8::try_from(wide(at, count)?).ok();
        let (said, rate_index, channels) = (take(0, 5)?, take(5, 4)?, take(9, 4)?);
        // Announced at the beginning: the rate that is heard, then the object type of the core. Or behind it.
        let (object_type, extension, heard) = match said {
            SBR => (take(17, 5)?, Extension::Sbr, take(13, 4)),
            PS => (take(17, 5)?, Extension::SbrAndPs, take(13, 4)),
            _ if wide(13, 14) == Some(SBR_FOLLOWS) && take(27, 5) == Some(SBR) && take(32, 1) == Some(1) => {
                let has_ps = wide(37, 11) == Some(PS_FOLLOWS) && take(48, 1) == Some(1);
                (said, if has_ps { Extension::SbrAndPs } else { Extension::Sbr }, take(33, 4))
            }
            _ => (said, Extension::Plain, None),
        };
        let config = Self { object_type, rate_index, channels, extension: Extension::Plain };
        config
            .is_usual()
            .then(|| Some(config.extended(extension)).filter(|it| it.heard_index() == heard).unwrap_or(config))
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
        let config = AacConfig {
            object_type: (b2 >> 6) + 1,
            rate_index: b2 >> 2 & 0x0f,
            channels: (b2 & 1) << 2 | b3 >> 6,
            extension: Extension::Plain,
        };
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
    fn he_aac_is_announced_behind_its_core_and_read_from_before_and_behind() {
        let core = AacConfig::low_complexity(24_000, 2);
        assert_eq!(core.specific(), [0x13, 0x10]);
        let wide = core.extended(Extension::Sbr);
        assert_eq!((wide.rate(), wide.heard_rate(), wide.heard_speakers()), (24_000, 48_000, 2));
        assert_eq!(wide.specific(), [0x13, 0x10, 0x56, 0xe5, 0x98]);
        let stereo = AacConfig::low_complexity(24_000, 1).extended(Extension::SbrAndPs);
        assert_eq!((stereo.speakers(), stereo.heard_speakers()), (1, 2));
        assert_eq!(stereo.specific(), [0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80]);
        for config in [core, wide, stereo] {
            assert_eq!(AacConfig::of_specific(&config.specific()), Some(config));
        }
        assert_eq!(AacConfig::of_specific(&[0x2b, 0x11, 0x88, 0x00]), Some(wide));
        assert_eq!(
            AacConfig::of_specific(&[0x13, 0x10, 0x56, 0xe5, 0xa0]),
            Some(core),
            "at another rate than twice the core's"
        );
        assert_eq!(AacConfig::low_complexity(64_000, 2).extended(Extension::Sbr).heard_rate(), 64_000);
    }

    #[test]
    fn silence_has_every_channel_and_no_band() {
        let of = |channels| AacConfig::low_complexity(48_000, channels).silence();
        assert_eq!(of(1), [0x00, 0x00, 0x00, 0x07]);
        assert_eq!(of(2), [0x21, 0x00, 0x00, 0x00, 0x00, 0x1c]);
    }
}
