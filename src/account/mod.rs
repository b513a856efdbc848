//! What is on tape, accounted for: how much of a day is there, what is missing and why, how loud it was, where nothing
//! could be heard, and whether anything was changed since.
//!
//! - `levels` is a file beside each reel: its levels, which are computed once, after it has ended. So a timeline of weeks
//!   costs no decoding.
//! - `fresh` computes levels that no file tells yet, when somebody looks.
//! - The `surveyor` computes the levels of the stations that are always on tape, and has their reels sealed.
//! - `on_air` says when the sound of a reel was on the air; `loudest` makes a picture of the levels of a stretch by that.
//! - `day` computes the account of a stretch of tape, `reels` lists its reels with their checksums; `text` writes both for
//!   people.
//! - `verify` compares the reels of a stretch with their seals.

mod day;
mod fresh;
pub mod levels;
mod loudest;
mod on_air;
mod reels;
pub mod surveyor;
#[cfg(test)]
mod testing;
mod text;
mod verify;

pub use day::{Account, LATE, account, is_lost, on_tape};
pub use fresh::FreshLevels;
pub use loudest::{Loudness, loudest};
pub use reels::{ListedReel, begun, listed};
pub use text::{percent, text};
pub use verify::{Verified, verify};
