//! The smallest piece of a stream that stands on its own: a frame, a PES packet, an Ogg page, an MP4 fragment.

use bytes::Bytes;

use crate::model::Format;

/// One unit, with what is needed to put units together into chunks.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Its bytes, as they came.
    pub bytes: Bytes,
    /// How long it plays, in the units of `rate`.
    pub samples: u64,
    /// Samples (or clock ticks) per second.
    pub rate: u32,
    /// Whether a chunk may end with it: false in the middle of a packet.
    pub ends: bool,
    /// What a chunk that begins with it needs before it, so that a reel may begin there.
    pub preamble: Bytes,
    /// Its format.
    pub format: Format,
}
