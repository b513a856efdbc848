//! The coming airings.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::context;

use super::super::Site;
use super::render::{render, serde};
use super::view::slot;

/// Airings on the page.
const COMING: usize = 60;

/// All of them.
pub(super) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let programme = site.programme();
    let coming = programme.coming(site.clock.now(), COMING);
    let slots: Vec<_> = coming.iter().map(|planned| slot(planned, programme.config())).collect();
    let values = context! { here => "coming", slots => serde(slots) };
    render("schedule.html", &site, &headers, StatusCode::OK, values)
}
