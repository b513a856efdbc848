//! The page of a show: its recordings, its schedule, and how to subscribe.

use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use minijinja::context;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::listing::detailed;
use super::render::{nothing_here, render, serde};
use super::shown::rows::days;
use super::shown::slots::slot;
use super::shown::subscribe;
use crate::library::catalogue::Filter;
use crate::model::ShowId;
use crate::web::address::base::Base;
use crate::web::answer::{broken, language};
use crate::web::auth::Feed;
use crate::web::{Site, address};

/// How many coming airings are on the page.
const NEXT: usize = 3;

/// Which page of recordings is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    before: String,
}

/// Returns the page of one show.
pub(super) async fn page(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(asked): Query<Params>,
    Base(base): Base,
    headers: HeaderMap,
) -> Response {
    let before = asked.before.parse::<DateTime<Utc>>().ok();
    let (config, language) = (site.config(), language::of(&headers));
    let Some(show) = config.show(&ShowId::new(&id)) else { return nothing_here(State(site), headers).await };
    let filter = Filter { show: Some(show.id.clone()), before, ..Filter::default() };
    let (listed, details) = match detailed(&site, filter).await {
        Ok(found) => found,
        Err(error) => return broken(&error),
    };
    let coming = site.programme().coming_of(show, site.now(), NEXT);
    let feed = base.map(|base| address::feed(&site.signed(base, Feed::Of(&show.id)), Some(&show.id)));
    let subscribe = feed.as_ref().map(subscribe::subscribe);
    let values = context! {
        here => "show",
        older => listed.older.map(|before| before.to_rfc3339()),
        id => show.id.to_string(),
        title => show.title.clone(),
        schedule => show.cron.describe(language),
        station => config.station_name(&show.station),
        days => serde(days(&listed.recordings, &details, &config, language)),
        slots => serde(coming.iter().map(|planned| slot(planned, false, &config, language)).collect::<Vec<_>>()),
        subscribe => serde(subscribe),
    };
    render("show.html", &site, &headers, StatusCode::OK, values)
}

/// Gives the feed of a show another address, and returns to the page that shows it.
pub(super) async fn renew(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let config = site.config();
    let Some(show) = config.show(&ShowId::new(&id)) else { return nothing_here(State(site), headers).await };
    site.access.renew(Feed::Of(&show.id)).await;
    let page = format!("{}/shows/{}", site.root(), utf8_percent_encode(show.id.as_str(), NON_ALPHANUMERIC));
    (StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response()
}
