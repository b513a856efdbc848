//! How a guard says no: to programs as a problem, to everybody else in a line of text.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::api::Problem;
use super::language;
use crate::language::Sentence;

/// The answer to a request for `path` that is not looked at.
pub(super) fn of(path: &str, status: StatusCode, sentence: Sentence) -> Response {
    if path == "/api" || path.starts_with("/api/") {
        return Problem::new(status, sentence).into_response();
    }
    language::line(status, sentence)
}
