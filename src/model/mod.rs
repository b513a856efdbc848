//! The words of the project as types, without I/O: stations, shows, airings, spans of time, gaps, verdicts, media events.

mod airing;
mod amendment;
mod cause;
mod event;
mod gap;
mod id;
mod measured;
mod note;
mod span;
mod verdict;

pub use airing::Airing;
pub use amendment::{Amendment, Amendments, Origin};
pub use cause::{AsCause, Cause, CauseKind};
pub use event::{Chunk, Container, DatesNews, Format, MediaEvent};
pub use gap::Gap;
pub use id::{AiringId, ShowId, StationId};
pub use measured::{DeadAir, Loudness, Measured, Peaks};
pub use note::{Note, NoteKind};
pub use span::Span;
pub use verdict::Verdict;
