//! Where the packets of AAC are in an MP4 file, by its description (ISO/IEC 14496-12, 8.6 and 8.7). Files are read that
//! have one track of sound, as recordings do; the first packet that is played is found by the edit list.

use std::fs::File;
use std::io;
use std::time::Duration;

use super::finder::Chunk;
use super::found::Found;
use crate::base::adts::{AacConfig, SAMPLES};
use crate::base::boxes;
use crate::base::fields::{be32, be64};
use crate::base::mp4::{self, atoms, find as find_box};
use crate::encode::frames::frames;
use crate::encode::written::{Coding, head};
use crate::model::Container;

/// A longer description is not read.
const LONGEST: u64 = 256 << 20;
/// How many packets go first: what one decodes to is added to by the one before it, and bands above are foretold.
const PREROLL: u64 = 3;
/// And of HE-AAC: what is above the core is only heard once its header has come, twice a second from usual encoders.
const PREROLL_OF_EXTENDED: u64 = 14;
/// How many follow, so that a change of the sample rate has something to look ahead to.
const LOOKAHEAD: u64 = 2;
/// How many packets are read at a time.
const AT_ONCE: usize = 100;

/// Finds the packets from position `from` to `to`. `None` if the file is no such MP4. Blocks.
pub(super) fn find(file: &File, length: u64, (from, to): (Duration, Duration)) -> io::Result<Option<Found>> {
    let Some(moov) = boxes::first(boxes::boxes(file)?, *b"moov")? else { return Ok(None) };
    let Some(moov) = moov.read(file, LONGEST)? else { return Ok(None) };
    Ok(Table::read(&moov).and_then(|table| table.found(length, (from, to))))
}

/// The packets of a track.
struct Table<'a> {
    config: AacConfig,
    /// How many samples come before the first that is played, and how many are played.
    before: u64,
    plays: u64,
    sizes: &'a [u8],
    /// First chunk, packets in a chunk and description, of each run of chunks.
    runs: &'a [u8],
    offsets: Vec<u64>,
}

impl<'a> Table<'a> {
    fn read(moov: &'a [u8]) -> Option<Self> {
        let tracks = atoms(moov).filter(|atom| atom.kind == *b"trak");
        let is_sound = |trak: &&mp4::Atom<'_>| {
            find_box(trak.body, &[b"mdia", b"hdlr"]).is_some_and(|handler| handler.get(8..12) == Some(b"soun"))
        };
        let track = tracks.filter(|trak| is_sound(&trak)).map(|trak| trak.body).next()?;
        let header = find_box(track, &[b"mdia", b"mdhd"])?;
        let versioned =
            |at: usize, at_64: usize| if *header.first()? == 0 { be32(header, at) } else { be32(header, at_64) };
        let table = find_box(track, &[b"mdia", b"minf", b"stbl"])?;
        let config = config(find_box(table, &[b"stsd"])?)?;
        (versioned(12, 20)? == config.rate()).then_some(())?;
        let sizes = find_box(table, &[b"stsz"]).filter(|sizes| be32(sizes, 4) == Some(0))?;
        let count = usize::try_from(be32(sizes, 8)?).ok()?;
        let sizes = sizes.get(12..12usize.checked_add(count.checked_mul(4)?)?)?;
        let runs = find_box(table, &[b"stsc"])?.get(8..)?;
        let offsets = match (find_box(table, &[b"stco"]), find_box(table, &[b"co64"])) {
            (Some(short), _) => (0..).map_while(|number| be32(short, 8 + 4 * number)).map(u64::from).collect(),
            (_, Some(long)) => (0..).map_while(|number| be64(long, 8 + 8 * number)).collect(),
            _ => return None,
        };
        let all = count as u64 * SAMPLES;
        let (before, plays) = edit(track, moov, config.rate()).unwrap_or((0, all));
        Some(Self { config, before, plays: plays.min(all.saturating_sub(before)), sizes, runs, offsets })
    }

    fn size(&self, number: usize) -> Option<u32> {
        be32(self.sizes, number.checked_mul(4)?)
    }

    fn found(&self, length: u64, (from, to): (Duration, Duration)) -> Option<Found> {
        let rate = self.config.rate();
        let place = |at| frames(at, rate).saturating_add(self.before);
        let end = place(to).min(self.before + self.plays);
        let preroll = if self.config.is_extended() { PREROLL_OF_EXTENDED } else { PREROLL };
        let first = (place(from) / SAMPLES).saturating_sub(preroll);
        let last = end.div_ceil(SAMPLES).saturating_add(LOOKAHEAD);
        let (mut chunks, mut sizes) = (Vec::<Chunk>::new(), Vec::new());
        let mut number = 0;
        for (index, offset) in self.offsets.iter().enumerate() {
            let mut at = *offset;
            for _ in 0..self.in_chunk(index)? {
                let Some(size) = self.size(usize::try_from(number).ok()?) else { break };
                let behind = at.checked_add(u64::from(size)).filter(|behind| *behind <= length);
                let Some(behind) = behind.filter(|_| number < last) else {
                    return Some(self.of(chunks, &sizes, first));
                };
                if number >= first {
                    sizes.push(size);
                    match chunks.last_mut() {
                        Some(last) if last.offset + last.length == at && last.frames < AT_ONCE as u64 => {
                            last.length += u64::from(size);
                            last.frames += 1;
                        }
                        _ => chunks.push(Chunk { offset: at, length: u64::from(size), frames: 1 }),
                    }
                }
                (at, number) = (behind, number + 1);
            }
        }
        Some(self.of(chunks, &sizes, first))
    }

    /// How many packets are in the chunk at `index`.
    fn in_chunk(&self, index: usize) -> Option<u32> {
        let chunk = u32::try_from(index + 1).ok()?;
        let runs = self.runs.as_chunks::<12>().0;
        let run = runs.partition_point(|run| be32(run, 0).is_some_and(|first| first <= chunk));
        be32(runs.get(run.checked_sub(1)?)?, 4)
    }

    fn of(&self, chunks: Vec<Chunk>, sizes: &[u32], first: u64) -> Found {
        let found: u64 = first + chunks.iter().map(|chunk| chunk.frames).sum::<u64>();
        let signed = |samples: u64| i64::try_from(samples).unwrap_or(i64::MAX);
        let rate = self.config.rate();
        Found {
            container: Container::Fmp4,
            detail: format!("aac {rate} Hz {} ch", self.config.speakers()),
            head: head(&Coding::Aac(self.config), sizes, 0),
            chunks,
            samples: SAMPLES,
            first,
            begins: signed(first * SAMPLES) - signed(self.before),
            ends: (found * SAMPLES).saturating_sub(self.before).min(self.plays),
            rate,
        }
    }
}

/// What the edit list says is played: after how many samples, and how many. `None` if it says nothing.
fn edit(track: &[u8], moov: &[u8], rate: u32) -> Option<(u64, u64)> {
    let list = find_box(track, &[b"edts", b"elst"])?;
    let header = find_box(moov, &[b"mvhd"])?;
    let timescale = if *header.first()? == 0 { be32(header, 12)? } else { be32(header, 20)? };
    let (length, media) = match *list.first()? {
        0 => (u64::from(be32(list, 8)?), u64::from(be32(list, 12)?)),
        _ => (be64(list, 8)?, be64(list, 16)?),
    };
    // One edit, of what is there.
    (be32(list, 4) == Some(1) && i64::try_from(media).is_ok() && media < u64::from(u32::MAX)).then_some(())?;
    let plays = u128::from(length) * u128::from(rate) / u128::from(timescale.max(1));
    Some((media, u64::try_from(plays).unwrap_or(u64::MAX)))
}

/// How the packets are coded, by the first entry (ISO/IEC 14496-14, 5.6).
fn config(entries: &[u8]) -> Option<AacConfig> {
    let entry = atoms(entries.get(8..)?).next().filter(|entry| entry.kind == *b"mp4a")?;
    let descriptors = find_box(entry.body.get(28..)?, &[b"esds"])?.get(4..)?;
    let stream = descriptor(descriptors, 3)?;
    let decoder = descriptor(stream.get(3..)?, 4)?;
    (decoder.first() == Some(&0x40)).then_some(())?;
    AacConfig::of_specific(descriptor(decoder.get(13..)?, 5)?)
}

/// What is in the descriptor `tag`, whose length has seven bits in each byte.
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[tag])?;
    let last = rest.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    let length = rest.get(..=last)?.iter().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
    rest.get(last + 1..last + 1 + length)
}
