//! A station whose format changes, without a sample lost or doubled at the change.
//!
//! All encodings share a grid of 1.92 s, on which each has a whole number of frames; each begins later by the samples
//! that its encoder puts before the sound. So segment `n + 1` of any encoding can follow segment `n` of another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::programme::{self, Codec, Container, Segment, Segments, Voice};

/// 90 frames of AAC at 48 kHz, 60 at 32 kHz, 45 at 24 kHz, 80 of MP3 at 48 kHz.
const GRID: Duration = Duration::from_millis(1_920);
/// The most samples at 48 kHz that an encoder puts before the sound: AAC at 24 kHz.
const LATEST: u32 = 2_048;
/// How many values the timestamps of a transport stream have.
const STAMPS: u64 = 1 << 33;

/// One format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Act {
    pub container: Container,
    pub codec: Codec,
    /// 48,000, 32,000 or 24,000 Hz; MP3 only 48,000.
    pub rate: u32,
    pub channels: u32,
    /// Whether it is silent.
    pub silent: bool,
}

/// How formats follow each other.
#[derive(Debug, Clone)]
pub struct Mix {
    pub acts: Vec<Act>,
    /// The act of each segment, repeated.
    pub order: Vec<usize>,
    /// Whether the playlist says so (`EXT-X-DISCONTINUITY`).
    pub announced: bool,
    /// Returns what is added to the timestamps of segment `n`, in ticks of 90 kHz.
    pub shift: Option<fn(u64) -> u64>,
}

/// Returns the current programme, mixed.
pub(super) fn segments(mix: &Mix, now: DateTime<Utc>) -> Arc<Segments> {
    let first = programme::beginning(now);
    let made: Vec<Arc<Segments>> = mix.acts.iter().map(|act| act.segments(first)).collect();
    let count = made.iter().map(|act| act.list.len()).min().expect("an act");
    let list = (0..count).map(|index| {
        let act = mix.order[index % mix.order.len()];
        let segment = &made[act].list[index];
        let off = (segment.begins - made[0].list[index].begins).abs();
        assert!(off.num_microseconds().is_some_and(|off| off < 5), "act {act} is off the grid by {off}");
        let bytes = match mix.shift {
            Some(shift) => shifted(&segment.bytes, shift(index as u64)).into(),
            None => segment.bytes.clone(),
        };
        Segment { bytes, act, ..segment.clone() }
    });
    let acts = made.iter().map(|act| act.acts[0].clone()).collect();
    Arc::new(Segments { list: list.collect(), acts, frames: Arc::clone(&made[0].frames) })
}

impl Act {
    /// Returns the programme that begins at `first`, as this act; made once.
    fn segments(self, first: i64) -> Arc<Segments> {
        type Made = HashMap<Act, (i64, Arc<Segments>)>;
        static MADE: Mutex<Option<Made>> = Mutex::new(None);
        let mut made = MADE.lock().expect("no test panics while it mixes");
        let made = made.get_or_insert_default();
        match made.get(&self) {
            Some((then, segments)) if *then == first => Arc::clone(segments),
            _ => {
                let segments = Arc::new(self.make(first));
                made.insert(self, (first, Arc::clone(&segments)));
                segments
            }
        }
    }

    fn make(self, first: i64) -> Segments {
        let before = self.codec.delay_and_frame().0 * 48_000 / self.rate;
        // Every encoding begins where the one with the latest sound does.
        let late = before.checked_sub(1_024).expect("no encoder is faster than AAC at 48 kHz");
        assert!(before <= LATEST, "{self:?}");
        let Self { codec, rate, channels, silent, .. } = self;
        let frames = programme::frames(Voice { codec, rate, channels, late, silent }, first);
        match self.container {
            Container::Ts | Container::Fmp4 => programme::muxed(self.container, frames, GRID),
            _ => programme::packed(self.container, frames, GRID),
        }
    }
}

/// Returns a transport stream (ISO/IEC 13818-1) with `ticks` added to every PCR, PTS and DTS.
fn shifted(bytes: &[u8], ticks: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for packet in bytes.chunks_exact_mut(188) {
        let mut payload = 4;
        if packet[3] & 0x20 != 0 {
            let length = usize::from(packet[4]);
            if length > 6 && packet[5] & 0x10 != 0 {
                shift_pcr(&mut packet[6..12], ticks);
            }
            payload += 1 + length;
        }
        let begins = packet[1] & 0x40 != 0 && packet[3] & 0x10 != 0;
        if begins && packet.get(payload..payload + 3) == Some(&[0, 0, 1]) {
            let stamps = match packet[payload + 7] >> 6 {
                2 => 1,
                3 => 2,
                _ => 0,
            };
            for number in 0..stamps {
                let at = payload + 9 + number * 5;
                shift_stamp(&mut packet[at..at + 5], ticks);
            }
        }
    }
    bytes
}

fn shift_pcr(field: &mut [u8], ticks: u64) {
    let old = u64::from(field[0]) << 25
        | u64::from(field[1]) << 17
        | u64::from(field[2]) << 9
        | u64::from(field[3]) << 1
        | u64::from(field[4] >> 7);
    let new = (old + ticks) % STAMPS;
    field[..4].copy_from_slice(&u32::try_from(new >> 1).expect("32 bits").to_be_bytes());
    field[4] = field[4] & 0x7f | u8::from(new & 1 == 1) << 7;
}

fn shift_stamp(field: &mut [u8], ticks: u64) {
    let old = u64::from(field[0] >> 1 & 7) << 30
        | u64::from(field[1]) << 22
        | u64::from(field[2] >> 1) << 15
        | u64::from(field[3]) << 7
        | u64::from(field[4] >> 1);
    let new = (old + ticks) % STAMPS;
    let bits = |from: u32, count: u32| u8::try_from(new >> from & ((1 << count) - 1)).expect("a byte");
    field[0] = field[0] & 0xf1 | bits(30, 3) << 1;
    field[1] = bits(22, 8);
    field[2] = bits(15, 7) << 1 | 1;
    field[3] = bits(7, 8);
    field[4] = bits(0, 7) << 1 | 1;
}
