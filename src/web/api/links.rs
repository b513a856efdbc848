//! Links to share.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::library::catalogue;
use crate::web::Site;
use crate::web::address::base::Base;
use crate::web::answer::Problem;
use crate::web::extract::{Body, Count, Path, Query};
use crate::web::site::links::{self, USUAL};

/// What link to make.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wish {
    /// How long it opens the recording, from `1m` to `365d`; `7d` by default.
    #[serde(rename = "for")]
    #[schema(example = "7d")]
    lasts: Option<String>,
}

/// A link to share, which opens one recording without the password.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Link {
    /// Its number, by which it is withdrawn.
    id: i64,
    /// The id of the recording.
    recording: String,
    /// The title of the recording.
    title: String,
    /// Since when it opens the recording.
    #[schema(format = DateTime)]
    created_at: String,
    /// Until when.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A link that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeLink {
    #[serde(flatten)]
    link: Link,
    /// The address to share. It is a secret, which is told this once: nobody can look it up later.
    #[schema(example = "https://radio.example.org/s/0f5k…")]
    url: String,
}

/// Which links are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Only those that come after the link with this number: use the last `id` of one answer to ask for the next.
    after: Option<i64>,
    /// The most that are listed; 100 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Count>,
}

impl From<catalogue::Link> for Link {
    fn from(link: catalogue::Link) -> Self {
        let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            id: link.id,
            recording: link.recording.to_string(),
            title: link.title,
            created_at: stamp(link.lasts.start),
            expires_at: stamp(link.lasts.end),
        }
    }
}

/// Makes a link to share: whoever has its address hears and downloads this recording without the password, and nothing
/// else, until the link expires or is withdrawn.
#[utoipa::path(
    post, path = "/recordings/{id}/links", operation_id = "share", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")), request_body = Option<Wish>,
    responses((status = 201, body = MadeLink), Problem)
)]
pub(super) async fn make(
    State(site): State<Site>,
    Path(id): Path<String>,
    Base(base): Base,
    body: Option<Body<Wish>>,
) -> Result<(StatusCode, Json<MadeLink>), Problem> {
    let Body(asked) = body.unwrap_or(Body(Wish::default()));
    let made = links::make(&site, base, &id, asked.lasts.as_deref().unwrap_or(USUAL)).await?;
    Ok((StatusCode::CREATED, Json(MadeLink { link: made.link.into(), url: made.url.to_string() })))
}

/// Lists the links to a recording that have not expired, the newest first.
#[utoipa::path(
    get, path = "/recordings/{id}/links", operation_id = "links_to_recording", tag = "recordings",
    params(("id" = String, Path, description = "the id of its airing")),
    responses((status = 200, body = Vec<Link>), Problem)
)]
pub(super) async fn list_of(State(site): State<Site>, Path(id): Path<String>) -> Result<Json<Vec<Link>>, Problem> {
    let recording = site.recording(&id).await?;
    let links = site.catalogue.links_to(&recording.id, site.now()).await?;
    Ok(Json(links.into_iter().map(Link::from).collect()))
}

/// Lists all links that open a recording, the newest first.
#[utoipa::path(
    get, path = "/links", operation_id = "links", tag = "recordings", params(Params),
    responses((status = 200, body = Vec<Link>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Query(asked): Query<Params>) -> Result<Json<Vec<Link>>, Problem> {
    let limit = asked.limit.unwrap_or(Count::usual(100)).get();
    let links = site.catalogue.links(site.now(), asked.after, limit).await?;
    Ok(Json(links.into_iter().map(Link::from).collect()))
}

/// Withdraws a link: it opens nothing any more.
#[utoipa::path(
    delete, path = "/links/{link}", operation_id = "withdraw_link", tag = "recordings",
    params(("link" = i64, Path, description = "its number")),
    responses((status = 200, body = Link), Problem)
)]
pub(super) async fn withdraw(State(site): State<Site>, Path(link): Path<i64>) -> Result<Json<Link>, Problem> {
    Ok(Json(links::withdraw(&site, link).await?.into()))
}
