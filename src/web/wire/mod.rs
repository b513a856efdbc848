//! The JSON of airings, recordings and tracks, for the interface, its description, and `--json` of the commands.
//!
//! Modules below the web do not depend on it. A released field or name never changes; new ones are added.

mod airing;
mod cause;
mod hold;
mod job;
mod marks;
mod recording;
mod tape;
mod track;

pub use airing::{Added, Airing, State};
pub use cause::CauseKind;
pub use hold::Hold;
pub use job::{JobKind, JobState, Transition, instant};
pub use marks::Marks;
pub use recording::{Missing, Note, NoteKind, Report, Silent, stamp};
pub use tape::TapeAccount;
pub use track::{Played, Track};
