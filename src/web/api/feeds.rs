//! Feeds, the calendar, and their addresses.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::language::Sentence;
use crate::model::ShowId;
use crate::web::address::base::{Base, known};
use crate::web::answer::Problem;
use crate::web::auth::Feed as Key;
use crate::web::extract::Path;
use crate::web::{Site, address};

/// A podcast feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Feed {
    /// The show; null for the feed of all shows.
    show: Option<String>,
    /// Where an app finds the feed. If the page has a password, the address has a token that opens this feed, and
    /// nothing else.
    #[schema(example = "https://radio.example.org/shows/news/feed.xml?token=…")]
    address: String,
}

/// The calendar of the coming airings (iCalendar).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Calendar {
    /// Where an app finds the calendar. If the page has a password, the address has a token that opens the calendar, and
    /// nothing else.
    #[schema(example = "https://radio.example.org/schedule.ics?token=…")]
    address: String,
}

/// Lists the feed of all shows, and that of each show in the order of the YAML.
#[utoipa::path(
    get, path = "/feeds", operation_id = "feeds", tag = "feeds",
    responses((status = 200, body = Vec<Feed>), Problem)
)]
pub(super) async fn list(State(site): State<Site>, Base(base): Base) -> Result<Json<Vec<Feed>>, Problem> {
    let config = site.config();
    let shows = config.shows.iter().map(|show| Some(&show.id));
    [None].into_iter().chain(shows).map(|show| described(&site, base.clone(), show)).collect::<Result<_, _>>().map(Json)
}

/// Gives the feed of all shows another address. The old address stops working.
#[utoipa::path(
    post, path = "/feed/renew", operation_id = "renew_feed", tag = "feeds",
    responses((status = 200, body = Feed), Problem)
)]
pub(super) async fn renew_all(State(site): State<Site>, Base(base): Base) -> Result<Json<Feed>, Problem> {
    renewed(&site, Key::All).await?;
    described(&site, base, None).map(Json)
}

/// Gives the feed of a show another address. The old address stops working.
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
    renewed(&site, Key::Of(&show)).await?;
    described(&site, base, Some(&show)).map(Json)
}

/// Returns the address of the calendar.
#[utoipa::path(
    get, path = "/calendar", operation_id = "calendar", tag = "feeds",
    responses((status = 200, body = Calendar), Problem)
)]
pub(super) async fn calendar(State(site): State<Site>, Base(base): Base) -> Result<Json<Calendar>, Problem> {
    Ok(Json(Calendar { address: address::calendar(&site.signed(known(base)?, Key::Calendar)).to_string() }))
}

/// Gives the calendar another address. The old address stops working.
#[utoipa::path(
    post, path = "/calendar/renew", operation_id = "renew_calendar", tag = "feeds",
    responses((status = 200, body = Calendar), Problem)
)]
pub(super) async fn renew_calendar(site: State<Site>, base: Base) -> Result<Json<Calendar>, Problem> {
    renewed(&site, Key::Calendar).await?;
    calendar(site, base).await
}

/// Gives `feed` another address.
async fn renewed(site: &Site, feed: Key<'_>) -> Result<(), Problem> {
    if !site.is_guarded() {
        return Err(Problem::new(StatusCode::CONFLICT, Sentence::new("problem_feed_open")));
    }
    if !site.access.renew(feed).await {
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Sentence::new("problem_feed_unkept")));
    }
    Ok(())
}

fn described(site: &Site, base: Option<Url>, show: Option<&ShowId>) -> Result<Feed, Problem> {
    let address = address::feed(&site.signed(known(base)?, show.into()), show).to_string();
    Ok(Feed { show: show.map(ShowId::to_string), address })
}
