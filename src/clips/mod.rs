//! Clips: pieces of tape, of recordings and of files in the object store, cut by a person, put together into a recording of
//! its own.
//!
//! - `request` is what a person asks for, in their words; `check` makes a [`Clip`](crate::model::Clip) of it, or says what
//!   is wrong, before anything is done;
//! - `objects` looks at files in the object store;
//! - `preview` says what would come of a clip: what of it is there, and what is missing;
//! - `make` cuts it and puts it into the library, or into a file that a command names;
//! - `workshop` makes clips for the service: one after another, also after a restart, and those whose end is still to
//!   come when it has come.
//!
//! Invariants: positions in a clip count in the sound as it plays, and what is missing is silence of the same length, so
//! that a piece or a cover never slips. A clip that is on the list is made of copies: it outlives tape and recordings.

mod check;
mod covers;
mod error;
mod known_gaps;
mod make;
mod objects;
mod preview;
mod request;
mod sources;
mod stored;
mod workshop;

pub use check::{Checked, MOST_PIECES, check};
pub use error::{ClipError, WrongPiece};
pub use make::{Made, MakeError, free_id, into_file, into_library};
pub use preview::{PiecePreview, Preview, preview};
pub use request::{AskedCover, AskedPiece, At, ClipRequest, Over};
pub use sources::Sources;
pub use stored::{clip_of, text_of};
pub use workshop::{Clips, Standing};
