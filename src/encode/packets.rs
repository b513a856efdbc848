//! Packets out of a stream of bytes: frames of ADTS, frames of MPEG layer III, and what is on the pages of Ogg.

use super::written::{Coding, Packet};
use crate::base::adts::{AdtsHeader, SAMPLES};
use crate::base::mpeg_audio::FrameHeader;
use crate::base::ogg::{self, FIRST, Packets, Page, VorbisModes};

/// More bytes without a packet are no stream of this kind.
const MOST_PENDING: usize = 8 << 20;

/// How packets stand in a stream of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// ADTS.
    Adts,
    /// Bare frames of MPEG layer III.
    Mp3,
    /// Ogg pages.
    Ogg,
}

/// Takes the packets out of a stream, in order.
#[derive(Debug)]
pub(super) struct Splitter {
    framing: Framing,
    buffer: Vec<u8>,
    /// How much of the buffer was looked at.
    at: usize,
    coding: Option<Coding>,
    ogg: OggStream,
    ready: std::collections::VecDeque<Packet>,
}

/// The length of a frame, its content with its samples unless it has no sound, and its coding.
type Frame<'a> = (usize, Option<(&'a [u8], u64)>, Coding);

/// What is known of an Ogg stream.
#[derive(Debug, Default)]
struct OggStream {
    serial: Option<u32>,
    packets: Packets,
    headers: Vec<Vec<u8>>,
    block: Option<u64>,
    /// How many samples of Opus come before the first that is played.
    before: u64,
}

impl Splitter {
    /// A splitter of such a stream.
    pub(super) fn new(framing: Framing) -> Self {
        let (buffer, ready) = (Vec::new(), std::collections::VecDeque::new());
        Self { framing, buffer, at: 0, coding: None, ogg: OggStream::default(), ready }
    }

    /// How the packets are coded. `None` before the first.
    pub(super) fn coding(&self) -> Option<&Coding> {
        self.coding.as_ref()
    }

    /// How many samples of Opus come before the first that is played, as the stream says.
    pub(super) fn before(&self) -> u64 {
        self.ogg.before
    }

    /// Adds bytes of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..std::mem::take(&mut self.at));
        if self.buffer.len() > MOST_PENDING {
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next whole packet. `None` if more bytes are needed. `Err` if it is coded otherwise than those before.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, OtherCoding> {
        match self.framing {
            Framing::Ogg => self.next_of_pages(),
            Framing::Adts | Framing::Mp3 => self.next_frame(),
        }
    }

    fn next_frame(&mut self) -> Result<Option<Packet>, OtherCoding> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            if rest.len() < 7 {
                return Ok(None);
            }
            let Some((length, packet, coding)) = self.frame(rest) else {
                self.at += 1;
                continue;
            };
            if length > rest.len() {
                return Ok(None);
            }
            // What looks like a frame is one if another follows, or nothing does.
            let behind = rest.get(length..).unwrap_or_default();
            if behind.len() >= 7 && self.frame(behind).is_none() {
                self.at += 1;
                continue;
            }
            let packet = packet.map(|(bytes, samples)| Packet { bytes: bytes.to_vec(), samples });
            self.at += length;
            if self.coding.get_or_insert_with(|| coding.clone()).joins(&coding) {
                if packet.is_some() {
                    return Ok(packet);
                }
            } else {
                return Err(OtherCoding);
            }
        }
    }

    /// The frame that `bytes` begin with: its length, its content with its samples unless it has no sound, its coding.
    fn frame<'a>(&self, bytes: &'a [u8]) -> Option<Frame<'a>> {
        if self.framing == Framing::Adts {
            let header = AdtsHeader::read(bytes).filter(|header| header.blocks == 1)?;
            let content = bytes.get(header.header..header.length).unwrap_or_default();
            return Some((header.length, Some((content, SAMPLES)), Coding::Aac(header.config)));
        }
        let frame = FrameHeader::read(bytes).filter(|frame| frame.layer == 3)?;
        let content = bytes.get(..frame.length).unwrap_or_default();
        let packet = frame.info(content).is_none().then_some((content, u64::from(frame.samples)));
        Some((frame.length, packet, Coding::Mp3 { bytes: *bytes.first_chunk()?, frame }))
    }

    fn next_of_pages(&mut self) -> Result<Option<Packet>, OtherCoding> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Ok(Some(packet));
            }
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            if rest.len() < ogg::HEADER {
                return Ok(None);
            }
            if !rest.starts_with(b"OggS\0") {
                self.at += 1;
                continue;
            }
            let Some((length, page)) = Page::read(rest) else { return Ok(None) };
            if page.flags & FIRST != 0 && self.ogg.serial.is_none_or(|_| self.coding.is_some()) {
                // Another stream of the chain.
                self.ogg = OggStream { serial: Some(page.serial), ..OggStream::default() };
            }
            let packets = if self.ogg.serial == Some(page.serial) { self.ogg.packets.push(&page) } else { Vec::new() };
            self.at += length;
            for packet in packets {
                self.take(packet)?;
            }
        }
    }

    /// Takes a packet of an Ogg stream: a header, or sound.
    fn take(&mut self, packet: Vec<u8>) -> Result<(), OtherCoding> {
        let wanted = match self.ogg.headers.first() {
            Some(first) if first.starts_with(b"\x01vorbis") => 3,
            _ => 2,
        };
        if self.ogg.headers.len() < wanted {
            self.ogg.headers.push(packet);
            if self.ogg.headers.len() == wanted {
                let coding = self.announced().ok_or(OtherCoding)?;
                if !self.coding.get_or_insert_with(|| coding.clone()).joins(&coding) {
                    return Err(OtherCoding);
                }
            }
            return Ok(());
        }
        let samples = match &self.coding {
            Some(Coding::Vorbis { modes, .. }) => match modes.block(&packet) {
                0 => return Ok(()),
                // Of the first it is not known what it follows: likely a block like itself.
                block => self.ogg.block.replace(block).map_or(block / 2, |before| (before + block) / 4),
            },
            _ => ogg::opus_samples(&packet),
        };
        self.ready.push_back(Packet { bytes: packet, samples });
        Ok(())
    }

    /// The coding that the headers announce.
    fn announced(&mut self) -> Option<Coding> {
        let first = self.ogg.headers.first()?.clone();
        if first.starts_with(b"OpusHead") {
            let number = |at: usize| first.get(at..at + 2)?.first_chunk().copied().map(u16::from_le_bytes);
            // Only the family of one channel or two.
            let channels = *first.get(9).filter(|_| first.get(18) == Some(&0))?;
            self.ogg.before = u64::from(number(10)?);
            let input_rate = u32::from_le_bytes(*first.get(12..)?.first_chunk()?);
            return Some(Coding::Opus { channels, input_rate });
        }
        let third = self.ogg.headers.get(2)?.clone();
        let modes = VorbisModes::read(&first, &third)?;
        Some(Coding::Vorbis { first, third, modes })
    }
}

/// A stream changes its coding, or has one that no file is written of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OtherCoding;

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 24 kHz in mono with these contents, as ADTS.
    fn adts(contents: &[&[u8]]) -> Vec<u8> {
        let frame = |content: &&[u8]| {
            let length = content.len() + 7;
            let low = u8::try_from(length & 7).unwrap() << 5 | 0x1f;
            [&[0xff, 0xf1, 0x58, 0x40, u8::try_from(length >> 3).unwrap(), low, 0xfc], *content].concat()
        };
        contents.iter().flat_map(frame).collect()
    }

    #[test]
    fn frames_come_out_however_the_bytes_are_cut() {
        let contents: [&[u8]; 4] = [b"one", b"\xff\xf1", b"three and more", b"4"];
        let bytes = [b"junk\xff\xf1 junk", &adts(&contents)[..]].concat();
        for step in 1..bytes.len() {
            let mut splitter = Splitter::new(Framing::Adts);
            let mut packets = Vec::new();
            for part in bytes.chunks(step) {
                splitter.push(part);
                while let Some(packet) = splitter.next().unwrap() {
                    packets.push(packet.bytes);
                }
            }
            assert_eq!(packets, contents, "{step}");
            assert_eq!((splitter.coding().unwrap().rate(), splitter.coding().unwrap().channels()), (24_000, 1));
        }
    }

    #[test]
    fn a_stream_that_changes_its_rate_says_so() {
        let mut bytes = adts(&[b"one", b"two"]);
        bytes[10 + 2] = 0x4c;
        let mut splitter = Splitter::new(Framing::Adts);
        splitter.push(&bytes);
        assert!(splitter.next().is_ok_and(|packet| packet.is_some()));
        assert_eq!(splitter.next(), Err(OtherCoding));
    }
}
