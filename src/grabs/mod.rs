//! Grabs: what is there to be downloaded becomes a file. Segments with a number in their address, or those of a playlist
//! that has ended; live programmes are recorded, not grabbed.
//!
//! - `asked` is what a person asks for, in their words, and `wrong` what of it cannot be meant; `find` makes a `Plan` of it,
//!   with `pattern`, `probing` and `init` for numbers;
//! - `fetching` fetches the segments of the plan, many at a time, into a `folder` that survives whatever ends the process;
//!   `renewal` finds them anew when their addresses are no longer good;
//! - `outcome` says what is there and what is missing; `packing` makes the file of it.
//!
//! - `workshop` does all that for the service, for those who ask over the page or the interface; `stored` is what of it is
//!   written down.
//!
//! Invariants: a segment is in the file whole and once, in its place, or it is listed as missing with its cause. A file
//! appears under its name when it is whole, and replaces none.

mod asked;
mod error;
mod fault;
mod fetching;
mod find;
mod folder;
mod format;
mod got;
mod init;
mod joining;
mod name;
mod outcome;
mod packing;
mod pattern;
mod plan;
mod probing;
mod progress;
mod renewal;
mod repeats;
mod run;
mod stored;
mod workshop;
mod wrong;

pub use asked::Asked;
pub use error::GrabError;
pub use folder::FolderError;
pub use format::Format;
pub use name::named_after;
pub use outcome::{Missing, Outcome};
pub use progress::{Progress, Stage, Standing};
pub use run::{folder_of, forget, grab};
pub use stored::{Came, Kept, MissingSegment, Wanted, seconds_of};
pub use workshop::{Grabs, LISTED, MOST_WAITING, WorkshopError};
pub use wrong::{MOST_PARALLEL, Wrong};
