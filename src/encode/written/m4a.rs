//! AAC in MP4 (ISO/IEC 14496-12 and 14496-14): the description (`moov`) is in front, so that a player can begin at once.
//!
//! How large the description will be is known before the sound is, so there is room for it and for the tags, which are
//! written last. An edit list says which samples are played: what an encoder or a cut put before them is left out.

use std::path::Path;

use super::packet::Packet;
use super::sink::Sink;
use crate::base::adts::{AacConfig, SAMPLES};
use crate::base::mp4::{MATRIX, aac_entry, boxed, full, words};
use crate::encode::error::EncodeError;

/// How many packets are in a chunk: about a second.
const CHUNK: usize = 50;
/// Bytes of a description without the table of sizes.
const DESCRIPTION: u64 = 4_096;
/// The length of what says the kind of file.
const KIND: u64 = 28;
/// The header of the box with the sound, whose length has 64 bits.
const DATA_HEADER: u64 = 16;
/// From here on offsets need 64 bits.
const FOUR_GIGABYTES: u64 = 1 << 32;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct M4a {
    sink: Sink,
    config: AacConfig,
    /// Where the box with the sound begins.
    data: u64,
    sizes: Vec<u32>,
}

impl M4a {
    /// Begins the file at `path`, which will have at most so many `packets`, with `room` for tags.
    pub(super) async fn create(path: &Path, config: AacConfig, packets: u64, room: u64) -> Result<Self, EncodeError> {
        let mut sink = Sink::create(path).await?;
        sink.write(&kind()).await?;
        // Four bytes for each size, and eight for each chunk.
        let table = packets * 4 + packets / CHUNK as u64 * 8;
        let reserved = DESCRIPTION + table + room;
        let data = sink.position() + reserved;
        sink.write(&free(reserved)).await?;
        // Its length is written last: a reader of a torn file sees that it is one.
        sink.write(&[words(&[1]), b"mdat".to_vec(), vec![0; 8]].concat()).await?;
        Ok(Self { sink, config, data, sizes: Vec::new() })
    }

    /// Writes a packet.
    pub(super) async fn push(&mut self, packet: &Packet) -> Result<(), EncodeError> {
        self.sizes.push(u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX));
        self.sink.write(&packet.bytes).await
    }

    /// Ends the file, of which `length` samples are played after the first `before`.
    pub(super) async fn finish(mut self, before: u64, length: u64) -> Result<(), EncodeError> {
        self.sink.flush().await?;
        let end = self.sink.position();
        let table = Table { config: self.config, sizes: &self.sizes, data: self.data + DATA_HEADER, end };
        let description = table.description(before, length);
        let begins = KIND;
        let room = self.data - begins;
        let Some(left) = room.checked_sub(description.len() as u64).filter(|left| *left >= 8) else {
            return Err(self.sink.too_large());
        };
        let head = [description, words(&[u32::try_from(left).unwrap_or(u32::MAX)]), b"free".to_vec()].concat();
        self.sink.put(begins, head).await?;
        self.sink.put(self.data + 8, (end - self.data).to_be_bytes().to_vec()).await
    }
}

/// The packets of a file.
#[derive(Debug, Clone, Copy)]
struct Table<'a> {
    config: AacConfig,
    sizes: &'a [u32],
    /// Where the first packet is, and where the file ends.
    data: u64,
    end: u64,
}

impl Table<'_> {
    /// What a player is told of them: `length` samples are played after the first `before`. Of HE-AAC these are samples of
    /// its core: ffmpeg doubles by itself what an edit list says to leave out (`skip_samples_multiplier`).
    fn description(&self, before: u64, length: u64) -> Vec<u8> {
        let rate = self.config.rate();
        let media = self.sizes.len() as u64 * SAMPLES;
        let length = length.min(media.saturating_sub(before));
        let header = full(
            b"mvhd",
            1,
            0,
            &[
                &[0; 16],
                &words(&[rate]),
                &length.to_be_bytes(),
                &words(&[0x1_0000, 0x0100_0000, 0, 0]),
                &words(&MATRIX),
                &[0; 24],
                &words(&[2]),
            ],
        );
        // Enabled, in the movie and in the preview.
        let track = full(
            b"tkhd",
            1,
            7,
            &[
                &[0; 16],
                &words(&[1, 0]),
                &length.to_be_bytes(),
                &words(&[0, 0, 0, 0x0100_0000]),
                &words(&MATRIX),
                &[0; 8],
            ],
        );
        let played = [&words(&[1])[..], &length.to_be_bytes(), &before.to_be_bytes(), &words(&[0x1_0000])].concat();
        let edits = boxed(b"edts", &[&full(b"elst", 1, 0, &[&played])]);
        // The language is undetermined.
        let media_header =
            full(b"mdhd", 1, 0, &[&[0; 16], &words(&[rate]), &media.to_be_bytes(), &words(&[0x55c4_0000])]);
        let handler = full(b"hdlr", 0, 0, &[&[0; 4], b"soun", &[0; 12], b"\0"]);
        let here = full(b"dref", 0, 0, &[&words(&[1]), &full(b"url ", 0, 1, &[])]);
        let information = boxed(b"minf", &[&full(b"smhd", 0, 0, &[&[0; 4]]), &boxed(b"dinf", &[&here]), &self.table()]);
        let media = boxed(b"mdia", &[&media_header, &handler, &information]);
        boxed(b"moov", &[&header, &boxed(b"trak", &[&track, &edits, &media])])
    }

    /// The table of packets (8.5 to 8.7).
    fn table(&self) -> Vec<u8> {
        let count = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        let whole = self.sizes.len() / CHUNK;
        let rest = self.sizes.len() % CHUNK;
        let times = full(b"stts", 0, 0, &[&words(&[1, count, u32::try_from(SAMPLES).unwrap_or(0)])]);
        let number = |chunks: usize| u32::try_from(chunks).unwrap_or(u32::MAX);
        let mut runs = Vec::new();
        if whole > 0 {
            runs.push([1, number(CHUNK), 1]);
        }
        if rest > 0 {
            runs.push([number(whole) + 1, number(rest), 1]);
        }
        let chunks = full(b"stsc", 0, 0, &[&words(&[number(runs.len())]), &words(runs.as_flattened())]);
        let sizes = full(b"stsz", 0, 0, &[&words(&[0, count]), &words(self.sizes)]);
        let mut offset = self.data;
        let offsets: Vec<u64> = self
            .sizes
            .chunks(CHUNK)
            .map(|chunk| {
                let length: u64 = chunk.iter().map(|size| u64::from(*size)).sum();
                let next = offset + length;
                std::mem::replace(&mut offset, next)
            })
            .collect();
        let places = if self.end < FOUR_GIGABYTES {
            let short: Vec<u32> = offsets.iter().map(|offset| u32::try_from(*offset).unwrap_or(u32::MAX)).collect();
            full(b"stco", 0, 0, &[&words(&[number(short.len())]), &words(&short)])
        } else {
            let long: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_be_bytes()).collect();
            full(b"co64", 0, 0, &[&words(&[number(offsets.len())]), &long])
        };
        boxed(
            b"stbl",
            &[&full(b"stsd", 0, 0, &[&words(&[1]), &aac_entry(self.config, 0)]), &times, &chunks, &sizes, &places],
        )
    }
}

/// What kind of file it is.
fn kind() -> Vec<u8> {
    boxed(b"ftyp", &[b"M4A ", &words(&[0x200]), b"M4A mp42isom"])
}

/// Returns the beginning of a file that has packets of these `sizes`, one behind the other, and nothing else: they follow
/// at once.
pub(super) fn head(config: AacConfig, sizes: &[u32]) -> Vec<u8> {
    let sound: u64 = sizes.iter().map(|size| u64::from(*size)).sum();
    let table = |data: u64| Table { config, sizes, data, end: data + sound };
    let length = sizes.len() as u64 * SAMPLES;
    // Its length does not depend on what it says.
    let data = KIND + table(0).description(0, length).len() as u64 + DATA_HEADER;
    let head = [words(&[1]), b"mdat".to_vec(), (DATA_HEADER + sound).to_be_bytes().to_vec()].concat();
    [kind(), table(data).description(0, length), head].concat()
}

/// Returns a box of so many bytes with nothing in it.
fn free(length: u64) -> Vec<u8> {
    let mut bytes = words(&[u32::try_from(length).unwrap_or(u32::MAX)]);
    bytes.extend(b"free");
    bytes.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
    bytes
}
