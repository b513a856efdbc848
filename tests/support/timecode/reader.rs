//! The reader: from samples back to the numbers of the seconds, and where each begins.
//!
//! It has three steps, each cheap because the step before has narrowed the search: it looks for the steady tone in
//! blocks of 5 ms, finds the chirp before it to a fraction of a sample by correlation, and reads the symbols from
//! there. A second counts as heard only if all its symbols are clear and the checksum is right.
//!
//! The loops over samples count by hand: without optimisation, iterators over them cost a second of processor time per
//! minute of sound.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sample counts and positions are far from the limits of their types"
)]

use std::f64::consts::TAU;
use std::fmt;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::ffmpeg;
use super::tone::chirp;
use super::{CHIRP_LENGTH, MARK, MARK_LENGTH, SYMBOL, SYMBOL_LENGTH, SYMBOLS, SYMBOLS_START, checksum};

const RATE: u32 = 16_000;
/// Samples in a block of 5 ms, in which every tone has whole cycles.
const BLOCK: usize = 80;
const MARK_BLOCKS: usize = (MARK_LENGTH * 200.0) as usize;
/// The fewest blocks between the marks of two seconds; with fewer, one mark was found twice.
const APART: usize = 12;
/// The share of a stretch's energy that must lie in the tone for it to count: noise has a few hundredths.
const CLEAR: f64 = 0.6;
/// The least correlation for the chirp to count.
const ALIKE: f64 = 0.5;
/// How far the chirp may be from where the mark predicts it, in samples (15 ms).
const SLACK: usize = 240;
/// Steps smaller than this (s) between seconds are the reader's own error.
const TOLERANCE: f64 = 0.003;

/// A whole second that was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// The number of the second.
    pub second: u16,
    /// Where the second begins, in seconds from the beginning of the file.
    pub at: f64,
}

/// What was heard in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The seconds, in the order of the file.
    pub heard: Vec<Heard>,
    /// Sound that is left out between the first and the last second heard, in seconds.
    pub missing: f64,
    /// Sound that is there twice, or that was inserted and is not timecode, in seconds.
    pub doubled: f64,
    /// Numbers whose time is there but that could not be read: silence or noise in their place, or a cut in them.
    pub unreadable: Vec<u16>,
    /// The length of the whole file in seconds.
    pub length: f64,
}

impl Report {
    /// Listens to an audio file of any format.
    pub fn of_file(file: &Path) -> Self {
        ffmpeg::in_background(|| Self::of_samples(&ffmpeg::decode(file, RATE)))
    }

    /// Listens to `bytes` of `format` (ffmpeg's name for a demuxer: `mp3`, `aac`, `mpegts`, `mp4`).
    pub fn of_bytes(format: &str, bytes: &[u8]) -> Self {
        ffmpeg::in_background(|| Self::of_samples(&ffmpeg::decode_bytes(format, bytes, RATE)))
    }

    /// Listens to one channel at 16 kHz.
    pub fn of_samples(samples: &[f32]) -> Self {
        let chirp = chirp(f64::from(RATE));
        let mut heard: Vec<Heard> = marks(samples)
            .into_iter()
            .filter_map(|mark| {
                let begin = begin(samples, &chirp, mark)?;
                Some(Heard { second: number(samples, begin)?, at: begin / f64::from(RATE) })
            })
            .collect();
        heard.dedup_by(|later, earlier| later.at - earlier.at < 0.1);
        let mut report = Self {
            heard,
            missing: 0.0,
            doubled: 0.0,
            unreadable: Vec::new(),
            length: samples.len() as f64 / f64::from(RATE),
        };
        report.add_up();
        report
    }

    fn add_up(&mut self) {
        for pair in self.heard.windows(2) {
            let numbers = pair[1].second.wrapping_sub(pair[0].second).cast_signed();
            let step = pair[1].at - pair[0].at - f64::from(numbers);
            if step > TOLERANCE {
                self.doubled += step;
            } else if step < -TOLERANCE {
                self.missing -= step;
            }
            // A number whose whole time was cut out is missing; one whose time is there is unreadable.
            let there = (pair[1].at - pair[0].at - TOLERANCE).floor() as usize;
            let between = (1..numbers.max(1)).map(|ahead| pair[0].second.wrapping_add(ahead.cast_unsigned()));
            self.unreadable.extend(between.take(there));
        }
    }

    /// Returns whether every second from the first to the last is there, once and readable.
    pub fn is_whole(&self) -> bool {
        !self.heard.is_empty() && self.missing == 0.0 && self.doubled == 0.0 && self.unreadable.is_empty()
    }

    /// Returns the numbers heard, in the order of the file.
    pub fn numbers(&self) -> Vec<u16> {
        self.heard.iter().map(|heard| heard.second).collect()
    }

    /// Returns the timecode of the first sample, as 1234.567; counted back from the first second heard, so it may be
    /// negative just after a wrap.
    pub fn first_sample(&self) -> Option<f64> {
        self.heard.first().map(|first| f64::from(first.second) - first.at)
    }

    /// Returns when the first sample was on the air, given a time within nine hours of it.
    pub fn begins(&self, near: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.heard.first().map(|first| on_air(first.second, near) - delta(first.at))
    }

    /// Returns when the last sample was on the air, given a time within nine hours of it.
    pub fn ends(&self, near: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.heard.last().map(|last| on_air(last.second, near) + delta(self.length - last.at))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.length)?;
        if let (Some(first), Some(last)) = (self.heard.first(), self.heard.last()) {
            write!(f, ", {} at {:.3} to {} at {:.3}", first.second, first.at, last.second, last.at)?;
        }
        write!(f, ", missing {:.3} s, doubled {:.3} s, unreadable {:?}", self.missing, self.doubled, self.unreadable)
    }
}

/// Returns the instant next to `near` whose Unix time is `second` modulo 65,536.
fn on_air(second: u16, near: DateTime<Utc>) -> DateTime<Utc> {
    let ahead = (i64::from(second) - near.timestamp()).rem_euclid(65_536);
    let ahead = if ahead > 32_768 { ahead - 65_536 } else { ahead };
    DateTime::from_timestamp(near.timestamp() + ahead, 0).expect("a time near the given one")
}

fn delta(seconds: f64) -> TimeDelta {
    TimeDelta::nanoseconds((seconds * 1e9) as i64)
}

/// Returns the sample at which each steady tone begins, to a block.
fn marks(samples: &[f32]) -> Vec<usize> {
    let wave = wave(MARK, BLOCK);
    let blocks: Vec<Tone> = samples.chunks_exact(BLOCK).map(|block| Tone::of(block, &wave)).collect();
    let windows: Vec<Tone> = blocks
        .windows(MARK_BLOCKS)
        .map(|window| window.iter().fold(Tone::default(), |sum, block| sum.plus(*block)))
        .collect();
    (0..windows.len())
        .filter(|&at| {
            let own = windows[at];
            let around = &windows[at.saturating_sub(APART)..(at + APART).min(windows.len())];
            own.share(MARK_BLOCKS * BLOCK) > CLEAR && around.iter().all(|other| other.power() <= own.power())
        })
        .map(|at| at * BLOCK)
        .collect()
}

/// Returns where the chirp before `mark` begins, in samples and fractions.
fn begin(samples: &[f32], chirp: &[f32], mark: usize) -> Option<f64> {
    let expected = mark.checked_sub((CHIRP_LENGTH * f64::from(RATE)) as usize - SLACK)?;
    let alike = |at: usize| -> f64 { samples.get(at..at + chirp.len()).map_or(0.0, |part| correlation(part, chirp)) };
    let from = expected.saturating_sub(2 * SLACK);
    // The peak is five samples wide, so every second position is enough to find it.
    let coarse = (from..expected).step_by(2).map(|at| (at, alike(at))).max_by(|a, b| a.1.total_cmp(&b.1))?.0;
    let fine = (coarse.saturating_sub(1)..=coarse + 1).map(|at| (at, alike(at)));
    let (peak, height) = fine.max_by(|a, b| a.1.total_cmp(&b.1))?;
    if height < ALIKE {
        return None;
    }
    // The top of the parabola through the peak and its neighbours.
    let (before, after) = (alike(peak.saturating_sub(1)), alike(peak + 1));
    let bend = before - 2.0 * height + after;
    let top = if bend < 0.0 { (before - after) / (2.0 * bend) } else { 0.0 };
    Some(peak as f64 + top)
}

/// Returns the number sent in the second that begins at `begin`.
fn number(samples: &[f32], begin: f64) -> Option<u16> {
    // The edges of a symbol are left out: there the codec smears it into its neighbour.
    let (edge, length) = (BLOCK, (SYMBOL_LENGTH * f64::from(RATE)) as usize - 2 * BLOCK);
    let waves = SYMBOL.map(|frequency| wave(frequency, length));
    let mut word = 0_u32;
    for index in 0..SYMBOLS {
        let start = begin + (SYMBOLS_START + SYMBOL_LENGTH * index as f64) * f64::from(RATE);
        let start = start.round() as usize + edge;
        let part = samples.get(start..start + length)?;
        let [zero, one] = [0, 1].map(|bit: usize| Tone::of(part, &waves[bit]).share(length));
        if zero.max(one) < CLEAR {
            return None;
        }
        word = word << 1 | u32::from(one > zero);
    }
    let second = (word >> 8) as u16;
    (u32::from(checksum(second)) == word & 0xFF).then_some(second)
}

/// Measures how much of a stretch is one tone.
#[derive(Debug, Clone, Copy, Default)]
struct Tone {
    cosine: f64,
    sine: f64,
    energy: f64,
}

impl Tone {
    fn of(samples: &[f32], wave: &[(f32, f32)]) -> Self {
        let (mut cosine, mut sine, mut energy) = (0.0, 0.0, 0.0);
        let (mut at, end) = (0, samples.len().min(wave.len()));
        while at < end {
            let (sample, (c, s)) = (samples[at], wave[at]);
            cosine += sample * c;
            sine += sample * s;
            energy += sample * sample;
            at += 1;
        }
        Self { cosine: cosine.into(), sine: sine.into(), energy: energy.into() }
    }

    fn plus(self, other: Self) -> Self {
        Self { cosine: self.cosine + other.cosine, sine: self.sine + other.sine, energy: self.energy + other.energy }
    }

    fn power(&self) -> f64 {
        self.cosine * self.cosine + self.sine * self.sine
    }

    /// Returns the share of the energy of `count` samples that lies in the tone, 0 to 1; silence has none.
    fn share(&self, count: usize) -> f64 {
        if self.energy < 1e-6 * count as f64 { 0.0 } else { 2.0 * self.power() / (count as f64 * self.energy) }
    }
}

fn wave(frequency: f64, length: usize) -> Vec<(f32, f32)> {
    (0..length)
        .map(|index| {
            let (sine, cosine) = (TAU * frequency * index as f64 / f64::from(RATE)).sin_cos();
            (cosine as f32, sine as f32)
        })
        .collect()
}

fn correlation(part: &[f32], template: &[f32]) -> f64 {
    let (mut product, mut energy, mut own) = (0.0, 0.0, 0.0);
    let (mut at, end) = (0, part.len().min(template.len()));
    while at < end {
        let (a, b) = (part[at], template[at]);
        product += a * b;
        energy += a * a;
        own += b * b;
        at += 1;
    }
    if energy < 1e-9 { 0.0 } else { f64::from(product / (energy * own).sqrt()) }
}
