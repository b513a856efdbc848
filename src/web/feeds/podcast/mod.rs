//! Podcast feeds: one for all shows and one for each show, and an OPML list of them.
//!
//! RSS 2.0 with the tags that apps read: those of [Apple](https://podcasters.apple.com/support/823-podcast-requirements),
//! of the [podcast namespace](https://podcasting2.org/docs/podcast-namespace) and of Atom. Invariants:
//!
//! - an episode's `guid` is the id of its airing and never changes, whatever becomes of titles and addresses;
//! - length and duration are those of the file, and a recording without a file is left out;
//! - every address is absolute and leads the client to this machine, see [`base`](crate::web::address::base);
//! - the same recordings make the same feed, byte for byte, so that an app that asks again gets it only if it has
//!   changed.

mod channel;
mod chapters;
mod images;
mod item;
mod names;
mod opml;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::base::blocking::blocking;
use crate::config::Show;
use crate::model::ShowId;
use crate::web::Site;
use crate::web::address::base::{Base, unknown};
use crate::web::answer::broken;
use crate::web::answer::conditional::{ASK_AGAIN, Sent, answer};
use crate::web::feeds::episodes;

use images::Context;

/// How many episodes a page of a feed has. Apps load the first page over and over; few ask for the next.
const ON_A_PAGE: u32 = 300;

/// Returns the router of the podcast feeds.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/feed.xml", get(all))
        .route("/shows/{show}/feed.xml", get(show))
        .route("/clips/feed.xml", get(clips))
        .route("/feeds.opml", get(list))
        .route("/media/{airing}/chapters.json", get(chapters::get))
}

/// Which page of a feed is asked for, from 1.
#[derive(Debug, Deserialize)]
struct Params {
    #[serde(default)]
    page: Option<u32>,
}

/// Returns the feed of all shows.
async fn all(State(site): State<Site>, base: Base, Query(asked): Query<Params>, headers: HeaderMap) -> Response {
    feed(&site, base, &asked, &headers, None).await
}

/// Returns the feed of one show.
async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    base: Base,
    Query(asked): Query<Params>,
    headers: HeaderMap,
) -> Response {
    let config = site.config();
    match config.show(&ShowId::new(&id)) {
        Some(show) => feed(&site, base, &asked, &headers, Some(show)).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the feed of clips.
async fn clips(State(site): State<Site>, base: Base, Query(asked): Query<Params>, headers: HeaderMap) -> Response {
    let show = site.config().show_of_clips();
    feed(&site, base, &asked, &headers, Some(&show)).await
}

/// Returns the OPML list of the feeds of all shows.
async fn list(State(site): State<Site>, base: Base, headers: HeaderMap) -> Response {
    let Base(Some(base)) = base else { return unknown() };
    let body = opml::list(&site, &base).into();
    let sent = Sent { kind: "text/x-opml; charset=utf-8", body, modified: None, cache_control: ASK_AGAIN };
    answer(&headers, sent)
}

async fn feed(site: &Site, base: Base, asked: &Params, headers: &HeaderMap, show: Option<&Show>) -> Response {
    let Base(Some(base)) = base else { return unknown() };
    let number = asked.page.unwrap_or(1).max(1);
    let id = show.map(|show| &show.id);
    let base = site.signed(base, id.into());
    let skip = (number - 1).saturating_mul(ON_A_PAGE);
    let listed = match episodes::list(site, id, skip, ON_A_PAGE).await {
        Ok(listed) => listed,
        Err(refusal) => return refusal,
    };
    let changed = match site.catalogue.changed(id).await {
        Ok(changed) => changed,
        Err(error) => return broken(&error),
    };
    let shown = listed.episodes.iter().map(|episode| episode.recording.id.clone()).collect();
    let with_tracks = match site.catalogue.with_tracks(shown).await {
        Ok(with_tracks) => with_tracks,
        Err(error) => return broken(&error),
    };
    let page = channel::Page { number, more: listed.more };
    let config = site.config();
    let images = images::images(site, &config, &base).await;
    let context = Context { base: &base, config: &config, images, with_tracks };
    let channel = channel::channel(&listed.episodes, &context, show, page, changed);
    answer(
        headers,
        Sent {
            kind: "application/rss+xml; charset=utf-8",
            body: channel.to_string().into(),
            modified: last_change(site, changed).await,
            cache_control: ASK_AGAIN,
        },
    )
}

/// Returns when a feed last changed: it depends on the recordings, the YAML, and the release that writes it.
async fn last_change(site: &Site, recordings: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let file = site.config().file.clone();
    let yaml = blocking(move || std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()).await;
    // A time in the future does not count.
    let now = site.now();
    [recordings, yaml.map(DateTime::from), Some(site.started)].into_iter().flatten().filter(|at| *at <= now).max()
}
