//! Grabs: downloads of what is not live.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::grabs::{Kept, MOST_WAITING, Wanted, WorkshopError, Wrong, seconds_of};
use crate::language::Sentence;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Body, Path};
use crate::web::wire::{JobState, Transition, instant};

/// A download to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrab {
    /// The address: of a playlist that has ended, of a page that names one, of a segment, or of segments with `(*)` in
    /// place of their number. Only addresses of the internet, unless the file allows others (`web: { local_sources: … }`).
    #[schema(example = "https://cdn.example/v/(*).ts")]
    address: String,
    /// What the file is called, without an extension; by default it is named after the address.
    name: Option<String>,
    /// What is made: `mp4`, `mkv` and `ts` copy picture and sound, `m4a` and `aac` the sound alone, `mp3` and `opus`
    /// encode the sound; by default `mp4`.
    #[schema(example = "mp4")]
    format: Option<String>,
    /// The page that the server expects to be linked from.
    referer: Option<String>,
    /// How many digits the number has at least; by default that is found out.
    pad: Option<u32>,
    /// The first number; by default 0, or 1 if there is no 0.
    from: Option<u64>,
    /// How many segments; by default the last one is found.
    count: Option<u64>,
    /// How long all of them play, in seconds or as `00:30:00`; with `segment`.
    #[schema(value_type = Option<f64>, example = 1800)]
    length: Option<Length>,
    /// How long one of them plays, in seconds or as `4s`.
    #[schema(value_type = Option<f64>, example = 4)]
    segment: Option<Length>,
    /// The address of the beginning (initialisation section) of segments that are fragments of an MP4; by default it is looked
    /// for where it usually is.
    init: Option<String>,
    /// The best variant with at most so many bits per second.
    max_bitrate: Option<u64>,
    /// The language of the sound.
    language: Option<String>,
    /// Whether no file is made if a segment is missing.
    #[serde(default)]
    strict: bool,
}

/// A length.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Length {
    Seconds(f64),
    Written(String),
}

/// A download.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grab {
    /// Its id.
    #[schema(example = "grab@20261128T143000Z")]
    id: String,
    /// What is downloaded, without passwords and tokens.
    address: String,
    /// When it was asked for.
    asked_at: String,
    /// The state of its job; `done`: there is a file, and `missing` says what is not in it.
    state: JobState,
    /// All its states so far, the oldest first; left out in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<Transition>,
    /// How many segments there are; null while that is not known.
    segments: Option<usize>,
    /// How many of them have come.
    there: usize,
    /// How many bytes have come, or the size of the file.
    bytes: u64,
    /// The file, below the output folder; null if there is none.
    file: Option<String>,
    /// How long the file plays, in seconds; null if there is none.
    seconds: Option<f64>,
    /// How many segments are missing.
    missing_count: usize,
    /// The first 1,000 of them; left out in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<MissingSegment>,
}

/// A segment that is missing, or a part of one.
#[derive(Debug, Serialize, ToSchema)]
struct MissingSegment {
    /// Its number, as it is written in its address or its playlist.
    segment: String,
    /// 0, or 1 for sound that has a playlist of its own.
    track: u8,
    /// From where on in the programme, and how long, in seconds, as far as that is known.
    at: f64,
    seconds: f64,
    /// Why, for programs and for people.
    kind: String,
    cause: String,
}

/// Downloads what is there and makes a file of it, in the folder `Grabs` of the output folder. One is made at a time.
#[utoipa::path(
    post, path = "/grabs", operation_id = "make_grab", tag = "grabs", request_body = NewGrab,
    responses(
        (status = 202, body = Grab, headers(("location" = String, description = "where the download is"))), Problem
    )
)]
pub(super) async fn add(State(site): State<Site>, Body(asked): Body<NewGrab>) -> Result<Response, Problem> {
    let kept = site.grabs.add(asked.wanted()?).await.map_err(|error| problem(&error))?;
    let place = format!("{}/api/v1/grabs/{}", site.root(), kept.id);
    Ok((StatusCode::ACCEPTED, [(LOCATION, place)], Json(told(kept))).into_response())
}

/// Lists the downloads, the newest first: at most 500.
#[utoipa::path(
    get, path = "/grabs", operation_id = "list_grabs", tag = "grabs",
    responses((status = 200, body = Vec<Grab>), Problem)
)]
pub(super) async fn list(State(site): State<Site>) -> Result<Json<Vec<Grab>>, Problem> {
    let all = site.grabs.list().await?;
    Ok(Json(all.into_iter().map(told).map(|grab| Grab { missing: Vec::new(), ..grab }).collect()))
}

/// Returns a download: how far it is, and what is missing.
#[utoipa::path(
    get, path = "/grabs/{id}", operation_id = "get_grab", tag = "grabs",
    params(("id" = String, Path, description = "its id")), responses((status = 200, body = Grab), Problem)
)]
pub(super) async fn get(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Grab>, Problem> {
    let kept = site.grabs.get(&id).await?.ok_or_else(|| unknown(&id))?;
    let history = site.grabs.history(&id).await?.into_iter().map(Transition::of).collect();
    Ok(Json(Grab { history, ..told(kept) }))
}

/// Cancels a download, with what has come of it; or forgets one that is done or failed. Its file stays.
#[utoipa::path(
    delete, path = "/grabs/{id}", operation_id = "cancel_grab", tag = "grabs",
    params(("id" = String, Path, description = "its id")), responses((status = 204), Problem)
)]
pub(super) async fn cancel(State(site): State<Site>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if site.grabs.cancel(&id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(&id)) }
}

/// Tries once more what is missing of a download. What has come is not fetched again. A file that is there stays; the new
/// one has a name of its own.
#[utoipa::path(
    post, path = "/grabs/{id}/retry", operation_id = "retry_grab", tag = "grabs",
    params(("id" = String, Path, description = "its id")), responses((status = 202, body = Grab), Problem)
)]
pub(super) async fn retry(State(site): State<Site>, Path(id): Path<String>) -> Result<Response, Problem> {
    let kept = site.grabs.retry(&id).await.map_err(|error| problem(&error))?.ok_or_else(|| unknown(&id))?;
    Ok((StatusCode::ACCEPTED, Json(told(kept))).into_response())
}

/// Says that there is no such download.
pub fn unknown(id: &str) -> Problem {
    Problem::not_found(Sentence::new("problem_no_grab").with("grab", id))
}

/// Says why a download is not taken on, or not tried again.
pub fn problem(error: &WorkshopError) -> Problem {
    match error {
        WorkshopError::Wrong(wrong) => unacceptable(wrong),
        WorkshopError::TooMany => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, Sentence::new("problem_grab_queue").with("most", MOST_WAITING))
        }
        WorkshopError::NothingToRetry(_) => {
            Problem::new(StatusCode::CONFLICT, Sentence::new("problem_grab_nothing_missing"))
        }
        WorkshopError::Catalogue(error) => {
            tracing::error!(%error, "a download cannot be taken on");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_grab_unkept"))
        }
    }
}

fn unacceptable(wrong: &Wrong) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, wrong.sentence())
}

impl NewGrab {
    fn wanted(self) -> Result<Wanted, Problem> {
        let seconds =
            |name: &'static str, length: Option<Length>| length.map(|length| length.seconds(name)).transpose();
        let pad = |pad| usize::try_from(pad).unwrap_or(usize::MAX);
        Ok(Wanted {
            address: self.address,
            name: self.name,
            format: self.format,
            headers: self.referer.map(|referer| ("Referer".to_owned(), referer)).into_iter().collect(),
            pad: self.pad.map(pad),
            from: self.from,
            count: self.count,
            length: seconds("length", self.length)?,
            segment: seconds("segment", self.segment)?,
            init: self.init,
            max_bitrate: self.max_bitrate,
            language: self.language,
            strict: self.strict,
        })
    }
}

impl Length {
    fn seconds(self, name: &'static str) -> Result<f64, Problem> {
        match self {
            Self::Seconds(seconds) => Ok(seconds),
            Self::Written(text) => seconds_of(&text).ok_or_else(|| unacceptable(&Wrong::Length(name))),
        }
    }
}

fn told(kept: Kept) -> Grab {
    let came = kept.came.clone().unwrap_or_default();
    let running = kept.standing.filter(|standing| standing.total > 0);
    let (segments, there, bytes) = match running {
        Some(standing) => (Some(standing.total), standing.done, standing.bytes),
        None => (kept.came.as_ref().map(|came| came.segments), came.there, came.bytes),
    };
    let missing = came.missing.into_iter().map(|missing| MissingSegment {
        segment: missing.segment,
        track: missing.track,
        at: missing.at,
        seconds: missing.seconds,
        kind: missing.kind,
        cause: missing.cause,
    });
    Grab {
        address: crate::base::redact::text(&kept.wanted.address),
        asked_at: instant(kept.asked_at),
        state: kept.state.into(),
        history: Vec::new(),
        segments,
        there,
        bytes,
        seconds: kept.file.as_ref().map(|_| came.seconds),
        file: kept.file.as_ref().map(|file| file.to_string_lossy().into_owned()),
        missing_count: came.missing_count,
        missing: missing.collect(),
        id: kept.id,
    }
}
