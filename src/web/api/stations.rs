//! Stations.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Site;
use super::problem::Problem;

/// A station, without its address, which may be secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Station {
    /// Its key in the YAML.
    id: String,
    /// Its name.
    name: String,
    /// How its sound is reached: `hls`, `rtmp` or `icecast`.
    #[schema(example = "hls")]
    kind: &'static str,
    /// Whether an airing of it is being recorded.
    recording: bool,
}

/// All stations, in the order of the YAML.
#[utoipa::path(
    get, path = "/stations", operation_id = "stations", tag = "stations",
    responses((status = 200, body = Vec<Station>), Problem)
)]
pub(super) async fn list(State(site): State<Site>) -> Json<Vec<Station>> {
    let config = site.config();
    let recording = site.recorder.recording();
    let stations = config.stations.iter().map(|station| Station {
        id: station.id.to_string(),
        name: station.name.clone(),
        kind: station.source.kind(),
        recording: recording.iter().any(|current| current.airing.station == station.id),
    });
    Json(stations.collect())
}
