//! What was found of a stretch in a file that is not MP3.

use super::finder::Chunk;
use crate::model::Container;

/// Packets of a stretch, and those that a decoder needs before them.
#[derive(Debug)]
pub(super) struct Found {
    /// How they are decoded: with `head` before them.
    pub container: Container,
    pub detail: String,
    pub head: Vec<u8>,
    /// Where they are; their frames are so many `samples` each.
    pub chunks: Vec<Chunk>,
    pub samples: u64,
    /// The number of the first frame.
    pub first: u64,
    /// The position of the first decoded sample, below 0 if it is not played.
    pub begins: i64,
    /// Where what is there ends.
    pub ends: u64,
    /// Samples per second.
    pub rate: u32,
}
