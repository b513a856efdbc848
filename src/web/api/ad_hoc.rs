//! Recording a station that is not in the file.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::airings::created;
use super::moment::length;
use crate::airings::by_hand::AdHoc;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::Body;
use crate::web::wire::Added;

/// A recording of a station that is not in the file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRecording {
    /// How to reach the station, with the keys that a station of the file has: `hls`, `icecast` or `rtmp`, and `name`,
    /// `timezone`, `delay`, `tls`. It can name no secrets (`env:`, `file:`) and run no programs, and its address must be
    /// public unless the file says otherwise.
    #[schema(value_type = Object, example = json!({ "hls": "https://radio.example/live.m3u8" }))]
    source: Value,
    /// The title; by default the name of the station, or of its host.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// For how long, such as `15m`; by default until it is stopped, for twelve hours at most.
    #[serde(rename = "for")]
    #[schema(example = "15m")]
    length: Option<String>,
}

/// Records a station that is not in the file, from its first sound on: for a length, or until it is stopped. The file has
/// to allow that (`web: { ad_hoc: true }`).
///
/// The recording is one like any other: its airing can be stopped and extended, and a restart goes on with it. The tape of
/// the station is deleted a day after its recording is finished.
#[utoipa::path(
    post, path = "/recordings", operation_id = "record_source", tag = "recordings", request_body = NewRecording,
    responses(
        (status = 201, body = Added, headers(("location" = String, description = "where the airing is"))), Problem
    )
)]
pub(super) async fn record(State(site): State<Site>, Body(asked): Body<NewRecording>) -> Result<Response, Problem> {
    let length = asked.length.as_deref().map(|text| length("for", text)).transpose()?;
    let wanted = AdHoc { source: asked.source, length, title: asked.title };
    Ok(created(&site, &site.airings.record_ad_hoc(wanted).await?))
}
