//! Recordings.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};

use super::super::Site;
use super::super::failure::broken;
use super::count::Count;
use crate::library::catalogue::Filter;

/// The newest.
pub(super) async fn list(State(site): State<Site>, Query(count): Query<Count>) -> Response {
    let filter = Filter { limit: Some(count.or(100)), ..Filter::default() };
    match site.catalogue.list(&filter).await {
        Ok(listed) => {
            let output = site.config().output.clone();
            Json(listed.iter().map(|recording| recording.report(&output)).collect::<Vec<_>>()).into_response()
        }
        Err(error) => broken(&error),
    }
}
