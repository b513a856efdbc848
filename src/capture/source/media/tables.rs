//! Which packets of a transport stream are sound: the program association and map tables (ISO/IEC 13818-1, 2.4.4).

use crate::base::fields::{array, be16, byte};

/// A section is never longer.
const LONGEST_SECTION: usize = 1024;
const PAT_PID: u16 = 0;
const PAT: u8 = 0;
const PMT: u8 = 2;
/// Metadata in PES packets (table 2-34).
const METADATA: u8 = 0x15;
/// The bytes before the descriptors of the program.
const MAP_HEADER: usize = 12;
const CHECKSUM: usize = 4;

/// A stream of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Track {
    /// The packets that carry it.
    pub pid: u16,
    /// Its codec's short name.
    pub codec: &'static str,
}

/// What the tables say about the sound in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Holds {
    /// They have not arrived, or name something that may be sound.
    #[default]
    Unknown,
    /// They name sound of a known kind.
    Sound,
    /// They name nothing that could be sound.
    NoSound,
}

/// What the tables have said so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    map_pid: Option<u16>,
    /// Whether there are other programs than the first.
    several: bool,
    sound: Option<Track>,
    /// The packets that carry ID3 tags.
    tags: Option<u16>,
    holds: Holds,
    association: Section,
    map: Section,
}

/// A section that is put together from its packets.
#[derive(Debug, Default)]
struct Section {
    bytes: Vec<u8>,
}

impl Section {
    /// Takes the payload of a packet. Returns the section once it is whole.
    fn push(&mut self, starts: bool, payload: &[u8]) -> Option<&[u8]> {
        let payload = if starts {
            self.bytes.clear();
            let pointer = usize::from(byte(payload, 0)?);
            payload.get(1 + pointer..)?
        } else if self.bytes.is_empty() {
            return None;
        } else {
            payload
        };
        if self.bytes.len() > LONGEST_SECTION {
            self.bytes.clear();
            return None;
        }
        self.bytes.extend_from_slice(payload);
        let length = 3 + usize::from(be16(&self.bytes, 1)? & 0x0fff);
        self.bytes.get(..length)
    }
}

impl Tables {
    /// Takes a packet; `true` if it belongs to the tables.
    pub(super) fn push(&mut self, pid: u16, starts: bool, payload: &[u8]) -> bool {
        if pid == PAT_PID {
            if let Some(section) = self.association.push(starts, payload) {
                self.map_pid = first_program(section).or(self.map_pid);
                self.several = programs(section).count() > 1;
            }
            true
        } else if self.map_pid == Some(pid) {
            if let Some(section) = self.map.push(starts, payload) {
                self.sound = streams(section).find_map(|stream| stream.track()).or(self.sound);
                self.tags = tags(section).or(self.tags);
                self.holds = if self.sound.is_some() {
                    Holds::Sound
                } else if !self.several && streams(section).all(|stream| stream.is_no_sound()) {
                    Holds::NoSound
                } else {
                    Holds::Unknown
                };
            }
            true
        } else {
            false
        }
    }

    /// Whether `pid` is that of the program map.
    pub(super) fn is_map(&self, pid: u16) -> bool {
        self.map_pid == Some(pid)
    }

    /// What is known of the sound in it.
    pub(super) fn holds(&self) -> Holds {
        self.holds
    }

    /// The packets of the first program that carry ID3 tags, if there are any.
    pub(super) fn tags(&self) -> Option<u16> {
        self.tags
    }

    /// The first sound of the first program.
    pub(super) fn sound(&self) -> Option<Track> {
        self.sound
    }
}

/// The entries of a section: between its header and its checksum.
fn entries(section: &[u8], table: u8, header: usize) -> Option<&[u8]> {
    (byte(section, 0)? == table).then(|| section.get(header..section.len().checked_sub(CHECKSUM)?)).flatten()
}

fn pid(high: u8, low: u8) -> u16 {
    u16::from(high & 0x1f) << 8 | u16::from(low)
}

fn programs(section: &[u8]) -> impl Iterator<Item = &[u8; 4]> {
    let programs = entries(section, PAT, 8).map_or(&[][..], |entries| entries.as_chunks::<4>().0);
    // The program of number 0 is the network's own table.
    programs.iter().filter(|[n0, n1, ..]| (*n0, *n1) != (0, 0))
}

fn first_program(section: &[u8]) -> Option<u16> {
    programs(section).next().map(|[_, _, high, low]| pid(*high, *low))
}

/// A stream that a program map table names.
struct Stream<'a> {
    /// Where in the section it stands.
    at: usize,
    kind: u8,
    pid: u16,
    descriptors: &'a [u8],
}

fn streams(section: &[u8]) -> impl Iterator<Item = Stream<'_>> {
    let program_info = be16(section, 10).map_or(0, |length| usize::from(length & 0x0fff));
    let mut rest =
        entries(section, PMT, MAP_HEADER).and_then(|entries| entries.get(program_info..)).unwrap_or_default();
    let mut at = MAP_HEADER + program_info;
    std::iter::from_fn(move || {
        let [kind, high, low, l0, l1] = array::<5>(rest, 0)?;
        let end = 5 + usize::from(u16::from_be_bytes([l0, l1]) & 0x0fff);
        let here = at;
        at += end;
        let descriptors = rest.get(5..end.min(rest.len())).unwrap_or_default();
        rest = rest.get(end..).unwrap_or_default();
        Some(Stream { at: here, kind, pid: pid(high, low), descriptors })
    })
}

/// The packets that carry ID3 tags. There may be metadata of other kinds; the descriptors (2.6.60) tell them apart.
fn tags(section: &[u8]) -> Option<u16> {
    let named = |stream: &Stream<'_>| stream.descriptors.windows(4).any(|name| name == b"ID3 ");
    let metadata = || streams(section).filter(|stream| stream.kind == METADATA);
    metadata().find(named).or_else(|| metadata().next()).map(|stream| stream.pid)
}

/// Changes the types of encrypted sound in the program map at the beginning of `bytes` to those that `usual` gives.
/// Returns the first such stream.
pub(super) fn rename(bytes: &mut [u8], usual: impl Fn(u8) -> Option<u8>) -> Option<(u16, u8)> {
    let length = 3 + usize::from(be16(bytes, 1)? & 0x0fff);
    let section = bytes.get_mut(..length).filter(|section| section.len() > MAP_HEADER + CHECKSUM)?;
    let named: Vec<_> = streams(section).map(|stream| (stream.at, stream.pid, stream.kind)).collect();
    let mut first = None;
    for (at, pid, kind) in named {
        let Some(usual) = usual(kind) else { continue };
        *section.get_mut(at)? = usual;
        first.get_or_insert((pid, kind));
    }
    let (contents, sum) = section.split_at_mut(length - CHECKSUM);
    sum.copy_from_slice(&checksum(contents).to_be_bytes());
    first
}

/// The CRC of sections (ISO/IEC 13818-1, annex A).
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            if sum & 0x8000_0000 == 0 { sum << 1 } else { sum << 1 ^ 0x04c1_1db7 }
        })
    })
}

impl Stream<'_> {
    /// The sound track that it is, if its kind is known: ISO/IEC 13818-1, table 2-34, and ATSC A/53 for Dolby's.
    fn track(&self) -> Option<Track> {
        let codec = match self.kind {
            0x03 | 0x04 => "mp3",
            0x0f => "aac",
            0x11 => "aac-latm",
            0x81 => "ac3",
            0x87 => "eac3",
            _ => return None,
        };
        Some(Track { pid: self.pid, codec })
    }

    /// Whether it cannot be sound of any kind: pictures (MPEG-1, MPEG-2, MPEG-4, H.264 and its kin, JPEG 2000, H.265,
    /// H.266, AVS, VC-1), sections, time stamps of ID3, marks of advertisements; private data that are subtitles.
    fn is_no_sound(&self) -> bool {
        const TELETEXT: u8 = 0x56;
        const SUBTITLES: u8 = 0x59;
        match self.kind {
            0x01
            | 0x02
            | 0x10
            | 0x1b
            | 0x1e..=0x21
            | 0x24
            | 0x27
            | 0x33
            | 0x42
            | 0xd1
            | 0xd2
            | 0xea
            | 0x05
            | 0x0b
            | METADATA
            | 0x86 => true,
            0x06 => self.descriptors.first().is_some_and(|tag| matches!(*tag, TELETEXT | SUBTITLES)),
            _ => false,
        }
    }
}
