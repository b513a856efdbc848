//! How often an encoding is tried, and in which way through the sound.

use std::path::Path;

use tracing::warn;

use super::error::EncodeError;
use crate::library::store::test_append;

/// How many encoders may fail at one file.
const ENCODERS: u32 = 3;

/// The attempts at one file so far.
#[derive(Debug)]
pub(super) struct Attempts {
    /// Whether the next goes through the sound piece by piece.
    pub piecewise: bool,
    encoders: u32,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { piecewise: false, encoders: 1 }
    }

    /// Takes the result of an attempt at `target`. Returns the result of all, or `None` if another is to be made.
    pub(super) async fn end<T>(
        &mut self,
        result: Result<Option<T>, EncodeError>,
        target: &Path,
    ) -> Option<Result<T, EncodeError>> {
        match result {
            Ok(Some(encoded)) => return Some(Ok(encoded)),
            Ok(None) => {
                warn!(file = %target.display(), "less was decoded than is there; decoding again, piece by piece");
                self.piecewise = true;
            }
            Err(error) if error.is_of_encoder() => {
                if let Err(source) = test_append(target).await {
                    // Another encoder would do no better.
                    return Some(Err(EncodeError::Target { path: target.to_owned(), source }));
                }
                if self.encoders == ENCODERS {
                    return Some(Err(error));
                }
                warn!(%error, "the encoder failed; encoding the sound again");
                self.encoders += 1;
            }
            Err(error) => return Some(Err(error)),
        }
        None
    }
}
