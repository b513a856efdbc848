//! Renditions: recordings as HLS (RFC 8216), in several bit rates.
//!
//! - `layout` says how the sound is divided, `playlist` writes the playlists, `fmp4` what segments are packed in;
//! - `encoder` makes segments: an ffmpeg that encodes some minutes of a recording from any place on;
//! - `cache` is what is kept of them, `making` makes what is not there, `rendered` hands it out;
//! - `upkeep` deletes the renditions of what is gone, and makes them ahead;
//! - `export` writes all of a recording into a folder, for the command.
//!
//! Invariants:
//! - all playlists follow from the length of the recording, so they are whole before anything is encoded, and a person
//!   waits for the segments that they hear, wherever they begin;
//! - a segment has one content: its address has the version of the recording's file in it, and a part is made once,
//!   however many ask for it;
//! - nothing here is kept that cannot be made again: it may be deleted at any time, and goes before anything else does.

mod cache;
mod encoder;
mod error;
mod export;
mod fmp4;
mod input;
mod layout;
mod making;
mod playlist;
mod probe;
mod rendered;
mod shared;
#[cfg(test)]
mod tests;
mod upkeep;

pub use error::RenditionError;
pub use export::{Exported, MASTER, export};
pub use playlist::{INIT, Rates, name_of, segment_number};
pub use rendered::Rendered;
pub use shared::{CacheStanding, Renditions};
