//! Recordings that only the object store has: whoever wants one is sent there, by a link that holds for as long as it plays.

use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::library::catalogue::Recording;
use crate::web::Site;

/// Returns the answer to a request for a recording whose file is not in the output folder: a redirection to its copy. `None`
/// if the store has none.
pub(super) async fn redirect(
    site: &Site,
    recording: &Recording,
    method: &Method,
    disposition: &str,
) -> Option<Response> {
    match site.copies.link(recording, method.as_str(), disposition).await {
        Ok(link) => {
            let to = HeaderValue::try_from(link?.as_str()).ok()?;
            // Anybody may use the link for a while, so nobody keeps it.
            let head = [(LOCATION, to), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            Some((StatusCode::TEMPORARY_REDIRECT, head).into_response())
        }
        Err(error) => {
            tracing::error!(%error, recording = %recording.id, "its copy in the store cannot be reached");
            None
        }
    }
}
