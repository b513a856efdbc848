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
use crate::schedule::plan;

/// How far the page looks ahead.
const WEEK: TimeDelta = TimeDelta::days(7);

/// All of them.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let config = site.config();
    let now = site.clock.now();
    let mut airings = plan::airings(&config.shows, Span::new(now, now + WEEK));
    airings.sort_by(|one, other| (one.on_air.start, &one.id).cmp(&(other.on_air.start, &other.id)));
    let values = context! {
        here => "coming",
        days => serde(agenda(&airings, &config, language::of(&headers))),
    };
    render("schedule.html", &site, &headers, StatusCode::OK, values)
}
