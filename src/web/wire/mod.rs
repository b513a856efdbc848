//! What airings and recordings are to programs: their JSON, for the interface with its description, and for `--json` of the
//! commands.
//!
//! Types below the web know nothing of it. What is written here is released: a field or a name is added and never changed.

mod airing;
mod cause;
mod recording;

pub use airing::{Airing, State};
pub use cause::CauseKind;
pub use recording::{Missing, Note, NoteKind, Report, Silent, stamp};
