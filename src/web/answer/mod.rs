//! Answers: their language, problems, conditions and ranges.

pub mod conditional;
pub mod file;
pub mod language;
pub mod problem;
pub mod range;
mod refusal;

pub use problem::Problem;
pub use refusal::{away, broken, refused};
