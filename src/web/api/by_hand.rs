//! Changes by hand: skip, stop, extend, record now.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::airings::{created, report};
use super::moment::{length, moment, past_moment};
use crate::airings::by_hand::{ControlError, Later, RecordNow};
use crate::model::{AiringId, Planned, StationId};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Body, Path};
use crate::web::site::tapes::station_of;
use crate::web::wire::{Added, Airing};

/// Skips one airing that has not begun, so that it is not recorded. An airing that is on the air can be stopped
/// instead.
#[utoipa::path(
    post, path = "/airings/{id}/skip", operation_id = "skip_airing", tag = "airings",
    params(("id" = String, Path, description = "its id")),
    responses((status = 200, body = Airing), Problem)
)]
pub(super) async fn skip(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Airing>, Problem> {
    Ok(answer(&site, &site.airings.skip(AiringId::new(id)).await?))
}

/// Takes a skip back. If the airing is on the air already, the rest of it is recorded.
#[utoipa::path(
    delete, path = "/airings/{id}/skip", operation_id = "unskip_airing", tag = "airings",
    params(("id" = String, Path, description = "its id")),
    responses((status = 200, body = Airing), Problem)
)]
pub(super) async fn unskip(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Airing>, Problem> {
    Ok(answer(&site, &site.airings.unskip(AiringId::new(id)).await?))
}

/// Ends an airing that is being recorded at this moment; its sound until now becomes the recording.
#[utoipa::path(
    post, path = "/airings/{id}/stop", operation_id = "stop_airing", tag = "airings",
    params(("id" = String, Path, description = "its id")),
    responses((status = 200, body = Airing), Problem)
)]
pub(super) async fn stop(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Airing>, Problem> {
    Ok(answer(&site, &site.airings.stop(AiringId::new(id)).await?))
}

/// A later end: either `by` or `until`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    /// How much longer it is on the air, such as `30m`.
    #[schema(example = "30m")]
    by: Option<String>,
    /// Until when it is on the air: RFC 3339, or without an offset by the clocks of the show.
    #[schema(example = "2026-11-21T16:30:00+09:00")]
    until: Option<String>,
}

/// Gives an airing a later end, until its recording is finished.
#[utoipa::path(
    post, path = "/airings/{id}/extend", operation_id = "extend_airing", tag = "airings",
    params(("id" = String, Path, description = "its id")), request_body = Extension,
    responses((status = 200, body = Airing), Problem)
)]
pub(super) async fn extend(
    State(site): State<Site>,
    Path(id): Path<String>,
    Body(asked): Body<Extension>,
) -> Result<Json<Airing>, Problem> {
    let id = AiringId::new(id);
    let later = match (asked.by, asked.until) {
        (Some(by), None) => Later::By(length("by", &by)?),
        (None, Some(until)) => {
            let planned = site.programme().get(&id).ok_or_else(|| ControlError::NoAiring(id.clone()))?;
            Later::Until(moment("until", &until, planned.airing.timezone)?)
        }
        _ => {
            let either = "write either `by`, such as `30m`, or `until`, a time";
            return Err(Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, either));
        }
    };
    Ok(answer(&site, &site.airings.extend(id, later).await?))
}

/// What to record now.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Now {
    /// Since when: `-30m`, `22:15`, `yesterday 22:15` or `2026-11-20 22:15:30` by the clock of the station, or RFC 3339; by
    /// default from now on.
    #[schema(example = "-30m")]
    since: Option<String>,
    /// For how long, such as `30m`, counted from its beginning; by default until it is stopped, for twelve hours from now
    /// at most. If its end has passed, it is made at once from what is on tape.
    #[schema(example = "30m")]
    length: Option<String>,
    /// The title; by default the station's name.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
}

/// Records a station from this second on, or from its first sound on if it is not being taped yet and offers nothing
/// from before: for a length, or until it is stopped, for twelve hours at most.
///
/// With `since` it begins then, as far as that is on tape: `sound_from` says from when there is sound, and what is missing
/// is among the gaps of the recording. If nothing of it is on tape and the station offers some of its past (HLS), it
/// begins with the first that the station still offers, and its end stays where it was asked for. If it can have nothing
/// of that time, it is refused: the answer says what is on tape.
#[utoipa::path(
    post, path = "/stations/{id}/record", operation_id = "record_now", tag = "stations",
    params(("id" = String, Path, description = "the station's id")), request_body = Option<Now>,
    responses(
        (status = 201, body = Added, headers(("location" = String, description = "where the airing is"))), Problem
    )
)]
pub(super) async fn record(
    State(site): State<Site>,
    Path(id): Path<String>,
    body: Option<Body<Now>>,
) -> Result<Response, Problem> {
    let Body(asked) = body.unwrap_or(Body(Now::default()));
    let station = station_of(&site, &id)?;
    let since =
        asked.since.as_deref().map(|text| past_moment("since", text, station.timezone, site.now())).transpose()?;
    let length = asked.length.as_deref().map(|text| length("length", text)).transpose()?;
    let wanted = RecordNow { station: StationId::new(id), since, length, title: asked.title };
    Ok(created(&site, &site.airings.record(wanted).await?))
}

fn answer(site: &Site, planned: &Planned) -> Json<Airing> {
    Json(report(site, planned, site.now()))
}
