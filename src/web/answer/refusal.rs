//! How a request is refused in place of an answer: by a guard, or because something here is broken.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::language;
use super::problem::Problem;
use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;
use crate::library::store::StoreError;

/// A guard does not let a request for `path` pass: said to programs as a problem, to everybody else in a line of text.
pub fn refused(path: &str, status: StatusCode, sentence: Sentence) -> Response {
    if path == "/api" || path.starts_with("/api/") {
        return Problem::new(status, sentence).into_response();
    }
    language::line(status, sentence)
}

/// The list cannot be read: said to the log in full, to the browser without paths.
pub fn broken(error: &CatalogueError) -> Response {
    tracing::error!(%error, "the recordings cannot be listed");
    language::line(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_no_list"))
}

/// The output folder is away, which is in the log already.
pub fn away(error: &StoreError) -> Response {
    tracing::debug!(%error, "the recordings cannot be looked for");
    language::line(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_folder_away"))
}
