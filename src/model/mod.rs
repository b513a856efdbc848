//! The words of the project as types, without I/O: stations, shows, airings, spans of time, gaps, verdicts, media events.

mod airing;
mod cause;
mod clip;
mod codec;
mod encoding_kind;
mod event;
mod gap;
mod id;
mod job;
mod lease;
mod levels;
mod measured;
mod note;
mod outcome;
mod planned;
mod span;
mod track;
mod verdict;

pub use airing::Airing;
pub use cause::{AsCause, Cause, CauseKind};
pub use clip::{Clip, Cover, Covering, Piece};
pub use codec::Codec;
pub use encoding_kind::EncodingKind;
pub use event::{Chunk, Container, DatesNews, Format, MediaEvent};
pub use gap::Gap;
pub use id::{AiringId, ShowId, StationId};
pub use job::{JobId, JobKind, JobState, Transition};
pub use lease::Lease;
pub use levels::{Levels, Stretch};
pub use measured::{DeadAir, Loudness, Measured, Peaks};
pub use note::{Note, NoteKind};
pub use outcome::{Finished, Outcome};
pub use planned::{Amendments, Origin, Planned};
pub use span::Span;
pub use track::Track;
pub use verdict::Verdict;
