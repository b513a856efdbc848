//! The same as JSON, for scripts: the objects of `aircheck list --json` and `aircheck next --json`.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::json;

use super::Site;
use super::failure::broken;
use crate::library::catalogue::Filter;
use crate::schedule::plan;

/// The most that is answered at once.
const MOST: u32 = 500;

/// How many.
#[derive(Debug, Deserialize)]
pub(super) struct Count {
    limit: Option<u32>,
}

/// The newest recordings.
pub(super) async fn recordings(State(site): State<Site>, Query(count): Query<Count>) -> Response {
    let filter = Filter { limit: Some(count.limit.unwrap_or(100).min(MOST)), ..Filter::default() };
    match site.catalogue.list(&filter).await {
        Ok(listed) => {
            let output = site.config().output.clone();
            Json(listed.iter().map(|recording| recording.report(&output)).collect::<Vec<_>>()).into_response()
        }
        Err(error) => broken(&error),
    }
}

/// The coming airings.
pub(super) async fn airings(State(site): State<Site>, Query(count): Query<Count>) -> Response {
    let count = usize::try_from(count.limit.unwrap_or(20).min(MOST)).unwrap_or_default();
    let airings = plan::coming(&site.config().shows, site.clock.now(), count);
    let rows = airings.iter().map(|airing| {
        let stamp = |at: chrono::DateTime<chrono::Utc>| {
            at.with_timezone(&airing.timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
        };
        json!({
            "id": airing.id, "show": airing.show, "station": airing.station,
            "start": stamp(airing.on_air.start), "end": stamp(airing.on_air.end), "timezone": airing.timezone.name(),
        })
    });
    Json(rows.collect::<Vec<_>>()).into_response()
}

/// The stations, without their addresses, which may be secret.
pub(super) async fn stations(State(site): State<Site>) -> Response {
    let config = site.config();
    let recording = site.recorder.recording();
    let rows = config.stations.iter().map(|station| {
        let on_tape = recording.iter().any(|current| current.airing.station == station.id);
        json!({ "id": station.id, "name": station.name, "kind": station.source.kind(), "recording": on_tape })
    });
    Json(rows.collect::<Vec<_>>()).into_response()
}

/// Whether the service is well: it answers, and its catalogue does.
pub(super) async fn health(State(site): State<Site>) -> Response {
    match site.catalogue.list(&Filter { limit: Some(1), ..Filter::default() }).await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => broken(&error),
    }
}
