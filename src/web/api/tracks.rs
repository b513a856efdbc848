//! Tracks: what was played in a recording, and when something was last played.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::library::catalogue::TrackFilter;
use crate::model::{ShowId, StationId};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Count, Instant, Path, Query};
use crate::web::wire::{Played, Track};

/// Which tracks are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
// A misspelt filter would list everything.
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Only tracks with this in their text, in small letters or capitals.
    query: Option<String>,
    /// Only of the show with this id.
    show: Option<String>,
    /// Only of the station with this id.
    station: Option<String>,
    /// Only tracks that began before this.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Instant>,
    /// Only tracks that were on the air after this.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// The most that are listed, the newest; 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// Lists the tracks of all recordings, newest first. Times are by the clock of the show.
#[utoipa::path(
    get, path = "/tracks", operation_id = "tracks", tag = "recordings", params(Params),
    responses((status = 200, body = Vec<Played>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Params>) -> Result<Json<Vec<Played>>, Problem> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = TrackFilter {
        show: given(asked.show).map(ShowId::new),
        station: given(asked.station).map(StationId::new),
        before: asked.before.map(|before| before.0),
        since: asked.since.map(|since| since.0),
        text: given(asked.query),
        limit: Some(asked.limit.unwrap_or(Count::usual(50)).get()),
        ..TrackFilter::default()
    };
    let found = site.catalogue.played(&filter).await?;
    Ok(Json(found.iter().map(|played| Played::of(played, played.timezone)).collect()))
}

/// Lists what was played in a recording, in order. Empty if nobody knows. Times are by the clock of the show.
#[utoipa::path(
    get, path = "/recordings/{id}/tracks", operation_id = "tracks_of_recording", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Vec<Track>), Problem)
)]
pub(super) async fn of_recording(
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Track>>, Problem> {
    let recording = site.recording(&id).await?;
    let tracks = site.catalogue.tracks(&recording.id).await?;
    Ok(Json(tracks.iter().map(|track| Track::of(track, recording.timezone)).collect()))
}
