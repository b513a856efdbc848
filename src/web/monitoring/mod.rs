//! Monitoring: health check and metrics.

mod health;
mod metrics;

use axum::Router;
use axum::routing::get;

use crate::web::Site;

/// Returns the router of both.
pub(super) fn router() -> Router<Site> {
    Router::new().route("/healthz", get(health::get)).route("/metrics", get(metrics::get))
}
