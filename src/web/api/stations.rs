//! Stations.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::Site;

/// All of them, without their addresses, which may be secret.
pub(super) async fn list(State(site): State<Site>) -> Response {
    let config = site.config();
    let recording = site.recorder.recording();
    let rows = config.stations.iter().map(|station| {
        let on_tape = recording.iter().any(|current| current.airing.station == station.id);
        json!({ "id": station.id, "name": station.name, "kind": station.source.kind(), "recording": on_tape })
    });
    Json(rows.collect::<Vec<_>>()).into_response()
}
