//! The configuration, as far as programs have to know what became of an edit.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::Site;
use crate::web::answer::Problem;

/// What the service uses.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Configuration {
    /// How many stations it has.
    stations: usize,
    /// How many shows it has.
    shows: usize,
    /// What its last change changed, a sentence in English each; empty since the service was started.
    #[schema(example = json!(["명연주 명음반: length 1h → 2h from the next airing", "station kbs-2 added"]))]
    changes: Vec<String>,
    /// What is right in it and perhaps not meant, a sentence in English each.
    warnings: Vec<String>,
}

/// Says what the last change of the YAML changed. `/events` says when there was one: the list `configuration` has changed.
#[utoipa::path(
    get, path = "/configuration", operation_id = "configuration", tag = "stations",
    responses((status = 200, body = Configuration), Problem)
)]
pub(super) async fn get(State(site): State<Site>) -> Json<Configuration> {
    let config = site.config();
    Json(Configuration {
        stations: config.stations.len(),
        shows: config.shows.len(),
        changes: config.changes.clone(),
        warnings: config.warnings.clone(),
    })
}
