//! Feeds and their addresses.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::super::asked::Base;
use super::super::{Site, address};
use super::extract::Path;
use super::problem::Problem;
use crate::language::Sentence;
use crate::model::ShowId;

/// A podcast feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Feed {
    /// The show; nothing for the feed of all shows.
    show: Option<String>,
    /// Where an app finds it. Where the page has a password, a token in it opens this feed, and nothing else.
    #[schema(example = "https://radio.example.org/shows/news/feed.xml?token=…")]
    address: String,
}

/// The feed of all shows, and that of each show in the order of the YAML.
#[utoipa::path(
    get, path = "/feeds", operation_id = "feeds", tag = "feeds",
    responses((status = 200, body = Vec<Feed>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Base(base): Base) -> Result<Json<Vec<Feed>>, Problem> {
    let config = site.config();
    let shows = config.shows.iter().map(|show| Some(&show.id));
    [None]
        .into_iter()
        .chain(shows)
        .map(|show| described(&site, base.as_ref(), show))
        .collect::<Result<_, _>>()
        .map(Json)
}

/// Gives the feed of all shows another address. The old one is good for nothing from now on.
#[utoipa::path(
    post, path = "/feed/renew", operation_id = "renew_feed", tag = "feeds",
    responses((status = 200, body = Feed), Problem)
)]
pub(super) async fn renew_all(State(site): State<Site>, Base(base): Base) -> Result<Json<Feed>, Problem> {
    renewed(&site, base.as_ref(), None).await
}

/// Gives the feed of a show another address. The old one is good for nothing from now on.
#[utoipa::path(
    post, path = "/shows/{show}/feed/renew", operation_id = "renew_feed_of_show", tag = "feeds",
    params(("show" = String, Path, description = "The show", example = "news")),
    responses((status = 200, body = Feed), Problem)
)]
pub(super) async fn renew(
    State(site): State<Site>,
    Path(show): Path<String>,
    Base(base): Base,
) -> Result<Json<Feed>, Problem> {
    let show = ShowId::new(show);
    if site.config().show(&show).is_none() {
        return Err(Problem::not_found(Sentence::new("problem_no_show").with("show", &show)));
    }
    renewed(&site, base.as_ref(), Some(&show)).await
}

async fn renewed(site: &Site, base: Option<&Url>, show: Option<&ShowId>) -> Result<Json<Feed>, Problem> {
    if !site.is_guarded() {
        return Err(Problem::new(StatusCode::CONFLICT, Sentence::new("problem_feed_open")));
    }
    if !site.access.renew(show).await {
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_feed_unkept")));
    }
    described(site, base, show).map(Json)
}

fn described(site: &Site, base: Option<&Url>, show: Option<&ShowId>) -> Result<Feed, Problem> {
    let unknown = || Problem::new(StatusCode::MISDIRECTED_REQUEST, Sentence::new("problem_address_unknown"));
    let base = base.cloned().ok_or_else(unknown)?;
    let address = address::feed(&site.signed(base, show), show).to_string();
    Ok(Feed { show: show.map(ShowId::to_string), address })
}
