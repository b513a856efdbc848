//! How a capture ends if its address stands for another kind of source than the file says.

use crate::model::Cause;

/// The address answers as a source of another kind.
#[derive(Debug)]
pub(super) struct WrongKind {
    /// What the address stands for, and how the file would say so.
    pub cause: Cause,
    /// Whether there was sound before.
    pub heard: bool,
}
