//! What the browser is told when something here is broken.

use axum::http::StatusCode;
use axum::response::Response;

use super::language;
use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;
use crate::library::shelf::ShelfError;

/// The list cannot be read: said to the log in full, to the browser without paths.
pub(super) fn broken(error: &CatalogueError) -> Response {
    tracing::error!(%error, "the recordings cannot be listed");
    language::line(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_no_list"))
}

/// The output folder is away, which is in the log already.
pub(super) fn away(error: &ShelfError) -> Response {
    tracing::debug!(%error, "the recordings cannot be looked for");
    language::line(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_folder_away"))
}
