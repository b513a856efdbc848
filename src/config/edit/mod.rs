//! Edits of the file that leave every other byte of it as it is: an entry is added to a section, in the layout that the
//! section has.
//!
//! The file is never written anew from its values: comments, quotes and spaces are the person's. The lines are put where
//! the entries of the section end (`insert`), the result is read again, and it must be what was there with one entry more.
//! Where that cannot be, nothing is changed, and the person gets the lines.

mod addition;
mod entry;
mod error;
mod insert;
mod save;
#[cfg(test)]
mod tests;

pub use addition::Addition;
pub use entry::{Quotes, Written};
pub use error::EditError;
pub use save::Editing;
