//! Stations.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::redact;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::wire::CauseKind;

/// A station, without its address, which may be secret. Times are RFC 3339, by the clock of the station.
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
    /// When sound last came from it; null if none ever did.
    #[schema(format = DateTime)]
    last_sound: Option<String>,
    /// The newest recording of it with every second.
    last_complete: Option<Complete>,
    /// The newest gap in its recordings that aircheck did not cause.
    last_failure: Option<Failure>,
    /// Since when it does not answer, if it is not being recorded: stations are tried an hour and ten minutes ahead of their
    /// shows, and once a day.
    #[schema(format = DateTime)]
    down_since: Option<String>,
    /// Why no sound comes from it at the moment, in words.
    trouble: Option<String>,
    /// The kind of the trouble, in one word.
    trouble_kind: Option<CauseKind>,
}

/// A complete recording.
#[derive(Debug, Serialize, ToSchema)]
struct Complete {
    /// Its id.
    recording: String,
    /// When it ended.
    #[schema(format = DateTime)]
    end: String,
}

/// A gap in a recording.
#[derive(Debug, Serialize, ToSchema)]
struct Failure {
    /// The id of the recording.
    recording: String,
    /// When the sound stops.
    #[schema(format = DateTime)]
    start: String,
    /// How much is missing.
    seconds: f64,
    /// Why, in words.
    cause: String,
    /// Why, in one word.
    kind: CauseKind,
}

/// Lists all stations in the order of the YAML, with their state.
#[utoipa::path(
    get, path = "/stations", operation_id = "stations", tag = "stations",
    responses((status = 200, body = Vec<Station>), Problem)
)]
pub(super) async fn list(State(site): State<Site>) -> Result<Json<Vec<Station>>, Problem> {
    let config = site.config();
    let current = site.airings.running();
    let on_air: HashSet<_> = current.iter().map(|current| &current.airing.station).collect();
    let down = site.checkups.down();
    let past = site.catalogue.past(config.stations.iter().map(|station| station.id.clone()).collect()).await?;
    let stations = config.stations.iter().zip(past).map(|(station, past)| {
        let stamp = |at: DateTime<Utc>| at.with_timezone(&station.timezone).to_rfc3339_opts(SecondsFormat::Secs, false);
        let tape = site.decks.known(&station.id);
        let recording = on_air.contains(&station.id);
        let down = down.get(&station.id).filter(|_| !recording);
        let trouble = tape.as_ref().filter(|_| recording).and_then(crate::tape::Tape::trouble);
        let trouble = trouble.map(|trouble| trouble.cause).or_else(|| down.map(|down| down.cause.clone()));
        Station {
            id: station.id.to_string(),
            name: station.name.clone(),
            kind: station.source.kind(),
            recording,
            last_sound: tape.as_ref().and_then(crate::tape::Tape::heard).max(past.sound).map(stamp),
            last_complete: past.complete.map(|(id, end)| Complete { recording: id.to_string(), end: stamp(end) }),
            last_failure: past.failure.map(|(id, gap)| Failure {
                recording: id.to_string(),
                start: stamp(gap.start),
                seconds: gap.length.as_secs_f64(),
                cause: redact::text(&gap.cause.words),
                kind: gap.cause.kind.into(),
            }),
            down_since: down.map(|down| stamp(down.since)),
            trouble_kind: trouble.as_ref().map(|cause| cause.kind.into()),
            trouble: trouble.map(|cause| redact::text(&cause.words)),
        }
    });
    Ok(Json(stations.collect()))
}
