//! The keys of the file: which there are, what each takes, and the sections they form.
//!
//! One set of tables (`tables`, `station`, `encodings`, `handed_out`, `kept`, `notify`, `mail`) drives the check for unknown keys, the hints and the JSON Schema, so that they cannot disagree.

mod encodings;
mod examples;
mod handed_out;
mod kept;
mod kind;
mod mail;
mod notify;
mod schema;
mod section;
mod station;
mod tables;

pub use notify::TARGET;
pub use schema::schema;
pub use section::Section;
pub use station::{HTTP, RTMP, STATION, STEP};
pub use tables::{FILE, LISTEN, MIN_FREE, SHOW, SIDE, WHOLE_UP_TO};
