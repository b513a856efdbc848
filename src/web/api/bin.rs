//! Deleting a recording, and bringing it back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::recordings::Listed;
use crate::language::Sentence;
use crate::library::bin::{BinError, RESTORABLE_FOR};
use crate::model::AiringId;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::Path;

/// A recording that was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deleted {
    /// Its id.
    id: String,
    /// Until when it can be brought back.
    #[schema(format = DateTime)]
    until: String,
}

impl Deleted {
    fn new(id: &AiringId, at: DateTime<Utc>) -> Self {
        Self { id: id.to_string(), until: (at + RESTORABLE_FOR).to_rfc3339_opts(SecondsFormat::Secs, true) }
    }
}

impl From<BinError> for Problem {
    fn from(error: BinError) -> Self {
        let status = match &error {
            BinError::Unknown { .. } => StatusCode::NOT_FOUND,
            BinError::Unfinished { .. } => StatusCode::CONFLICT,
            BinError::FileGone { .. } => StatusCode::GONE,
            BinError::Catalogue(_) | BinError::Store(_) => {
                tracing::error!(%error, "a recording could not be deleted or brought back");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.sentence())
    }
}

/// Deletes a recording. It is gone from list, feeds and folder at once, and can be brought back for a day.
#[utoipa::path(
    delete, path = "/recordings/{id}", operation_id = "delete", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Deleted), Problem)
)]
pub(super) async fn delete(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Deleted>, Problem> {
    let (id, now, bin) = (AiringId::new(id), site.now(), site.bin.clone());
    // In a task of its own, so that it is carried through if the browser disconnects.
    let task =
        site.environment.spawn(async move { bin.put(&id, now).await.map(|binned| Deleted::new(&id, binned.at)) });
    Ok(Json(task.await.map_err(|_| stopping())??))
}

/// Brings a deleted recording back, as it was.
#[utoipa::path(
    post, path = "/recordings/{id}/restore", operation_id = "restore", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn restore(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    let (id, now, bin) = (AiringId::new(id), site.now(), site.bin.clone());
    let task = site.environment.spawn(async move { bin.restore(&id, now).await });
    let recording = task.await.map_err(|_| stopping())??;
    Ok(Json(Listed::of(&site, &recording).await?))
}

fn stopping() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Sentence::new("problem_stopping"))
}
