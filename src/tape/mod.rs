//! Tape: what was captured of a station, by wall-clock time, and so also what is missing.
//!
//! A tape is a folder of reels. A reel is one file of untouched stream bytes beside an append-only HLS playlist
//! (RFC 8216, `EXT-X-PLAYLIST-TYPE:EVENT`) that says which bytes play for how long and when they were on the air; any
//! player opens it. Cutting is pure: [`place()`] gives every entry its wall-clock time, [`Walker`] walks a
//! span of time through them and says what to decode and what is missing.
//!
//! Invariants:
//! - Bytes are written before the index line that names them, so that whatever the index names is there.
//! - An index is only appended to. A torn last line (power loss, `kill -9`) is dropped when it is read.
//! - The last line of an index whose reel has ended is its sum, so that nobody reads the index to know what there is.
//! - A reel holds one format. A new one begins when the format changes, when the daemon starts, and every hour.

mod cause;
mod closed;
mod contents;
mod cut;
mod entry;
mod error;
mod folder;
mod index;
mod listing;
mod place;
#[cfg(any(test, feature = "fuzzing"))]
pub mod properties;
mod reel;
mod reels;
mod rejoin;
mod sum;
mod tally;
mod view;
mod writing;

pub use cause::Trouble;
pub use cut::{Run, Step, Walker, progress, reaches};
pub use entry::{Entry, Reel, Sound};
pub use error::TapeError;
pub use folder::Tape;
pub use listing::{Listed, listing};
pub use place::{Placed, place};
pub use tally::Tally;
pub use view::View;
