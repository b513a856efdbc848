//! Authentication: the door, its keys (sessions, passwords, tokens of feeds), and what each token opens.

mod access;
pub mod cookie;
pub mod door;
mod guesses;
mod reach;
mod saved;
mod secret;
mod sessions;

pub use access::{Access, Feed, Refused, TOKEN};
