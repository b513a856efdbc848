//! The page of clips: those that are still to be made, those that are made, and how to subscribe to them.

use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::listing::detailed;
use super::render::{render, serde};
use super::shown::rows::days;
use super::shown::slots::version;
use super::shown::subscribe;
use crate::clips::Standing;
use crate::config::Config;
use crate::library::catalogue::Filter;
use crate::model::AiringId;
use crate::web::address::base::Base;
use crate::web::answer::{broken, language};
use crate::web::auth::Feed;
use crate::web::{Site, address};

/// Which page of clips is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    before: String,
}

/// A clip that is still to be made.
#[derive(Debug, Hash, Serialize)]
struct Waiting {
    id: String,
    title: String,
    /// `14:05:30`, when the last of it is on the air; empty if that has passed.
    until: String,
    /// What keeps it from being made; empty if nothing does.
    trouble: String,
}

/// Returns the page.
pub(super) async fn page(
    State(site): State<Site>,
    Query(asked): Query<Params>,
    Base(base): Base,
    headers: HeaderMap,
) -> Response {
    let before = asked.before.parse::<DateTime<Utc>>().ok();
    let (config, language, now) = (site.config(), language::of(&headers), site.now());
    let filter = Filter { show: Some(Config::clips()), before, ..Filter::default() };
    let (listed, details) = match detailed(&site, filter).await {
        Ok(found) => found,
        Err(error) => return broken(&error),
    };
    let clips = Config::clips();
    let feed = base.map(|base| address::feed(&site.signed(base, Feed::Of(&clips)), Some(&clips)));
    let waiting: Vec<_> = site.clips.standing().iter().map(|standing| waiting(standing, &config, now)).collect();
    let values = context! {
        here => "clips",
        older => listed.older.map(|before| before.to_rfc3339()),
        version => version(&waiting),
        waiting => serde(waiting),
        days => serde(days(&listed.recordings, &details, &config, language)),
        subscribe => serde(feed.as_ref().map(subscribe::subscribe)),
    };
    render("clips.html", &site, &headers, StatusCode::OK, values)
}

/// Gives up a clip that is still to be made, and returns to the page.
pub(super) async fn withdraw(State(site): State<Site>, Path(id): Path<String>) -> Response {
    match site.clips.withdraw(&AiringId::new(id)).await {
        Ok(_) => back(&site),
        Err(error) => broken(&error),
    }
}

/// Gives the feed of clips another address, and returns to the page that shows it.
pub(super) async fn renew(State(site): State<Site>) -> Response {
    site.access.renew(Feed::Of(&Config::clips())).await;
    back(&site)
}

fn back(site: &Site) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{}/clips", site.root()))]).into_response()
}

fn waiting(standing: &Standing, config: &Config, now: DateTime<Utc>) -> Waiting {
    let until = standing.ends.filter(|ends| *ends > now);
    let local = |at: DateTime<Utc>| at.with_timezone(&config.timezone).format("%H:%M:%S").to_string();
    Waiting {
        id: standing.id.to_string(),
        title: standing.title.clone(),
        until: until.map(local).unwrap_or_default(),
        trouble: standing.trouble.clone().unwrap_or_default(),
    }
}
