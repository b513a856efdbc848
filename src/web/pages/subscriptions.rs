//! The page of subscriptions: the podcast of all shows, that of each show, and the calendar.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde::Serialize;
use url::Url;

use super::render::{render, serde};
use super::shown::subscribe;
use crate::config::Show;
use crate::web::address::base::Base;
use crate::web::auth::Feed;
use crate::web::{Site, address};

/// The feed of a show.
#[derive(Debug, Serialize)]
struct OfShow {
    id: String,
    title: String,
    station: String,
    feed: String,
}

/// The calendar.
#[derive(Debug, Serialize)]
struct Calendar {
    address: String,
    /// Opens calendar apps. With `webcal` they decide whether to use HTTPS; with `webcals` they must, but not all know
    /// it.
    link: String,
}

/// Returns the page.
pub(super) async fn page(State(site): State<Site>, Base(base): Base, headers: HeaderMap) -> Response {
    let here = context! { here => "subscribe" };
    let values = base.map_or(here.clone(), |base| {
        context! {
            subscribe => serde(subscribe::subscribe(&address::feed(&site.signed(base.clone(), Feed::All), None))),
            feeds => serde(of_shows(&site, &base)),
            calendar => serde(calendar(&address::calendar(&site.signed(base, Feed::Calendar)))),
            ..here
        }
    });
    render("subscriptions.html", &site, &headers, StatusCode::OK, values)
}

/// Gives the feed of all shows another address, and returns to the page that shows it.
pub(super) async fn renew(State(site): State<Site>) -> Response {
    renewed(&site, Feed::All, "").await
}

/// Gives the calendar another address, and returns to the page that shows it.
pub(super) async fn renew_calendar(State(site): State<Site>) -> Response {
    renewed(&site, Feed::Calendar, "#calendar").await
}

async fn renewed(site: &Site, feed: Feed<'_>, anchor: &str) -> Response {
    site.access.renew(feed).await;
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{}/subscribe{anchor}", site.root()))]).into_response()
}

fn of_shows(site: &Site, base: &Url) -> Vec<OfShow> {
    let config = site.config();
    let of = |show: &Arc<Show>| OfShow {
        id: show.id.to_string(),
        title: show.title.clone(),
        station: config.station_name(&show.station).to_owned(),
        feed: address::feed(&site.signed(base.clone(), Feed::Of(&show.id)), Some(&show.id)).to_string(),
    };
    config.shows.iter().map(of).collect()
}

fn calendar(address: &Url) -> Calendar {
    Calendar { address: address.to_string(), link: format!("webcal://{}", address::bare(address)) }
}
