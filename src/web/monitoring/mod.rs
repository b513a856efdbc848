//! For whoever watches over the service: whether it is well, and its figures.

mod health;
mod metrics;

use axum::Router;
use axum::routing::get;

use crate::web::Site;

/// The addresses of both.
pub(super) fn router() -> Router<Site> {
    Router::new().route("/healthz", get(health::get)).route("/metrics", get(metrics::get))
}
