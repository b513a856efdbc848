//! Artwork: the pictures of shows and stations, for feeds and, under `small`, for the page.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::library::artwork::{Picture, Size};
use crate::model::{ShowId, StationId};
use crate::web::Site;
use crate::web::address::artwork_id;
use crate::web::answer::conditional::{Sent, answer};

/// `Cache-Control`: pictures change seldom.
const AN_HOUR: &str = "private, max-age=3600";

/// Returns the router of the pictures. Addresses have an extension because podcast directories demand one; the answer
/// may be of another type.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/artwork.png", get(all))
        .route("/artwork/{file}", get(async |site, file, headers| show(site, file, headers, Size::Feed).await))
        .route("/artwork/small/{file}", get(async |site, file, headers| show(site, file, headers, Size::Small).await))
        .route("/artwork/stations/{file}", get(station))
}

/// Returns the picture of all shows.
async fn all(State(site): State<Site>, headers: HeaderMap) -> Response {
    sent(site.pictures.of_all(Size::Feed).await, &headers, AN_HOUR)
}

/// Returns the picture of a show.
async fn show(State(site): State<Site>, Path(file): Path<String>, headers: HeaderMap, size: Size) -> Response {
    let config = site.config();
    let show = artwork_id(&file).and_then(|id| config.show(&ShowId::new(id)));
    let Some(show) = show else { return StatusCode::NOT_FOUND.into_response() };
    sent(site.pictures.of_show(show, &config, size).await, &headers, AN_HOUR)
}

/// Returns the picture of a station, for the page.
async fn station(State(site): State<Site>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let config = site.config();
    let station = artwork_id(&file).and_then(|id| config.station(&StationId::new(id)));
    let Some(station) = station else { return StatusCode::NOT_FOUND.into_response() };
    sent(site.pictures.of_station(station, Size::Small).await, &headers, AN_HOUR)
}

/// Sends a picture. `cache_control`: how long the client may keep it.
pub(super) fn sent(picture: Option<Picture>, asked: &HeaderMap, cache_control: &'static str) -> Response {
    match picture {
        Some(Picture { kind, bytes }) => {
            answer(asked, Sent { kind: kind.mime(), body: bytes, modified: None, cache_control })
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
