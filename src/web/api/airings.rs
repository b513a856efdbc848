//! Airings.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde_json::json;

use super::super::Site;
use super::count::Count;
use crate::schedule::plan;

/// Those that come.
pub(super) async fn list(State(site): State<Site>, Query(count): Query<Count>) -> Response {
    let count = usize::try_from(count.or(20)).unwrap_or_default();
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
