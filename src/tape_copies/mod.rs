//! Copies of tapes in an object store, where `what` asks for them: the reels of the stations that are always on tape, when
//! they have ended and are sealed, each with its index and its seal; and the account of each day, when that is over.
//!
//! [`TapeCopies`] is the copier of the service: a task of its own, so that recordings do not wait for weeks of tape. How far
//! a tape is copied is one word in the catalogue, that of the newest seal of which the reel is there. So what it costs does
//! not depend on how much is copied already: a look at a tape is a look at the length of its file of seals, and the seals are
//! read when there are new ones. The oldest that waits of each station goes first, one station after another.
//!
//! Invariants:
//! - a reel counts as copied when the store has its sound with the checksum of its seal, then its index, then its seal;
//! - nothing is overwritten, and nothing is deleted because it is copied;
//! - a reel that cannot be copied holds up no other: it is left, written down, and tried again every hour.

mod accounts;
mod copier;
pub mod fsck;
mod name;
mod reels;
mod shared;

pub use shared::{AsJson, Counted, TapeCopies};
