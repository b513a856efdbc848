//! (to be written)

pub mod check;
pub mod next;
pub mod print;
pub mod schema;
