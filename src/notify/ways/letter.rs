//! A notice on its way.

use serde::Serialize;

use crate::model::Notice;

/// What is told, under the id that stays the same at every try.
#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    /// The id.
    pub id: String,
    /// What is told.
    #[serde(flatten)]
    pub notice: Notice,
}
