//! Recordings as HLS, in the renditions of the configuration: below the address of a recording, and below that of a link to
//! share.
//!
//! Addresses in playlists are relative, so they hold behind any web server. The token of a feed that opens a playlist is
//! handed on to what it names. The address of a segment has the version of the file in it: its content never changes, and
//! what is asked for of another version is not there.

use std::net::IpAddr;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tracing::error;
use url::form_urlencoded;

use super::playlist::KIND;
use crate::language::Sentence;
use crate::library::catalogue::Recording;
use crate::renditions::{INIT, MASTER, Rendered, RenditionError, name_of, segment_number};
use crate::web::Site;
use crate::web::answer::conditional::{self, ASK_AGAIN, Sent};
use crate::web::answer::{Problem, file};
use crate::web::auth::TOKEN;
use crate::web::site::links::{self, follower};

/// The media type of segments and initialisation sections.
const SOUND: &str = "audio/mp4";
/// `Cache-Control` of what never changes.
const FOR_A_DAY: &str = "private, max-age=86400, immutable";
/// When to ask again for what is not made yet, in seconds.
const SOON: HeaderValue = HeaderValue::from_static("5");

/// Returns the router of recordings as HLS.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/recordings/{id}/hls/{file}", get(list))
        .route("/recordings/{id}/hls/{rendition}/{version}/{file}", get(part))
        .route("/s/{token}/hls/{file}", get(shared_list))
        .route("/s/{token}/hls/{rendition}/{version}/{file}", get(shared_part))
}

/// What of a rendition is asked for.
#[derive(Debug)]
struct Asked {
    rendition: String,
    version: String,
    file: String,
}

/// Sends the master playlist, or that of a rendition.
async fn list(
    State(site): State<Site>,
    Path((id, file)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Response> {
    let recording = site.recording(&id).await.map_err(IntoResponse::into_response)?;
    let query = query_of(request.uri());
    playlist(&site, &recording, &file, &query, request).await
}

/// Sends a segment, or the initialisation section.
async fn part(
    State(site): State<Site>,
    Path((id, rendition, version, file)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, Response> {
    let recording = site.recording(&id).await.map_err(IntoResponse::into_response)?;
    segment(&site, &recording, &Asked { rendition, version, file }, FOR_A_DAY, request).await
}

async fn shared_list(
    State(site): State<Site>,
    Path((token, file)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Response> {
    let client = follower(&site, request.extensions(), request.headers());
    let recording = opened(&site, client, &token).await?;
    playlist(&site, &recording, &file, "", request).await
}

async fn shared_part(
    State(site): State<Site>,
    Path((token, rendition, version, file)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, Response> {
    let client = follower(&site, request.extensions(), request.headers());
    let recording = opened(&site, client, &token).await?;
    // A link may be withdrawn at any time, so no browser keeps what it opens without asking.
    segment(&site, &recording, &Asked { rendition, version, file }, ASK_AGAIN, request).await
}

/// Returns the recording that a link opens.
async fn opened(site: &Site, client: IpAddr, token: &str) -> Result<Recording, Response> {
    links::open(site, client, token).await.map(|opened| opened.recording).map_err(|closed| closed.answer())
}

async fn playlist(
    site: &Site,
    recording: &Recording,
    file: &str,
    query: &str,
    request: Request,
) -> Result<Response, Response> {
    let rendered = rendered(site, recording).await?;
    let text = if file == MASTER {
        rendered.master(query)
    } else {
        let asked = file.strip_suffix(".m3u8").unwrap_or(file);
        let bits = rate_named(&rendered, asked).ok_or_else(|| no_rendition(&rendered, asked).into_response())?;
        rendered.media(bits, query)
    };
    let (asked, _) = request.into_parts();
    let sent = Sent { kind: KIND, body: text.into(), modified: None, cache_control: ASK_AGAIN };
    Ok(conditional::answer(&asked.headers, sent))
}

async fn segment(
    site: &Site,
    recording: &Recording,
    asked: &Asked,
    keep: &'static str,
    request: Request,
) -> Result<Response, Response> {
    let rendered = rendered(site, recording).await?;
    let nothing = || StatusCode::NOT_FOUND.into_response();
    let bits = rate_named(&rendered, &asked.rendition).ok_or_else(nothing)?;
    if asked.version != rendered.version() {
        return Err(nothing());
    }
    let (parts, _) = request.into_parts();
    if asked.file == INIT {
        let body = rendered.initialisation(bits).into();
        let sent = Sent { kind: SOUND, body, modified: None, cache_control: keep };
        return Ok(conditional::answer(&parts.headers, sent));
    }
    let number = segment_number(&asked.file).ok_or_else(nothing)?;
    sound(&rendered, (bits, number), keep, &parts).await
}

/// Sends a segment of the rendition with so many bits per second.
async fn sound(
    rendered: &Rendered,
    (bits, number): (u32, u32),
    keep: &'static str,
    asked: &Parts,
) -> Result<Response, Response> {
    let reading = rendered.segment(bits, number).await.map_err(|error| failed(&error))?;
    let reading = reading.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let mut response = file::answer(asked, reading).await.map_err(|error| {
        error!(%error, "a segment of a rendition cannot be read");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SOUND));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    Ok(response)
}

/// Returns the renditions of a recording, or the answer that says why there are none.
async fn rendered(site: &Site, recording: &Recording) -> Result<Rendered, Response> {
    let said = |key| Sentence::new(key).with("recording", &recording.id);
    if site.renditions.rule().is_none() {
        return Err(Problem::not_found(Sentence::new("problem_hls_off")).into_response());
    }
    if recording.finished_at.is_none() {
        return Err(Problem::new(StatusCode::CONFLICT, said("problem_hls_unfinished")).into_response());
    }
    match site.renditions.of(recording).await {
        Ok(Some(rendered)) => Ok(rendered),
        Ok(None) => Err(Problem::not_found(said("problem_hls_no_sound")).into_response()),
        Err(error) => Err(failed(&error)),
    }
}

/// Returns the answer if a rendition cannot be made. The log has the reason; what the browser is told has no paths.
fn failed(error: &RenditionError) -> Response {
    if error.passes() {
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_hls_busy"));
        return ([(RETRY_AFTER, SOON)], busy).into_response();
    }
    error!(%error, "a recording cannot be handed out as HLS");
    let (status, key) = match error {
        RenditionError::NoRoom { .. } => (StatusCode::INSUFFICIENT_STORAGE, "problem_hls_no_room"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "problem_hls_failed"),
    };
    Problem::new(status, Sentence::new(key)).into_response()
}

fn no_rendition(rendered: &Rendered, asked: &str) -> Problem {
    let names: Vec<_> = rendered.rates().iter().copied().map(name_of).collect();
    let sentence = Sentence::new("problem_no_rendition").with("rendition", asked);
    Problem::not_found(sentence.with("renditions", names.join(", ")))
}

/// Returns the bits per second of the rendition with this name.
fn rate_named(rendered: &Rendered, name: &str) -> Option<u32> {
    rendered.rates().iter().copied().find(|bits| name_of(*bits) == name)
}

/// Returns what follows the addresses in a playlist: the token with which it was asked for.
fn query_of(asked: &Uri) -> String {
    let query = asked.query().unwrap_or_default().as_bytes();
    match form_urlencoded::parse(query).find(|(name, _)| name == TOKEN) {
        Some((_, token)) => {
            format!("?{}", form_urlencoded::Serializer::new(String::new()).append_pair(TOKEN, &token).finish())
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_playlist_is_handed_on_and_nothing_else() {
        let query = |uri: &'static str| query_of(&Uri::from_static(uri));
        assert_eq!(query("/x?a=b&token=abc&token=d"), "?token=abc");
        assert_eq!(query("/x?token=a%0A%22%23EXT"), "?token=a%0A%22%23EXT");
        assert_eq!((query("/x"), query("/x?tok=1")), (String::new(), String::new()));
    }
}
