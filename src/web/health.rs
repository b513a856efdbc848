//! For whoever watches over the service.

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Site;
use super::failure::broken;
use crate::library::catalogue::Filter;

/// Whether the service is well: it answers, and its catalogue does.
pub(super) async fn get(State(site): State<Site>) -> Response {
    match site.catalogue.list(&Filter { limit: Some(1), ..Filter::default() }).await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => broken(&error),
    }
}
