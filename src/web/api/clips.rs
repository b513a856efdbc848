//! Clips: pieces of tape, of recordings and of files in the object store, cut together.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::moment::unacceptable;
use super::recordings::below;
use crate::clips::{self, AskedCover, AskedPiece, At, ClipError, ClipRequest, Over, Standing};
use crate::config::{parse_duration, parse_position};
use crate::language::Sentence;
use crate::model::{AiringId, Covering, EncodingKind, JobKind};
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Body, Path};

/// A clip to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClip {
    /// What it is called; by default what it is cut from.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// What it is made of, in order; at most 200 pieces, which play for 24 hours at most.
    #[schema(min_items = 1, max_items = 200)]
    pieces: Vec<NewPiece>,
    /// What is covered with a tone: from where to where in the clip, in seconds.
    #[serde(default)]
    #[schema(example = json!([[65.2, 66]]))]
    bleep: Vec<[f64; 2]>,
    /// What is covered with silence.
    #[serde(default)]
    mute: Vec<[f64; 2]>,
    /// How it is encoded: `mp3`, `aac`, `opus`, or `original`, as the pieces are; by default as the configuration says.
    #[schema(inline)]
    encoding: Option<EncodingWord>,
    /// Whether only to say what would come of it.
    #[serde(default)]
    dry_run: bool,
}

/// The words for how a clip is encoded.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum EncodingWord {
    Mp3,
    Aac,
    Opus,
    Original,
}

impl EncodingWord {
    fn kind(self) -> EncodingKind {
        match self {
            Self::Mp3 => EncodingKind::Mp3,
            Self::Aac => EncodingKind::Aac,
            Self::Opus => EncodingKind::Opus,
            Self::Original => EncodingKind::Original,
        }
    }
}

/// A piece: of a station's tape, of a recording, or of a file in the object store. Its start is inclusive, its end exclusive.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum NewPiece {
    /// A stretch of a station's tape.
    Tape(TapePiece),
    /// A stretch of a recording.
    Recording(RecordingPiece),
    /// A stretch of a file in the object store.
    Object(ObjectPiece),
}

/// A stretch of a station's tape.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TapePiece {
    /// The station's id.
    #[schema(example = "kbs-1fm")]
    station: String,
    /// When it begins: RFC 3339, by the clock of the station (`22:15`, `yesterday 22:15`, `2026-11-20 22:15:30`), or
    /// counted from now (`-30m`).
    #[schema(example = "2026-11-20T22:15:00+09:00")]
    from: String,
    /// When it ends, written likewise; at most a day from now. A clip whose end is still to come is made when it has come.
    #[schema(example = "2026-11-20T22:30:00+09:00")]
    to: Option<String>,
    /// How long it is, in place of `to`, such as `15m`.
    #[serde(rename = "for")]
    #[schema(example = "15m")]
    length: Option<String>,
}

/// A stretch of a recording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecordingPiece {
    /// The recording's id.
    #[schema(example = "news@20261120T0300Z")]
    recording: String,
    /// Where it begins in the file, in seconds or as `00:10:00`; by default where the recording does.
    #[schema(value_type = Option<f64>, example = 600)]
    from: Option<Position>,
    /// Where it ends; by default where the recording does.
    #[schema(value_type = Option<f64>, example = 750.5)]
    to: Option<Position>,
}

/// A stretch of a file in the object store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ObjectPiece {
    /// The file: its bucket, which must be that of `store` in the configuration, and its name there.
    #[schema(example = "my-radio/archive/news.mp3")]
    s3: String,
    /// Where it begins in the file, in seconds or as `00:10:00`; by default where the file does.
    #[schema(value_type = Option<f64>, example = 600)]
    from: Option<Position>,
    /// Where it ends; by default where the file does.
    #[schema(value_type = Option<f64>, example = 750.5)]
    to: Option<Position>,
}

/// A position in a recording.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Position {
    Seconds(f64),
    Written(String),
}

/// A clip that is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Clip {
    /// Its id, which is that of the recording when it is made; null if it was only asked what would come of it.
    #[schema(example = "clips~@20261128T143000Z")]
    id: Option<String>,
    /// What it is called.
    title: String,
    /// `waiting`, `made` or `asked` (what would come of it).
    #[schema(example = "waiting")]
    state: &'static str,
    /// Where its history is, below the address of the page; null if it was only asked what would come of it.
    #[schema(example = "api/v1/jobs/clip/clips~@20261128T143000Z")]
    job: Option<String>,
    /// When it was asked for.
    asked_at: Option<String>,
    /// When the last of it is on the air; null if it is made of recordings.
    ends: Option<String>,
    /// What keeps it from being made; null if nothing does.
    trouble: Option<String>,
    /// What is there of each piece, as far as it is known now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pieces: Vec<Piece>,
}

/// What is there of a piece.
#[derive(Debug, Serialize, ToSchema)]
struct Piece {
    /// How long it plays, in seconds.
    length: f64,
    /// How much of it is there.
    there: f64,
    /// How much of it is still to come.
    to_come: f64,
    /// What is missing.
    missing: Vec<Hole>,
}

/// What is missing of a piece.
#[derive(Debug, Serialize, ToSchema)]
struct Hole {
    /// Where in the piece it begins, in seconds.
    at: f64,
    /// How much is missing; silence stands for it.
    seconds: f64,
    /// Why, for programs and for people.
    kind: &'static str,
    cause: String,
}

/// Makes a clip of pieces of tape, of recordings and of files in the object store. It becomes a recording; the answer has its id at once.
#[utoipa::path(
    post, path = "/clips", operation_id = "make_clip", tag = "clips", request_body = NewClip,
    responses(
        (status = 202, body = Clip, headers(("location" = String, description = "where the clip is"))),
        (status = 200, body = Clip, description = "what would come of it"), Problem
    )
)]
pub(super) async fn add(State(site): State<Site>, Body(asked): Body<NewClip>) -> Result<Response, Problem> {
    let dry_run = asked.dry_run;
    let request = asked.request()?;
    if dry_run {
        let (checked, preview) = site.clips.preview(&request).await.map_err(|error| problem(&error))?;
        let (title, pieces) = (checked.clip.title, previewed(&preview));
        let (id, state, job, asked_at) = (None, "asked", None, None);
        let clip = Clip { id, title, state, job, asked_at, ends: None, trouble: None, pieces };
        return Ok(Json(clip).into_response());
    }
    let (standing, preview) = site.clips.add(&request).await.map_err(|error| problem(&error))?;
    let place = format!("{}/api/v1/clips/{}", site.root(), standing.id);
    let clip = Clip { pieces: previewed(&preview), ..waiting(&standing) };
    Ok((StatusCode::ACCEPTED, [(LOCATION, place)], Json(clip)).into_response())
}

/// Lists the clips that are still to be made, the oldest first. Those that are made are recordings.
#[utoipa::path(
    get, path = "/clips", operation_id = "list_clips", tag = "clips",
    responses((status = 200, body = Vec<Clip>), Problem)
)]
pub(super) async fn list(State(site): State<Site>) -> Json<Vec<Clip>> {
    Json(site.clips.standing().iter().map(waiting).collect())
}

/// Returns a clip. When it is made, the recording has the same id.
#[utoipa::path(
    get, path = "/clips/{id}", operation_id = "get_clip", tag = "clips",
    params(("id" = String, Path, description = "its id")), responses((status = 200, body = Clip), Problem)
)]
pub(super) async fn get(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Clip>, Problem> {
    if let Some(standing) = site.clips.standing().iter().find(|standing| standing.id.as_str() == id) {
        return Ok(Json(waiting(standing)));
    }
    let found = site.catalogue.clip(&AiringId::new(&id)).await?;
    let found = found.ok_or_else(|| unknown(&id))?;
    let asked_at = Some(found.asked_at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let (job, title, pieces) = (Some(history(&found.id)), found.title, Vec::new());
    let id = Some(found.id.to_string());
    Ok(Json(Clip { id, title, state: "made", job, asked_at, ends: None, trouble: None, pieces }))
}

/// Gives up a clip that is still to be made. One that is made is deleted like any recording.
#[utoipa::path(
    delete, path = "/clips/{id}", operation_id = "withdraw_clip", tag = "clips",
    params(("id" = String, Path, description = "its id")), responses((status = 204), Problem)
)]
pub(super) async fn withdraw(State(site): State<Site>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if site.clips.withdraw(&AiringId::new(&id)).await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(&id)) }
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(Sentence::new("problem_no_clip").with("clip", id))
}

/// Returns the problem of a clip that cannot be made.
fn problem(error: &ClipError) -> Problem {
    if error.is_of_store() {
        return Problem::new(StatusCode::BAD_GATEWAY, error.sentence());
    }
    if error.is_ours() {
        tracing::error!(%error, "a clip cannot be made");
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.sentence());
    }
    if error.is_unknown() { Problem::not_found(error.sentence()) } else { unacceptable(error.sentence()) }
}

impl NewClip {
    /// Returns the clip that is asked for.
    fn request(self) -> Result<ClipRequest, Problem> {
        let pieces = self.pieces.into_iter().map(NewPiece::asked).collect::<Result<_, _>>()?;
        let mut covers = covers("bleep", &self.bleep, Covering::Tone)?;
        covers.extend(self::covers("mute", &self.mute, Covering::Silence)?);
        Ok(ClipRequest { title: self.title, pieces, covers, encoding: self.encoding.map(EncodingWord::kind) })
    }
}

impl NewPiece {
    fn asked(self) -> Result<AskedPiece, Problem> {
        match self {
            Self::Tape(TapePiece { station, from, to, length }) => {
                let to = match (to, length) {
                    (Some(to), None) => At::Written(to),
                    (None, Some(length)) => At::After(parse_duration(&length).map_err(|words| wrong("for", &words))?),
                    _ => return Err(wrong("to", "write either `to`, a time, or `for`, such as `15m`")),
                };
                Ok(AskedPiece::Tape { station, from: At::Written(from), to })
            }
            Self::Recording(RecordingPiece { recording, from, to }) => {
                let read = |key, position: Option<Position>| position.map(|position| position.read(key)).transpose();
                Ok(AskedPiece::Recording { recording, from: read("from", from)?, to: read("to", to)? })
            }
            Self::Object(ObjectPiece { s3: object, from, to }) => {
                let read = |key, position: Option<Position>| position.map(|position| position.read(key)).transpose();
                Ok(AskedPiece::Object { object, from: read("from", from)?, to: read("to", to)? })
            }
        }
    }
}

impl Position {
    fn read(self, key: &str) -> Result<Duration, Problem> {
        match self {
            Self::Seconds(at) => seconds(key, at),
            Self::Written(text) => parse_position(&text).map_err(|error| wrong(key, &error.to_string())),
        }
    }
}

fn covers(key: &str, asked: &[[f64; 2]], with: Covering) -> Result<Vec<AskedCover>, Problem> {
    let cover =
        |[from, to]: &[f64; 2]| Ok(AskedCover { over: Over::Clip(seconds(key, *from)?, seconds(key, *to)?), with });
    asked.iter().map(cover).collect()
}

fn seconds(key: &str, seconds: f64) -> Result<Duration, Problem> {
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong(key, &format!("{seconds} is no position in a sound")))
}

fn wrong(key: &str, words: &str) -> Problem {
    Problem::technical(StatusCode::UNPROCESSABLE_ENTITY, format!("`{key}`: {words}"))
}

fn waiting(standing: &Standing) -> Clip {
    let instant = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    Clip {
        id: Some(standing.id.to_string()),
        title: standing.title.clone(),
        state: "waiting",
        job: Some(history(&standing.id)),
        asked_at: Some(instant(standing.asked_at)),
        ends: standing.ends.map(instant),
        trouble: standing.trouble.clone(),
        pieces: Vec::new(),
    }
}

/// Returns where the history of a clip is.
fn history(id: &AiringId) -> String {
    below("api/v1/jobs", &[JobKind::Clip.word(), id.as_str()])
}

fn previewed(preview: &clips::Preview) -> Vec<Piece> {
    let piece = |piece: &clips::PiecePreview| Piece {
        length: piece.length.as_secs_f64(),
        there: piece.there.as_secs_f64(),
        to_come: piece.to_come.as_secs_f64(),
        missing: piece
            .missing
            .iter()
            .map(|(stretch, cause)| Hole {
                at: stretch.at.as_secs_f64(),
                seconds: stretch.length.as_secs_f64(),
                kind: cause.kind.name(),
                cause: cause.words.clone(),
            })
            .collect(),
    };
    preview.pieces.iter().map(piece).collect()
}
