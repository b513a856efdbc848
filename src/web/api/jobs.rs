//! Jobs: what takes time, in which state it is, and its history.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::language::Sentence;
use crate::library::catalogue::{self, JobFilter};
use crate::model::JobId;
use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::extract::{Count, Path, Query};
use crate::web::wire::{JobKind, JobState, Transition, instant};

/// The most transitions in one answer.
const MOST: u32 = 500;

/// Which jobs are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Only of this kind.
    kind: Option<JobKind>,
    /// Only in this state.
    state: Option<JobState>,
    /// Only those that changed before this one did: use the last `number` of one answer to ask for the next.
    before: Option<i64>,
    /// The most that are listed; 100 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// A job: a recording, a clip, a grab or a copy.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Job {
    /// When it was first asked for.
    #[schema(format = DateTime)]
    asked_at: String,
    /// How it came into its state.
    #[serde(flatten)]
    newest: Transition,
}

/// A job with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeJob {
    #[serde(flatten)]
    job: Job,
    /// Every transition, the oldest first.
    history: Vec<Transition>,
}

/// Lists jobs; those that changed last come first.
///
/// The states are `queued`, `waiting`, `capturing`, `encoding`, `copying`, and at the end `done`, `failed` or `cancelled`.
/// A job leaves out those that it does not need. Every transition is also an event (`job`).
#[utoipa::path(
    get, path = "/jobs", operation_id = "jobs", tag = "jobs", params(Params),
    responses((status = 200, body = Vec<Job>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Params>) -> Result<Json<Vec<Job>>, Problem> {
    let filter = JobFilter {
        kind: asked.kind.map(JobKind::into),
        state: asked.state.map(JobState::into),
        before: asked.before,
        limit: asked.limit.unwrap_or(Count::usual(100)).get(),
    };
    Ok(Json(site.catalogue.jobs(filter).await?.into_iter().map(job).collect()))
}

/// Returns one job with its history. The id of a recording's job is that of the recording; so is that of a clip's.
#[utoipa::path(
    get, path = "/jobs/{kind}/{id}", operation_id = "job", tag = "jobs",
    params(
        ("kind" = JobKind, Path, description = "what kind of work it is"),
        ("id" = String, Path, description = "its id among those of its kind"),
    ),
    responses((status = 200, body = WholeJob), Problem)
)]
pub(super) async fn get(
    State(site): State<Site>,
    Path((kind, id)): Path<(JobKind, String)>,
) -> Result<Json<WholeJob>, Problem> {
    let asked = JobId::new(kind.into(), id);
    let unknown = Sentence::new("problem_no_job").with("kind", asked.kind.word()).with("job", &asked.id);
    let (found, history) = site.catalogue.job(asked).await?.ok_or_else(|| Problem::not_found(unknown))?;
    Ok(Json(WholeJob { job: job(found), history: history.into_iter().map(Transition::of).collect() }))
}

/// Which transitions are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// Only those after the one with this number; by default all.
    after: i64,
    /// The most that are listed; 500 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

/// Lists the transitions of all jobs in order, for programs that must miss none: remember the last `number`, and ask for
/// those after it. Numbers only grow.
#[utoipa::path(
    get, path = "/transitions", operation_id = "transitions", tag = "jobs", params(Since),
    responses((status = 200, body = Vec<Transition>), Problem)
)]
pub(super) async fn transitions(
    State(site): State<Site>,
    Query(Since { after, limit }): Query<Since>,
) -> Result<Json<Vec<Transition>>, Problem> {
    let found = site.catalogue.transitions_after(after, limit.unwrap_or(Count::usual(MOST)).get()).await?;
    Ok(Json(found.into_iter().map(Transition::of).collect()))
}

fn job(catalogue::Job { asked_at, newest }: catalogue::Job) -> Job {
    Job { asked_at: instant(asked_at), newest: Transition::of(newest) }
}
