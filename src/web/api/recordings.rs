//! Recordings.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::library::catalogue::{CatalogueError, CopyState, Filter, Recording, job_of};
use crate::model::{self, AiringId, ShowId, StationId, Verdict};
use crate::renditions::MASTER;
use crate::web::answer::{Problem, conditional};
use crate::web::extract::{Count, Instant, Path, Query};
use crate::web::site::presence;
use crate::web::wire::{JobState, Marks, Report};
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
    /// The media type of its sound: `audio/mpeg` (.mp3), `audio/mp4` (.m4a) or `audio/ogg` (.opus, .ogg).
    #[schema(example = "audio/mpeg")]
    media_type: Option<&'static str>,
    /// Where its HLS is, below the address of the page: a master playlist. Null if there is no sound, or `hls` is not
    /// configured.
    #[schema(example = "recordings/x@20261120T0300Z/hls/master.m3u8")]
    hls: Option<String>,
    /// Whether its file was moved or deleted; then it has no `media`.
    gone: bool,
    /// How far it is. `/api/v1/jobs/{kind}/{id}` has the history.
    state: JobState,
    /// Where its history is, below the address of the page.
    #[schema(example = "api/v1/jobs/recording/x@20261120T0300Z")]
    job: String,
    /// How far its copy in the object store is: `queued` or `done`; null if it is not copied.
    #[schema(value_type = Option<String>, example = "done")]
    copy: Option<&'static str>,
    #[serde(flatten)]
    marks: Marks,
}

impl Listed {
    /// Returns one recording as programs read it; asks the disk for its file.
    pub async fn of(site: &Site, recording: &Recording) -> Result<Self, CatalogueError> {
        let one = std::slice::from_ref(recording);
        let gone = presence::gone(&site.catalogue, &site.store, site.store_place().as_deref(), one).await;
        // Without the list, nobody knows of a copy.
        let copies = site.copied(one).await.unwrap_or_default();
        let state = states(site, one).await?.pop().unwrap_or(model::JobState::Queued);
        let marks = site.catalogue.marks(vec![recording.id.clone()]).await?.remove(&recording.id);
        let (copy, marks) = (copies.get(&recording.id), marks.unwrap_or_default().into());
        Ok(Self::new(site, recording, !gone.is_empty(), state, (copy, marks)))
    }

    fn new(
        site: &Site,
        recording: &Recording,
        gone: bool,
        state: model::JobState,
        (copy, marks): (Option<&CopyState>, Marks),
    ) -> Self {
        // Readers of the page may have no access to the disk, so the report names no folder.
        let report = Report::of(recording);
        let is_there = report.file.is_some() && !gone;
        let media = is_there.then(|| below("media", &[&recording.codec().name(&recording.id)]));
        let media_type = media.as_ref().map(|_| recording.codec().media_type());
        let has_hls = is_there && recording.finished_at.is_some() && site.renditions.rule().is_some();
        let hls = has_hls.then(|| below("recordings", &[recording.id.as_str(), "hls", MASTER]));
        let job = job_of(&recording.id);
        let job = below("api/v1/jobs", &[job.kind.word(), &job.id]);
        let (state, copy) = (state.into(), copy.map(|state| state.word()));
        Self { report, media, media_type, hls, gone, state, job, copy, marks }
    }
}

/// Returns the path of `names` below `folder`, percent-encoded, relative to the address of the page.
pub(super) fn below(folder: &str, names: &[&str]) -> String {
    // Only the path is looked at.
    let base = url::Url::parse(&format!("http://aircheck/{folder}"));
    base.map(|base| address::below(&base, names).path().trim_start_matches('/').to_owned()).unwrap_or_default()
}

/// Returns the states of recordings, in order. Only those that are not finished are looked up.
async fn states(site: &Site, recordings: &[Recording]) -> Result<Vec<model::JobState>, CatalogueError> {
    let open = recordings.iter().filter(|recording| recording.finished_at.is_none());
    let open: Vec<_> = open.map(|recording| job_of(&recording.id)).collect();
    let mut found = if open.is_empty() { Vec::new() } else { site.catalogue.job_states(open).await? }.into_iter();
    let state = |recording: &Recording| match (recording.finished_at, &recording.verdict) {
        (None, _) => found.next().flatten().unwrap_or(model::JobState::Queued),
        (Some(_), Some(Verdict::Failed)) => model::JobState::Failed,
        (Some(_), _) => model::JobState::Done,
    };
    Ok(recordings.iter().map(state).collect())
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
    let gone = presence::gone(&site.catalogue, &site.store, site.store_place().as_deref(), &listed).await;
    let copies = site.copied(&listed).await?;
    let states = states(&site, &listed).await?;
    let marks = site.catalogue.marks(listed.iter().map(|one| one.id.clone()).collect()).await?;
    let one = |(one, state): (&Recording, _)| {
        let marks = marks.get(&one.id).copied().unwrap_or_default().into();
        Listed::new(&site, one, gone.contains(&one.id), state, (copies.get(&one.id), marks))
    };
    Ok(Json(listed.iter().zip(states).map(one).collect()))
}

/// Returns one recording.
#[utoipa::path(
    get, path = "/recordings/{id}", operation_id = "recording", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn get(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    let recording = site.recording(&id).await?;
    Ok(Json(Listed::of(&site, &recording).await?))
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
