//! Which packets of a transport stream are sound: the program association and map tables (ISO/IEC 13818-1, 2.4.4).

use super::fields::{array, be16, byte};

/// A section is never longer.
const LONGEST_SECTION: usize = 1024;
const PAT_PID: u16 = 0;
const PAT: u8 = 0;
const PMT: u8 = 2;

/// A stream of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Track {
    /// The packets that carry it.
    pub pid: u16,
    /// Its codec's short name.
    pub codec: &'static str,
}

/// What the tables have said so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    programs: usize,
    map_pid: Option<u16>,
    sound: Option<Track>,
    only_pictures: bool,
    association: Section,
    map: Section,
}

/// A section that is put together from its packets.
#[derive(Debug, Default)]
struct Section {
    bytes: Vec<u8>,
}

impl Section {
    /// Takes the payload of a packet; gives the section once it is whole.
    fn take(&mut self, starts: bool, payload: &[u8]) -> Option<&[u8]> {
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
    pub(super) fn take(&mut self, pid: u16, starts: bool, payload: &[u8]) -> bool {
        if pid == PAT_PID {
            if let Some(section) = self.association.take(starts, payload) {
                self.map_pid = first_program(section).or(self.map_pid);
                self.programs = programs(section).count();
            }
            true
        } else if self.map_pid == Some(pid) {
            if let Some(section) = self.map.take(starts, payload) {
                self.sound = first_sound(section).or(self.sound);
                self.only_pictures = streams(section).any(|(kind, _)| PICTURES.contains(&kind))
                    && streams(section).all(|(kind, _)| PICTURES.contains(&kind) || DATA.contains(&kind));
            }
            true
        } else {
            false
        }
    }

    /// The first sound of the first program.
    pub(super) fn sound(&self) -> Option<Track> {
        self.sound
    }

    /// Whether they name a single program, and in it pictures and data alone.
    pub(super) fn only_pictures(&self) -> bool {
        self.programs == 1 && self.only_pictures
    }
}

/// The entries of a section: between its header and its checksum.
fn entries(section: &[u8], table: u8, header: usize) -> Option<&[u8]> {
    (byte(section, 0)? == table).then(|| section.get(header..section.len().checked_sub(4)?)).flatten()
}

fn pid(high: u8, low: u8) -> u16 {
    u16::from(high & 0x1f) << 8 | u16::from(low)
}

fn programs(section: &[u8]) -> impl Iterator<Item = u16> {
    let programs = entries(section, PAT, 8).unwrap_or_default().as_chunks::<4>().0;
    programs.iter().filter(|[n0, n1, ..]| (*n0, *n1) != (0, 0)).map(|[_, _, high, low]| pid(*high, *low))
}

fn first_program(section: &[u8]) -> Option<u16> {
    programs(section).next()
}

/// The elementary streams of a program: the type of each and the packets that carry it.
fn streams(section: &[u8]) -> impl Iterator<Item = (u8, u16)> {
    let streams = || {
        let program_info = usize::from(be16(section, 10)? & 0x0fff);
        entries(section, PMT, 12)?.get(program_info..)
    };
    let mut streams = streams().unwrap_or_default();
    std::iter::from_fn(move || {
        let [kind, high, low, l0, l1] = array::<5>(streams, 0)?;
        streams = streams.get(5 + usize::from(u16::from_be_bytes([l0, l1]) & 0x0fff)..).unwrap_or_default();
        Some((kind, pid(high, low)))
    })
}

fn first_sound(section: &[u8]) -> Option<Track> {
    streams(section).find_map(|(kind, pid)| Some(Track { pid, codec: codec_of(kind)? }))
}

/// Stream types of pictures: MPEG-1, MPEG-2, MPEG-4, H.264 (and its other views), H.265, H.266, JPEG 2000, AVS, VC-1.
const PICTURES: [u8; 13] = [0x01, 0x02, 0x10, 0x1b, 0x1e, 0x1f, 0x20, 0x21, 0x24, 0x33, 0x42, 0xd2, 0xea];
/// And of data: time-stamped ID3, SCTE-35.
const DATA: [u8; 2] = [0x15, 0x86];

/// Stream types of sound: ISO/IEC 13818-1, table 2-34, and ATSC A/53 for Dolby's.
fn codec_of(stream_type: u8) -> Option<&'static str> {
    match stream_type {
        0x03 | 0x04 => Some("mp3"),
        0x0f => Some("aac"),
        0x11 => Some("aac-latm"),
        0x81 => Some("ac3"),
        0x87 => Some("eac3"),
        _ => None,
    }
}
