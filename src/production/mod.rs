//! Production: from a cut of a tape to a tagged file with its verdict, without the catalogue and without a name in the
//! library.
//!
//! The service, `recover`, `record` and the trial of a station all make their files here, so that the same rules say
//! what is encoded, when a station is given up, how the result is judged and what is written into the file:
//!
//! 1. [`following`] encodes a cut while it comes on tape, and says when nothing more of it can come; [`Draft::of_tape`]
//!    encodes a cut that is on tape already;
//! 2. [`judge`](judge()) computes the verdict from the decoded samples, and [`Draft::with_tracks`] what was played from
//!    the titles on the tape;
//! 3. [`Draft::label`] fills the templates of the show and writes the tags.
//!
//! The caller gives the file its name.

mod audition;
mod chapters;
mod clip;
mod comment;
mod draft;
mod error;
pub mod following;
mod judge;
mod label;
mod replay_gain;
pub mod tagging;
pub mod tags;
mod tags_mp4;
mod tags_ogg;
mod tracks;

pub use audition::{Heard, hear};
pub use chapters::{Content, chapters};
pub use clip::ClipPiece;
pub use comment::{describe, summary};
pub use draft::Draft;
pub use error::ProductionError;
pub use judge::{SILENCE, judge};
pub use label::{Label, Subject, Texts};
pub use tracks::tracks;
