//! The interface for programs, under `/api/v1`: the page, scripts and other people's tools go through it.
//!
//! Handlers say by their annotations what they take and give, and the document at `/api/v1/openapi.json` is made from
//! those. Whatever cannot be answered is told as one kind of problem, also unknown addresses and methods.
//! Recordings and airings are the objects of `aircheck list --json` and `aircheck next --json`.

mod airings;
mod bin;
mod by_hand;
mod count;
mod document;
mod events;
mod extract;
mod feeds;
mod moment;
mod probes;
mod problem;
mod recordings;
mod stations;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::routing::{any, get};
use axum::{Json, Router};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Site;
use document::Head;

pub(super) use problem::Problem;

/// Nothing that is asked for takes more bytes than this.
const LARGEST_BODY: usize = 16 * 1024;

/// The addresses of the interface.
pub(super) fn router() -> Router<Site> {
    let described = OpenApiRouter::with_openapi(Head::openapi()).nest(
        "/api/v1",
        OpenApiRouter::new()
            .routes(routes!(recordings::list))
            .routes(routes!(recordings::get, bin::delete))
            .routes(routes!(bin::restore))
            .routes(routes!(recordings::peaks))
            .routes(routes!(airings::list, airings::add))
            .routes(routes!(airings::get, airings::remove))
            .routes(routes!(by_hand::skip, by_hand::unskip))
            .routes(routes!(by_hand::stop))
            .routes(routes!(by_hand::extend))
            .routes(routes!(by_hand::record))
            .routes(routes!(stations::list))
            .routes(routes!(feeds::list))
            .routes(routes!(feeds::renew_all))
            .routes(routes!(feeds::renew))
            .routes(routes!(feeds::calendar))
            .routes(routes!(feeds::renew_calendar))
            .routes(routes!(probes::attempt))
            .routes(routes!(probes::listen))
            .routes(routes!(events::listen))
            .layer(DefaultBodyLimit::max(LARGEST_BODY)),
    );
    let (router, document) = described.split_for_parts();
    let describe = async move |State(site): State<Site>| Json(document::placed(document, &site));
    router
        .route("/api/v1/openapi.json", get(describe))
        .route("/api", any(nothing))
        .route("/api/", any(nothing))
        .route("/api/{*rest}", any(nothing))
        .method_not_allowed_fallback(refused)
}

/// Nothing is at this address.
async fn nothing(request: Request) -> Problem {
    let path = request.uri().path();
    let detail = format!("there is nothing at {path}; /api/v1/openapi.json lists what there is");
    Problem::technical(StatusCode::NOT_FOUND, detail)
}

/// The address does not know the method.
async fn refused(request: Request) -> Problem {
    let detail = format!("{} cannot be asked of {}", request.method(), request.uri().path());
    Problem::technical(StatusCode::METHOD_NOT_ALLOWED, detail)
}
