//! The interface for programs, under `/api/v1`: the page, scripts and other people's tools go through it.
//!
//! Recordings and airings are the objects of `aircheck list --json` and `aircheck next --json`.

mod airings;
mod count;
mod recordings;
mod stations;

use axum::Router;
use axum::routing::get;

use super::Site;

/// The addresses of the interface.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/api/v1/recordings", get(recordings::list))
        .route("/api/v1/airings", get(airings::list))
        .route("/api/v1/stations", get(stations::list))
}
