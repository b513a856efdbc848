//! Authentication: the door, its keys (sessions, passwords, tokens of feeds and of links), and what each token opens.

mod access;
mod allowance;
pub mod asker;
pub mod cookie;
pub mod door;
mod guesses;
mod link;
mod reach;
mod saved;
mod secret;
mod sessions;

pub use access::{Access, Feed, Refused, TOKEN};
pub use link::LinkToken;
