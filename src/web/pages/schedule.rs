//! The coming airings.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::context;

use super::super::Site;
use super::render::{render, serde};
use super::view::slot;
use crate::schedule::plan;

/// Airings on the page.
const COMING: usize = 60;

/// All of them.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let config = site.config();
    let airings = plan::coming(&config.shows, site.clock.now(), COMING);
    let slots: Vec<_> = airings.iter().map(|airing| slot(airing, &config)).collect();
    let values = context! { here => "coming", slots => serde(slots) };
    render("schedule.html", &site, &headers, StatusCode::OK, values)
}
