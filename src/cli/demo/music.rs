//! The music: slow chords, a wandering arpeggio, and a bell on every full minute.
//!
//! The music is a function of the time of day alone, except for the reverberation, which remembers. So a recording can be
//! checked by ear: one that begins on the minute begins with the bell. Four chords of four seconds each go round, and every
//! half second one note of the chord is plucked, chosen by a hash of the time.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sample counts and 16-bit samples are far from the limits of their types"
)]

use std::f64::consts::TAU;

/// Samples per second, in each of two channels.
pub const RATE: u32 = 48_000;

/// Dmaj9, Bm7, Gmaj7 and A6sus, as MIDI notes.
const CHORDS: [[u8; 4]; 4] = [[50, 57, 64, 66], [47, 57, 62, 66], [43, 59, 62, 66], [45, 57, 62, 64]];
/// Seconds of a chord.
const CHORD: f64 = 4.0;
/// Seconds between plucked notes.
const STEP: f64 = 0.5;
/// The partials of a bell, as multiples of its strike note, and how loud and long they are.
const BELL: [(f64, f64, f64); 5] =
    [(0.5, 0.30, 5.0), (1.0, 0.35, 4.0), (1.2, 0.20, 3.0), (2.0, 0.20, 2.0), (3.01, 0.10, 1.0)];
const BELL_NOTE: f64 = 587.33;
/// How long the bell rings after the full minute, in seconds.
const BELL_RINGS: f64 = 8.0;

/// A player that goes on from a moment.
#[derive(Debug)]
pub struct Music {
    /// Samples since the Unix epoch.
    position: u64,
    left: Reverb,
    right: Reverb,
}

impl Music {
    /// Makes a player that begins at a Unix time in seconds.
    pub fn from(second: u64) -> Self {
        Self { position: second * u64::from(RATE), left: Reverb::new(0), right: Reverb::new(23) }
    }

    /// Plays the next `count` samples: 16 bits, little endian, left and right in turn.
    pub fn play(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count * 4);
        for _ in 0..count {
            let [left, right] = dry(self.position);
            self.position += 1;
            for wet in [self.left.through(left), self.right.through(right)] {
                // The hyperbolic tangent rounds off what would otherwise clip.
                let sample = (wet.tanh() * 0.9 * f64::from(i16::MAX)) as i16;
                bytes.extend(sample.to_le_bytes());
            }
        }
        bytes
    }
}

/// Returns left and right at a sample, before the reverberation.
fn dry(position: u64) -> [f64; 2] {
    // Within the day, so that fractions of a second keep their precision.
    let now = (position % (86_400 * u64::from(RATE))) as f64 / f64::from(RATE);
    let [mut left, mut right] = pad(now);
    // A pluck has faded after four steps.
    let step = (now / STEP) as u64;
    for back in 0..4_u64.min(step + 1) {
        let (sound, pan) = pluck(step - back, now);
        left += sound * (1.0 - pan);
        right += sound * pan;
    }
    let bell = bell(now % 60.0);
    [left + bell, right + bell]
}

/// Returns the chord. Each note is a little out of tune between left and right, which makes it wide. A chord swells while
/// the one before it fades.
fn pad(now: f64) -> [f64; 2] {
    let (number, into) = ((now / CHORD) as usize, now % CHORD);
    let swell = (into / 1.5).min(1.0);
    let voices = |number: usize, loud: f64| {
        let sound = |detune: f64| -> f64 {
            let notes = CHORDS[number % CHORDS.len()];
            notes.iter().map(|note| (TAU * pitch(*note) * detune * now).sin()).sum::<f64>() * 0.05 * loud
        };
        [sound(0.999), sound(1.001)]
    };
    let [left, right] = voices(number, swell);
    let [before_left, before_right] = voices(number + CHORDS.len() - 1, 1.0 - swell);
    [left + before_left, right + before_right]
}

/// Returns the note that is plucked at a step, as it sounds now, and its pan between left (0) and right (1).
fn pluck(step: u64, now: f64) -> (f64, f64) {
    let chance = scatter(step);
    let since = now - step as f64 * STEP;
    // One note in eight is a rest.
    if chance.is_multiple_of(8) {
        return (0.0, 0.5);
    }
    let chord = CHORDS[(step as f64 * STEP / CHORD) as usize % CHORDS.len()];
    let octave = if chance & 0x100 == 0 { 12 } else { 24 };
    let phase = TAU * pitch(chord[(chance >> 4) as usize % chord.len()] + octave) * since;
    let shape = (since / 0.004).min(1.0) * (-since * 3.0).exp();
    let tone = phase.sin() + 0.3 * (2.0 * phase).sin() * (-since * 6.0).exp();
    (0.16 * shape * tone, 0.2 + 0.6 * (chance >> 16 & 0xFF) as f64 / 255.0)
}

/// Returns the bell, `since` seconds after it was struck.
fn bell(since: f64) -> f64 {
    if since > BELL_RINGS {
        return 0.0;
    }
    let strike = (since / 0.002).min(1.0) * ((BELL_RINGS - since) / BELL_RINGS);
    let partials = BELL
        .iter()
        .map(|(ratio, loud, long)| loud * (-since * 4.0 / long).exp() * (TAU * BELL_NOTE * ratio * since).sin());
    0.5 * strike * partials.sum::<f64>()
}

/// Returns the frequency of a MIDI note in Hz.
fn pitch(note: u8) -> f64 {
    440.0 * ((f64::from(note) - 69.0) / 12.0).exp2()
}

/// Returns a number that looks random but belongs to `step` (the finaliser of `SplitMix64`).
fn scatter(step: u64) -> u64 {
    let mixed = (step ^ step >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

/// A small hall after Schroeder: four echoes side by side feed back and lose their treble, and one after them spreads them.
#[derive(Debug)]
struct Reverb {
    echoes: [Echo; 4],
    spread: Echo,
}

#[derive(Debug)]
struct Echo {
    line: Vec<f64>,
    at: usize,
    dull: f64,
}

impl Reverb {
    /// Makes a hall whose echoes are `offset` samples longer, so that the channels differ.
    fn new(offset: usize) -> Self {
        let echo = |length: usize| Echo { line: vec![0.0; length + offset], at: 0, dull: 0.0 };
        Self { echoes: [1_687, 1_931, 2_053, 2_251].map(echo), spread: echo(347) }
    }

    fn through(&mut self, dry: f64) -> f64 {
        let echoes: f64 = self.echoes.iter_mut().map(|echo| echo.comb(dry)).sum();
        dry + 0.12 * self.spread.all_pass(echoes)
    }
}

impl Echo {
    fn comb(&mut self, input: f64) -> f64 {
        let heard = self.line[self.at];
        self.dull += (heard - self.dull) * 0.6;
        self.store(input + self.dull * 0.82);
        heard
    }

    fn all_pass(&mut self, input: f64) -> f64 {
        let heard = self.line[self.at];
        self.store(input + heard * 0.5);
        heard - input * 0.5
    }

    fn store(&mut self, value: f64) {
        self.line[self.at] = value;
        self.at = (self.at + 1) % self.line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(second: u64, count: usize) -> Vec<f64> {
        let bytes = Music::from(second).play(count);
        bytes.chunks_exact(2).map(|two| f64::from(i16::from_le_bytes([two[0], two[1]])) / 32_768.0).collect()
    }

    fn loudness(samples: &[f64]) -> f64 {
        (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn the_music_is_never_silent_and_never_clips() {
        for second in [0, 17, 58, 86_399, 1_800_000_030] {
            let sound = samples(second, 3 * RATE as usize);
            for half in sound.chunks(RATE as usize) {
                assert!(loudness(half) > 0.02, "{second}");
            }
            assert!(sound.iter().all(|sample| sample.abs() < 0.9), "{second}");
        }
    }

    #[test]
    fn equal_times_of_day_sound_alike() {
        assert_eq!(samples(1_800_000_000, 1_000), samples(1_800_086_400, 1_000));
        assert_ne!(samples(1_800_000_000, 1_000), samples(1_800_000_001, 1_000));
    }

    #[test]
    fn the_bell_strikes_on_the_minute() {
        let quarter = RATE as usize / 4;
        let on_the_minute = samples(1_800_000_000, quarter);
        for second in 10..60 {
            assert!(loudness(&on_the_minute) > 1.5 * loudness(&samples(1_800_000_000 + second, quarter)), "{second}");
        }
        // Its first sample is the first of the minute: before it, the bell has long faded.
        assert!(bell(59.999).abs() < 1e-9 && bell(0.01).abs() > 0.05);
    }
}
