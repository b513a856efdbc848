//! What people say of recordings: pinned, so that no rule deletes it; heard, so that the rule `until: heard` may.

use axum::Json;
use axum::extract::State;

use super::recordings::Listed;
use crate::language::Sentence;
use crate::library::catalogue::Mark;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::Path;

/// Pins a recording: no rule of the configuration deletes it. One that is pinned stays so.
#[utoipa::path(
    post, path = "/recordings/{id}/pin", operation_id = "pin", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn pin(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    mark(&site, &id, Mark::Pinned, true).await
}

/// Takes the pin from a recording: the rules hold for it again.
#[utoipa::path(
    delete, path = "/recordings/{id}/pin", operation_id = "unpin", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn unpin(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    mark(&site, &id, Mark::Pinned, false).await
}

/// Marks a recording as heard. Where its show says `keep: { until: heard }`, it is deleted a day later. Downloads and feeds
/// mark nothing.
#[utoipa::path(
    post, path = "/recordings/{id}/heard", operation_id = "mark_heard", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn heard(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    mark(&site, &id, Mark::Heard, true).await
}

/// Marks a recording as not heard.
#[utoipa::path(
    delete, path = "/recordings/{id}/heard", operation_id = "mark_unheard", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Listed), Problem)
)]
pub(super) async fn unheard(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Listed>, Problem> {
    mark(&site, &id, Mark::Heard, false).await
}

async fn mark(site: &Site, id: &str, mark: Mark, sets: bool) -> Result<Json<Listed>, Problem> {
    let recording = site.recording(id).await?;
    if !site.catalogue.mark(&recording.id, mark, sets.then(|| site.now())).await? {
        return Err(Problem::not_found(Sentence::new("problem_no_recording").with("recording", id)));
    }
    Ok(Json(Listed::of(site, &recording).await?))
}
