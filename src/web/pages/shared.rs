//! The page of a link to share: one recording, for whoever has the link, and nothing else of the site.
//!
//! It is the only page for strangers. Its template extends none, so that what is added to the others does not get onto it.

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use minijinja::context;

use super::render::{nothing_here, render, serde};
use super::shown::share::shared;
use crate::web::Site;
use crate::web::address::base::Base;
use crate::web::address::{below, is_link, link};
use crate::web::answer::language;
use crate::web::site::links::{self, Closed, follower};
use crate::web::site::presence;

/// Returns the page.
pub(super) async fn page(
    State(site): State<Site>,
    Path(token): Path<String>,
    Base(base): Base,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let opened = match links::open(&site, follower(&site, &extensions, &headers), &token).await {
        Ok(opened) => opened,
        Err(Closed::Gone) => return gone(&site, &headers),
        Err(closed) => return closed.answer(),
    };
    let recording = opened.recording;
    // The list may not know yet that somebody has moved its file away.
    if !presence::gone(&site.catalogue, &site.store, site.store_place().as_deref(), std::slice::from_ref(&recording))
        .await
        .is_empty()
    {
        return gone(&site, &headers);
    }
    let (config, language) = (site.config(), language::of(&headers));
    let address = base.map(|base| link(&base, &token));
    let part = |name| address.as_ref().map(|address| below(address, &[name]).to_string());
    let values = context! {
        one => serde(shared(&recording, opened.until, &config, language)),
        token => token,
        extension => recording.codec().extension(),
        kind => recording.codec().media_type(),
        address => address.as_ref().map(url::Url::to_string),
        picture => part("picture.png"),
        sound => part(&recording.codec().name("sound")),
    };
    unkept(render("shared.html", &site, &headers, StatusCode::OK, values))
}

/// Returns the page for unknown addresses. Below a link it names nothing, because everybody gets there.
pub(super) async fn elsewhere(State(site): State<Site>, uri: Uri, headers: HeaderMap) -> Response {
    if is_link(uri.path()) {
        return gone(&site, &headers);
    }
    nothing_here(State(site), headers).await
}

/// Returns the page of a link that opens nothing, whatever the reason.
fn gone(site: &Site, headers: &HeaderMap) -> Response {
    unkept(render("gone.html", site, headers, StatusCode::NOT_FOUND, context! {}))
}

/// Keeps caches from keeping the page: the link may be withdrawn.
fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
