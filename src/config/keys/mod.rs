//! The keys of the file: which there are, what each takes, and the sections they form.
//!
//! One table (`tables`) drives the check for unknown keys, the hints and the JSON Schema, so that they cannot disagree.

mod kind;
mod schema;
mod section;
mod tables;

pub use schema::schema;
pub use section::Section;
pub use tables::{FILE, HTTP, LISTEN, MIN_FREE, RTMP, SHOW, STATION, STEP};
