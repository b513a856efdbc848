//! Refusals: a guard refuses a request, or something on the server is broken.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::language;
use super::problem::Problem;
use crate::language::Sentence;
use crate::library::catalogue::CatalogueError;
use crate::library::store::StoreError;

/// Returns the answer of a guard that refuses a request for `path`: a problem for programs, a line of text for
/// everybody else.
pub fn refused(path: &str, status: StatusCode, sentence: Sentence) -> Response {
    if path == "/api" || path.starts_with("/api/") {
        return Problem::new(status, sentence).into_response();
    }
    language::line(status, sentence)
}

/// Returns the answer if the catalogue cannot be read. Logs the error in full, and tells the browser without paths.
pub fn broken(error: &CatalogueError) -> Response {
    tracing::error!(%error, "the recordings cannot be listed");
    language::line(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_no_list"))
}

/// Returns the answer if the output folder is away, which the log has already.
pub fn away(error: &StoreError) -> Response {
    tracing::debug!(%error, "the recordings cannot be looked for");
    language::line(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_folder_away"))
}
