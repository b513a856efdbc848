//! Trials of stations.

use std::io;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::redact;
use crate::language::Sentence;
use crate::model::StationId;
use crate::web::Site;
use crate::web::answer::{Problem, file};
use crate::web::extract::Path;
use crate::web::site::probes::{Busy, Probes};
use crate::web::wire::CauseKind;

/// The result of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Probe {
    /// The station's id.
    station: String,
    /// Whether the station sent enough sound, and something can be heard in it.
    ok: bool,
    /// Seconds of sound that were taped and can be decoded.
    seconds: f64,
    /// Seconds until the first sound came; null if none did.
    waited: Option<f64>,
    /// The format in words.
    #[schema(example = "aac 48000 Hz 2 ch")]
    format: Option<String>,
    /// Bits per second.
    bitrate: Option<f64>,
    /// Whether nothing can be heard in it.
    silent: bool,
    /// What went wrong, in words.
    trouble: Option<String>,
    /// The kind of what went wrong, in one word.
    trouble_kind: Option<CauseKind>,
    /// Where to listen to the sound, below the address of the page; null if there is nothing to hear.
    #[schema(example = "api/v1/probes/1763614800000-0.mp3")]
    media: Option<String>,
    /// Until when `media` is there.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// Tries a station: connects, tapes five seconds and says what came. Takes up to half a minute.
#[utoipa::path(
    post, path = "/stations/{id}/probe", operation_id = "probe", tag = "stations",
    params(("id" = String, Path, description = "the station's key in the YAML")),
    responses((status = 200, body = Probe), Problem)
)]
pub(super) async fn attempt(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Probe>, Problem> {
    let config = site.config();
    let Some(station) = config.station(&StationId::new(&id)) else {
        return Err(Problem::not_found(Sentence::new("problem_no_station").with("station", &id)));
    };
    let tried =
        site.probes.attempt(std::sync::Arc::clone(station), config.encodings.mp3).await.map_err(|busy| match busy {
            Busy::Station => {
                Problem::new(StatusCode::CONFLICT, Sentence::new("problem_station_tried").with("station", &id))
            }
            Busy::Others => Problem::new(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_others_tried")),
        })?;
    let Some(tried) = tried else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_stopping")));
    };
    let (format, bitrate) = tried.probed.rate.unzip();
    let (name, until) = tried.sound.unzip();
    let heard = tried.heard;
    Ok(Json(Probe {
        station: id,
        ok: !heard.silent && heard.trouble.is_none(),
        seconds: heard.seconds,
        waited: tried.probed.waited.map(|waited| waited.as_secs_f64()),
        format,
        bitrate,
        silent: heard.silent,
        trouble_kind: heard.trouble.as_ref().map(|trouble| trouble.kind.into()),
        trouble: heard.trouble.map(|trouble| redact::text(&trouble.words)),
        media: name.map(|name| format!("api/v1/probes/{name}.mp3")),
        until: until.map(|until| until.to_rfc3339_opts(SecondsFormat::Secs, true)),
    }))
}

/// Returns the sound of a trial, for some minutes after it.
#[utoipa::path(
    get, path = "/probes/{file}", operation_id = "probe_sound", tag = "stations",
    params(("file" = String, Path, description = "what the last part of `media` of a try says")),
    responses(
        (status = 200, body = Vec<u8>, content_type = "audio/mpeg"),
        (status = 206, body = Vec<u8>, content_type = "audio/mpeg"),
        Problem
    )
)]
pub(super) async fn listen(
    State(probes): State<Probes>,
    Path(name): Path<String>,
    asked: Parts,
) -> Result<Response, Problem> {
    let gone = || Problem::not_found(Sentence::new("problem_no_try").with("try", &name));
    let unreadable = |error: io::Error| {
        tracing::warn!(%error, "the sound of a trial could not be read");
        gone()
    };
    let trial = name.strip_suffix(".mp3").ok_or_else(gone)?;
    let reading = probes.open(trial).await.map_err(unreadable)?.ok_or_else(gone)?;
    let mut response = file::answer(&asked, reading).await.map_err(unreadable)?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("audio/mpeg"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
