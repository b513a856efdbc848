//! Where a stretch of an Ogg file is: pages say at which sample they end, so a search halves what is left, and reads a few
//! pages of a file of any length.

use std::fs::File;
use std::io;
use std::time::Duration;

use super::finder::Chunk;
use super::found::Found;
use crate::base::ogg::{self, FIRST, NO_POSITION, Packets, Page};
use crate::base::read_at::read_at_most;
use crate::encode::frames::frames;
use crate::encode::packets::{Framing, Splitter};
use crate::encode::written::{Coding, head};
use crate::model::Container;

/// The search ends when no more than this is left.
const NEAR: u64 = 256 << 10;
/// How much is decoded before the first sample that counts, in samples: 80 ms of Opus, and two long blocks of Vorbis.
const PREROLL: u64 = 16_384;
/// How much follows, so that a change of the sample rate has something to look ahead to.
const LOOKAHEAD: u64 = 4_096;
/// Headers with a picture in them may be long.
const LONGEST_HEADERS: u64 = 64 << 20;

/// What belongs to one packet and is longer is no sound.
const LONGEST_PACKET: u64 = 1 << 20;

/// A page in the file.
#[derive(Debug, Clone, Copy)]
struct Placed {
    offset: u64,
    length: u64,
    /// The position of its end.
    position: u64,
}

/// The stream in a file.
struct Stream<'a> {
    file: &'a File,
    length: u64,
    serial: u32,
    coding: Coding,
    /// How many samples come before the first that is played.
    before: u64,
    /// Where the first page with sound is.
    sound: u64,
}

/// Finds the pages from position `from` to `to`. `None` if the file is no such Ogg. Blocks.
pub(super) fn find(file: &File, length: u64, (from, to): (Duration, Duration)) -> io::Result<Option<Found>> {
    let Some(stream) = Stream::open(file, length)? else { return Ok(None) };
    let rate = stream.coding.rate();
    let place = |at| frames(at, rate).saturating_add(stream.before);
    let end = place(to).saturating_add(LOOKAHEAD);
    let (offset, mut begins) = stream.page_before(place(from).saturating_sub(PREROLL))?;
    let (mut chunks, mut at, mut position) = (Vec::new(), offset, begins);
    while position < end {
        let Some(page) = stream.page_at(at)? else { break };
        if at == offset
            && let Some(decoded) = stream.decoded_of(&page)?
        {
            begins = decoded;
        }
        let samples = page.position.saturating_sub(if at == offset { begins } else { position });
        chunks.push(Chunk { offset: page.offset, length: page.length, frames: samples });
        (at, position) = (page.offset + page.length, page.position.max(position));
    }
    let signed = |samples: u64| i64::try_from(samples).unwrap_or(i64::MAX);
    let name = if matches!(stream.coding, Coding::Opus { .. }) { "opus" } else { "vorbis" };
    Ok(Some(Found {
        container: Container::Ogg,
        detail: format!("{name} {rate} Hz {} ch", stream.coding.channels()),
        head: head(&stream.coding, &[], stream.serial),
        chunks,
        samples: 1,
        first: begins,
        begins: signed(begins) - signed(stream.before),
        ends: position.saturating_sub(stream.before),
        rate,
    }))
}

impl<'a> Stream<'a> {
    fn open(file: &'a File, length: u64) -> io::Result<Option<Self>> {
        let mut splitter = Splitter::new(Framing::Ogg);
        let (mut at, mut serial) = (0, None);
        while at < length.min(LONGEST_HEADERS) {
            let bytes = read_at_most(file, at, ogg::LONGEST)?;
            let Some((long, page)) = Page::read(&bytes) else { return Ok(None) };
            if page.flags & FIRST != 0 && serial.replace(page.serial).is_some() {
                return Ok(None);
            }
            splitter.push(bytes.get(..long).unwrap_or_default());
            at += long as u64;
            if splitter.next().is_err() {
                return Ok(None);
            }
            if let (Some(coding), Some(serial)) = (splitter.coding(), serial) {
                let (coding, before) = (coding.clone(), splitter.before());
                return Ok(Some(Self { file, length, serial, coding, before, sound: at }));
            }
        }
        Ok(None)
    }

    /// The page that begins at `at`, or the first that does behind it if something else is there. Pages on which a packet
    /// only goes on belong to the next one.
    fn page_at(&self, mut at: u64) -> io::Result<Option<Placed>> {
        let mut begun = None;
        while at < self.length {
            let bytes = read_at_most(self.file, at, 2 * ogg::LONGEST)?;
            let marks = bytes.windows(4).enumerate().filter(|(_, mark)| *mark == b"OggS").map(|(mark, _)| mark);
            let mut found = marks.filter_map(|mark| {
                let rest = bytes.get(mark..).unwrap_or_default();
                let (long, page) = Page::read(rest)?;
                let is_it = page.serial == self.serial && Page::is_sound(rest, long);
                is_it.then_some(Placed { offset: at + mark as u64, length: long as u64, position: page.position })
            });
            match found.next() {
                Some(page) if page.position == NO_POSITION => {
                    begun = begun.or(Some(page.offset));
                    at = page.offset + page.length;
                }
                Some(page) => {
                    let end = page.offset + page.length;
                    let offset = begun.filter(|begun| end - begun <= LONGEST_PACKET).unwrap_or(page.offset);
                    return Ok(Some(Placed { offset, length: end - offset, ..page }));
                }
                None if bytes.len() <= ogg::LONGEST => break,
                None => at += ogg::LONGEST as u64,
            }
        }
        Ok(None)
    }

    /// Where the page begins that has the sample at `target`, and the position at which it begins.
    fn page_before(&self, target: u64) -> io::Result<(u64, u64)> {
        let (mut low, mut begins, mut high) = (self.sound, 0, self.length);
        while high.saturating_sub(low) > NEAR {
            let middle = low + (high - low) / 2;
            match self.page_at(middle)? {
                Some(page) if page.offset < high && page.position <= target => {
                    (low, begins) = (page.offset + page.length, page.position);
                }
                _ => high = middle,
            }
        }
        while let Some(page) = self.page_at(low)?.filter(|page| page.position <= target) {
            (low, begins) = (page.offset + page.length, page.position);
        }
        Ok((low, begins))
    }

    /// The position of the first sample that a decoder gives which begins with `page`. `None` if that is where the page
    /// begins. The first packet of Vorbis gives nothing.
    fn decoded_of(&self, page: &Placed) -> io::Result<Option<u64>> {
        let Coding::Vorbis { modes, .. } = &self.coding else { return Ok(None) };
        if page.offset == self.sound {
            return Ok(None);
        }
        let bytes = read_at_most(self.file, page.offset, usize::try_from(page.length).unwrap_or_default())?;
        let (mut packets, mut rest) = (Vec::new(), &bytes[..]);
        let mut reader = Packets::default();
        while let Some((long, page)) = Page::read(rest) {
            packets.extend(reader.push(&page));
            rest = rest.get(long..).unwrap_or_default();
        }
        let blocks: Vec<u64> = packets.iter().map(|packet| modes.block(packet)).collect();
        let samples: u64 = blocks.windows(2).map(|two| two.iter().sum::<u64>() / 4).sum();
        Ok(Some(page.position.saturating_sub(samples)))
    }
}
