//! Timecode audio: sound in which every second says which second it is.
//!
//! The start of a second is marked by a chirp, whose place can be found to a fraction of a millisecond even after two
//! lossy codecs; a steady tone after it says where to look. Then come 24 symbols, each one of two tones: the number of
//! the second (16 bits, highest first) and a checksum (8 bits). All of it lies between 800 and 3,600 Hz, where every
//! codec and sample rate that radio uses is faithful, and all tones have whole cycles in every 5 ms.
//!
//! By convention the number is the Unix time modulo 65,536, so a recording tells by itself when it was on the air.

mod reader;
mod tone;

pub use reader::{Heard, Report};
pub use tone::{RATE, seconds};

/// A chirp from the first frequency to the second (Hz) …
const CHIRP: (f64, f64) = (800.0, 3_600.0);
/// … that takes so long (s).
const CHIRP_LENGTH: f64 = 0.050;
/// The tone after the chirp (Hz) …
const MARK: f64 = 2_400.0;
/// … and its length (s).
const MARK_LENGTH: f64 = 0.060;
/// When the first symbol begins (s).
const SYMBOLS_START: f64 = 0.120;
/// The length of a symbol (s).
const SYMBOL_LENGTH: f64 = 0.035;
/// The tones of a 0 and a 1 (Hz).
const SYMBOL: [f64; 2] = [1_200.0, 2_000.0];
/// Symbols in a second: the number and its checksum.
const SYMBOLS: usize = 24;

/// The 24 bits that are sent for a second, highest first.
fn word(second: u16) -> u32 {
    u32::from(second) << 8 | u32::from(checksum(second))
}

/// CRC-8 (polynomial 7), begun with ones so that the number 0 is not all zeros.
fn checksum(second: u16) -> u8 {
    second.to_be_bytes().iter().fold(0xFF, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { (crc << 1) ^ 0x07 })
    })
}
