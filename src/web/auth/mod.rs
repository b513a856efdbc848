//! Who may see what: the door, the keys to it (sessions, passwords, the tokens of feeds), and how far a token reaches.

mod access;
pub mod cookie;
pub mod door;
mod guesses;
mod kept;
mod reach;
mod secret;
mod sessions;

pub use access::{Access, Feed, Refused, TOKEN};
