//! The recordings themselves: byte ranges, conditional requests and HEAD by tower-http, names by RFC 8187.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::services::ServeFile;

use super::Site;
use crate::model::AiringId;

/// The addresses of the sound.
pub(super) fn router() -> Router<Site> {
    Router::new().route("/media/{file}", get(play)).route("/download/{file}", get(download))
}

/// To be played in place.
async fn play(site: State<Site>, file: Path<String>, request: Request) -> Response {
    send(&site, &file, "inline", request).await
}

/// To be kept.
async fn download(site: State<Site>, file: Path<String>, request: Request) -> Response {
    send(&site, &file, "attachment", request).await
}

/// Finds the file of an airing by its id, which stands in the address as `ID.mp3`.
async fn send(site: &Site, name: &str, disposition: &str, request: Request) -> Response {
    let Some(id) = name.strip_suffix(".mp3") else { return StatusCode::NOT_FOUND.into_response() };
    let file = match site.catalogue.get(&AiringId::new(id)).await {
        Ok(recording) => recording.and_then(|recording| recording.file),
        Err(error) => {
            tracing::error!(%error, "a recording could not be looked up");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let Some(file) = file else { return StatusCode::NOT_FOUND.into_response() };
    let path = site.config().output.join(&file);
    let mut response = match ServeFile::new(path).try_call(request).await {
        Ok(response) => response.map(axum::body::Body::new),
        Err(error) => {
            tracing::error!(%error, file = %file.display(), "a recording could not be read");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("audio/mpeg"));
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Ok(value) = HeaderValue::try_from(format!("{disposition}; filename*=UTF-8''{}", encoded(&name))) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// `text` in the percent encoding of RFC 8187 section 3.2.1.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_script_and_hostile_ones_fit_a_header() {
        assert_eq!(encoded("명 a.mp3"), "%EB%AA%85%20a.mp3");
        assert_eq!(encoded("\"\r\nSet-Cookie: x"), "%22%0D%0ASet-Cookie%3A%20x");
    }
}
