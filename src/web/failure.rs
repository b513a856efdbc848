//! What the browser is told when something here is broken.

use axum::http::StatusCode;
use axum::response::Response;

use super::language;
use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;

/// The list cannot be read: said to the log in full, to the browser without paths.
pub(super) fn broken(error: &CatalogueError) -> Response {
    tracing::error!(%error, "the recordings cannot be listed");
    language::line(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_no_list"))
}
