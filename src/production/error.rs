//! Errors of production.

use thiserror::Error;

use super::tags::TagError;
use crate::encode::EncodeError;

/// Why no recording could be made of a cut.
#[derive(Debug, Error)]
pub enum ProductionError {
    /// The cut cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The file cannot be tagged.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The process stops before the cut is encoded.
    #[error("interrupted; goes on at the next start")]
    Stopping,
}
