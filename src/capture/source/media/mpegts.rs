//! MPEG transport streams (ISO/IEC 13818-1): from packets to the frames of the first sound in them.
//!
//! Time stamps in the stream are rounded, wrap every 26.5 hours and jump when an encoder restarts, so they are used only
//! for the codecs whose frames cannot be counted here (LATM, AC-3): ADTS and MPEG audio are counted frame by frame.

use bytes::{Bytes, BytesMut};

use super::frames::{Coding, FrameFormat, FrameReader};
use super::packets::{PACKET, Packet, Packets};
use super::tables::{Holds, Tables, Track};
use super::unit::Unit;
use super::{adts, frames, mpeg_audio};
use crate::base::fields::array;
use crate::model::{Container, Format};

const NULL_PID: u16 = 0x1fff;
/// A PES packet of sound, with what lies between its transport packets, is far shorter.
const LONGEST_UNIT: usize = 1 << 20;
/// The tables of one program are one packet each, or few.
const LONGEST_TABLES: usize = 16 * PACKET;
/// Ticks per second of the time stamps.
const STAMP_RATE: u32 = 90_000;
const STAMP_BITS: u64 = (1 << 33) - 1;
/// Time stamps further apart than ten seconds are a jump.
const LONGEST_STEP: u64 = 10 * 90_000;

/// The beginning of a PES packet (2.4.3.6).
pub(super) struct PesStart<'a> {
    /// The bytes of sound in the whole PES packet, if it says so.
    length: Option<usize>,
    /// When it is presented, in ticks of [`STAMP_RATE`].
    pub stamp: Option<u64>,
    pub payload: &'a [u8],
    sound: bool,
}

impl<'a> PesStart<'a> {
    /// Reads the payload of a packet in which a PES packet begins.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let [0, 0, 1, id, l0, l1, _, flags, header] = array::<9>(bytes, 0)? else { return None };
        let header = usize::from(header);
        let stamp = (flags & 0x80 != 0).then(|| array::<5>(bytes, 9)).flatten().map(|[a, b, c, d, e]| {
            let high = u64::from(a >> 1 & 7) << 30;
            high | u64::from(b) << 22 | u64::from(c >> 1) << 15 | u64::from(d) << 7 | u64::from(e >> 1)
        });
        let length = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(3 + header);
        Some(Self { length, stamp, payload: bytes.get(9 + header..)?, sound: (0xc0..=0xdf).contains(&id) })
    }
}

/// The ticks from one time stamp to another, whichever is the earlier.
pub(super) fn ticks_between(from: u64, to: u64) -> i64 {
    let ticks = to.wrapping_sub(from) & STAMP_BITS;
    let behind = if ticks > STAMP_BITS / 2 { STAMP_BITS + 1 } else { 0 };
    ticks.cast_signed() - behind.cast_signed()
}

/// The sound in the payload of a packet in which a PES packet begins.
pub(super) fn sound_of(payload: &[u8]) -> Option<&[u8]> {
    PesStart::read(payload).map(|pes| pes.payload)
}

/// How the sound of one elementary stream is measured.
#[derive(Debug)]
enum Meter {
    /// By its frames.
    Frames(FrameReader),
    /// By its time stamps.
    Stamps(Stamps),
}

/// Time stamps, one per PES packet. No stamp shows how long the last packet plays: it is taken to play as long, byte
/// for byte, as those before it.
#[derive(Debug)]
struct Stamps {
    codec: &'static str,
    last: Option<u64>,
    /// The last step between two stamps.
    step: u64,
    /// Bytes of sound since the last stamp.
    octets: u64,
    /// Ticks and bytes of all packets that were measured.
    measured: (u64, u64),
}

impl Stamps {
    /// Returns the ticks since the last stamp.
    fn push(&mut self, stamp: Option<u64>) -> u64 {
        let Some(last) = stamp.and_then(|stamp| self.last.replace(stamp)) else { return 0 };
        let passed = self.last.unwrap_or(last).wrapping_sub(last) & STAMP_BITS;
        let octets = std::mem::take(&mut self.octets);
        if passed <= LONGEST_STEP {
            self.step = passed;
            self.measured = (self.measured.0.saturating_add(passed), self.measured.1.saturating_add(octets));
        }
        self.step
    }

    /// The ticks of what came after the last stamp.
    fn rest(&self) -> u64 {
        let (ticks, octets) = (u128::from(self.measured.0), u128::from(self.measured.1));
        let rest = (ticks * u128::from(self.octets)).checked_div(octets).unwrap_or(0);
        u64::try_from(rest).unwrap_or(u64::MAX).min(LONGEST_STEP)
    }
}

/// The sound that is followed.
#[derive(Debug)]
struct Sound {
    track: Track,
    meter: Meter,
    format: Option<Format>,
}

impl Sound {
    fn new(track: Track) -> Self {
        let meter = match track.codec {
            "aac" => Meter::Frames(FrameReader::new(adts::CODING)),
            "mp3" => Meter::Frames(FrameReader::new(mpeg_audio::CODING)),
            codec => Meter::Stamps(Stamps { codec, last: None, step: 0, octets: 0, measured: (0, 0) }),
        };
        Self { track, meter, format: None }
    }

    /// The sound of a stream without tables: the codec is recognised in the sound itself.
    fn guess(pid: u16, pes: &PesStart<'_>) -> Option<Self> {
        let is = |coding: Coding| pes.sound && frames::begins(pes.payload, coding);
        let codec = if is(adts::CODING) {
            "aac"
        } else if is(mpeg_audio::CODING) {
            "mp3"
        } else {
            return None;
        };
        Some(Self::new(Track { pid, codec }))
    }

    fn set_detail(&mut self, detail: String) {
        self.format = Some(Format { container: Container::MpegTs, detail, init: None });
    }
}

/// Splits a transport stream into PES packets of sound, each with the packets around it.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct TsReader {
    packets: Packets,
    tables: Tables,
    sound: Option<Sound>,
    /// The last packet of sound, to notice a repetition (2.4.3.3 allows one).
    last: Option<[u8; PACKET]>,
    /// Packets of tables and other streams that belong before the next packet of sound.
    held: BytesMut,
    /// Whether a program association table is among them.
    held_tables: bool,
    /// The packets of the last tables, for chunks that would begin without them.
    table_packets: BytesMut,
    unit: BytesMut,
    unit_has_tables: bool,
    /// Bytes of sound that the open PES packet still lacks, if it says its length.
    owed: Option<usize>,
    samples: u64,
    rate: u32,
    frame_format: Option<FrameFormat>,
    /// Whether the last frame was counted.
    ended: bool,
    /// Whether there was any sound to count.
    any: bool,
}

impl TsReader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.packets.push(bytes);
    }

    /// Whether the stream is known to have no sound: its tables name none, or none of what they name came.
    pub(super) fn lacks_sound(&self) -> bool {
        match self.tables.holds() {
            Holds::Unknown => false,
            Holds::Sound => !self.any,
            Holds::NoSound => true,
        }
    }

    /// The next PES packet of sound; with `ended` also the last one, whose end nothing marks.
    pub(super) fn next(&mut self, ended: bool) -> Option<Unit> {
        while let Some(packet) = self.packets.next(ended) {
            if let Some(unit) = self.read_packet(&packet) {
                return Some(unit);
            }
        }
        if !ended {
            return None;
        }
        let held = self.held.split();
        self.unit.extend_from_slice(&held);
        if !std::mem::replace(&mut self.ended, true) {
            self.measure(true);
        }
        self.close()
    }

    fn read_packet(&mut self, bytes: &[u8]) -> Option<Unit> {
        let packet = Packet::read(bytes)?;
        if self.tables.push(packet.pid, packet.starts, packet.payload) {
            self.keep_table(packet.pid, bytes);
            self.hold(bytes);
            if let Some(track) = self.tables.sound()
                && self.sound.as_ref().is_none_or(|sound| sound.track != track)
            {
                self.sound = Some(Sound::new(track));
            }
            return None;
        }
        if packet.pid == NULL_PID {
            return None;
        }
        let pes = if packet.starts { PesStart::read(packet.payload) } else { None };
        if self.sound.is_none() {
            self.sound = pes.as_ref().and_then(|pes| Sound::guess(packet.pid, pes));
        }
        if self.sound.as_ref().is_none_or(|sound| sound.track.pid != packet.pid) {
            self.hold(bytes);
            return None;
        }
        if packet.payload.is_empty() || self.last.as_ref().is_some_and(|last| last[..] == *bytes) {
            return None;
        }
        self.last = array(bytes, 0);
        self.any = true;
        self.read_sound(bytes, packet.payload, pes)
    }

    fn read_sound(&mut self, bytes: &[u8], payload: &[u8], pes: Option<PesStart<'_>>) -> Option<Unit> {
        let mut done = None;
        if let Some(pes) = &pes {
            self.stamp(pes.stamp);
            done = self.close();
            self.owed = pes.length;
        }
        if self.unit.is_empty() {
            self.unit_has_tables = self.held_tables;
        }
        self.held_tables = false;
        let held = self.held.split();
        self.unit.extend_from_slice(&held);
        self.unit.extend_from_slice(bytes);
        self.read_payload(pes.map_or(payload, |pes| pes.payload));
        // The unit that a new PES packet closed comes first; the next packet closes this one.
        if done.is_none() && self.owed == Some(0) {
            done = self.close();
        }
        if done.is_none() && self.unit.len() > LONGEST_UNIT {
            done = self.close();
            // A unit without any readable sound is dropped.
            self.unit.clear();
        }
        done
    }

    fn read_payload(&mut self, payload: &[u8]) {
        match self.sound.as_mut().map(|sound| &mut sound.meter) {
            Some(Meter::Frames(reader)) => {
                reader.push(payload);
                self.owed = self.owed.and_then(|owed| owed.checked_sub(payload.len()));
            }
            Some(Meter::Stamps(stamps)) => {
                stamps.octets = stamps.octets.saturating_add(u64::try_from(payload.len()).unwrap_or(0));
                // Only the next stamp shows how long it plays.
                self.owed = None;
            }
            None => {}
        }
    }

    fn keep_table(&mut self, pid: u16, bytes: &[u8]) {
        if pid == 0 {
            self.table_packets.clear();
            self.held_tables = true;
        }
        if self.table_packets.len() < LONGEST_TABLES {
            self.table_packets.extend_from_slice(bytes);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.held.len() > LONGEST_UNIT {
            self.held.clear();
            self.held_tables = false;
        }
        self.held.extend_from_slice(bytes);
    }

    /// Counts the whole frames; at the end also the one that has begun, because the segment with its end will not count
    /// it.
    fn measure(&mut self, ended: bool) {
        let Some(sound) = &mut self.sound else { return };
        match &mut sound.meter {
            Meter::Stamps(stamps) => {
                if ended {
                    self.samples += stamps.rest();
                }
            }
            Meter::Frames(reader) => {
                let mut last = None;
                while let Some((header, _)) = reader.next(ended) {
                    self.samples += u64::from(header.samples);
                    last = Some(header.format);
                }
                if ended && let Some(header) = reader.begun() {
                    self.samples += u64::from(header.samples);
                }
                if let Some(format) = last {
                    self.rate = format.rate;
                    if self.frame_format.replace(format) != Some(format) || sound.format.is_none() {
                        sound.set_detail(format.detail());
                    }
                }
            }
        }
    }

    /// Adds the time between the last stamp and this one to the open unit.
    fn stamp(&mut self, stamp: Option<u64>) {
        let Some(sound) = &mut self.sound else { return };
        let Meter::Stamps(stamps) = &mut sound.meter else { return };
        self.samples += stamps.push(stamp);
        self.rate = STAMP_RATE;
        if sound.format.is_none() {
            let detail = stamps.codec.to_owned();
            sound.set_detail(detail);
        }
    }

    /// Ends the open unit. It stays open while nothing in it could be read.
    fn close(&mut self) -> Option<Unit> {
        if self.unit.is_empty() && self.samples == 0 {
            return None;
        }
        self.measure(false);
        let format = self.sound.as_ref()?.format.clone()?;
        let samples = std::mem::take(&mut self.samples);
        let bytes = self.unit.split().freeze();
        let preamble = if self.unit_has_tables { Bytes::new() } else { Bytes::copy_from_slice(&self.table_packets) };
        Some(Unit { bytes, samples, rate: self.rate, ends: true, preamble, format })
    }
}
