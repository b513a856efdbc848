//! The interface for programs, under `/api/v1`: the page, scripts and other people's tools go through it.
//!
//! The annotations of the handlers say what they accept and return; the document at `/api/v1/openapi.json` is made from
//! them. Every failure is answered with a problem, also unknown addresses and methods. Recordings and airings are the
//! objects of `aircheck list --json` and `aircheck next --json`.

mod ad_hoc;
mod airings;
mod bin;
mod by_hand;
mod clips;
mod configuration;
mod events;
mod feeds;
mod files;
pub(super) mod grabs;
pub(super) mod holds;
mod jobs;
mod links;
mod marks;
mod messages;
mod moment;
mod once;
mod probes;
mod recordings;
mod stations;
mod tape;
mod tracks;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::routing::{any, get};
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, ServerBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Site;
use crate::web::answer::Problem;
use crate::web::answer::problem::Written;

pub(super) use once::once;

/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 16 * 1024;
/// The largest body that asks for a clip: as many pieces and covers as it may have.
const LARGEST_CLIP: usize = 64 * 1024;

/// The description of the interface as a whole.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "aircheck",
        description = "Recordings of radio shows, what is on the air and what comes next. Errors are problem details \
                       (RFC 9457), in words of the language that `Accept-Language` asks for, where we speak it; \
                       instants are RFC 3339.",
    ),
    components(schemas(Written)),
    tags(
        (name = "recordings", description = "What has been recorded"),
        (name = "airings", description = "What comes"),
        (name = "stations", description = "Where the sound comes from"),
        (name = "clips", description = "What is cut from tape and recordings"),
        (name = "grabs", description = "What is downloaded and made a file of"),
        (name = "jobs", description = "What takes time, how far it is, and what became of it"),
        (name = "messages", description = "What is told to the targets of `notify`"),
        (name = "feeds", description = "Podcasts of the recordings, and the calendar"),
        (name = "events", description = "What happens, as it happens"),
    )
)]
struct Head;

/// Returns the router of the interface.
pub(super) fn router() -> Router<Site> {
    let clips = OpenApiRouter::new()
        .routes(routes!(clips::list, clips::add))
        .routes(routes!(clips::get, clips::withdraw))
        .layer(DefaultBodyLimit::max(LARGEST_CLIP));
    // How large a body may be is bounded where it is read.
    let files = OpenApiRouter::new()
        .routes(routes!(files::read, files::save))
        .routes(routes!(files::check))
        .routes(routes!(files::add))
        .layer(DefaultBodyLimit::disable());
    let described = OpenApiRouter::with_openapi(Head::openapi()).nest(
        "/api/v1",
        OpenApiRouter::new()
            .routes(routes!(recordings::list, ad_hoc::record))
            .routes(routes!(recordings::get, bin::delete))
            .routes(routes!(bin::restore))
            .routes(routes!(marks::pin, marks::unpin))
            .routes(routes!(marks::heard, marks::unheard))
            .routes(routes!(recordings::peaks))
            .routes(routes!(tracks::of_recording))
            .routes(routes!(tracks::list))
            .routes(routes!(links::list_of, links::make))
            .routes(routes!(links::list))
            .routes(routes!(links::withdraw))
            .routes(routes!(jobs::list))
            .routes(routes!(jobs::get))
            .routes(routes!(jobs::transitions))
            .routes(routes!(messages::list))
            .routes(routes!(airings::list, airings::add))
            .routes(routes!(airings::get, airings::remove))
            .routes(routes!(by_hand::skip, by_hand::unskip))
            .routes(routes!(by_hand::stop))
            .routes(routes!(by_hand::extend))
            .routes(routes!(by_hand::record))
            .routes(routes!(stations::list))
            .routes(routes!(configuration::get))
            .routes(routes!(holds::list, holds::hold))
            .routes(routes!(holds::release))
            .routes(routes!(grabs::list, grabs::add))
            .routes(routes!(grabs::get, grabs::cancel))
            .routes(routes!(grabs::retry))
            .routes(routes!(tape::of_stretch))
            .routes(routes!(tape::days))
            .routes(routes!(feeds::list))
            .routes(routes!(feeds::renew_all))
            .routes(routes!(feeds::renew))
            .routes(routes!(feeds::calendar))
            .routes(routes!(feeds::renew_calendar))
            .routes(routes!(probes::attempt))
            .routes(routes!(probes::listen))
            .routes(routes!(events::listen))
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .merge(clips)
            .merge(files),
    );
    let (router, mut document) = described.split_for_parts();
    once::describe(&mut document);
    let describe = async move |State(site): State<Site>| Json(with_server(document, &site));
    router
        .route("/api/v1/openapi.json", get(describe))
        .route("/api", any(not_found))
        .route("/api/", any(not_found))
        .route("/api/{*rest}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
}

/// Returns `document` with the path under which a web server in front serves the interface.
fn with_server(mut document: Document, site: &Site) -> Document {
    let root = site.root();
    let url = if root.is_empty() { "/".to_owned() } else { root };
    document.servers = Some(vec![ServerBuilder::new().url(url).build()]);
    document
}

/// Answers that there is nothing at this address.
async fn not_found(request: Request) -> Problem {
    let path = request.uri().path();
    let detail = format!("there is nothing at {path}; /api/v1/openapi.json lists what there is");
    Problem::technical(StatusCode::NOT_FOUND, detail)
}

/// Answers that the address does not support the method.
async fn method_not_allowed(request: Request) -> Problem {
    let detail = format!("{} cannot be asked of {}", request.method(), request.uri().path());
    Problem::technical(StatusCode::METHOD_NOT_ALLOWED, detail)
}
