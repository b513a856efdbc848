//! Packets of coded sound, and what they have in common.

use crate::base::adts::{AacConfig, SAMPLES};
use crate::base::layer3;
use crate::base::mpeg_audio::FrameHeader;
use crate::base::ogg::VorbisModes;
use crate::model::Codec;

/// A packet, which a file has as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The bytes: of MP3 with the header, of AAC without it.
    pub bytes: Vec<u8>,
    /// How many samples it plays, at the rate of its coding, if it follows the packet before it.
    pub samples: u64,
}

/// How the packets of a file are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coding {
    /// AAC.
    Aac(AacConfig),
    /// MPEG layer III.
    Mp3 {
        /// The bytes of the header of one of its frames.
        bytes: [u8; 4],
        /// What they say.
        frame: FrameHeader,
    },
    /// Opus.
    Opus {
        /// 1 or 2.
        channels: u8,
        /// The rate at which the encoder was fed, for people.
        input_rate: u32,
    },
    /// Vorbis.
    Vorbis {
        /// The first header.
        first: Vec<u8>,
        /// The third header: the codebooks.
        third: Vec<u8>,
        /// What they say of the packets.
        modes: VorbisModes,
    },
}

impl Coding {
    /// The codec.
    pub fn codec(&self) -> Codec {
        match self {
            Self::Aac(_) => Codec::Aac,
            Self::Mp3 { .. } => Codec::Mp3,
            Self::Opus { .. } => Codec::Opus,
            Self::Vorbis { .. } => Codec::Vorbis,
        }
    }

    /// Samples per second in which packets count: of HE-AAC those of its core.
    pub fn rate(&self) -> u32 {
        match self {
            Self::Aac(config) => config.rate(),
            Self::Mp3 { frame, .. } => frame.rate,
            Self::Opus { .. } => 48_000,
            Self::Vorbis { first, .. } => {
                first.get(12..).and_then(|rate| rate.first_chunk()).map_or(48_000, |rate| u32::from_le_bytes(*rate))
            }
        }
    }

    /// How many channels its packets have.
    pub fn channels(&self) -> u16 {
        match self {
            Self::Aac(config) => config.speakers(),
            Self::Mp3 { frame, .. } => u16::from(frame.channels),
            Self::Opus { channels, .. } => u16::from(*channels),
            Self::Vorbis { first, .. } => first.get(11).map_or(2, |channels| u16::from(*channels)),
        }
    }

    /// Whether packets of `other` can be in a file of this coding.
    pub fn joins(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mp3 { frame: one, .. }, Self::Mp3 { frame: two, .. }) => {
                (one.layer, one.rate, one.samples, one.channels) == (two.layer, two.rate, two.samples, two.channels)
            }
            (Self::Opus { channels: one, .. }, Self::Opus { channels: two, .. }) => one == two,
            // What is added to the core is in the frames, whoever has said it.
            (Self::Aac(one), Self::Aac(two)) => one.core() == two.core(),
            _ => self == other,
        }
    }

    /// Returns a packet in which nothing is heard. Of MP3 it is as long as `like`, if that is given.
    pub fn silence(&self, like: Option<&Packet>) -> Packet {
        match self {
            Self::Aac(config) => Packet { bytes: config.silence(), samples: SAMPLES },
            Self::Mp3 { bytes, frame } => {
                let silent = like.map(|like| like.bytes.clone()).filter(|like| FrameHeader::read(like).is_some());
                let silent = silent.unwrap_or_else(|| {
                    let mut zeros = vec![0; frame.length];
                    zeros.splice(..4, *bytes);
                    zeros
                });
                Packet { bytes: layer3::muted(silent), samples: u64::from(frame.samples) }
            }
            // CELT, 20 ms, all bands silent (RFC 6716, 4.3).
            Self::Opus { channels, .. } => {
                Packet { bytes: vec![0xf8 | u8::from(*channels > 1) << 2, 0xff, 0xfe], samples: 960 }
            }
            Self::Vorbis { modes, .. } => {
                let bytes = modes.silence();
                let samples = modes.block(&bytes) / 2;
                Packet { bytes, samples }
            }
        }
    }
}
