//! (to be written)

pub mod demo;
