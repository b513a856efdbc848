//! Edits of the file: an entry is added to a section, in the layout that the section has, and every other byte of the file
//! stays as it is; or a person has written it anew over the page. What that changes is told in words, and earlier versions
//! are kept.
//!
//! The file is never written anew from its values: comments, quotes and spaces are the person's. The lines are put where
//! the entries of the section end (`insert`), the result is read again, and it must be what was there with one entry more.
//! Where that cannot be, nothing is changed, and the person gets the lines.

mod addition;
mod changes;
mod entry;
mod error;
mod insert;
mod new;
mod save;
#[cfg(test)]
mod tests;
mod versions;

pub use addition::Addition;
pub use changes::changes;
pub use entry::{Quotes, Written};
pub use error::EditError;
pub use new::{NewShow, station_id};
pub use save::{Editing, Obstacle, digest};
pub use versions::{Version, Versions};
