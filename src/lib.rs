//! aircheck records radio on a schedule. The map of the crate, from the top down; a module may use what stands below
//! it in this list, never beside it or above (a test keeps that true).

pub mod base;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod deck;
pub mod encode;
pub mod library;
pub mod model;
pub mod notify;
pub mod recorder;
pub mod schedule;
pub mod source;
pub mod tape;
