//! How the web answers: in which language, as which problem, and only as far as whoever asks does not have it already.

pub mod conditional;
pub mod file;
pub mod language;
pub mod problem;
pub mod range;
mod refusal;

pub use problem::Problem;
pub use refusal::{away, broken, refused};
