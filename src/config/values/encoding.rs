//! How a recording is encoded.

use crate::model::Codec;

/// How to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// With which codec.
    pub codec: Codec,
    /// Bits per second, one of the rates of MPEG-1 layer III: 32,000 to 320,000.
    pub bitrate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// 32,000, 44,100 or 48,000 Hz.
    pub sample_rate: u32,
    /// LAME's quality level: 0 is the slowest and best, 9 the fastest.
    pub quality: u8,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { codec: Codec::Mp3, bitrate: 128_000, channels: 2, sample_rate: 48_000, quality: 5 }
    }
}

/// The version of the tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Id3 {
    /// ID3v2.4, in UTF-8.
    #[default]
    V24,
    /// ID3v2.3, in UTF-16, which Windows and many cars can read.
    V23,
}
