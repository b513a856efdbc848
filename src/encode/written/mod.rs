//! Files of packets that are coded already: what a station sent, and what an encoder gives through a pipe.
//!
//! Each has room at its beginning for tags, which are written when the verdict is known: no byte of sound moves then. What
//! comes before the first sample that is played (what an encoder or a decoder needs to begin with) is in the file, and
//! the file says so in the way of its container.

mod m4a;
mod mp3;
mod ogg;
mod packet;
mod sink;

use std::path::Path;

use super::error::EncodeError;

use m4a::M4a;
use mp3::Mp3File;
use ogg::OggFile;

pub(super) use packet::{Coding, Packet};

/// Returns what stands before packets of a file, without edits and tags, so that they are decoded. Of AAC, `sizes` are
/// those of the packets; of Ogg, `serial` is that of the stream.
pub(super) fn head(coding: &Coding, sizes: &[u32], serial: u32) -> Vec<u8> {
    match coding {
        Coding::Aac(config) => m4a::head(*config, sizes),
        Coding::Mp3 { .. } => Vec::new(),
        Coding::Opus { .. } | Coding::Vorbis { .. } => ogg::head(coding, serial, 0, 0),
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct PacketFile {
    kind: Kind,
    /// How many samples come before the first that is played.
    before: u64,
    /// How many samples there are by now, with those.
    samples: u64,
}

#[derive(Debug)]
enum Kind {
    M4a(Box<M4a>),
    Mp3(Box<Mp3File>),
    Ogg(Box<OggFile>),
}

impl PacketFile {
    /// Begins the file at `path`, which plays at most so many `samples`, with `room` for tags. `before`: how many samples of
    /// its packets come before the first that is played.
    pub(super) async fn create(
        path: &Path,
        coding: &Coding,
        (before, samples): (u64, u64),
        room: u32,
    ) -> Result<Self, EncodeError> {
        let kind = match coding {
            Coding::Aac(config) => {
                // A second more, for what an encoder adds and a cut rounds.
                let packets = (before + samples + u64::from(coding.rate())) / crate::base::adts::SAMPLES;
                Kind::M4a(Box::new(M4a::create(path, *config, packets, u64::from(room)).await?))
            }
            Coding::Mp3 { bytes, .. } => Kind::Mp3(Box::new(Mp3File::create(path, *bytes, room).await?)),
            Coding::Opus { .. } | Coding::Vorbis { .. } => {
                // Pictures are in base64 there.
                let room = u64::from(room) / 2 * 3;
                Kind::Ogg(Box::new(OggFile::create(path, coding, before, room).await?))
            }
        };
        Ok(Self { kind, before, samples: 0 })
    }

    /// Writes a packet. Returns how many samples it plays.
    pub(super) async fn push(&mut self, packet: &Packet) -> Result<u64, EncodeError> {
        let samples = match &mut self.kind {
            Kind::M4a(file) => file.push(packet).await.map(|()| packet.samples)?,
            Kind::Mp3(file) => file.push(packet).await.map(|()| packet.samples)?,
            Kind::Ogg(file) => file.push(packet).await?,
        };
        self.samples += samples;
        Ok(samples)
    }

    /// How many samples are played by now.
    pub(super) fn played(&self) -> u64 {
        self.samples.saturating_sub(self.before)
    }

    /// Ends the file, of which `length` samples are played.
    pub(super) async fn finish(self, length: u64) -> Result<(), EncodeError> {
        match self.kind {
            Kind::M4a(file) => file.finish(self.before, length).await,
            Kind::Mp3(file) => file.finish(self.before).await,
            Kind::Ogg(file) => file.finish(self.before + length).await,
        }
    }
}

#[cfg(test)]
mod tests;
