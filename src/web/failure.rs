//! What the browser is told when something here is broken.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::library::catalogue::CatalogueError;

/// The list cannot be read: said to the log in full, to the browser without paths.
pub(super) fn broken(error: &CatalogueError) -> Response {
    tracing::error!(%error, "the recordings cannot be listed");
    (StatusCode::INTERNAL_SERVER_ERROR, "the recordings cannot be listed; the log says why").into_response()
}
