//! The airings of the coming week.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use minijinja::context;

use super::super::{Site, language};
use super::render::{render, serde};
use super::view::agenda;
use crate::model::Span;

/// How far the page looks ahead.
const WEEK: TimeDelta = TimeDelta::days(7);

/// All of them.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let programme = site.programme();
    let now = site.clock.now();
    let mut airings = programme.airings(Span::new(now, now + WEEK));
    airings.sort_by_key(|planned| (planned.airing.on_air.start, planned.airing.id.clone()));
    let values = context! {
        here => "coming",
        days => serde(agenda(&airings, programme.config(), language::of(&headers))),
    };
    render("schedule.html", &site, &headers, StatusCode::OK, values)
}
