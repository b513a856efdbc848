//! How a guard says no: to programs as a problem, to everybody else in a line of text.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::api::Problem;

/// The answer to a request for `path` that is not looked at; `words` is one sentence without its full stop.
pub(super) fn of(path: &str, status: StatusCode, words: impl Into<String>) -> Response {
    let words = words.into();
    if path == "/api" || path.starts_with("/api/") {
        return Problem::new(status, words).into_response();
    }
    (status, words + "\n").into_response()
}
