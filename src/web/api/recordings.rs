//! Recordings.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::library::catalogue::{Filter, Recording};
use crate::model::{AiringId, ShowId, StationId};
use crate::renditions::MASTER;
use crate::web::answer::{Problem, conditional};
use crate::web::extract::{Count, Instant, Path, Query};
use crate::web::site::presence;
use crate::web::wire::Report;
use crate::web::{Site, address};

/// Which recordings are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
// A misspelt filter would list everything.
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Only of the show with this id.
    show: Option<String>,
    /// Only of the station with this id.
    station: Option<String>,
    /// Only with this verdict.
    #[param(inline)]
    verdict: Option<Word>,
    /// Only those whose title contains this.
    q: Option<String>,
    /// Only those on the air before this.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Instant>,
    /// Only those on the air at or after this.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Only those that come after the recording with this id: use the last id of one answer to ask for the next.
    after: Option<String>,
    /// The most that are listed; 100 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// A verdict.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Complete,
    Partial,
    Silent,
    Failed,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Silent => "silent",
            Self::Failed => "failed",
        }
    }
}

/// A recording.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recording)]
pub(super) struct Listed {
    #[serde(flatten)]
    report: Report,
    /// Where its sound is, below the address of the page; null if there is none.
    #[schema(example = "media/x@20261120T0300Z.mp3")]
    media: Option<String>,
    /// Where its HLS is, below the address of the page: a master playlist. Null if there is no sound, or `hls` is not
    /// configured.
    #[schema(example = "recordings/x@20261120T0300Z/hls/master.m3u8")]
    hls: Option<String>,
    /// Whether its file was moved or deleted; then it has no `media`.
    gone: bool,
}

impl Listed {
    /// Returns one recording as programs read it; asks the disk for its file.
    pub async fn of(site: &Site, recording: &Recording) -> Self {
        let gone = presence::gone(&site.store, std::slice::from_ref(recording)).await;
        Self::new(site, recording, !gone.is_empty())
    }

    fn new(site: &Site, recording: &Recording, gone: bool) -> Self {
        // Readers of the page may have no access to the disk, so the report names no folder.
        let report = Report::of(recording);
        let is_there = report.file.is_some() && !gone;
        let media = is_there.then(|| path(&["media", &recording.codec().name(&recording.id)]));
        let has_hls = is_there && recording.finished_at.is_some() && site.renditions.rule().is_some();
        let hls = has_hls.then(|| path(&["recordings", recording.id.as_str(), "hls", MASTER]));
        Self { report, media: media.flatten(), hls: hls.flatten(), gone }
    }
}

/// Returns an address below that of the page.
fn path(parts: &[&str]) -> Option<String> {
    let base = url::Url::parse("http://aircheck/").ok()?;
    Some(address::below(&base, parts).path().trim_start_matches('/').to_owned())
}

/// Lists the recordings, newest first.
#[utoipa::path(
    get, path = "/recordings", operation_id = "recordings", tag = "recordings", params(Params),
    responses((status = 200, body = Vec<Listed>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Params>) -> Result<Json<Vec<Listed>>, Problem> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        show: given(asked.show).map(ShowId::new),
        station: given(asked.station).map(StationId::new),
        verdict: asked.verdict.map(|verdict| verdict.text().to_owned()),
        title: given(asked.q),
        before: asked.before.map(|before| before.0),
        since: asked.since.map(|since| since.0),
        after: given(asked.after).map(AiringId::new),
        limit: Some(asked.limit.unwrap_or(Count::usual(100)).get()),
        ..Filter::default()
    };
    let listed = site.catalogue.list(&filter).await?;
    let gone = presence::gone(&site.store, &listed).await;
    Ok(Json(listed.iter().map(|recording| Listed::new(&site, recording, gone.contains(&recording.id))).collect()))
}

/// Returns one recording.
#[utoipa::path(
    get, path = "/recordings/{id}", operation_id = "recording", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn get(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    let recording = site.recording(&id).await?;
    Ok(Json(Listed::of(&site, &recording).await))
}

/// The waveform of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Picture {
    /// Levels per second of the file.
    per_second: f64,
    /// The loudest sample of each stretch, linear, 255 being full scale.
    levels: Vec<u8>,
}

/// Returns the waveform of a recording. A client may store it for some minutes, and ask for it again by its `ETag`.
#[utoipa::path(
    get, path = "/recordings/{id}/peaks", operation_id = "peaks", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses(
        (status = 200, body = Picture), (status = 304, description = "it is still the same"),
        Problem
    )
)]
pub(super) async fn peaks(
    State(site): State<Site>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let recording = site.recording(&id).await?;
    // A recording that is cut again has another time of finishing.
    let finished = recording.finished_at.map_or(0, |at| at.timestamp_millis());
    let tag = format!("\"{finished:x}\"");
    let headers_sent = [(CACHE_CONTROL, "private, max-age=300".to_owned()), (ETAG, tag.clone())];
    if conditional::client_has(&headers, &tag, None) {
        return Ok((StatusCode::NOT_MODIFIED, headers_sent).into_response());
    }
    match site.catalogue.peaks(&recording.id).await? {
        Some(peaks) => {
            Ok((headers_sent, Json(Picture { per_second: peaks.per_second, levels: peaks.levels })).into_response())
        }
        None => Err(Problem::technical(StatusCode::NOT_FOUND, format!("there is no waveform of {id}"))),
    }
}
