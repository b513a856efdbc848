//! The JSON of what people said of a recording.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::library::catalogue;

/// What people said of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct Marks {
    /// Since when it is pinned, so that no rule deletes it; null if it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub pinned_at: Option<String>,
    /// When it was heard on the page, or marked as heard; null if it was not. Downloads and feeds mark nothing.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub heard_at: Option<String>,
}

impl From<catalogue::Marks> for Marks {
    fn from(marks: catalogue::Marks) -> Self {
        let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self { pinned_at: marks.pinned_at.map(stamp), heard_at: marks.heard_at.map(stamp) }
    }
}
