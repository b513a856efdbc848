//! What everything else stands on: the clock, child processes, HTTP clients, passwords, redaction. Knows nothing of radio.

pub mod activation;
pub mod adts;
pub mod allocator;
pub mod blocking;
pub mod boxes;
pub mod clock;
pub mod comments;
pub mod duration;
#[cfg(test)]
pub mod elsewhere;
pub mod environment;
pub mod fields;
pub mod hash;
pub mod http;
pub mod id3v2;
pub mod image;
pub mod layer3;
pub mod lock;
pub mod mp4;
pub mod mpeg_audio;
pub mod ogg;
pub mod password;
pub mod path;
pub mod process;
pub mod pulse;
pub mod read_at;
pub mod readable;
pub mod reaper;
pub mod redact;
pub mod signals;
pub mod text;
pub mod user;
pub mod zone;
