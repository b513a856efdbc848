//! What everything else stands on: the clock, child processes, HTTP clients, passwords, redaction. Knows nothing of radio.

pub mod allocator;
pub mod blocking;
pub mod clock;
pub mod duration;
#[cfg(test)]
pub mod elsewhere;
pub mod environment;
pub mod hash;
pub mod http;
pub mod id3v2;
pub mod image;
pub mod mpeg_audio;
pub mod password;
pub mod path;
pub mod process;
pub mod readable;
pub mod reaper;
pub mod redact;
pub mod signals;
pub mod text;
pub mod user;
pub mod zone;
