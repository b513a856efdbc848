//! The files of grabs, to be played and downloaded.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::recordings::serve;
use crate::grabs::Format;
use crate::web::Site;
use crate::web::answer::broken;

/// Sends the file of a grab; the rest of the address says only what kind of file it is.
pub(super) async fn file(
    State(site): State<Site>,
    Path((id, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    let kept = match site.grabs.get(&id).await {
        Ok(kept) => kept,
        Err(error) => return broken(&error),
    };
    let known = kept.and_then(|kept| kept.file).and_then(|file| Some((Format::of_file(&file)?, file)));
    let Some((format, file)) = known else { return StatusCode::NOT_FOUND.into_response() };
    serve(&site.store, &file, format.media_type(), "inline", request).await
}
