//! The heads of frames, for code that looks at a stream without splitting it.

use super::frames::{Coding, FrameFormat, HEADER};
use super::{adts, mpeg_audio};
use crate::model::Container;

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The whole frame in bytes, head included; never zero.
    pub length: usize,
    format: FrameFormat,
}

impl Head {
    /// This many bytes always show whether they are a head.
    pub const LENGTH: usize = HEADER;

    /// Reads the head at the beginning of `bytes`, of a stream of `container`. Only heads of AAC and MPEG audio are
    /// known, of which endless streams without a container of their own consist.
    pub fn read(container: Container, bytes: &[u8]) -> Option<Self> {
        let Coding { header, .. } = match container {
            Container::Adts => adts::CODING,
            Container::Mp3 => mpeg_audio::CODING,
            _ => return None,
        };
        let header = header(bytes)?;
        Some(Self { length: header.length, format: header.format })
    }

    /// Whether both belong to one stream.
    pub fn is_like(&self, other: &Self) -> bool {
        self.format == other.format
    }
}
