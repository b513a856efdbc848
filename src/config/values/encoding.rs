//! How a recording is encoded, or kept as the station sent it.

use crate::model::{Codec, EncodingKind};

/// How to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// With which codec.
    pub codec: Codec,
    /// Bits per second. Of MP3, one of the rates of MPEG-1 layer III: 32,000 to 320,000.
    pub bitrate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// 32,000, 44,100 or 48,000 Hz; 48,000 for Opus.
    pub sample_rate: u32,
    /// LAME's quality level: 0 is the slowest and best, 9 the fastest.
    pub quality: u8,
    /// Whether the sound of the station is kept as it was sent. What cannot be kept is encoded as the rest says.
    pub original: bool,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { codec: Codec::Mp3, bitrate: 128_000, channels: 2, sample_rate: 48_000, quality: 5, original: false }
    }
}

impl Encoding {
    /// Returns how to encode what cannot be kept.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { original: false, ..self }
    }
}

/// How to encode with each codec, and which of that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encodings {
    /// What is wanted.
    pub kind: EncodingKind,
    /// As MP3.
    pub mp3: Encoding,
    /// As AAC.
    pub aac: Encoding,
    /// As Opus.
    pub opus: Encoding,
}

impl Default for Encodings {
    fn default() -> Self {
        let mp3 = Encoding::default();
        Self {
            kind: EncodingKind::default(),
            mp3,
            aac: Encoding { codec: Codec::Aac, ..mp3 },
            opus: Encoding { codec: Codec::Opus, bitrate: 96_000, ..mp3 },
        }
    }
}

impl Encodings {
    /// Returns the encoding of this kind.
    pub fn of(&self, kind: EncodingKind) -> Encoding {
        match kind {
            EncodingKind::Mp3 => self.mp3,
            EncodingKind::Aac => self.aac,
            EncodingKind::Opus => self.opus,
            EncodingKind::Original => Encoding { original: true, ..self.mp3 },
        }
    }

    /// Returns the encoding that is wanted.
    pub fn wanted(&self) -> Encoding {
        self.of(self.kind)
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
