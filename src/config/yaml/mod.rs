//! The text of the file as a tree of nodes that know their line and column, and the problems with it.
//!
//! One mistake must not hide the others: what is no YAML is reported, repaired, and read again.

mod characters;
mod location;
mod node;
mod outline;
mod problem;
mod repair;
mod syntax;

pub use characters::wide_colon;
pub use location::Location;
pub use node::{Content, Entry, MERGE, Node};
pub use outline::{Laid, Outline};
pub use problem::{ConfigErrors, Problem, Problems};
pub use syntax::parse;
