//! How a capture ends whose address stands for another kind of source than the file says.

use crate::model::Cause;

/// The address answers as a source of another kind.
#[derive(Debug)]
pub(super) struct WrongKind {
    /// What it is, and how the file would say so.
    pub cause: Cause,
    /// Whether sound came before.
    pub heard: bool,
}
