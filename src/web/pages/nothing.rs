//! The page for every address that is none.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::context;

use super::super::Site;
use super::render::render;

/// For every other address.
pub(super) async fn nothing_here(State(site): State<Site>, headers: HeaderMap) -> Response {
    render("nothing.html", &site, &headers, StatusCode::NOT_FOUND, context! { here => "" })
}
