//! Capture: a station's sound, from the network to its tape.
//!
//! A [`source`] is one live connection and hands on what comes; a [`deck`] runs a source for as long as somebody needs
//! the station, and writes its events on tape; [`titles`] asks what plays where the sound does not say. None knows of shows, recordings, the output folder or ffmpeg's
//! encoding: what goes wrong there costs no tape.

pub mod always;
pub mod deck;
mod first_sound;
pub mod source;
pub mod titles;

pub use first_sound::{CONNECTING, first_sound};
