//! The files of recordings, and their transcripts. tower-http serves parts of files, conditions on dates, and HEAD; it
//! knows no tags, and accepts only ranges that it can serve. File names are encoded by RFC 8187.
//!
//! Invariant: a part, or a 304, belongs to the very file whose tag goes with it. A recording that is cut again has the
//! same address, and a resumed download must not mix both files.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path as FilePath, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE, RANGE,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use tower_http::services::ServeFile;

use crate::base::blocking::blocking;
use crate::library::transcript::{TranscriptKind, transcript};
use crate::model::{AiringId, Codec};
use crate::web::Site;
use crate::web::answer::conditional::{ASK_AGAIN, client_has, if_match_holds, if_range_holds};
use crate::web::answer::{broken, range};

/// How often a file may be replaced during one request.
const TRIES: usize = 3;

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
    match blocking(move || transcript(&recording, kind)).await {
        Some(path) => serve(&path, kind.mime(), "inline", request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Sends a recording; its address ends in its id with the extension of its codec.
async fn send(site: &Site, name: &str, disposition: &str, request: Request) -> Response {
    let Some((id, codec)) = Codec::split(name) else { return StatusCode::NOT_FOUND.into_response() };
    match find(site, id).await {
        Ok(path) => serve(&path, codec.media_type(), disposition, request).await,
        Err(refusal) => refusal,
    }
}

/// Returns the file of an airing, by its id.
async fn find(site: &Site, id: &str) -> Result<PathBuf, Response> {
    let recording = site.catalogue.get(&AiringId::new(id)).await.map_err(|error| broken(&error))?;
    let file = recording.and_then(|recording| recording.file).ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    Ok(site.shelf.output().join(file))
}

/// Identifies the content of a file: it differs if any byte does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileState {
    /// A strong tag (RFC 9110 section 8.8.3).
    tag: String,
    bytes: u64,
    modified: DateTime<Utc>,
}

impl FileState {
    async fn of(path: &FilePath) -> std::io::Result<Self> {
        let metadata = tokio::fs::metadata(path).await?;
        let modified = metadata.modified()?;
        let (inode, bytes) = (metadata.ino(), metadata.len());
        let tag = format!("\"{inode:x}-{bytes:x}-{:x}-{:x}\"", metadata.mtime(), metadata.mtime_nsec());
        Ok(Self { tag, bytes, modified: modified.into() })
    }
}

async fn serve(path: &FilePath, kind: &str, disposition: &str, request: Request) -> Response {
    let (asked, _) = request.into_parts();
    let mut response = match sent(path, &asked).await {
        Ok(response) => response,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, file = %path.display(), "a file of a recording could not be read");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let disposition = format!("{disposition}; filename*=UTF-8''{}", encoded(&name));
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

/// Answers with the part of the file at `path` that was asked for, and its tag.
async fn sent(path: &FilePath, asked: &Parts) -> std::io::Result<Response> {
    let mut state = FileState::of(path).await?;
    for _ in 0..TRIES {
        let mut request = Request::from_parts(asked.clone(), Body::empty());
        let headers = request.headers_mut();
        if !if_range_holds(headers, &state.tag, state.modified) {
            headers.remove(RANGE);
        }
        range::normalise(&asked.method, headers, state.bytes);
        // A tag outweighs a date (section 13.2.2).
        let is_other = headers.contains_key(IF_MATCH) && !if_match_holds(headers, &state.tag);
        let is_same = headers.contains_key(IF_NONE_MATCH) && client_has(headers, &state.tag, None);
        for (tag, date) in [(IF_MATCH, IF_UNMODIFIED_SINCE), (IF_NONE_MATCH, IF_MODIFIED_SINCE)] {
            if headers.contains_key(tag) {
                headers.remove(date);
            }
        }
        let mut response = if is_other {
            StatusCode::PRECONDITION_FAILED.into_response()
        } else if is_same {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ServeFile::new(path).try_call(request).await?.map(Body::new)
        };
        // The file may have been replaced before it was opened.
        let now = FileState::of(path).await?;
        if now == state {
            if let Ok(tag) = HeaderValue::try_from(state.tag) {
                response.headers_mut().insert(ETAG, tag);
            }
            return Ok(response);
        }
        state = now;
    }
    Err(std::io::Error::other("the file is replaced again and again"))
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
