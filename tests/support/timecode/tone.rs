//! The generator: from numbers of seconds to samples.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sample counts and 16-bit samples are far from the limits of their types"
)]

use std::f64::consts::TAU;

use super::{CHIRP, CHIRP_LENGTH, MARK, MARK_LENGTH, SYMBOL, SYMBOL_LENGTH, SYMBOLS, SYMBOLS_START, word};

/// The sample rate of the sound.
pub const RATE: u32 = 48_000;
const LOUDNESS: f64 = 0.5;
/// How long every part fades in and out (s), so that no click spreads over the codec's whole block.
const FADE: f64 = 0.002;

/// Returns `count` seconds of sound at [`RATE`], one channel; the first says `first` modulo 65,536.
pub fn seconds(first: u64, count: usize) -> Vec<i16> {
    let chirp = chirp(f64::from(RATE));
    let mark = tone(MARK, MARK_LENGTH);
    let symbols = SYMBOL.map(|frequency| tone(frequency, SYMBOL_LENGTH));
    let mut sound = vec![0; count * RATE as usize];
    for (number, second) in (first..).zip(sound.chunks_exact_mut(RATE as usize)) {
        let mut put = |at: f64, part: &[i16]| {
            let start = samples(at);
            second[start..start + part.len()].copy_from_slice(part);
        };
        put(0.0, &chirp.iter().map(|value| loud(f64::from(*value))).collect::<Vec<_>>());
        put(CHIRP_LENGTH, &mark);
        let word = word((number % 65_536) as u16);
        for index in 0..SYMBOLS {
            let bit = word >> (SYMBOLS - 1 - index) & 1;
            put(SYMBOLS_START + SYMBOL_LENGTH * index as f64, &symbols[bit as usize]);
        }
    }
    sound
}

/// Returns the chirp at `rate`, between -1 and 1.
pub(super) fn chirp(rate: f64) -> Vec<f32> {
    let length = (CHIRP_LENGTH * rate).round() as usize;
    (0..length)
        .map(|index| {
            let at = index as f64 / rate;
            let sweep = (CHIRP.1 - CHIRP.0) / CHIRP_LENGTH;
            let phase = TAU * (CHIRP.0 * at + sweep * at * at / 2.0);
            (phase.sin() * fade(at, CHIRP_LENGTH)) as f32
        })
        .collect()
}

fn tone(frequency: f64, length: f64) -> Vec<i16> {
    (0..samples(length))
        .map(|index| {
            let at = index as f64 / f64::from(RATE);
            loud((TAU * frequency * at).sin() * fade(at, length))
        })
        .collect()
}

fn fade(at: f64, length: f64) -> f64 {
    (at / FADE).min((length - at) / FADE).clamp(0.0, 1.0)
}

fn loud(value: f64) -> i16 {
    (value * LOUDNESS * f64::from(i16::MAX)) as i16
}

fn samples(seconds: f64) -> usize {
    (seconds * f64::from(RATE)).round() as usize
}
