//! What everything else stands on: the clock, child processes, HTTP clients, passwords, redaction. Knows nothing of radio.

pub mod blocking;
pub mod clock;
#[cfg(test)]
pub mod elsewhere;
pub mod environment;
pub mod http;
pub mod image;
pub mod password;
pub mod path;
pub mod process;
pub mod reaper;
pub mod redact;
pub mod signals;
pub mod spoken;
pub mod sum;
pub mod text;
#[cfg(any(test, feature = "fuzzing"))]
pub mod trial;
pub mod user;
pub mod zone;
