//! The page on which a recording is shared: makes links to it, lists them, and withdraws them. A script shows its content
//! over the list of recordings; without scripts it is a page of its own.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::form::field;
use super::render::{nothing_here, render, serde};
use super::shown::dates;
use super::shown::share::{row, zone_name};
use crate::library::catalogue::Recording;
use crate::web::address::base::{Base, is_local};
use crate::web::answer::{Problem, broken, language};
use crate::web::site::links::{self, Made, USUAL};
use crate::web::{Site, address};

/// How long a link may last by the page: what the form sends, the message with its name, and the number in that.
const LENGTHS: [(&str, &str, &str); 3] = [("1d", "one_day", "1"), (USUAL, "days", "7"), ("30d", "days", "30")];

/// What was done just now.
#[derive(Debug, Default)]
struct Done {
    made: Option<Made>,
    trouble: Option<Problem>,
}

/// Returns the page.
pub(super) async fn page(site: State<Site>, Path(id): Path<String>, base: Base, headers: HeaderMap) -> Response {
    shown(site, &id, base.0, headers, Done::default()).await
}

/// Makes a link, and returns the page that shows it.
pub(super) async fn make(
    site: State<Site>,
    Path(id): Path<String>,
    Base(base): Base,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let lasts = field(&body, "for").unwrap_or_else(|| USUAL.to_owned());
    let done = match links::make(&site, base.clone(), &id, &lasts).await {
        Ok(made) => Done { made: Some(made), trouble: None },
        Err(problem) => Done { made: None, trouble: Some(problem) },
    };
    shown(site, &id, base, headers, done).await
}

/// Withdraws a link, and returns to the page.
pub(super) async fn withdraw(
    site: State<Site>,
    Path(id): Path<String>,
    Base(base): Base,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let link = field(&body, "link").and_then(|link| link.parse().ok()).unwrap_or_default();
    match links::withdraw(&site, link).await {
        Ok(_) => {
            let page = format!("{}/share/{}", site.root(), utf8_percent_encode(&id, NON_ALPHANUMERIC));
            (StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response()
        }
        Err(problem) => shown(site, &id, base, headers, Done { made: None, trouble: Some(problem) }).await,
    }
}

/// Returns the address of a recording as HLS. `None` if there is none, or the address of the page is not known.
fn hls_address(site: &Site, recording: &Recording, base: Option<&Url>) -> Option<String> {
    let is_there = recording.file.is_some() && recording.finished_at.is_some() && site.renditions.rule().is_some();
    is_there.then(|| base.map(|base| address::hls(base, &recording.id).to_string())).flatten()
}

async fn shown(site: State<Site>, id: &str, base: Option<Url>, headers: HeaderMap, done: Done) -> Response {
    let Ok(recording) = site.recording(id).await else { return nothing_here(site, headers).await };
    let open = match site.catalogue.links_to(&recording.id, site.now()).await {
        Ok(open) => open,
        Err(error) => return broken(&error),
    };
    let (config, language) = (site.config(), language::of(&headers));
    let hls = hls_address(&site, &recording, base.as_ref());
    let start = recording.on_air.start.with_timezone(&recording.timezone);
    let status = match &done {
        Done { trouble: Some(problem), .. } => problem.status(),
        Done { made: Some(_), .. } => StatusCode::CREATED,
        Done { .. } => StatusCode::OK,
    };
    let values = context! {
        here => "library",
        id => recording.id.to_string(),
        title => recording.title,
        station => config.station_name(&recording.station),
        when => format!("{} {}", dates::short(start.date_naive(), language), start.format("%H:%M")),
        zone => zone_name(recording.timezone),
        lengths => serde(LENGTHS),
        usual => USUAL,
        hls => hls,
        here_only => base.as_ref().is_some_and(is_local),
        made => done.made.as_ref().map(|made| made.url.to_string()),
        trouble => done.trouble.map(|problem| problem.said(language)),
        links => serde(open.iter().map(|link| row(link, language)).collect::<Vec<_>>()),
    };
    let mut response = render("share.html", &site, &headers, status, values);
    // It may show a secret address.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
