//! The files of recordings, and their transcripts. File names are encoded by RFC 8187.
//!
//! Invariant: a part, or a 304, belongs to the very file whose tag goes with it. A recording that is cut again has the
//! same address, and a resumed download must not mix both files.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path as FilePath, PathBuf};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::library::catalogue::Recording;
use crate::library::store::Store;
use crate::library::transcript::TranscriptKind;
use crate::model::{AiringId, Codec};
use crate::web::Site;
use crate::web::answer::conditional::ASK_AGAIN;
use crate::web::answer::{broken, file};

use super::elsewhere;

/// Returns the router of sound and transcripts.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/media/{file}", get(play))
        .route("/download/{file}", get(download))
        .route("/media/{airing}/{file}", get(read))
}

/// Sends a recording to be played in the browser.
async fn play(site: State<Site>, file: Path<String>, request: Request) -> Response {
    send(&site, &file, "inline", request).await
}

/// Sends a recording to be downloaded.
async fn download(site: State<Site>, file: Path<String>, request: Request) -> Response {
    send(&site, &file, "attachment", request).await
}

/// Sends a transcript; its address ends in `ID/transcript.vtt`.
async fn read(State(site): State<Site>, Path((id, name)): Path<(String, String)>, request: Request) -> Response {
    let kind = name.strip_prefix("transcript.").and_then(TranscriptKind::of);
    let Some(kind) = kind else { return StatusCode::NOT_FOUND.into_response() };
    let recording = match find(&site, &id).await {
        Ok(recording) => recording,
        Err(refusal) => return refusal,
    };
    match site.store.transcript(&recording, kind).await {
        Ok(Some(file)) => serve(&site.store, &file, kind.mime(), "inline", request).await,
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => unreadable(&site.store, &recording, &error),
    }
}

/// Sends a recording; its address ends in its id with the extension of its codec.
async fn send(site: &Site, name: &str, disposition: &str, request: Request) -> Response {
    let Some((id, asked)) = Codec::split(name) else { return StatusCode::NOT_FOUND.into_response() };
    match site.catalogue.get(&AiringId::new(id)).await {
        Ok(Some(recording)) => {
            // Cut again, or with another encoding, it may be of another codec than when its address was handed out.
            let codec = recording.file.as_deref().and_then(Codec::of_file).unwrap_or(asked);
            sound(site, &recording, codec, disposition, request).await
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => broken(&error),
    }
}

/// Sends the sound of a recording, or says where it is if only the object store has it.
pub(super) async fn sound(
    site: &Site,
    recording: &Recording,
    codec: Codec,
    disposition: &str,
    request: Request,
) -> Response {
    let Some(file) = &recording.file else { return StatusCode::NOT_FOUND.into_response() };
    let method = request.method().clone();
    let response = serve(&site.store, file, codec.media_type(), disposition, request).await;
    if response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let disposition = named(disposition, file);
    elsewhere::redirect(site, recording, &method, &disposition).await.unwrap_or(response)
}

/// Returns the recording of an airing in the store, by its id.
async fn find(site: &Site, id: &str) -> Result<PathBuf, Response> {
    let recording = site.catalogue.get(&AiringId::new(id)).await.map_err(|error| broken(&error))?;
    recording.and_then(|recording| recording.file).ok_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// Sends the part of a file of the store that `request` asks for. `kind`: its media type; `disposition`: whether it is to be
/// shown (`inline`) or kept (`attachment`).
pub(super) async fn serve(store: &Store, file: &FilePath, kind: &str, disposition: &str, request: Request) -> Response {
    let (asked, _) = request.into_parts();
    let reading = match store.open(file).await {
        Ok(Some(reading)) => reading,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return unreadable(store, file, &error),
    };
    let mut response = match file::answer(&asked, reading).await {
        Ok(response) => response,
        Err(error) => return unreadable(store, file, &error),
    };
    let disposition = named(disposition, file);
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    // Without `Cache-Control`, browsers may reuse a file for a tenth of its age, even if it was deleted or replaced
    // since (RFC 9111, section 4.2.2).
    let fields = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition), (CACHE_CONTROL, ASK_AGAIN.to_owned())];
    for (header, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(header, value);
        }
    }
    response
}

/// Returns the disposition of a file with its name.
fn named(disposition: &str, file: &FilePath) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{disposition}; filename*=UTF-8''{}", encoded(&name))
}

fn unreadable(store: &Store, file: &FilePath, error: &dyn Error) -> Response {
    tracing::error!(%error, file = %store.shown(file).display(), "a file of a recording could not be read");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Returns `text` in the percent encoding of RFC 8187 section 3.2.1.
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
