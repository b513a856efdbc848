//! MP3 that is not encoded here: room for an ID3v2 tag, the statistics from which players read the length and what to leave
//! out, and the frames.

use std::path::Path;

use super::packet::Packet;
use super::sink::Sink;
use crate::base::id3v2;
use crate::base::layer3::{Statistics, statistics};
use crate::encode::error::EncodeError;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Mp3File {
    sink: Sink,
    like: [u8; 4],
    /// Where the statistics are.
    at: u64,
    lengths: Vec<u16>,
}

impl Mp3File {
    /// Begins the file at `path` with `room` for tags. `like` is the header of one of its frames.
    pub(super) async fn create(path: &Path, like: [u8; 4], room: u32) -> Result<Self, EncodeError> {
        let mut sink = Sink::create(path).await?;
        let mut tag = b"ID3\x04\0\0".to_vec();
        tag.extend((0..4).rev().map(|part| u8::try_from(room >> (7 * part) & 0x7f).unwrap_or_default()));
        tag.resize(id3v2::HEADER + usize::try_from(room).unwrap_or_default(), 0);
        sink.write(&tag).await?;
        let at = sink.position();
        let room = statistics(like, &Statistics { lengths: &[], before: 0 }).unwrap_or_default();
        sink.write(&room).await?;
        Ok(Self { sink, like, at, lengths: Vec::new() })
    }

    /// Writes a frame.
    pub(super) async fn push(&mut self, packet: &Packet) -> Result<(), EncodeError> {
        self.lengths.push(u16::try_from(packet.bytes.len()).unwrap_or(u16::MAX));
        self.sink.write(&packet.bytes).await
    }

    /// Ends the file, whose first `before` samples are not played.
    pub(super) async fn finish(mut self, before: u64) -> Result<(), EncodeError> {
        self.sink.flush().await?;
        let known = Statistics { lengths: &self.lengths, before };
        match statistics(self.like, &known) {
            Some(bytes) => self.sink.put(self.at, bytes).await,
            None => Ok(()),
        }
    }
}
