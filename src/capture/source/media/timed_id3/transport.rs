//! Titles in a transport stream: an elementary stream carries ID3 tags, each with the time stamp of its PES packet
//! (Apple, *Timed Metadata for HTTP Live Streaming*).

use bytes::Bytes;
use chrono::TimeDelta;

use super::super::id3_tag;
use super::super::mpegts::{PesStart, ticks_between};
use super::super::packets::{Packet, Packets};
use super::super::tables::{Holds, Tables};
use super::tag::{self, MOST_TITLES, TimedTitle};

/// Reads tags from the payloads of packets.
#[derive(Debug, Default)]
struct Tags {
    /// The first bytes of the next tag; bounded, because [`id3_tag`] bounds the length of a tag.
    begun: Vec<u8>,
    /// The time stamp of the next tag.
    timestamp: Option<u64>,
    /// The titles so far with their time stamps.
    found: Vec<(Option<u64>, TimedTitle)>,
}

impl Tags {
    /// Adds the payload of a packet, and reads the tags that are whole.
    fn push(&mut self, payload: &[u8], pes: Option<&PesStart<'_>>) {
        let bytes = pes.map_or(payload, |pes| pes.payload);
        if let Some(pes) = pes
            // A tag that is too long for one PES packet goes on in the next.
            && (self.begun.is_empty() || bytes.starts_with(b"ID3"))
        {
            self.begun.clear();
            self.timestamp = pes.stamp;
        }
        self.begun.extend_from_slice(bytes);
        loop {
            match id3_tag::length(&self.begun) {
                id3_tag::Tag::Whole(length) => {
                    let tag: Vec<u8> = self.begun.drain(..length).collect();
                    self.found.extend(tag::titles(&tag, None).into_iter().map(|title| (self.timestamp, title)));
                }
                id3_tag::Tag::Begun => return,
                id3_tag::Tag::None => return self.begun.clear(),
            }
        }
    }
}

/// Returns the titles in a whole segment.
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
    let after = |timestamp: Option<u64>| begins.zip(timestamp).map(|(begins, timestamp)| since(begins, timestamp));
    tags.found.into_iter().map(|(timestamp, title)| TimedTitle { after: after(timestamp), ..title }).collect()
}

fn since(begins: u64, timestamp: u64) -> TimeDelta {
    // 90 000 ticks are a second.
    TimeDelta::nanoseconds(ticks_between(begins, timestamp) * 100_000 / 9)
}
