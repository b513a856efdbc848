//! What is wrong with the output folder, as far as anybody has found out, so that it is told once and not by each airing.

use std::sync::{Mutex, PoisonError};

use crate::model::Cause;

/// What is wrong with the output folder.
#[derive(Debug, Default)]
pub(super) struct Watched(Mutex<Option<Cause>>);

impl Watched {
    /// Puts `found` in place of what was known. Whether something of its kind was, and so was told; or nothing, as now.
    pub(super) fn replace(&self, found: Option<Cause>) -> bool {
        let kind = found.as_ref().map(|cause| cause.kind);
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), found);
        before.map(|cause| cause.kind) == kind
    }

    /// What is known.
    pub(super) fn get(&self) -> Option<Cause> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
