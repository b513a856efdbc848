//! The exit codes of commands, for scripts.

/// Done.
pub(super) const DONE: u8 = 0;
/// Failed.
pub(super) const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub(super) const USAGE: u8 = 2;
/// Recorded, but incomplete.
pub(super) const INCOMPLETE: u8 = 3;
