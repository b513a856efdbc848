//! Titles in a transport stream: an elementary stream of its own carries tags, each with the time stamp of its PES packet
//! (Apple, *Timed Metadata for HTTP Live Streaming*).

use bytes::Bytes;
use chrono::TimeDelta;

use super::super::id3_tag;
use super::super::mpegts::{PesStart, ticks_between};
use super::super::packets::{Packet, Packets};
use super::super::tables::{Holds, Tables};
use super::tag::{self, MOST_TITLES, TimedTitle};

/// The tag that comes, and what came.
#[derive(Debug, Default)]
struct Tags {
    /// The first bytes of a tag; no more than [`id3_tag`] waits for.
    begun: Vec<u8>,
    stamp: Option<u64>,
    found: Vec<(Option<u64>, TimedTitle)>,
}

impl Tags {
    /// Takes the payload of a packet.
    fn push(&mut self, payload: &[u8], pes: Option<&PesStart<'_>>) {
        let bytes = pes.map_or(payload, |pes| pes.payload);
        if let Some(pes) = pes
            // A tag that is too long for one PES packet goes on in the next.
            && (self.begun.is_empty() || bytes.starts_with(b"ID3"))
        {
            self.begun.clear();
            self.stamp = pes.stamp;
        }
        self.begun.extend_from_slice(bytes);
        loop {
            match id3_tag::length(&self.begun) {
                id3_tag::Tag::Whole(length) => {
                    let tag: Vec<u8> = self.begun.drain(..length).collect();
                    self.found.extend(tag::titles(&tag, None).into_iter().map(|title| (self.stamp, title)));
                }
                id3_tag::Tag::Begun => return,
                id3_tag::Tag::None => return self.begun.clear(),
            }
        }
    }
}

/// The titles in a whole segment.
pub(super) fn titles(bytes: &[u8]) -> Vec<TimedTitle> {
    let mut packets = Packets::default();
    packets.push(bytes);
    let (mut tables, mut tags) = (Tables::default(), Tags::default());
    let mut begins = None;
    let mut last = Bytes::new();
    while tags.found.len() < MOST_TITLES
        && let Some(bytes) = packets.next(true)
    {
        let Some(packet) = Packet::read(&bytes) else { continue };
        if tables.push(packet.pid, packet.starts, packet.payload) {
            if tables.holds() != Holds::Unknown && tables.tags().is_none() {
                return Vec::new();
            }
            continue;
        }
        let pes = if packet.starts { PesStart::read(packet.payload) } else { None };
        if tables.sound().is_some_and(|sound| sound.pid == packet.pid) {
            begins = begins.or(pes.and_then(|pes| pes.stamp));
        } else if tables.tags() == Some(packet.pid) && last != bytes {
            tags.push(packet.payload, pes.as_ref());
            last = bytes;
        }
    }
    let after = |stamp: Option<u64>| begins.zip(stamp).map(|(begins, stamp)| since(begins, stamp));
    tags.found.into_iter().map(|(stamp, title)| TimedTitle { after: after(stamp), ..title }).collect()
}

fn since(begins: u64, stamp: u64) -> TimeDelta {
    // 90 000 ticks are a second.
    TimeDelta::nanoseconds(ticks_between(begins, stamp) * 100_000 / 9)
}
